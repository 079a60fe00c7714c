"""The training videos that begin most like given frames."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from leo_bench.benchmarks.sources.nearest_videos import find_nearest, open_nearest
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.source import VideoSource


def at_64(spec: str) -> VideoSource:
    return open_source(spec, SourceOptions(files=OpenOptions(), resolution=64))


def test_each_start_gets_the_training_video_that_begins_nearest() -> None:
    training, starts = at_64("part:1/64:toy-faces/train"), at_64("part:1/64:toy-faces/test")
    found = find_nearest(training, starts, 32, 1)
    assert found.names == starts.names
    for i in range(len(starts.names)):
        wanted = starts.read(i, [0]).float()
        pooled = [
            torch.nn.functional.avg_pool2d(training.read(k, [0]).float() - wanted, 2)
            for k in range(len(training.names))
        ]
        off = torch.stack([p.square().mean().sqrt() / 255 for p in pooled])
        assert found.indices[i] == int(off.argmin())
        assert found.distances[i] == pytest.approx(float(off.min()), rel=1e-4)
        assert torch.equal(found.read(i, [0, 7]), training.read(found.indices[i], [0, 7]))
        assert found.digest(i) == training.digest(found.indices[i])
    assert f"{len(set(found.indices))} different ones of 8" in found.notes[0]


def test_copies_are_found_and_said(make_videos: Callable[..., Path]) -> None:
    source = open_videos(make_videos("a", count=5, frames=3))
    found = find_nearest(source, source, 32, 1)
    assert found.indices == (0, 1, 2, 3, 4)
    assert found.notes[1] == "5 of them begin with the very frame that was looked for"


def test_videos_of_other_sizes_are_compared_and_short_ones_passed_over(
    make_videos: Callable[..., Path],
) -> None:
    starts = open_videos(make_videos("starts", count=2, frames=2, size=(32, 32)))
    short = make_videos("training", count=2, frames=2, size=(64, 64))
    make_videos("training/long", count=2, frames=9, size=(64, 64), seed=5)
    found = find_nearest(open_videos(short), starts, 16, 9)
    assert {found.base.names[i].split("/")[0] for i in found.indices} == {"long"}
    assert set(found.frame_counts) == {9}
    assert found.sizes() == [(64, 64)] * 2
    with pytest.raises(InputError, match="no video of 10 frames or more"):
        find_nearest(open_videos(short), starts, 16, 10)


def test_the_words_of_the_command_line() -> None:
    found = open_nearest("part:1/128:toy-faces/train?start=part:1/64:toy-faces/test&side=8", at_64)
    assert len(found.names) == 4
    with pytest.raises(InputError, match=r"nearest:toy-faces/train: key 'start' is missing"):
        open_nearest("toy-faces/train", at_64)
