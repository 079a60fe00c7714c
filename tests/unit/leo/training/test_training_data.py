"""What training reads: packed frames and their room on disk, cropped pairs, videos long enough."""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest
import torch
from tiny_codes import book
from tiny_run import make_run, tiny_config
from torch import Tensor

from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.files.places import cache_root
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.animator_config import Augmentation
from leo_bench.leo.config import load_config
from leo_bench.leo.data.augmentation import augment
from leo_bench.leo.data.encode import CODES, CodeBook
from leo_bench.leo.data.videos import (
    FramePairs,
    TrainingVideos,
    open_training_videos,
    packed_bytes,
    split,
)
from leo_bench.leo.seeds import generator
from leo_bench.leo.stage import Share, Stage
from leo_bench.leo.training.job import Job, check_lengths, train_all, train_stage
from leo_bench.leo.training.run_folder import RunFolder
from leo_bench.leo.training.watching import Watcher

FRAMES = 6
FACES = open_world("toy-faces", "train", WorldShape(resolution=32, frames=FRAMES, count=8))
LARGE = open_world("toy-faces", "train", WorldShape(resolution=64, frames=FRAMES, count=8))
NEEDED = packed_bytes(FACES, 32)


class Heard(Watcher):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def job(root: Path, *changes: str, source: VideoSource = FACES, **how: object) -> tuple[Job, Heard]:
    run, heard = RunFolder.create(root, tiny_config(*changes)), Heard()
    return replace(Job(run, lambda: source, watchers=[heard], cpu=True), **how), heard


def test_frames_are_packed_up_to_the_room_given_and_are_the_same_either_way() -> None:
    read = open_training_videos(FACES, 32, 0.25, pack_bytes=NEEDED - 1)
    assert read.packed is None
    packed = open_training_videos(FACES, 32, 0.25, pack_bytes=NEEDED)
    assert packed.packed is not None
    for video in range(8):
        assert torch.equal(read.frames(video, [4, 1]), packed.frames(video, [4, 1]))
    # once they are there they are used
    assert open_training_videos(FACES, 32, 0.25, pack_bytes=1).packed is not None
    assert open_training_videos(FACES, 32, 0.25, pack_bytes=0).packed is None


def test_a_job_says_what_frames_would_take_where_they_are_not_packed(tmp_path: Path) -> None:
    little, heard = job(tmp_path / "little", pack_bytes=NEEDED - 1)
    assert little.videos.packed is None
    note, line = heard.lines
    assert "at 32 pixels they would take 0.000137 GiB" in line
    assert "--pack 1" in line
    enough, heard = job(tmp_path / "enough", pack_bytes=NEEDED)
    assert enough.videos.packed is not None
    assert heard.lines == [note]


def test_the_room_for_packing_is_no_part_of_what_a_run_is(tmp_path: Path) -> None:
    origins = []
    for pack_bytes in (0, NEEDED):
        made, _ = job(tmp_path, pack_bytes=pack_bytes)
        origins.append(made.run.stage("animator", made.videos.digest).origin)
    assert origins[0] == origins[1]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system has none")
def test_a_full_disk_stops_packing_in_one_line_before_a_frame_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LEO_BENCH_CACHE", str(tmp_path))
    asked = []

    def full(handle: int, offset: int, length: int) -> None:
        asked.append((offset, length))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def read(*_: object) -> Tensor:
        raise AssertionError("a frame was read")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with monkeypatch.context() as no_reading:
        no_reading.setattr(type(FACES), "read", read)
        with pytest.raises(InputError, match=r"cannot be packed: No space left.*LEO_BENCH_CACHE"):
            open_training_videos(FACES, 32, 0.25)
    ((offset, length),) = asked
    assert offset == 0
    assert length > NEEDED  # and a header
    assert not [path for path in (tmp_path / "frames").iterdir() if path.suffix != ".lock"]


@pytest.mark.parametrize("how", [Augmentation(crop=0.5, crop_from=64), Augmentation(crop_from=64)])
def test_pairs_are_cropped_from_larger_frames(how: Augmentation) -> None:
    frame = LARGE.read(0, [0])
    source, driving = augment(frame.expand(2, -1, -1, -1), how, generator("crop"), 32)
    assert source.shape == (3, 32, 32)
    assert torch.equal(source, driving)
    if how.crop == 0.5:  # 32 pixels of 64: nothing is resized, so each is as it was
        windows = frame[0].unfold(1, 32, 1).unfold(2, 32, 1)  # [3,33,33,32,32]
        same = (windows == source[:, None, None]).flatten(3).all(3).all(0)
        assert same.any()


def test_the_animators_pairs_come_from_frames_of_the_size_that_is_cropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[Stage] = []

    def taken(stage: Stage, *_: object, **__: object) -> Path:
        stages.append(stage)
        return tmp_path

    monkeypatch.setattr("leo_bench.leo.training.job.train", taken)
    cropping = "animator.augmentation={ crop = 0.5, crop_from = 64 }"
    made, _ = job(tmp_path, "animator.training.batch=2", cropping, source=LARGE)
    train_stage(made, "animator")
    (pairs,) = [stage.batch for stage in stages]
    assert isinstance(pairs, FramePairs)
    assert pairs.videos.resolution == 64
    assert pairs(1, Share())["source"].shape == (2, 3, 32, 32)


def test_taichis_pairs_are_cut_as_lias_are() -> None:
    for name in ("taichihd128", "taichihd256"):
        config = load_config(name)
        how = config.animator.augmentation
        assert (how.crop_from or config.resolution) * how.crop == 224


class Counted(list[int]):
    """A list that knows how many of its numbers were looked at."""

    looked_at = 0

    def __getitem__(self, place):  # type: ignore[no-untyped-def]
        found = super().__getitem__(place)
        self.looked_at += len(found) if isinstance(place, slice) else 1
        return found

    def __iter__(self) -> Iterator[int]:
        self.looked_at += len(self)
        return super().__iter__()


def test_finding_a_videos_codes_and_frames_does_not_count_all_videos_before_it() -> None:
    videos, frames = 300, 2
    counts = Counted([frames] * videos)
    codes = torch.arange(videos * frames)[:, None].float()
    found = CodeBook(codes, counts, [], [0], "made up")
    assert [int(sequence[0]) for sequence in found.sequences] == list(range(2, 600, 2))

    @dataclass(frozen=True)
    class Source:
        frame_counts: list[int]

    packed = (codes.long() % 256).to(torch.uint8)[:, :, None, None].expand(-1, 3, 1, 1).numpy()
    several = TrainingVideos(Source(counts), 1, [], [], packed, "")  # type: ignore[arg-type]
    for video in range(videos):
        assert several.frames(video, [1]).flatten()[0] == (2 * video + 1) % 256
    assert counts.looked_at < 20 * videos
    assert torch.equal(book().of(3), book().sequences[1])  # 0 and 1 are held out


def test_training_all_begins_with_whether_videos_are_long_enough(tmp_path: Path) -> None:
    short, _ = job(tmp_path, "transition_dm.length=6", "held_out=0.25")
    needs = r"lmdm learns windows of 8 codes at frame stride 1 and needs videos of 8 frames; 0 of 6"
    with pytest.raises(InputError, match=needs):
        train_all(short)
    assert not (tmp_path / "animator").exists()


def test_a_stage_of_its_own_says_which_of_its_videos_are_too_short(tmp_path: Path) -> None:
    short, _ = job(tmp_path, "held_out=0.25")
    for stage in ("lmdm", "transition-dm"):
        table = stage.replace("-", "_")
        needs = rf"{table} learns windows .*; 0 of 6 training videos and 0 of 2 that it is judged"
        with pytest.raises(InputError, match=needs):
            train_stage(short, stage)
    with pytest.raises(InputError, match="no animator yet"):
        train_stage(short, "frame-dm")


def test_some_videos_that_are_too_short_are_a_line(tmp_path: Path) -> None:
    class Mixed:
        name, names = "mixed", [str(i) for i in range(8)]
        frame_counts = (20, 5, 20, 5, 20, 5, 20, 20)
        notes = ("turned", "turned", "left out")

        def sizes(self) -> list[tuple[int, int]]:
            return [(32, 32)] * 8

    source: VideoSource = Mixed()  # type: ignore[assignment]
    mixed, heard = job(tmp_path / "some", "held_out=0", source=source)
    check_lengths(mixed)
    assert heard.lines[:2] == ["note: turned", "note: left out"]
    assert len(heard.lines) == 4
    assert "needs videos of 8 frames; 5 of 8 training videos and 1 of 1" in heard.lines[2]
    check_lengths(mixed)
    assert heard.lines.count("note: turned") == 1
    shorter = ("lmdm.length=4", "lmdm.history=2", "transition_dm.length=4")
    enough, heard = job(tmp_path / "all", *shorter, source=source)
    check_lengths(enough)
    assert heard.lines == ["note: turned", "note: left out"]


def test_where_the_held_out_video_is_too_short_another_share_is_advised(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Counted20:
        frame_counts: list[int]
        name: str = "counted"
        names: Sequence[str] = tuple(str(i) for i in range(20))
        notes: Sequence[str] = ()

        def sizes(self) -> list[tuple[int, int]]:
            return [(32, 32)] * 20

    def counted(counts: list[int]) -> VideoSource:
        return cast("VideoSource", Counted20(counts))  # no frame of it is asked for

    def made(held_out: float, counts: list[int]) -> Job:
        return job(tmp_path, f"held_out={held_out}", source=counted(counts))[0]

    (short,) = split(Counted20.names, 0.05)[1]
    counts = [5 if video == short else 20 for video in range(20)]
    advice = ", or a smaller lmdm.length, or hold out another share: --set held_out=0.1"
    needs = "19 of 19 training videos and 0 of 1 that it is judged on are as long"
    with pytest.raises(InputError, match=rf"{needs} .*{re.escape(advice)}$"):
        check_lengths(made(0.05, counts))
    check_lengths(made(0.1, counts))
    with pytest.raises(InputError, match=r"or a smaller lmdm\.length$"):
        check_lengths(made(0.05, [5] * 20))
    # A window's 8 codes; with 2 before them in one training video, not in held-out ones.
    check_lengths(made(0.05, [10 if video == (short + 1) % 20 else 8 for video in range(20)]))
    needs = r"lmdm.history needs one training video with 2 .* are 10 frames; the longest has 8"
    with pytest.raises(InputError, match=needs):
        check_lengths(made(0.05, [10 if video == short else 8 for video in range(20)]))
    (tmp_path / CODES).touch()
    with pytest.raises(InputError, match=rf"{re.escape(advice)} in another --run$"):
        check_lengths(Job(RunFolder(tmp_path, tiny_config()), lambda: counted(counts)))


class Broken:
    """Videos of which the third cannot be read."""

    def __init__(self) -> None:
        self._whole = open_world("toy-faces", "train", WorldShape(resolution=32, frames=6, count=6))

    def __getattr__(self, name: str) -> object:
        return getattr(self._whole, name)

    def each_frame(self, video: int, frames: Sequence[int]) -> Iterator[Tensor]:
        if video == 2:
            raise BadVideoError("video 2", "damaged")
        yield from self._whole.each_frame(video, frames)


def test_a_video_that_cannot_be_packed_leaves_nothing_on_the_disk() -> None:
    folder = cache_root() / "frames"
    before = sorted(folder.glob("*.npy")) + sorted(folder.glob("*.unfinished"))
    with pytest.raises(BadVideoError, match="damaged"):
        open_training_videos(Broken(), 32, 0.25)  # type: ignore[arg-type]
    assert sorted(folder.glob("*.npy")) + sorted(folder.glob("*.unfinished")) == before


def test_what_follows_from_codes_alone_decodes_no_frame(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    made = Job(RunFolder.open(run), lambda: LARGE, cpu=True)
    assert made.codes_digest == made.codes_digest
    assert "videos" not in vars(made)


def test_a_crop_has_a_pixel_at_least() -> None:
    pair = LARGE.read(0, [0, 3])
    tiny = augment(pair, Augmentation(crop=0.001), generator("tiny"), 32)
    assert tiny.shape == (2, 3, 32, 32)
