"""The main path: real videos + fake videos + protocol -> a measurement.

Its steps:

    choose_clips   which clips, for every repeat           no pixel is read
    extract        each clip once through the network      cached per video
    numbers_of     features -> value, interval, FVD∞       cached too
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor

from leo_bench.evaluation.clips import ClipRef, Window, choose_clips, derived_seed
from leo_bench.evaluation.distances.gaussian import RealStatistics
from leo_bench.evaluation.distances.influence import ClipFeatures, Form, combine
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.feature_files.sources import FeaturesSource, StatisticsSource
from leo_bench.evaluation.features.of_clips import FeaturesOf
from leo_bench.evaluation.features.single_thread_pool import on_one_thread
from leo_bench.evaluation.features.stores import Store
from leo_bench.evaluation.preprocess import AS_STORED
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, Loading, form_of
from leo_bench.evaluation.records.clip_notes import choice_notes
from leo_bench.evaluation.uncertainty.intervals import Interval, spread_of_mean
from leo_bench.evaluation.uncertainty.numbers import Numbers, Repeat, metric_interval, numbers_of
from leo_bench.evaluation.videos.frame_sizes import check_one_size, check_same_size
from leo_bench.evaluation.videos.source import (
    VideoSource,
    check_unchanged,
    skipped_as_broken,
    without,
)


@dataclass(frozen=True)
class Side:
    """One side of a comparison; `window.stride` may differ between the two.

    Args:
        source: the videos.
        window: frames and stride of a clip.
        name: how notes and errors call the side: "real", "fake".
    """

    source: VideoSource
    window: Window
    name: str = ""

    @property
    def videos(self) -> str:
        """What notes call its videos."""
        return f"{self.name} videos".lstrip()


@dataclass(frozen=True)
class Settings:
    """What fixes a measurement besides the protocol.

    Args:
        features_of: from chosen clips to features (`of_clips.clip_features`, and
            `of_frames.frame_features` where the protocol measures frames).
        seed: repeat r draws its clips with `derived_seed(seed, r)`, on both sides.
        resolution: side that frames are brought to first; None: as stored.
        on_error: "skip" leaves broken videos out and lists them; "fail" raises.
        store: cache for numbers; None: nothing is kept.
    """

    features_of: FeaturesOf
    seed: int
    resolution: int | None
    on_error: Literal["fail", "skip"]
    store: Store | None


@dataclass(frozen=True)
class SideFeatures:
    """Features of one side, one draw of clips for each repeat.

    Args:
        side: as given, without the videos that were skipped.
        values: float32 [N,D] for each repeat, a row a clip, or a row a frame (FID).
        videos: name of each row's video, for each repeat.
        clips: in each repeat.
        used: indices of the videos that gave clips.
        computed: clips that went through the network.
        notes: which of the original's loaders was followed, if it has several; which videos gave
            no clip in the first repeat, and why.
        starts: first frame of each row's clip, for each repeat.
        statistics: of the features, for each repeat, where these are not known: `values`, `videos`,
            `starts` and `used` are empty then.
    """

    side: Side
    values: Sequence[Tensor]
    videos: Sequence[Sequence[str]]
    clips: int
    used: Sequence[int]
    computed: int
    notes: Sequence[str]
    starts: Sequence[Sequence[int]] = ()
    statistics: Sequence[RealStatistics] = ()

    @property
    def rows(self) -> int:
        """Clips, or frames where frames are measured, in each repeat."""
        return self.statistics[0].exact.count if self.statistics else len(self.values[0])

    @property
    def drawn_videos(self) -> int | None:
        """Videos that gave the first repeat's clips; None of statistics, which do not vary."""
        return None if self.statistics else len(set(self.videos[0]))


@dataclass(frozen=True)
class WantedClips:
    """The clips that a measurement needs of one side.

    Args:
        side: the side.
        loading: how its videos are read.
        refs: of all repeats, each once, in the order of the videos; none where the features or
            their statistics are known.
    """

    side: Side
    loading: Loading
    refs: Sequence[ClipRef]


@dataclass(frozen=True)
class Measurement:
    """A distance with its interval, and the features it was computed from."""

    metric: str
    form: Form
    numbers: Numbers
    real: SideFeatures
    fake: SideFeatures

    def difference(self, other: "Measurement", seed: int) -> Interval:
        """Interval of this value minus that of another fake side, for the same real clips.

        Of the mean over repeats. Fakes of the same name, such as a video and a damaged copy of it,
        are paired, so that the variance common to both cancels.

        Raises:
            InputError: fewer than MIN_VIDEOS videos on a side; a distance without influences.
        """
        mine, others = (
            [self.form.statistic(real, fake) for real, fake in repeats_of(m.real, m.fake)]
            for m in (self, other)
        )
        repeats = [combine([(1.0, a), (-1.0, b)]) for a, b in zip(mine, others, strict=True)]
        spread = on_one_thread(lambda: spread_of_mean(repeats, seed))
        return metric_interval(self.metric, spread.value, spread)

    @property
    def fake_varies(self) -> bool:
        """Whether the repeats draw different fakes."""
        return len({tuple(videos) for videos in self.fake.videos}) > 1


def measure(
    metric: str, real: Side, fake: Side, protocol: EvalProtocol, settings: Settings
) -> Measurement:
    """Measure `fake` against `real` as `protocol` says.

    Raises:
        InputError: the protocol has no such metric; too few or too short videos; a broken video
            where those are not skipped; mixed sizes; a video that changed meanwhile.
    """
    form = form_of(metric, protocol)
    if isinstance(real.source, StatisticsSource):
        real.source.check_form(form)
    real_draws, fake_draws = (
        draw(each.side, each.loading, protocol, settings)
        for each in wanted_clips(real, fake, protocol, settings)
    )
    for draws in (real_draws, fake_draws):
        check_two(draws.side, draws.clips)  # broken videos may have been left out
    repeats = repeats_of(real_draws, fake_draws)
    numbers = numbers_of(form, repeats, settings.seed, settings.store)
    for draws in (real_draws, fake_draws):
        check_unchanged(draws.side.source, draws.used)
    return Measurement(metric, form, numbers, real_draws, fake_draws)


def wanted_clips(
    real: Side, fake: Side, protocol: EvalProtocol, settings: Settings
) -> tuple[WantedClips, WantedClips]:
    """The clips of both sides, before any is read: a fault of either is found here.

    Raises:
        InputError: too few or too short videos; sides or videos of unlike sizes.
    """
    sides = [
        (real, protocol.loading("real", real.source.medium.layout)),
        (fake, protocol.loading("fake", fake.source.medium.layout)),
    ]
    check_same_size(
        real.source, fake.source, *(of.resolution(settings.resolution) for _, of in sides)
    )
    found = []
    for side, loading in sides:
        if isinstance(side.source, StatisticsSource):
            side.source.check_side(side.name)
            found.append(WantedClips(side, loading, ()))
            continue
        choices = _choose(side, loading, protocol, settings)
        check_two(side, min(map(len, choices)))
        found.append(_wanted(side, loading, choices))
    return found[0], found[1]


def wanted_of_side(
    side: Side, loading: Loading, protocol: EvalProtocol, settings: Settings
) -> WantedClips:
    """The clips that `draw` extracts of one side, before any is read.

    Raises:
        InputError: too few or too short videos, or mixed sizes.
    """
    return _wanted(side, loading, _choose(side, loading, protocol, settings))


def _wanted(side: Side, loading: Loading, choices: Sequence[Sequence[ClipRef]]) -> WantedClips:
    known = isinstance(side.source, FeaturesSource)
    return WantedClips(side, loading, () if known else _each_once(choices))


def _each_once(choices: Sequence[Sequence[ClipRef]]) -> list[ClipRef]:
    """The clips of all repeats, in the order of the videos."""
    return sorted({ref for repeat in choices for ref in repeat})


def repeats_of(real: SideFeatures, fake: SideFeatures) -> list[Repeat]:
    """What is known of both sides, a pair for each repeat."""
    of_real, of_fake = (
        [ClipFeatures(*pair) for pair in zip(side.values, side.videos, strict=True)]
        for side in (real, fake)
    )
    return list(zip(real.statistics or of_real, of_fake, strict=True))


def draw(side: Side, loading: Loading, protocol: EvalProtocol, settings: Settings) -> SideFeatures:
    """Choose and extract the clips of one side, for every repeat; each clip is extracted once.

    Raises:
        InputError: as `measure`.
    """
    if isinstance(side.source, StatisticsSource):
        known = side.source
        return SideFeatures(side, (), (), known.clips, (), 0, (), statistics=known.statistics)
    while True:
        try:
            return _draw(side, loading, protocol, settings)
        except BadVideoError as error:
            if settings.on_error == "fail":
                raise error.placed(side.source.name) from None
            broken = skipped_as_broken(side.source, error)
            side = replace(side, source=without(side.source, broken))


def _choose(
    side: Side, loading: Loading, protocol: EvalProtocol, settings: Settings
) -> list[list[ClipRef]]:
    """The clips of every repeat.

    Raises:
        InputError: too few or too short videos, or mixed sizes.
    """
    source = side.source
    seeds = [derived_seed(settings.seed, repeat) for repeat in range(protocol.repeats)]
    try:
        choices = [
            choose_clips(source.names, source.frame_counts, side.window, loading.choice, seed)
            for seed in seeds
        ]
    except InputError as error:
        rule = f" (protocol {protocol.id}{f' on {loading.path}' if loading.path else ''})"
        raise InputError(f"{side.videos} of {source.name}: {error}{rule}") from None
    if loading.resolution(settings.resolution) is None:
        check_one_size(source, {ref.video for repeat in choices for ref in repeat})
    return choices


def _draw(side: Side, loading: Loading, protocol: EvalProtocol, settings: Settings) -> SideFeatures:
    choices = _choose(side, loading, protocol, settings)
    refs = _each_once(choices)
    used = sorted({ref.video for ref in refs})
    if isinstance(side.source, FeaturesSource):
        features = side.source.features(refs)
    else:
        features = settings.features_of(side.source, refs, side.window, loading)
    rows_a_clip = len(features.values) // len(refs)
    first_row = {ref: i * rows_a_clip for i, ref in enumerate(refs)}
    rows = [
        [first_row[ref] + row for ref in repeat for row in range(rows_a_clip)] for repeat in choices
    ]
    return SideFeatures(
        side=side,
        values=[features.values[of_repeat] for of_repeat in rows],
        videos=[[features.videos[row] for row in of_repeat] for of_repeat in rows],
        clips=len(choices[0]),
        used=used,
        computed=features.computed,
        notes=_notes(side, loading, choices[0], settings),
        starts=[[ref.start for ref in repeat for _ in range(rows_a_clip)] for repeat in choices],
    )


def _notes(
    side: Side, loading: Loading, refs: Sequence[ClipRef], settings: Settings
) -> tuple[str, ...]:
    source = side.source
    found = []
    if loading.path:
        found.append(f"{side.videos} are read as the original reads {loading.path}")
    if settings.resolution is not None and loading.resize == AS_STORED:
        found.append(
            f"{side.videos} stay at their stored size: the original looks at no resolution here"
        )
    counts, choice = source.frame_counts, loading.choice
    chosen = choice_notes(source.names, counts, side.window, choice, refs, side.videos)
    return (*found, *chosen)


def check_two(side: Side, clips: int) -> None:
    """Refuse a side of fewer clips than a distance needs.

    Raises:
        InputError: there are fewer than 2.
    """
    if clips < 2:
        raise InputError(f"{side.source.name}: a distance needs 2 clips or more, there is {clips}")
