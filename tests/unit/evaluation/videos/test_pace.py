"""Frame rates and repeated frames: recorded of each side, and compared."""

from pathlib import Path

import numpy as np
import pytest
from made_videos import Frames, encode, moving, opened
from PIL import Image

from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import score
from leo_bench.benchmarks.scores.stamp import side_notes, side_record
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.records.distance import SideRecord
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.pace import rate_range, repeated_share
from leo_bench.evaluation.videos.source import Selection
from leo_bench.evaluation.videos.tiles import TileGrid, tiles_of

UNEVEN = "frames are not shown at an even rate; they are counted, never resampled"


def video(path: Path, frames: Frames, rate: int) -> Path:
    from leo_bench.benchmarks.prepare.store import write_frames

    write_frames(path, frames, rate)
    return path


def doubled(frames: Frames) -> Frames:
    return [frame for frame in frames for _ in range(2)]


def pngs(folder: Path, frames: Frames) -> Path:
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{number:03d}.png")
    return folder


def test_rates_are_those_of_the_files_used(tmp_path: Path) -> None:
    for name, rate in (("a", 10), ("b", 25), ("c", 30), ("d", 50)):
        video(tmp_path / f"{name}.mkv", moving(6, 16, 16), rate)
    source = opened(tmp_path)
    assert source.rates() == pytest.approx([10, 25, 30, 50], rel=0.01)
    assert rate_range(source, [0, 1, 3]) == pytest.approx((10, 25, 50), rel=0.01)
    assert rate_range(Selection(source, [2, 3], "two"), [0]) == pytest.approx((30,) * 3, rel=0.01)
    tiles = tiles_of(source, TileGrid(rows=2, cols=2), "tiles")
    assert rate_range(tiles, [0, 3]) == pytest.approx((10,) * 3, rel=0.01)


def test_rates_outlive_the_scan(tmp_path: Path) -> None:
    """What is recalled is what was found; a folder of pictures has none."""
    import os

    os.utime(video(tmp_path / "a.mkv", moving(6, 16, 16), 50), (1.6e9, 1.6e9))
    assert [opened(tmp_path).rates() for _ in range(2)] == [pytest.approx([50], rel=0.01)] * 2
    pictures = opened(pngs(tmp_path / "v", moving(3, 16, 16)))
    assert rate_range(pictures, [0]) is None


@pytest.mark.parametrize("kind", ["mkv", "pngs", "npy"])
def test_repeated_frames_are_counted_whatever_holds_them(tmp_path: Path, kind: str) -> None:
    for name, frames in (("a", moving(20, 16, 16)), ("b", doubled(moving(20, 16, 16)))):
        if kind == "mkv":
            video(tmp_path / f"{name}.mkv", frames, 25)
        elif kind == "pngs":
            pngs(tmp_path / name, frames)
        else:
            np.save(tmp_path / f"{name}.npy", np.stack(frames))
    source = opened(tmp_path)
    assert repeated_share(source, [0]) == 0
    assert repeated_share(source, [1]) == 0.5
    assert repeated_share(source, [0, 1]) == 0.25


def test_what_is_rendered_is_not_looked_into() -> None:
    world = open_source("toy-faces/test", SourceOptions(OpenOptions(), limit=2))
    assert repeated_share(world, [0, 1]) is None


def test_a_single_frame_repeats_nothing(tmp_path: Path) -> None:
    assert repeated_share(opened(pngs(tmp_path / "v", moving(1, 16, 16))), [0]) is None


def sides(tmp_path: Path, frames: Frames, rate: int) -> tuple[SideRecord, SideRecord]:
    found = []
    for name, of, at in (("real", moving(20, 16, 16), 25), ("fake", frames, rate)):
        source = opened(video(tmp_path / name / "a.mkv", of, at).parent)
        found.append(side_record(name, None, source, [0], 1, 1))
    return found[0], found[1]


@pytest.mark.parametrize(("rate", "noted"), [(25, False), (27, False), (28, True), (50, True)])
def test_rates_that_differ_by_more_than_a_tenth_are_noted(
    tmp_path: Path, rate: int, noted: bool
) -> None:
    real, fake = sides(tmp_path, moving(20, 16, 16), rate)
    notes = side_notes(real, fake, 16)
    assert len(notes) == noted
    if rate == 50:
        assert notes == [
            "real videos have 25 frames a second, fake ones 50 (medians): 16 frames at strides 1 "
            "and 1 last 0.64 s and 0.32 s"
        ]


def test_frames_exported_twice_are_noted(tmp_path: Path) -> None:
    real, fake = sides(tmp_path, doubled(moving(10, 16, 16)), 25)
    notes = side_notes(real, fake, 16)
    assert notes == [
        "frames that equal the one before them to the bit: 0 % of the real side, 50 % of the fake "
        "one; doubled frames or stills are part of the value"
    ]
    assert side_notes(fake, fake, 16) == []


def test_a_distance_records_both_sides_and_says_what_differs(tmp_path: Path) -> None:
    for seed in range(3):
        video(tmp_path / "real" / f"{seed}.mkv", moving(17, 32, 32, seed), 25)
        video(tmp_path / "fake" / f"{seed}.mkv", doubled(moving(9, 32, 32, seed)), 50)
    request = ScoreRequest(
        metric="fvd",
        frames=16,
        real=str(tmp_path / "real"),
        fake=str(tmp_path / "fake"),
        protocol="stylegan-v",
        extractor="pixels",
        device="cpu",
    )
    record = score(request, Resources(store=None))
    assert (record.real.repeated, record.fake.repeated) == (0, pytest.approx(0.5, abs=0.04))
    assert record.real.rates == pytest.approx((25, 25, 25), rel=0.01)
    assert record.fake.rates == pytest.approx((50, 50, 50), rel=0.01)
    assert any("25 frames a second, fake ones 50" in note for note in record.notes)
    assert any("50 % of the fake one" in note for note in record.notes)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_rate_that_varies_is_noted(tmp_path: Path, name: str) -> None:
    steady, varying = tmp_path / "steady", tmp_path / "varying"
    for folder, step in ((steady, 0), (varying, 15)):
        folder.mkdir()
        times = [33 * t + (t % 3 == 2) + step * (t % 2) for t in range(20)]  # 1/1000 s
        encode(folder / name, moving(20), times=times)
    assert opened(steady).notes == []
    assert opened(varying).notes == [f"{UNEVEN}: 1 video, first {name}"]


def test_a_file_of_several_streams_is_noted(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("ffv1", rate=25) for _ in range(2)]
        for stream in streams:
            stream.height, stream.width, stream.pix_fmt = 48, 64, "bgr0"
        for pixels in moving(4):
            for stream in streams:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        for stream in streams:
            container.mux(stream.encode())
    assert opened(path).notes == [
        "2 video streams are stored, and the first is read: 1 video, first a.mkv"
    ]
