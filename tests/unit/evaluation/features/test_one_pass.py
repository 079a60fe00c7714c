"""One pass over the videos gives the features of single measurements, and decodes less."""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.clips import ClipRef, Window
from leo_bench.evaluation.embedders import EmbedderRequest, build_embedder
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.extractors import ExtractorRequest, build_extractor
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.jobs import ClipJob, ClipPiece, FrameJob, Job, needs, works
from leo_bench.evaluation.features.of_clips import INPUT_BYTES, FeatureRecipe, Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe
from leo_bench.evaluation.features.one_pass import fill
from leo_bench.evaluation.features.stores import MemoryStore
from leo_bench.evaluation.videos.source import WrappedVideos
from leo_bench.evaluation.videos.tensors import TensorVideos

FRAMES = 40


def videos(count: int = 5) -> TensorVideos:
    random = torch.Generator().manual_seed(0)
    clips = {
        f"video{i}": torch.randint(0, 256, (FRAMES, 3, 24, 32), dtype=torch.uint8, generator=random)
        for i in range(count)
    }
    return TensorVideos("made", clips, "round")


@dataclass(frozen=True)
class Watched(WrappedVideos):
    """Counts the frames that are read, and breaks videos from a frame on.

    Args:
        read: (video, frame) -> how often.
        broken: video -> the first frame that cannot be read.
    """

    read: Counter[tuple[int, int]] = field(default_factory=Counter)
    broken: dict[int, int] = field(default_factory=dict)

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        for frame, pixels in zip(frames, super().each_frame(index, frames), strict=True):
            if frame >= self.broken.get(index, FRAMES):
                raise BadVideoError(self.names[index], "cut short")
            self.read[index, frame] += 1
            yield pixels


def watched(broken: dict[int, int] | None = None) -> Watched:
    made = videos()
    return Watched(made, range(len(made.names)), "watched", broken=broken or {})


@pytest.fixture(scope="module")
def recipes() -> tuple[FeatureRecipe, FeatureRecipe, FrameRecipe]:
    extractor = build_extractor(ExtractorRequest("i3d-toy", bn_eps=1e-3))
    squashed = FeatureRecipe(
        extractor, 1e-3, "squash-224", "shorter-side-lanczos-center-crop", "as-stored", None
    )
    cropped = FeatureRecipe(
        extractor, 1e-3, "shorter-side-224-center-crop", "center-crop-lanczos", "as-stored", 32
    )
    embedder = build_embedder(EmbedderRequest("random-filters"))
    return squashed, cropped, FrameRecipe(embedder, "shorter-side-lanczos-center-crop", 32)


def jobs_of(
    source: Watched, recipes: tuple[FeatureRecipe, FeatureRecipe, FrameRecipe]
) -> list[Job]:
    """Windows that overlap, strides, two recipes, and frames: in videos 0 to 4."""
    squashed, cropped, of_frames = recipes
    every = range(len(source.names))
    phases = [ClipRef(video, start) for video in every for start in (0, 1, 20)]
    return [
        ClipJob(source, [ClipRef(video, 3) for video in every], Window(16), squashed),
        ClipJob(source, [ClipRef(video, 0) for video in every], Window(36), squashed),
        ClipJob(source, phases, Window(9, 2), cropped),
        FrameJob(source, [(video, range(0, 30, 3)) for video in every], of_frames),
        FrameJob(source, [(video, [1, 3, 39]) for video in every], of_frames),
    ]


def content(store: MemoryStore) -> dict[tuple[str, str], dict[str, Tensor]]:
    return store._clips


def singly(jobs: Sequence[Job]) -> MemoryStore:
    store = MemoryStore()
    for job in jobs:
        job.alone(Resources(store))
    return store


def assert_same(found: MemoryStore, expected: MemoryStore) -> None:
    assert content(found).keys() == content(expected).keys()
    for place, clips in content(expected).items():
        assert content(found)[place].keys() == clips.keys()
        for name, feature in clips.items():
            assert torch.equal(content(found)[place][name], feature), (place, name)


@pytest.fixture(scope="module")
def expected(recipes: tuple[FeatureRecipe, FeatureRecipe, FrameRecipe]) -> MemoryStore:
    return singly(jobs_of(watched(), recipes))


@pytest.mark.parametrize("workers", [1, 3])
def test_the_features_are_those_of_single_measurements(
    recipes: tuple[FeatureRecipe, FeatureRecipe, FrameRecipe], expected: MemoryStore, workers: int
) -> None:
    source = watched()
    store, told = MemoryStore(), list[tuple[int, int]]()
    how = Resources(None, workers=workers, progress=lambda done, all: told.append((done, all)))
    fill(jobs_of(source, recipes), store, how, "fail")
    needed = len({*range(37), 39})
    assert max(source.read.values()) == 1
    assert sum(source.read.values()) == 5 * needed
    assert told == [(done, 5) for done in range(1, 6)]
    assert_same(store, expected)


def test_frames_that_clips_share_are_held_once(
    recipes: tuple[FeatureRecipe, FeatureRecipe, FrameRecipe],
) -> None:
    source = watched()
    every = ClipJob(source, [ClipRef(0, start) for start in range(24)], Window(16), recipes[0])
    apart = ClipJob(source, [ClipRef(1, 0), ClipRef(1, 20)], Window(16), recipes[0])
    phases = ClipJob(source, [ClipRef(2, start) for start in (0, 1)], Window(16, 2), recipes[0])
    of_every, of_apart, of_phases = works(needs([every, apart, phases]), MemoryStore())
    assert [work.begun_frames for work in (of_every, of_apart, of_phases)] == [16, 16, 31]
    before = _input_frames()
    pieces = of_every.pieces()
    first = next(pieces)  # 16 clips contain its last frame
    assert _input_frames() - before <= 16 + first.clip.shape[1]
    for left in range(23, 0, -1):
        assert isinstance(next(pieces), ClipPiece), left
    del first
    assert next(pieces, None) is None
    assert _input_frames() == before


def _input_frames() -> int:
    """Frames of network input that are in memory."""
    gc.collect()
    tensors = {
        each.untyped_storage().data_ptr(): each.untyped_storage().nbytes()
        for each in gc.get_objects()
        if type(each) is Tensor and each.shape[-2:] == (224, 224)
    }
    return sum(tensors.values()) // INPUT_BYTES


def test_what_is_stored_is_not_read_again(
    recipes: tuple[FeatureRecipe, FeatureRecipe, FrameRecipe], tmp_path: Path
) -> None:
    store, source = FeatureStore(tmp_path), watched()
    first, *rest = jobs_of(source, recipes)
    fill([first], store, Resources(None), "fail")
    source.read.clear()
    fill([first], store, Resources(None), "fail")
    assert not source.read
    fill([first, *rest], store, Resources(None), "fail")
    key = recipes[0].key(source.medium.decoder, (24, 32))
    assert store.read(key, source.digest(2)).keys() == {"3:16:1", "0:36:1"}


def test_one_video_of_two_sources_is_read_once(
    recipes: tuple[FeatureRecipe, FeatureRecipe, FrameRecipe],
) -> None:
    first = watched()
    other = Watched(first.base, [3, 1], "other", first.read)
    jobs: list[Job] = [
        ClipJob(first, [ClipRef(1, 0), ClipRef(3, 0)], Window(16), recipes[0]),
        ClipJob(other, [ClipRef(0, 5), ClipRef(1, 0)], Window(16), recipes[0]),
    ]
    store = MemoryStore()
    fill(jobs, store, Resources(None), "fail")
    assert sum(first.read.values()) == 16 + 21
    assert_same(store, singly(jobs))


def test_a_broken_video_is_left_to_the_measurements_that_do_not_need_what_is_broken(
    recipes: tuple[FeatureRecipe, FeatureRecipe, FrameRecipe],
) -> None:
    source = watched({2: 30})
    short = ClipJob(source, [ClipRef(video, 0) for video in range(5)], Window(16), recipes[0])
    long = ClipJob(source, [ClipRef(video, 0) for video in range(5)], Window(36), recipes[0])
    store = MemoryStore()
    fill([short, long], store, Resources(None), "skip")
    key = recipes[0].key(source.medium.decoder, (24, 32))
    assert store.read(key, source.digest(2)) == {}
    assert store.read(key, source.digest(3)).keys() == {"0:16:1", "0:36:1"}
    with pytest.raises(BadVideoError, match="cut short"):
        fill([short, long], MemoryStore(), Resources(None), "fail")
    assert_same(
        _filled([short], "fail"),
        singly([ClipJob(watched(), short.refs, short.window, short.recipe)]),
    )


def _filled(jobs: Sequence[Job], on_error: str) -> MemoryStore:
    store = MemoryStore()
    fill(jobs, store, Resources(None), "fail" if on_error == "fail" else "skip")
    return store


@dataclass(frozen=True)
class Changed(WrappedVideos):
    """Says that video 1 has changed."""

    def check_unchanged(self, index: int) -> None:
        if index == 1:
            raise InputError("video 1 has changed since it was opened")


def test_nothing_is_kept_of_a_video_that_changed(
    recipes: tuple[FeatureRecipe, FeatureRecipe, FrameRecipe],
) -> None:
    source, store = Changed(videos(), range(5), "changed"), MemoryStore()
    job = ClipJob(source, [ClipRef(video, 0) for video in range(5)], Window(16), recipes[0])
    with pytest.raises(InputError, match="has changed"):
        fill([job], store, Resources(None), "fail")
    key = recipes[0].key(source.medium.decoder, (24, 32))
    assert store.read(key, source.digest(0)).keys() == {"0:16:1"}
    assert store.read(key, source.digest(1)) == {}
