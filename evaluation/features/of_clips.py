"""Clips through an extractor: streamed, side by side, cached per video.

Readers bring each frame to the network's size and let it go before the next, so memory is bounded
by what the network takes, whatever the size, number and length of the videos. On a CPU a clip goes
through the network on one thread, and as many clips side by side as cores and memory allow; on a
GPU clips go in batches, and are read as levels (`clip_levels`) unless those are large. The numbers
depend on the clips and the extractor alone: not on threads, processes, order or batch (extractors
run a fixed batch shape inside).
"""

import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from leo_bench.evaluation.clips import ClipRef, Window
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ClipExtractor
from leo_bench.evaluation.extractors.numerics import full_precision, hardware, tf32_fact
from leo_bench.evaluation.features.clip_levels import LevelClips, Load
from leo_bench.evaluation.features.on_device import device_features
from leo_bench.evaluation.features.rows import Rows
from leo_bench.evaluation.features.single_thread_pool import Lanes, available_bytes, lanes, readers
from leo_bench.evaluation.features.stores import Store
from leo_bench.evaluation.files.schema import settings_digest
from leo_bench.evaluation.preprocess import I3D_SIDE, PREPROCESS, PREPROCESS_VERSION, loaded
from leo_bench.evaluation.processes.team import Alone, Team
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, Loading
from leo_bench.evaluation.videos.source import VideoSource, each_levels

# Raise when this file could give other features from the same pixels.
FEATURES_VERSION = 3

# Frames in one batch on a GPU, as StyleGAN-V has at 256 pixels: 8 clips of 16, or 1 of 128.
FRAMES_A_BATCH = 128

INPUT_BYTES = 4 * 3 * I3D_SIDE**2  # of one frame of a network's input
# Of clips that are read, or being read, before a lane is free for them; one is in any case.
AHEAD_BYTES = 160 * 2**20
# What I3D needs besides for each frame of a clip (at its full width 4.5 MB were measured).
WORKING_BYTES = 5 * 2**20
# Share of the memory which is free that clips in the network may take.
MEMORY_SHARE = 4

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FeatureRecipe:
    """From stored pixels to features: the part of a protocol that the pixels go through.

    Args:
        extractor: the frozen network.
        bn_eps: its batch-norm epsilon.
        preprocess, resize, requantise: names in `evaluation.preprocess`.
        resolution: side in pixels that frames are brought to first; None: as stored.
    """

    extractor: ClipExtractor
    bn_eps: float
    preprocess: str
    resize: str
    requantise: str
    resolution: int | None

    @classmethod
    def of(
        cls,
        extractor: ClipExtractor,
        protocol: EvalProtocol,
        loading: Loading,
        resolution: int | None,
    ) -> "FeatureRecipe":
        """The recipe of a protocol for one side; `resolution` is the one asked for."""
        return cls(
            extractor=extractor,
            bn_eps=protocol.bn_eps,
            preprocess=protocol.preprocess,
            resize=loading.resize,
            requantise=loading.choice.requantise,
            resolution=loading.resolution(resolution),
        )

    def facts(self, decoder: str, size: tuple[int, int]) -> dict[str, object]:
        """Everything between a stored video, of that height and width, and its features."""
        resized = self._resizes(size)
        return {
            "features_version": FEATURES_VERSION,
            "preprocess_version": PREPROCESS_VERSION,
            "decoder": decoder,
            "resize": self.resize if resized else "none",
            "resolution": self.resolution if resized else None,
            "requantise": self.requantise,
            "preprocess": self.preprocess,
            "extractor": self.extractor.name,
            "weights": self.extractor.weights,
            "bn_eps": self.bn_eps,
            "precision": self.extractor.precision,
            "device": self.extractor.device.split(":")[0],
            "hardware": hardware(self.extractor.device),
            "torch": torch.__version__,
            **tf32_fact(self.extractor.device),
        }

    def key(self, decoder: str, size: tuple[int, int]) -> str:
        """Cache key: digest of `facts`."""
        return settings_digest(self.facts(decoder, size))[:32]

    @property
    def load(self) -> Load:
        """The original's data loader: stored frames uint8 [T,3,H,W] -> levels uint8 [T,3,R,R]."""
        return partial(
            loaded, resize=self.resize, requantise=self.requantise, resolution=self.resolution
        )

    def prepare(self, levels: Tensor) -> Tensor:
        """Levels to network input, uint8 [B,T,3,R,R] -> float32 [B,3,T,224,224], on one device."""
        return PREPROCESS[self.preprocess](levels)

    def levels_bytes(self, frames: int, size: tuple[int, int]) -> int:
        """Bytes of the levels of a clip of so many frames, of that height and width as stored."""
        height, width = size if self.resolution is None else (self.resolution, self.resolution)
        return frames * 3 * height * width

    def network_input(self, stored: Iterator[Tensor], count: int) -> Tensor:
        """`count` frames as stored, uint8 [3,H,W] each -> float32 [3,T,224,224].

        On the extractor's device. One frame after another, so that no two are held as stored.
        """
        shape, device = (3, count, I3D_SIDE, I3D_SIDE), self.extractor.device
        clip = torch.empty(shape, dtype=torch.float32, device=device)
        for place in range(count):
            clip[:, place] = self.network_frame(next(stored))
        return clip

    def network_frame(self, stored: Tensor) -> Tensor:
        """One frame as stored, uint8 [3,H,W] -> float32 [3,224,224], on the extractor's device."""
        levels = self.load(stored[None])[None].to(self.extractor.device)
        return self.prepare(levels)[0, :, 0]

    def _resizes(self, size: tuple[int, int]) -> bool:
        return self.resolution is not None and size != (self.resolution, self.resolution)


@dataclass(frozen=True)
class Features:
    """Features of chosen clips, in the order of the choice.

    Args:
        values: float32 [N,D].
        videos: name of the video of each clip.
        computed: how many clips went through the network; the rest came from the cache.
    """

    values: Tensor
    videos: tuple[str, ...]
    computed: int


# What `measure` needs of a network: from chosen clips to their features.
FeaturesOf = Callable[[VideoSource, Sequence[ClipRef], Window, Loading], Features]


@dataclass(frozen=True)
class Resources:
    """Settings that change how long extraction takes, and no number.

    Args:
        store: cache; None: nothing is kept.
        workers: threads that read and resize; fewer where stored frames are very large.
        processes: worker processes that read many clips of stored videos in place of the threads;
            0: none. A script of one's own that starts them runs again in each, up to its
            `if __name__ == "__main__"`.
        batch: clips handed to the extractor at once on a GPU; None: as many as make FRAMES_A_BATCH
            frames.
        team: processes that divide the work on videos (`shared_pass.fill_together`).
        purpose: names the measurement among several of a command, for the team's messages.
        opening: told while sources are opened: videos done, videos in all.
        progress: told after every clip or batch: clips done, clips to do.
    """

    store: Store | None
    workers: int = 2
    processes: int = 0
    batch: int | None = None
    team: Team = field(default_factory=Alone)
    purpose: str = ""
    opening: Progress | None = None
    progress: Progress | None = None

    def news(self) -> tuple[str, ...]:
        """Notes on the cache since the last call, such as damaged files."""
        return () if self.store is None else self.store.news()


def clip_features(
    extractor: ClipExtractor, protocol: EvalProtocol, resolution: int | None, resources: Resources
) -> FeaturesOf:
    """A function from chosen clips to their features, a row a clip; it raises as `extract`."""

    def features_of(
        source: VideoSource, refs: Sequence[ClipRef], window: Window, loading: Loading
    ) -> Features:
        recipe = FeatureRecipe.of(extractor, protocol, loading, resolution)
        return extract(source, refs, window, recipe, resources)

    return features_of


def extract(
    source: VideoSource,
    refs: Sequence[ClipRef],
    window: Window,
    recipe: FeatureRecipe,
    resources: Resources,
) -> Features:
    """Features of the clips at `refs`, from the cache or through the network.

    Raises:
        BadVideoError: a video does not hold what its header promised.
        InputError: features that are not finite; a video that has changed since it was opened, of
            which nothing is kept.
    """
    decoder, sizes = source.medium.decoder, source.sizes()
    keys = {size: recipe.key(decoder, size) for size in {sizes[ref.video] for ref in refs}}
    order = sorted(set(refs))
    features = Rows(len(order))
    if resources.store is not None:
        digests: dict[str, dict[str, list[int]]] = {key: {} for key in keys.values()}
        for row, ref in enumerate(order):
            of_key = digests[keys[sizes[ref.video]]]
            of_key.setdefault(source.digest(ref.video), []).append(row)
        for key, rows in digests.items():
            for digest, stored in resources.store.read_many(key, rows):
                for row in rows[digest]:
                    if (feature := stored.get(clip_name(order[row], window))) is not None:
                        features.put(row, feature)
    missing = [row for row in range(len(order)) if not features.has[row]]
    if resources.store is not None:
        for size in {sizes[order[row].video] for row in missing}:
            resources.store.describe(keys[size], recipe.facts(decoder, size))

    unsaved: dict[str, Tensor] = {}
    todo = [order[row] for row in missing]
    computed = _through_network(source, todo, window, recipe, resources)
    for row, (ref, feature, video_is_done) in zip(missing, computed, strict=True):
        features.put(row, feature)
        unsaved[clip_name(ref, window)] = feature
        if video_is_done:
            source.check_unchanged(ref.video)
            if resources.store is not None:
                key = keys[sizes[ref.video]]
                resources.store.write(key, source.digest(ref.video), unsaved)
            unsaved = {}
    values = features.values
    if list(refs) != order:
        place = {ref: row for row, ref in enumerate(order)}
        values = values[[place[ref] for ref in refs]]
    return Features(values, tuple(source.names[ref.video] for ref in refs), len(missing))


def clip_name(ref: ClipRef, window: Window) -> str:
    """A clip's name in the store of its video."""
    return f"{ref.start}:{window.frames}:{window.stride}"


def _through_network(
    source: VideoSource,
    refs: Sequence[ClipRef],
    window: Window,
    recipe: FeatureRecipe,
    resources: Resources,
) -> Iterator[tuple[ClipRef, Tensor, bool]]:
    """Each clip, its feature float32 [D], and whether it is the last of its video."""
    if not refs:
        return
    done = 0
    with full_precision(), closing(_features(source, refs, window, recipe, resources)) as features:
        for feature in features:
            ref = refs[done]
            done += 1
            if not bool(torch.isfinite(feature).all()):
                raise InputError(
                    f"{source.names[ref.video]}: the clip at frame {ref.start} gives features "
                    "that are not finite: the weights or the precision cannot be used"
                )
            yield ref, feature, done == len(refs) or refs[done].video != ref.video
            if resources.progress is not None:
                resources.progress(done, len(refs))


def _features(
    source: VideoSource,
    refs: Sequence[ClipRef],
    window: Window,
    recipe: FeatureRecipe,
    resources: Resources,
) -> Generator[Tensor]:
    """Features of the clips in order, float32 [D] each, on the CPU."""
    sizes, frames, extractor = source.sizes(), window.frames, recipe.extractor
    used = {sizes[ref.video] for ref in refs}
    count = readers(resources.workers, max(height * width for height, width in used))
    on_gpu = torch.device(extractor.device).type != "cpu"
    batch = (resources.batch or max(1, FRAMES_A_BATCH // frames)) if on_gpu else 1
    at_once = clips_at_once(frames)
    clips = LevelClips(
        source=source,
        clips=[(ref.video, window.indices(ref.start)) for ref in refs],
        load=recipe.load,
        clip_bytes=max(recipe.levels_bytes(frames, size) for size in used),
    )
    levels = clips.by_processes(resources.processes)
    if levels is None and on_gpu:
        levels = clips.by_threads(count, ahead=batch + count)
    if levels is not None:
        with closing(levels):
            if on_gpu:
                yield from device_features(levels, extractor, recipe.prepare, batch)
            else:
                yield from lanes("cpu").map(
                    lambda clip: extractor(recipe.prepare(clip[None]))[0], levels, at_once - 1
                )
        return

    def read(ref: ClipRef) -> Tensor:
        stored = each_levels(source, ref.video, window.indices(ref.start))
        return recipe.network_input(stored, frames)

    with Lanes(count) as reading:
        if on_gpu:
            inputs = reading.map(read, refs, ahead=batch + count)
            while together := list(itertools.islice(inputs, batch)):
                yield from extractor(torch.stack(together))
            return
        coming = max(1, min(count, AHEAD_BYTES // (frames * INPUT_BYTES)))
        inputs = reading.map(read, refs, ahead=coming - 1)
        yield from lanes("cpu").map(lambda clip: extractor(clip[None])[0], inputs, at_once - 1)


def clips_at_once(frames: int) -> int:
    """How many clips of so many frames go through a network side by side on the CPU."""
    needed = frames * (INPUT_BYTES + WORKING_BYTES)
    fitting = available_bytes() // MEMORY_SHARE // needed
    return max(1, min(lanes("cpu").count, fitting))
