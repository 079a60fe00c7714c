"""FVD and KVD as metrics of torchmetrics, updated with batches of clips.

A metric keeps features, never pixels. Its network is built for the device of the metric at the
first update and shared by all metrics that ask for the same one; it is no submodule, and enters
neither checkpoints nor pickles nor clones. Clips take the steps that files take, so that the
numbers are those of the command line for the same clips.
"""

import time
from abc import ABC
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from leo_bench.benchmarks.api.clip_batches import HeldStill, check_batch, open_batch, video_numbers
from leo_bench.benchmarks.api.clip_distance import (
    LAYOUT,
    MeasuredSide,
    drawn_from,
    recipe_digest,
    result_of,
    shared_extractor,
    value_of,
)
from leo_bench.benchmarks.api.clip_rows import ClipRows, facts_of
from leo_bench.benchmarks.api.clip_states import SIDES, ClipStates, plain_tensors
from leo_bench.benchmarks.api.keywords import said_in_keywords
from leo_bench.benchmarks.api.results import DistanceResult
from leo_bench.benchmarks.api.sides import ValueRange, float_range
from leo_bench.benchmarks.scores.plan import Plan, plan
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.evaluation.clips import ClipRef, Window
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ClipExtractor
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.of_clips import FeatureRecipe, Resources, extract
from leo_bench.evaluation.files.places import cache_root
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.protocols.of_clips import SideName
from leo_bench.evaluation.videos.tensors import TensorVideos

# Options of the command line that errors may name, as keywords here.
_OPTIONS = ("protocol", "frames", "extractor", "weights", "allow_unverified", "resolution", "clips")


class VideoDistance(ClipStates, ABC):
    """Base of `FrechetVideoDistance` and `KernelVideoDistance`.

    Args:
        protocol: id, or a protocol file of one's own (`leo-bench list protocols`); None: stylegan-v
            for FVD, digan for KVD.
        frames: of every clip; None: as many as the first clip has.
        extractor: name (`leo-bench list extractors`), FILE.py:FUNCTION, or a name that
            `evaluation.extractors.register_extractor` was given; None: the protocol's.
        weights: file of the network's weights; None: looked for.
        allow_unverified: take a weights file of unknown digest.
        resolution: side in pixels that the protocol brings frames to first; None: as they are.
        seed: deals videos into halves for the interval; with `add_real`, it chooses clips too.
        value_range: of floating clips, (0, 1) or (-1, 1); None: only uint8 clips are taken.
        reset_real_features: whether `reset` forgets the real side too.
        kwargs: of `torchmetrics.Metric`, on synchronisation between processes.

    Raises:
        InputError: an unknown protocol, network or range; the protocol lacks this distance.
    """

    distance: ClassVar[str]
    usual_protocol: ClassVar[str]

    is_differentiable = False
    higher_is_better = False
    full_state_update = False

    @said_in_keywords(_OPTIONS)
    def __init__(
        self,
        protocol: str | None = None,
        *,
        frames: int | None = None,
        extractor: str | None = None,
        weights: str | Path | None = None,
        allow_unverified: bool = False,
        resolution: int | None = None,
        seed: int = 0,
        value_range: ValueRange | None = None,
        reset_real_features: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(reset_real_features=reset_real_features, **kwargs)
        self.frames = frames
        self._floats = float_range(value_range)
        asked = {
            "metric": self.distance,
            "frames": 1 if frames is None else frames,  # of the first clip, where none is said
            "real": "memory:real",
            "fake": "memory:fake",
            "protocol": protocol or self.usual_protocol,
            "resolution": resolution,
            "repeats": 1,
            "seed": seed,
            "real_stride": 1,
            "fake_stride": 1,
            "extractor": extractor,
            "weights": None if weights is None else str(weights),
            "allow_unverified": allow_unverified,
            "float_range": self._floats,
        }
        self._request = parse(ScoreRequest, asked, where=type(self).__name__)
        self._network: ClipExtractor | None = None
        self._drawn: MeasuredSide | None = None  # by `add_real`
        self._of_source: dict[str, object] = {}  # what the request says of its source
        self._seconds = 0.0
        # Collections let metrics of equal states share them, so states tell recipes apart.
        of_recipe = recipe_digest(self._plan(self._request.frames), frames, reset_real_features)
        self.add_state("recipe", of_recipe, dist_reduce_fx="max")
        self._extractor()  # a wrong name or absent weights are an error now, not after an epoch

    @property
    def n_real(self) -> int:
        """Clips on the real side of this process."""
        drawn = 0 if self._drawn is None else self._drawn.features.clips
        return int(self.clip_counts[0]) + drawn

    @property
    def n_fake(self) -> int:
        """Clips on the fake side of this process."""
        return int(self.clip_counts[1])

    @said_in_keywords(_OPTIONS)
    def update(
        self, clips: Tensor, real: bool, videos: Tensor | Sequence[int] | None = None
    ) -> None:
        """Add the features of a batch of clips to one side.

        Args:
            clips: uint8 0..255, or floats in `value_range`: [B,T,3,H,W] or [B,T,H,W,3], RGB.
            real: whether they are real clips.
            videos: B whole numbers, the video that each clip is from: clips of one video are not
                independent, and the interval needs to know. None: each is of a video of its own.

        Raises:
            InputError: another type, shape, length or range; features that are not finite; real
                clips after `add_real`.
        """
        began = time.monotonic()
        side: SideName = "real" if real else "fake"
        if real and self._drawn is not None:
            raise InputError(f"the real side is {self._drawn.spec} already; reset() it first")
        check_batch(clips, f"{side} clips", self._floats)
        numbers = video_numbers(videos, len(clips))
        if len(clips) == 0:
            return
        chosen = self._plan(clips.shape[1])
        source = open_batch(clips, f"{side} clips", chosen.protocol.quantise, self._floats)
        self._check_like_others(source, chosen)
        loading = chosen.protocol.loading(side, LAYOUT)
        recipe = FeatureRecipe.of(self._extractor(), chosen.protocol, loading, chosen.resolution)
        refs = [ClipRef(clip, 0) for clip in range(len(clips))]
        with plain_tensors():
            window = Window(chosen.request.frames)
            found = extract(HeldStill.of(source), refs, window, recipe, Resources(store=None))
            self._add(side, found.values, facts_of(source, numbers, self._floats))
        self._seconds += time.monotonic() - began

    @said_in_keywords(_OPTIONS)
    def add_real(
        self,
        source: str | Path,
        *,
        stride: int | None = None,
        clips: int | None = None,
        data_root: str | Path | None = None,
    ) -> None:
        """Fill the real side from videos on disk, with the clips that the protocol chooses.

        Features come from the cache where they are. In several processes each one calls this, and
        has all clips.

        Args:
            source: a folder, a file, or any source of the command line, such as
                "faceforensics/train".
            stride: frames from one clip frame to the next; None: as the protocol says.
            clips: how many; None: the protocol's number.
            data_root: folder of the prepared data sets; None: the default.

        Raises:
            InputError: there is no such source, or it cannot be read; the real side has clips; the
                number of frames is not known.
        """
        began = time.monotonic()
        if self.n_real:
            raise InputError(f"the real side has {self.n_real} clips already; reset() it first")
        frames = self._frames()
        if frames is None:
            raise InputError("add_real: say frames=, the length of a clip, to the constructor")
        of_source: dict[str, object] = {
            "real": str(source),
            "real_stride": stride,
            "clips": clips,
            "data_root": None if data_root is None else str(data_root),
        }
        chosen = self._plan(frames, **of_source)
        with plain_tensors():
            resources = Resources(store=FeatureStore(cache_root()))
            self._drawn = drawn_from(chosen, self._extractor(), resources)
        self._of_source = of_source
        self._computed = None
        self._seconds += time.monotonic() - began

    @said_in_keywords(_OPTIONS)
    def compute(self) -> Tensor:
        """The distance as the protocol publishes it: float64 [].

        Raises:
            InputError: fewer than two clips on a side; clips of several lengths or sizes.
        """
        return torch.tensor(value_of(*self._sides()), dtype=torch.float64, device=self.device)

    @said_in_keywords(_OPTIONS)
    def result(self) -> DistanceResult:
        """The distance with its interval and record; its value is that of `compute`.

        In several processes each one calls this, as it does `compute`.

        Raises:
            InputError: as `compute`.
        """
        began = time.monotonic()
        with self._gathered(self.sync_on_compute):
            chosen, real, fake = self._sides()
            return result_of(chosen, real, fake, self._extractor(), began - self._seconds)

    def _forward_reduce_state_update(
        self, clips: Tensor, real: bool, videos: Tensor | Sequence[int] | None = None
    ) -> Tensor:
        """What `forward` does: `update`, then the distance of these fakes to all real clips.

        float64 []; NaN for real clips, and where a side has fewer than two.
        """
        before = len(self.fake_features)
        self.update(clips, real, videos)
        value = torch.tensor(torch.nan, dtype=torch.float64, device=self.device)
        if not real:
            with self._fakes_since(before), self._gathered(self.dist_sync_on_step):
                if min(self._counts().values()) > 1:
                    value = VideoDistance.compute(self)
        return value

    _forward_full_state_update = _forward_reduce_state_update  # with `dist_sync_on_step`

    def reset(self) -> None:
        """Forget all clips; those of the real side stay where `reset_real_features` is False."""
        super().reset()
        self._seconds = 0.0
        if self.reset_real_features:
            self._drawn, self._of_source = None, {}

    def __getstate__(self) -> dict[str, Any]:
        """Without the network, which is built again, or shared, where it is needed."""
        return {**super().__getstate__(), "_network": None}

    def _extractor(self) -> ClipExtractor:
        """The network on the metric's device."""
        if self._network is None or self._network.device != str(self.device):
            self._network = shared_extractor(self._plan(self._request.frames).network)
        return self._network

    def _plan(self, frames: int, **changes: object) -> Plan:
        changes = {"frames": frames, "device": str(self.device), **changes}
        return plan(self._request.model_copy(update=changes))

    def _check_like_others(self, source: TensorVideos, chosen: Plan) -> None:
        """Refuse clips of another length, or of another size where the protocol resizes none."""
        frames, size = source.frame_counts[0], source.sizes()[0]
        held, expected = self._first_facts(), self._frames()
        if expected is not None and frames != expected:
            raise InputError(
                f"{source.name} have {frames} frames; this metric has clips of {expected}"
            )
        resized = chosen.protocol.loading("fake", LAYOUT).resolution(chosen.resolution)
        if held is not None and resized is None and size != tuple(held[2:4].tolist()):
            shown = "{}x{}; this metric has clips of {}x{}".format(*size, *held[2:4].tolist())
            raise InputError(f"{source.name} are {shown}: give resolution=")

    def _frames(self) -> int | None:
        """Frames of every clip; None: the first clip will say."""
        held = self._first_facts()
        if held is not None:
            return int(held[1])
        return self.frames if self._drawn is None else self._drawn.features.side.window.frames

    def _counts(self) -> dict[SideName, int]:
        """Clips on each side, as the states are."""
        counts = {side: self._count(side) for side in SIDES}
        if self._drawn is not None:
            if counts["real"]:  # by the update of another metric of a collection
                raise InputError(f"real clips were given beside those of {self._drawn.spec}")
            counts["real"] = self._drawn.features.clips
        return counts

    def _sides(self) -> tuple[Plan, MeasuredSide, MeasuredSide]:
        """The plan and both sides, from the states as they are."""
        counts = self._counts()
        for side, count in counts.items():
            if count < 2:
                raise InputError(
                    f"{count} {side} clips; a distance needs 2 or more: update(clips, "
                    f"real={side == 'real'})"
                )
        fake = self._rows("fake")
        chosen = self._plan(fake.frames, **self._of_source)
        choice = chosen.protocol.fake
        if choice.enough == "exact" and {*counts.values()} == {counts["fake"]} != {choice.count}:
            # As many as there are, which `leo-bench verify` then takes too.
            chosen = self._plan(fake.frames, **self._of_source | {"clips": counts["fake"]})
        given = self._given(chosen, "fake", fake)
        return chosen, self._drawn or self._given(chosen, "real", self._rows("real")), given

    def _given(self, chosen: Plan, side: SideName, rows: ClipRows) -> MeasuredSide:
        """The clips of a side that were given in memory."""
        if rows.frames != chosen.request.frames:
            raise InputError(
                f"{side} clips have {rows.frames} frames, fake ones {chosen.request.frames}"
            )
        return MeasuredSide(
            name=side,
            spec=f"memory:{side}",
            features=rows.side(side, chosen.protocol.quantise, self._floats),
            device=str(self.device),
            in_memory=True,
            has_floats=rows.has_floats,
        )


class FrechetVideoDistance(VideoDistance):
    """Fréchet Video Distance (FVD) of fake clips to real ones; see `VideoDistance`."""

    distance = "fvd"
    usual_protocol = "stylegan-v"


class KernelVideoDistance(VideoDistance):
    """Kernel Video Distance (KVD, unbiased squared MMD); see `VideoDistance`."""

    distance = "kvd"
    usual_protocol = "digan"
