"""Files, folders and arrays, each read as the protocol's original reads it (the case cdfvd-clips).

Frame f of video v is one colour that tells both.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_videos import Frames, encode
from PIL import Image

from leo_bench.benchmarks.scores.plan import plan
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import Scored, scored
from leo_bench.benchmarks.verify_and_explain.explain import _toggles
from leo_bench.evaluation.clips import Window, choose_clips
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.schema import load_toml
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, list_protocols, load_protocol
from leo_bench.evaluation.records.distance import Record

COUNTS = [20, 18, 15, 24, 17, 19, 16, 22]
FRAMES = 16


def frames(video: int, count: int, side: int = 16) -> Frames:
    return [np.full((side, side, 3), (30 * video, 8 * f, 128), np.uint8) for f in range(count)]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("media")
    (out / "files").mkdir()
    for video, count in enumerate(COUNTS):
        made = frames(video, count)
        encode(out / f"files/v{video}.mkv", made, "ffv1", "bgr0", level=3, slicecrc=1, g=1)
        (out / f"folders/v{video}").mkdir(parents=True)
        for number, frame in enumerate(made):
            Image.fromarray(frame).save(out / f"folders/v{video}/{number}.png")
    whole = np.array([frames(video, FRAMES) for video in range(len(COUNTS))])
    np.save(out / "array.npy", whole)
    torch.save(torch.from_numpy(whole.transpose(0, 4, 1, 2, 3).copy()), out / "tensor.pt")
    np.save(out / "small.npy", whole[:, :, :8, :8])
    np.save(out / "long.npy", np.array([frames(video, 20) for video in range(4)]))
    return out


def measured(
    media: Path, real: str, fake: str, protocol: str = "cdfvd-i3d", **asked: object
) -> Scored:
    request = ScoreRequest(
        metric="fvd",
        real=str(media / real),
        fake=str(media / fake),
        frames=FRAMES,
        protocol=protocol,
        extractor="pixels",
        device="cpu",
        clips=asked.pop("clips", len(COUNTS)),
        **asked,
    )
    return scored(plan(request), Resources(store=None))


def full(media: Path, name: str) -> Record:
    """The real side whole, as the original's n_real = 'full'."""
    chosen = plan(
        ScoreRequest(
            metric="fvd",
            real=str(media / name),
            fake=str(media / name),
            frames=FRAMES,
            protocol="cdfvd-i3d",
            extractor="pixels",
            device="cpu",
        )
    )
    few = chosen.protocol.changed("fake.count", 20)
    return scored(replace(chosen, protocol=few), Resources(store=None)).record


@pytest.mark.parametrize(
    ("name", "clips", "used", "path"),
    [
        ("files", 8, 7, "files: VideoDataset (cdfvd/utils/data_utils.py:139)"),
        ("folders", 6, 6, "folders: FrameDataset (cdfvd/utils/data_utils.py:211)"),
        ("array.npy", 8, 8, "arrays: video_numpy (cdfvd/fvd.py:236)"),
        ("tensor.pt", 8, 8, "arrays: video_numpy (cdfvd/fvd.py:236)"),
    ],
)
def test_cdfvd_takes_from_each_medium_what_its_loader_takes(
    media: Path, name: str, clips: int, used: int, path: str
) -> None:
    record = full(media, name)
    assert (record.n_real, record.real.videos_used) == (clips, used)
    assert record.n_fake == 20
    assert any(path in said for said in record.real.chosen)
    assert set(record.real.chosen) <= set(record.real.notes)
    said = " / ".join(record.real.notes)
    assert ("v2.mkv by v3.mkv" in said) == (name == "files")
    assert ("2 of 8 real videos have no more than 16 frames and are left out" in said) == (
        name == "folders"
    )
    assert "passes one after another" in " / ".join(record.fake.notes)
    assert record.caveats == tuple(c for c in record.caveats if "out of order" not in c)


def test_arrays_are_not_resized_and_files_are(media: Path) -> None:
    small = measured(media, "array.npy", "array.npy", resolution=8).record
    assert small.value == measured(media, "array.npy", "array.npy").record.value
    assert any("stay at their stored size" in note for note in small.real.notes)
    with pytest.raises(
        InputError, match=r"are 8x8 and fake ones .* 16x16; the protocol resizes one"
    ):
        measured(media, "files", "array.npy", resolution=8)
    assert measured(media, "files", "small.npy", resolution=8).record.n_fake == 8


def test_arrays_of_another_length_are_refused_with_the_path(media: Path) -> None:
    with pytest.raises(InputError) as refused:
        measured(media, "long.npy", "array.npy")
    said = str(refused.value)
    assert said.startswith(f"real videos of {media / 'long.npy'}: 4 of 4 videos are not of 16")
    assert "give their length as --frames" in said
    assert "(protocol cdfvd-i3d on arrays: video_numpy" in said
    assert len(said) < 300 + len(str(media))


def test_folders_are_cropped_by_pillow_and_files_by_torch() -> None:
    cdfvd = load_protocol("cdfvd-i3d")
    assert cdfvd.loading("real", "frame folders").resize == "floor-crop-lanczos"
    assert cdfvd.loading("real", "zip of frames").resize == "floor-crop-lanczos"
    for layout in ("video files", "rendered", "drawn", "tiles of video files"):
        loading = cdfvd.loading("fake", layout)
        assert loading.resize == "shorter-side-antialias-center-crop-truncate"
        assert loading.choice == cdfvd.fake
    arrays = cdfvd.loading("real", "arrays")
    assert arrays.resolution(64) is None
    assert cdfvd.loading("real", "drawn").resolution(64) == 64


def test_tats_takes_every_start_of_files_and_one_clip_of_folders(media: Path) -> None:
    tats = load_protocol("tats")
    every = tats.loading("real", "video files").choice
    names = [f"v{i}" for i in range(len(COUNTS))]
    refs = choose_clips(names, COUNTS, Window(FRAMES), every, seed=0)
    assert len(refs) == sum(n - 15 for n in COUNTS if n >= 16)
    record = measured(media, "files", "array.npy", "tats", clips=12).record
    assert (record.n_real, record.n_fake) == (12, 8)
    assert record.real.videos_used < 8
    assert "files: VideoDataset (tats/data.py)" in record.real.chosen[0]
    folders = measured(media, "folders", "array.npy", "tats").record
    assert folders.n_real == 6
    assert "folders: FrameDataset (tats/data.py)" in folders.real.chosen[0]
    with pytest.raises(
        InputError, match=r"fewer than the 17 frames.*on arrays: .* rule of folders"
    ):
        measured(media, "array.npy", "array.npy", "tats")


def test_a_rule_of_one_medium_changes_what_it_names_and_the_digest() -> None:
    cdfvd = load_protocol("cdfvd-i3d")
    folders = cdfvd.loading("fake", "frame folders").choice
    assert (folders.needs, folders.short) == ("block+1", "discard")
    assert folders.count == cdfvd.fake.count == 2048
    assert folders.order == "shuffled"
    moved = cdfvd.changed("folders.fake.needs", "block")
    assert moved.digest != cdfvd.digest
    assert moved.loading("fake", "frame folders").choice.needs == "block"
    for protocol in list_protocols():
        if protocol.id not in ("cdfvd-i3d", "tats"):
            for layout in ("video files", "frame folders", "arrays"):
                assert protocol.loading("real", layout).path == ""
                assert protocol.loading("real", layout).choice == protocol.real


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("repeats", 0), "repeats is 0"),
        (("repeats", -1), "repeats is -1"),
        (("repeats", 10**9), "repeats is 1000000000"),
        (("real.count", -1), "count is -1"),
        (("real.count", 0), "count is 0"),
        (("real_stride", 0), "real_stride is 0"),
        (("version", -3), "version is -3"),
        (("bn_eps", float("inf")), "bn_eps is inf"),
        (("bn_eps", float("nan")), "bn_eps is nan"),
        (("bn_eps", -1e-3), "bn_eps is -0.001"),
        (("folders.real.needs", "two"), "needs is 'two'"),
        (("arrays.resize", "squash"), "arrays: resize is 'squash'"),
        (("files.real.requantise", "twice"), "files: real requantise is 'twice'"),
        (("frame_order", "date"), "frame_order is 'date'"),
    ],
)
def test_a_protocol_out_of_range_is_refused(change: tuple[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said.replace(".", r"\.")):
        load_protocol("cdfvd-i3d").changed(*change)


def test_an_integer_of_thousands_of_digits_is_one_line(tmp_path: Path) -> None:
    text = (Path(load_protocol.__code__.co_filename).parent / "clips/digan.toml").read_text()
    path = tmp_path / "digan.toml"
    path.write_text(text.replace("repeats = 10 ", f"repeats = {'9' * 5000} "))
    with pytest.raises(InputError) as refused:
        load_toml(EvalProtocol, path)
    assert str(refused.value).startswith(f"{path}: not a TOML file: ")
    assert len(str(refused.value)) < 300 + len(str(path))
    path.write_text(text.replace("repeats = 10 ", f"repeats = {'9' * 400} "))
    with pytest.raises(InputError) as refused:
        load_toml(EvalProtocol, path)
    assert "repeats is 9999" in str(refused.value)
    assert len(str(refused.value)) < 300


def test_neighbouring_seeds_share_no_repeat(make_videos: Callable[..., Path]) -> None:
    real = make_videos("real", count=16, frames=16)
    fake = make_videos("fake", count=16, frames=16, seed=50)
    values = []
    for seed in (0, 1):
        request = ScoreRequest(
            metric="fvd",
            real=str(real),
            fake=str(fake),
            frames=16,
            protocol="digan",
            extractor="pixels",
            device="cpu",
            clips=8,
            repeats=3,
            seed=seed,
        )
        record = scored(plan(request), Resources(store=None)).record
        assert "BLAKE2b" in record.seed_rule
        values.append(record.values_float64)
    assert len({*values[0], *values[1]}) == 6


def test_explain_puts_an_order_and_rules_by_medium_into_the_other_record() -> None:
    made = {
        name: plan(
            ScoreRequest(metric="fvd", frames=16, real="a", fake="b", protocol=name, device="cpu")
        )
        for name in ("stylegan-v", "tats")
    }
    for one, other in (("stylegan-v", "tats"), ("tats", "stylegan-v")):
        found = {name: (a, b, changed) for name, a, b, changed in _toggles(made[one], made[other])}
        assert found["frame_order"][2].protocol.frame_order == made[other].protocol.frame_order
        assert found["files"][2].protocol.files == made[other].protocol.files
        assert {"folders", "arrays", "resize"} <= found.keys()
        assert not any(name.endswith("about") for name in found)
        assert "FrameDataset (tats/data.py), for folders" in str(found["folders"][:2])
