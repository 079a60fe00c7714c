"""What several measurements need of each video, and the reading of it: one decoding for all.

A job is one measurement's choice of clips or frames. `needs` puts together what the jobs need of
each video, `works` what the store does not have of it; `VideoWork.pieces` reads it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NamedTuple, Self

from torch import Tensor

from leo_bench.evaluation.clips import ClipRef, Window
from leo_bench.evaluation.features.of_clips import FeatureRecipe, Resources, clip_name, extract
from leo_bench.evaluation.features.of_frames import FrameBlocks, FrameRecipe, embed_frames
from leo_bench.evaluation.features.stores import Store
from leo_bench.evaluation.preprocess import I3D_SIDE
from leo_bench.evaluation.videos.source import VideoSource, each_levels


@dataclass(frozen=True)
class ClipJob:
    """Clips of a source that one measurement needs, through an extractor."""

    source: VideoSource
    refs: Sequence[ClipRef]
    window: Window
    recipe: FeatureRecipe

    @property
    def is_empty(self) -> bool:
        """Whether no clip is needed, as of a file of features."""
        return not self.refs

    def by_video(self) -> dict[int, Self]:
        """The job of each video."""
        found: dict[int, list[ClipRef]] = defaultdict(list)
        for ref in self.refs:
            found[ref.video].append(ref)
        return {video: replace(self, refs=refs) for video, refs in found.items()}

    def named(self) -> dict[str, range]:
        """Name in the store -> frames, of each clip."""
        return {clip_name(ref, self.window): self.window.indices(ref.start) for ref in self.refs}

    def alone(self, resources: Resources) -> None:
        """Do this job by itself, as the measurement would.

        Raises:
            BadVideoError, InputError: as `extract`.
        """
        extract(self.source, self.refs, self.window, self.recipe, resources)


@dataclass(frozen=True)
class FrameJob:
    """Frames of a source that one measurement needs, through an embedder."""

    source: VideoSource
    wanted: Sequence[tuple[int, Sequence[int]]]
    recipe: FrameRecipe

    @property
    def is_empty(self) -> bool:
        """Whether no frame is needed."""
        return not self.wanted

    def by_video(self) -> dict[int, Self]:
        """The job of each video."""
        found: dict[int, list[tuple[int, Sequence[int]]]] = defaultdict(list)
        for video, frames in self.wanted:
            found[video].append((video, frames))
        return {video: replace(self, wanted=wanted) for video, wanted in found.items()}

    def named(self) -> dict[str, range]:
        """Name in the store -> the frame, of each frame."""
        return {
            str(frame): range(frame, frame + 1) for _, frames in self.wanted for frame in frames
        }

    def alone(self, resources: Resources) -> None:
        """Do this job by itself, as the measurement would.

        Raises:
            BadVideoError, InputError: as `embed_frames`.
        """
        for _ in embed_frames(self.source, self.wanted, self.recipe, resources):
            pass


Job = ClipJob | FrameJob


class ClipPiece(NamedTuple):
    """One clip, ready for its extractor."""

    key: str
    recipe: FeatureRecipe
    name: str
    clip: Tensor  # float32 [3,T,224,224]


class FramesPiece(NamedTuple):
    """Some frames of a video, ready for their embedder."""

    key: str
    recipe: FrameRecipe
    frames: Sequence[int]
    pixels: Tensor  # uint8 [n,3,H,W]


Piece = ClipPiece | FramesPiece


@dataclass(slots=True)
class VideoWork:
    """What is missing of one video.

    Args:
        source: a source that shows the video; others may show it, too.
        video: its index there.
        size: height and width, as stored.
        clips: key -> recipe and the clips by name.
        frames: key -> recipe and the frames.
        jobs: those that need it, each of this video alone.
    """

    source: VideoSource
    video: int
    size: tuple[int, int]
    clips: dict[str, tuple[FeatureRecipe, dict[str, range]]] = field(default_factory=dict)
    frames: dict[str, tuple[FrameRecipe, set[int]]] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)

    def add(self, job: Job, key: str, missing: Mapping[str, range]) -> None:
        """Take in a job of this video, of which these clips or frames are missing."""
        self.jobs.append(job)
        if isinstance(job, ClipJob):
            self.clips.setdefault(key, (job.recipe, {}))[1].update(missing)
        else:
            self.frames.setdefault(key, (job.recipe, set()))[1].update(map(int, missing))

    @property
    def name(self) -> str:
        """Of the video."""
        return self.source.names[self.video]

    def recipe(self, key: str) -> FeatureRecipe | FrameRecipe:
        """The recipe behind a key of the store."""
        return self.clips[key][0] if key in self.clips else self.frames[key][0]

    @property
    def begun_frames(self) -> int:
        """Frames of network input that are held at one time, at most, for clips that have begun."""
        return sum(_most_held(clips.values()) for _, clips in self.clips.values())

    def pieces(self) -> Iterator[Piece]:
        """Read the video once: each piece as soon as its last frame is there.

        Raises:
            BadVideoError: the video does not hold what its header promised.
            InputError: the source gives something else than levels.
        """
        clips = [_BegunClips(key, recipe, named) for key, (recipe, named) in self.clips.items()]
        blocks = {
            key: (recipe, FrameBlocks(recipe, len(frames)), frames)
            for key, (recipe, frames) in self.frames.items()
        }
        union = {
            frame for _, named in self.clips.values() for each in named.values() for frame in each
        }
        union.update(*(frames for _, frames in self.frames.values()))
        order = sorted(union)
        for frame, stored in zip(order, each_levels(self.source, self.video, order), strict=True):
            for begun in clips:
                yield from begun.add(frame, stored)
            for key, (recipe, block, wanted) in blocks.items():
                if frame in wanted and (full := block.add(frame, stored)) is not None:
                    yield FramesPiece(key, recipe, *full)
            del stored  # before the next is decoded
        for key, (recipe, block, _) in blocks.items():
            if (rest := block.rest()) is not None:
                yield FramesPiece(key, recipe, *rest)


class _BegunClips:
    """The clips of one recipe in one video, while the video is read.

    A frame is held once for all clips that contain it, until the last of them has ended.
    """

    def __init__(self, key: str, recipe: FeatureRecipe, named: Mapping[str, range]) -> None:
        self._key, self._recipe = key, recipe
        self._held: dict[int, Tensor] = {}
        self._uses = Counter(frame for frames in named.values() for frame in frames)
        self._ending: dict[int, list[tuple[str, range]]] = defaultdict(list)
        for name, frames in named.items():
            self._ending[frames[-1]].append((name, frames))

    def add(self, frame: int, stored: Tensor) -> Iterator[ClipPiece]:
        """Take in one frame, uint8 [3,H,W]; the clips that end with it."""
        if frame not in self._uses:
            return
        self._held[frame] = self._recipe.network_frame(stored)
        for name, frames in self._ending.pop(frame, []):
            yield ClipPiece(self._key, self._recipe, name, self._clip(frames))

    def _clip(self, frames: range) -> Tensor:
        """The clip of these frames, which are let go if no other clip needs them."""
        shape = (3, len(frames), I3D_SIDE, I3D_SIDE)
        clip = self._held[frames[0]].new_empty(shape)
        for place, frame in enumerate(frames):
            clip[:, place] = self._held[frame]
            self._uses[frame] -= 1
            if self._uses[frame] == 0:
                del self._held[frame]
        return clip


def _most_held(clips: Collection[range]) -> int:
    """How many frames are held at one time, at most: each until its last clip has ended."""
    until: dict[int, int] = defaultdict(int)
    for frames in clips:
        for frame in frames:
            until[frame] = max(until[frame], frames[-1])
    changes = Counter(until.keys())
    changes.subtract(end + 1 for end in until.values())
    return max(accumulate(changes[frame] for frame in sorted(changes)))


class VideoNeeds(NamedTuple):
    """What jobs need of one video, whether the store has it or not.

    Args:
        source: a source that shows the video; others may show it, too.
        video: its index there.
        size: height and width, as stored.
        parts: each job's part of this video, with the key of its features in the store.
    """

    source: VideoSource
    video: int
    size: tuple[int, int]
    parts: list[tuple[str, Job]]

    def missing(self, known: Mapping[tuple[str, str], Collection[str]]) -> VideoWork | None:
        """What the store does not have; None if it has everything.

        Args:
            known: names in the store, by key and digest.
        """
        work = VideoWork(self.source, self.video, self.size)
        digest = self.source.digest(self.video)
        for key, part in self.parts:
            names = known.get((key, digest), ())
            missing = {name: at for name, at in part.named().items() if name not in names}
            if missing:
                work.add(part, key, missing)
        return work if work.jobs else None


def needs(jobs: Sequence[Job]) -> list[VideoNeeds]:
    """What the jobs need of each video, by content: what two sources share is there once."""
    found: dict[tuple[str, str], VideoNeeds] = {}
    for job in jobs:
        source, decoder, sizes = job.source, job.source.medium.decoder, job.source.sizes()
        keys = {size: job.recipe.key(decoder, size) for size in set(sizes)}
        for video, part in job.by_video().items():
            of_video = VideoNeeds(source, video, sizes[video], [])
            needed = found.setdefault((decoder, source.digest(video)), of_video)
            needed.parts.append((keys[sizes[video]], part))
    return list(found.values())


def works(wanted: Sequence[VideoNeeds], store: Store) -> list[VideoWork]:
    """What is missing of each video."""
    digests: dict[str, set[str]] = defaultdict(set)
    for each in wanted:
        for key, _ in each.parts:
            digests[key].add(each.source.digest(each.video))
    known = {
        (key, digest): frozenset(clips)
        for key, of_key in digests.items()
        for digest, clips in store.read_many(key, of_key)
    }
    return [work for each in wanted if (work := each.missing(known)) is not None]
