"""Threads divide the videos of a measurement as processes do, through one store."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain

import pytest
import torch
from thread_team import Shared, ThreadTeam, as_team
from torch import Tensor

from leo_bench.evaluation.embedders import EmbedderRequest, build_embedder
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.features.jobs import FrameJob
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe, embed_frames
from leo_bench.evaluation.features.one_pass import fill
from leo_bench.evaluation.features.shared_pass import fill_together
from leo_bench.evaluation.features.stores import MemoryStore
from leo_bench.evaluation.processes.team import ShareDone, UnlikeError
from leo_bench.evaluation.videos.source import WrappedVideos
from leo_bench.evaluation.videos.tensors import TensorVideos

VIDEOS = 40


@dataclass(frozen=True)
class Counted(WrappedVideos):
    """Counts how often each video is read; one of them may be broken."""

    read: Counter[int] = field(default_factory=Counter)
    broken: int | None = None

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        if index == self.broken:
            raise BadVideoError(self.names[index], "cut short")
        self.read[index] += 1
        yield from super().each_frame(index, frames)


def counted(*, seed: int = 0, broken: int | None = None) -> Counted:
    random = torch.Generator().manual_seed(seed)
    clips = {
        f"video{i:02d}": torch.randint(0, 256, (4, 3, 24, 24), dtype=torch.uint8, generator=random)
        for i in range(VIDEOS)
    }
    return Counted(TensorVideos("made", clips, "round"), range(VIDEOS), "made", broken=broken)


@pytest.fixture(scope="module")
def recipe() -> FrameRecipe:
    return FrameRecipe(
        build_embedder(EmbedderRequest("random-filters")), "shorter-side-lanczos-center-crop", None
    )


def job_of(source: Counted, recipe: FrameRecipe) -> FrameJob:
    return FrameJob(source, [(video, [0, 3]) for video in range(VIDEOS)], recipe)


def test_every_video_is_read_by_one_and_the_first_has_all(recipe: FrameRecipe) -> None:
    source, store, told = counted(), MemoryStore(), list[tuple[int, int]]()
    job = job_of(source, recipe)
    resources = Resources(store, progress=lambda done, total: told.append((done, total)))

    def run(team: ThreadTeam) -> None:
        fill_together(lambda: [job], replace(resources, team=team), "fail")

    shared, ended = as_team(3, run)
    assert [type(error) for error in ended] == [type(None), ShareDone, ShareDone]
    assert set(source.read.values()) == {1}
    assert len(source.read) == VIDEOS
    assert sorted(chain(*shared.done_by.values())) == list(range(5))  # pieces of eight videos
    assert max(told) == (VIDEOS, VIDEOS)

    alone = MemoryStore()
    fill([job], alone, Resources(None), "fail")
    first, other = (
        list(embed_frames(source, job.wanted, recipe, Resources(kept))) for kept in (store, alone)
    )
    assert sum(source.read.values()) == 2 * VIDEOS  # by the second store's filling alone
    for one, two in zip(first, other, strict=True):
        assert torch.equal(one.values, two.values)


def test_a_broken_video_is_left_to_the_first(recipe: FrameRecipe) -> None:
    source, store = counted(broken=20), MemoryStore()
    job = job_of(source, recipe)

    def run(team: ThreadTeam) -> None:
        fill_together(lambda: [job], Resources(store, team=team), "fail")

    _, ended = as_team(2, run)
    assert ended[0] is None
    with pytest.raises(BadVideoError, match="made: video20: cut short"):
        fill([job], store, Resources(None), "fail")


def test_processes_that_see_other_videos_are_refused(recipe: FrameRecipe) -> None:
    def run(team: ThreadTeam) -> None:
        source = counted(seed=team.rank)
        resources = Resources(MemoryStore(), team=team)
        fill_together(lambda: [job_of(source, recipe)], resources, "fail")

    _, ended = as_team(2, run)
    refused = [error for error in ended if isinstance(error, InputError)]
    assert len(refused) == 1
    assert "videos of made" in str(refused[0])


def test_one_process_alone_is_not_asked(recipe: FrameRecipe) -> None:
    fill_together(lambda: pytest.fail("asked"), Resources(MemoryStore()), "fail")


def test_measurements_of_a_command_may_have_other_weights_of_one_network(
    recipe: FrameRecipe,
) -> None:
    """As `run` measures under two protocols, each with its weights file."""
    source, store = counted(), MemoryStore()
    weights = ["a" * 64, "b" * 64]

    def run(team: ThreadTeam) -> None:
        for number, digest in enumerate(weights):
            embedder = replace(recipe.embedder, weights=digest)
            jobs = [job_of(source, replace(recipe, embedder=embedder))]
            resources = Resources(store, team=team, purpose=f"number {number}: ")
            with suppress(ShareDone):
                fill_together(lambda jobs=jobs: jobs, resources, "fail")

    _, ended = as_team(2, run)
    assert ended == [None, None]
    assert set(source.read.values()) == {2}


def test_other_weights_in_another_process_are_refused(recipe: FrameRecipe) -> None:
    def run(team: ThreadTeam) -> None:
        embedder = replace(recipe.embedder, weights=str(team.rank))
        jobs = [job_of(counted(), replace(recipe, embedder=embedder))]
        fill_together(lambda: jobs, Resources(MemoryStore(), team=team), "fail")

    _, ended = as_team(2, run)
    assert [type(error) for error in ended].count(UnlikeError) == 1


@pytest.mark.parametrize(("processes", "pieces"), [(5, 5), (12, 20), (40, 40), (64, 40)])
def test_many_processes_have_some_of_few_videos(
    recipe: FrameRecipe, processes: int, pieces: int
) -> None:
    job = job_of(counted(), recipe)
    team = ThreadTeam(1, processes, Shared())
    with pytest.raises(ShareDone):
        fill_together(lambda: [job], Resources(MemoryStore(), team=team), "fail")
    assert team.shared.done_by == {1: list(range(pieces))}
