"""Samples that go on from their own frames: which frame each is made from, and what stays as is."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_run import WHOLE, make_run
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.discover import open_videos
from leo_bench.leo.networks.layers import to_pixels
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.edit import edited
from leo_bench.leo.sampling.grid import renderings
from leo_bench.leo.sampling.model import LeoModel
from leo_bench.leo.sampling.options import Sampling
from leo_bench.leo.sampling.source import LeoSource

Source = Callable[..., LeoSource]
RUN = 7  # frames behind the picture that a run of 8 codes goes on from


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LeoModel:
    return LeoModel.open(make_run(tmp_path_factory.mktemp("leo") / "run"))


@pytest.fixture
def source(model: LeoModel) -> Source:
    def make(reencode: str, **options: object) -> LeoSource:
        given = {"frames": 17, "steps": 2, "count": 2, "reencode": reencode}
        return LeoSource(Drawing(model, Sampling.model_validate(given | options)))

    return make


def rendered(model: LeoModel, picture: Tensor, codes: Tensor) -> Tensor:
    return to_pixels(model.animator.frames(model.animator.appearance(picture), codes))


def close(one: Tensor, other: Tensor) -> bool:
    """To one level, as batches of another size may round."""
    return bool((one.int() - other.int()).abs().max() <= 1)


def test_off_says_nothing_and_changes_nothing(source: Source) -> None:
    assert "reencode" not in Sampling().model_dump()
    assert Sampling(reencode="runs").model_dump()["reencode"] == "runs"
    asked = {"frames": 17, "steps": 2, "count": 2}
    assert Sampling.model_validate(Sampling(**asked).model_dump()) == source("off").drawing.sampling


def test_start_begins_motion_at_the_drawn_frame_s_own_code(source: Source) -> None:
    drawn, begun = source("off"), source("start")
    assert torch.equal(begun.first(0), drawn.first(0))
    own = begun.drawing.encode(begun.first(0)[None])[0]
    assert torch.equal(begun.codes(0)[0], own)
    assert (drawn.codes(0)[0] - own).norm() > 1e-3


def test_a_run_goes_on_from_the_last_frame_of_the_one_before(
    source: Source, model: LeoModel
) -> None:
    frames = (video := source("runs")).read(1, range(17))
    codes = video.codes(1)
    assert torch.equal(frames[0], video.first(1))
    for begin in (0, RUN, 2 * RUN):
        behind = slice(begin + 1, min(begin + RUN + 1, 17))
        assert close(frames[behind], rendered(model, frames[begin], codes[behind]))
    assert not close(frames[RUN + 1 :], rendered(model, frames[0], codes[RUN + 1 :]))


def test_a_run_goes_on_from_the_last_code_that_is_not_spared(tmp_path: Path) -> None:
    """Runs of 8 codes, 2 spared, add 5 frames each; only the last one adds 6."""
    model = LeoModel.open(make_run(tmp_path / "run", "lmdm.spare=2"))
    asked = {"frames": 17, "steps": 2, "count": 1, "reencode": "runs"}
    video = LeoSource(Drawing(model, Sampling.model_validate(asked)))
    frames, codes = video.read(0, range(17)), video.codes(0)
    for begin, end in ((0, 6), (5, 11), (10, 17)):
        behind = slice(begin + 1, end)
        assert close(frames[behind], rendered(model, frames[begin], codes[behind]))
    assert torch.equal(torch.stack(list(video.stream(0))), frames)
    assert torch.equal(video.read(0, [4, 11, 16]), frames[[4, 11, 16]])


def test_each_frame_goes_on_from_the_one_before(source: Source, model: LeoModel) -> None:
    frames = (video := source("frames")).read(0, range(17))
    codes = video.codes(0)
    for place in range(1, 17):
        assert close(frames[place], rendered(model, frames[place - 1], codes[place : place + 1])[0])


def test_motion_goes_on_from_the_code_of_the_last_frame(source: Source, model: LeoModel) -> None:
    """The motion model is handed E(frame 7), within its bounds."""
    video = source("runs")
    drawing = video.drawing
    keys = [("motion", 0, i, "run", 1) for i in range(2)]
    ends = torch.stack([video.read(i, [RUN])[0] for i in range(2)])
    begin = model.motion.stats.clamped(drawing.encode(ends))
    codes = torch.stack([video.codes(i) for i in range(2)])
    rank = model.motion.ranks(keys, model.motion.ranks([("motion", 0, i) for i in range(2)]))
    sampler, anchor = drawing.sampler, codes[:, 0]
    window = model.motion.windows(begin, keys, sampler, anchor_BM=anchor, rank_B2=rank)
    assert torch.equal(codes[:, 8:15], window[:, 1:])


@pytest.mark.parametrize("reencode", ["runs", "frames"])
@pytest.mark.parametrize("first_frame", ["source", "recon"])
def test_any_reading_gives_the_same_bits(source: Source, reencode: str, first_frame: str) -> None:
    video = source(reencode, first_frame=first_frame)
    whole = torch.stack(list(video.stream(1)))
    assert torch.equal(source(reencode, first_frame=first_frame, count=3).read(1, range(17)), whole)
    some: Sequence[int] = [0, 3, 7, 8, 16]
    assert torch.equal(video.read(1, some), whole[some])
    assert torch.equal(video.read(1, [9]), whole[[9]])
    assert torch.equal(whole[0], video.first(1)) == (first_frame == "source")


def test_shorter_samples_are_the_beginning_of_longer_ones(source: Source) -> None:
    long, short = source("runs").read(0, range(10)), source("runs", frames=10).read(0, range(10))
    assert torch.equal(long, short)


def test_name_notes_and_digest_tell(source: Source) -> None:
    off, runs, frames = (source(kind) for kind in ("off", "runs", "frames"))
    assert len({video.digest(0) for video in (off, runs, frames)}) == 3
    assert runs.name == f"{off.name}?reencode=runs"
    assert "gone on from the last frame made" in runs.notes[0]
    assert "gone on" not in off.notes[0]


def test_given_frames_begin_it_too(model: LeoModel, tmp_path: Path) -> None:
    chance = torch.Generator().manual_seed(1)
    pictures = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8, generator=chance)
    np.save(tmp_path / "starts.npy", pictures[:, None].permute(0, 1, 3, 4, 2).numpy())
    starts = open_videos(tmp_path / "starts.npy")
    given = {"mode": "conditional", "frames": 9, "steps": 2, "count": 2, "reencode": "runs"}
    video = LeoSource(Drawing(model, Sampling.model_validate(given), starts))
    assert torch.equal(video.read(1, [0])[0], pictures[1])


def test_what_does_not_go_together_is_refused(source: Source, model: LeoModel) -> None:
    with pytest.raises(InputError, match="no transitions"):
        source("runs", transitions=True)
    with pytest.raises(InputError, match=r"a grid needs .* drop reencode=runs"):
        renderings(source("runs").drawing, "motions", 2)
    with pytest.raises(InputError, match=r"an edit needs .* drop reencode=frames"):
        edited(source("frames"), 0, torch.zeros(3, 32, 32, dtype=torch.uint8), repose=False)


def test_a_model_that_cannot_begin_is_refused(tmp_path: Path) -> None:
    whole = LeoModel.open(make_run(tmp_path / "run", *WHOLE))
    with pytest.raises(InputError, match="begins with a given code"):
        Drawing(whole, Sampling(frames=8, steps=2, reencode="frames"))
    begun = LeoSource(Drawing(whole, Sampling(frames=8, steps=2, count=1, reencode="start")))
    assert torch.equal(begun.codes(0)[0], begun.drawing.encode(begun.first(0)[None])[0])
