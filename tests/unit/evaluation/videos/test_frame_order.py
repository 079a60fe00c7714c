"""Frames in the order of a protocol's original: names as text, or the number behind the last _."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from made_videos import clip, moving, opened, same
from PIL import Image

from leo_bench.benchmarks.scores.acd import acd_of
from leo_bench.benchmarks.scores.plan import plan, plan_frames
from leo_bench.benchmarks.scores.requests import FrameScoreRequest, ScoreRequest
from leo_bench.benchmarks.scores.score import scored
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.protocols.of_clips import load_protocol
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.videos.frames import in_order, out_of_order
from leo_bench.evaluation.videos.source import VideoSource

BY_NUMBER = "number-after-underscore"
COUNT = 18


def folder(path: Path, name: str, seed: int = 0, count: int = COUNT) -> None:
    path.mkdir(parents=True)
    for number, frame in enumerate(moving(count, 32, 32, seed)):
        Image.fromarray(frame).save(path / name.format(number))


def zipped(path: Path, out: Path) -> Path:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(path.rglob("*.png")):
            archive.write(file, file.relative_to(path.parent).as_posix())
    return out


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize("name", ["{}.png", "frame_{}.png", "a_7_{}.png", "clip_{}.more.png"])
def test_frames_come_in_the_order_of_their_numbers(tmp_path: Path, kind: str, name: str) -> None:
    folder(tmp_path / "set/v", name)
    path = tmp_path / "set" if kind == "folder" else zipped(tmp_path / "set", tmp_path / "set.zip")
    frames = moving(COUNT, 32, 32)
    source = opened(path, frame_order=BY_NUMBER)
    assert same(clip(source, 0, range(COUNT)), frames)
    assert same(clip(source, 0, [2, 10]), [frames[2], frames[10]])
    assert source.notes == []
    text = opened(path)
    assert same(clip(text, 0, range(COUNT)), [frames[i] for i in sorted(range(COUNT), key=str)])
    assert len(out_of_order(text)) == 1
    assert text.digest(0) != source.digest(0)


def test_numbers_in_front_of_the_last_underscore_are_not_looked_at(tmp_path: Path) -> None:
    """int(name.split('.')[0].split('_')[-1]), in TATS and in cd-fvd."""
    names = ["9_take_1.png", "1_take_3.png", "5_take_2.png"]
    assert in_order("v", names, BY_NUMBER) == ["9_take_1.png", "5_take_2.png", "1_take_3.png"]
    assert in_order("v", names, "text") == sorted(names)
    (tmp_path / "v").mkdir()
    for name, frame in zip(sorted(names), moving(3), strict=True):
        Image.fromarray(frame).save(tmp_path / "v" / name)
    frames = moving(3)
    source = opened(tmp_path, frame_order=BY_NUMBER)
    assert same(clip(source, 0, range(3)), [frames[2], frames[1], frames[0]])
    assert source.notes == []


@pytest.mark.parametrize("name", ["frame10.png", "frame_10a.png", "poster.png", "frame_.png"])
def test_a_name_without_a_number_has_no_place_in_the_order(name: str) -> None:
    with pytest.raises(BadVideoError, match=f"^w: frame {name}: no number behind the last _"):
        in_order("w", ["frame_0.png", name, "frame_2.png"], BY_NUMBER)


@pytest.mark.parametrize("name", ["frame{}.png", "frame_{}a.png"])
def test_a_video_without_numbers_is_refused_by_name(tmp_path: Path, name: str) -> None:
    folder(tmp_path / "v", "frame_{}.png", count=3)
    folder(tmp_path / "w", name, count=3)
    with pytest.raises(BadVideoError, match=r"w: frame frame.*: no number behind the last _"):
        opened(tmp_path, frame_order=BY_NUMBER)
    left = opened(tmp_path, frame_order=BY_NUMBER, on_error="skip")
    assert (left.names, [skipped.name for skipped in left.skipped]) == (("v",), ["w"])
    assert opened(tmp_path).names == ("v", "w")


def test_two_frames_of_one_number_are_refused(tmp_path: Path) -> None:
    folder(tmp_path / "v", "frame_{}.png", count=3)
    (tmp_path / "v/frame_2.png").rename(tmp_path / "v/frame_01.png")
    with pytest.raises(BadVideoError, match=r"frame_01\.png and frame_1\.png have the same number"):
        opened(tmp_path, frame_order=BY_NUMBER)


def test_signs_that_are_no_decimal_digits_are_text(tmp_path: Path) -> None:
    folder(tmp_path / "v", "frame{}².png", count=2)
    assert opened(tmp_path).frame_counts == (2,)


def distance(real: Path, fake: Path, protocol: str, store: FeatureStore | None = None) -> Record:
    request = ScoreRequest(
        metric="fvd",
        real=str(real),
        fake=str(fake),
        frames=16,
        protocol=protocol,
        extractor="pixels",
        device="cpu",
        clips=3,
        real_stride=1,
    )
    return scored(plan(request), Resources(store=store)).record


@pytest.fixture
def sides(tmp_path: Path) -> dict[str, Path]:
    for i in range(3):
        folder(tmp_path / f"real/v{i}", "{:03d}.png", seed=9 + i)
        folder(tmp_path / f"padded/v{i}", "frame_{:03d}.png", seed=i)
        folder(tmp_path / f"unpadded/v{i}", "frame_{}.png", seed=i)
    return {name: tmp_path / name for name in ("real", "padded", "unpadded")}


@pytest.mark.parametrize("protocol", ["tats", "cdfvd-i3d"])
def test_zeros_in_front_move_no_number_of_tools_that_sort_by_it(
    sides: dict[str, Path], protocol: str
) -> None:
    assert load_protocol(protocol).frame_order == BY_NUMBER
    right = distance(sides["real"], sides["padded"], protocol)
    found = distance(sides["real"], sides["unpadded"], protocol)
    assert found.values == right.values
    assert not any("out of order" in said for said in (*found.caveats, *found.fake.notes))


@pytest.mark.parametrize("protocol", ["stylegan-v", "latte", "tf-original"])
def test_frames_out_of_order_make_a_number_not_comparable(
    sides: dict[str, Path], protocol: str
) -> None:
    right = distance(sides["real"], sides["padded"], protocol)
    found = distance(sides["real"], sides["unpadded"], protocol)
    assert found.values != right.values
    assert not any("out of order" in caveat for caveat in right.caveats)
    assert not found.comparable
    (caveat,) = [caveat for caveat in found.caveats if "out of order" in caveat]
    assert caveat.startswith("fake side: frames were scored out of order")
    assert caveat.endswith("3 videos, first v0")


def test_one_cache_keeps_the_orders_apart(sides: dict[str, Path], tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "cache")
    alone = distance(sides["real"], sides["unpadded"], "cdfvd-i3d")
    for protocol in ("stylegan-v", "cdfvd-i3d", "stylegan-v", "cdfvd-i3d"):
        last = distance(sides["real"], sides["unpadded"], protocol, store)
    assert last.values == alone.values


def test_a_score_of_frames_out_of_order_is_not_comparable_either(sides: dict[str, Path]) -> None:
    request = FrameScoreRequest(
        metric="acd",
        fake=str(sides["unpadded"]),
        frames=16,
        protocol="acd-toy",
        embedder="mean-colour",
        device="cpu",
    )
    (side,) = acd_of(plan_frames(request), Resources(store=None))
    assert any(caveat.startswith("frames were scored out") for caveat in side.record.caveats)


def test_an_order_that_no_protocol_knows_is_refused() -> None:
    with pytest.raises(InputError, match="frame_order is 'number'"):
        load_protocol("tats").changed("frame_order", "number")


def test_sources_of_other_kinds_have_no_order(make_videos: Callable[..., Path]) -> None:
    source: VideoSource = opened(make_videos("a"), frame_order=BY_NUMBER)
    assert out_of_order(source) == []
