"""The record of a distance, with its caveats and the notes that its reader needs."""

from collections.abc import Iterator

from leo_bench.benchmarks.scores.plan import Plan
from leo_bench.benchmarks.scores.stamp import (
    FrozenNetwork,
    drawn_side,
    interval_fields,
    protocol_fields,
    side_notes,
    stamp,
    weights_notes,
)
from leo_bench.evaluation.clips import SEED_RULE
from leo_bench.evaluation.feature_files.sources import FeaturesSource, StatisticsSource
from leo_bench.evaluation.measure import Measurement
from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.parts import NOT_TOLD, ExtrapolationRecord
from leo_bench.evaluation.uncertainty.extrapolation import Extrapolation
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS, ends
from leo_bench.evaluation.uncertainty.variance import freedom_of_squares
from leo_bench.evaluation.videos.frames import out_of_order

# Degrees of freedom of KVD's variance: 9 with heavy-tailed features, 20 with 64 videos of others.
# Intervals with fewer cover less than they state.
FEW_FREEDOM = 25.0

# With so few videos, intervals of heavy-tailed features cover 84 to 93 % (benchmarks/coverage.md).
FEW_VIDEOS = 8


OF_STATISTICS = (
    "of the real side only mean and covariance are known: the interval covers the choice of the "
    "fake videos alone, and fvd_infinity is not told"
)


def record_of(
    chosen: Plan,
    measured: Measurement,
    network: FrozenNetwork,
    seconds: float,
) -> Record:
    """The record of a measurement.

    Args:
        chosen: the plan.
        measured: what was measured.
        network: made the features.
        seconds: that the measurement took.
    """
    request = chosen.request
    caveats = (
        *_caveats(chosen, network.weights_verified),
        *_disorder(measured),
        *_cut_short(measured),
    )
    real = drawn_side(chosen.real.spec, chosen.real.split, measured.real)
    fake = drawn_side(chosen.fake.spec, None, measured.fake)
    numbers = measured.numbers
    return Record(
        metric=measured.metric,
        value=numbers.value,
        value_float64=numbers.value_float64,
        spread=numbers.spread,
        values=numbers.values,
        values_float64=numbers.values_float64,
        **interval_fields(numbers.interval),
        fvd_infinity=_infinity(numbers.extrapolation),
        extrapolation=_extrapolation(numbers.extrapolation),
        **protocol_fields(chosen.protocol),
        window_name=chosen.protocol.window_name(chosen.real.window),
        frames=request.frames,
        resolution=chosen.resolution,
        seed=request.seed,
        seed_rule=SEED_RULE,
        n_real=measured.real.rows,
        n_fake=measured.fake.rows,
        real=real,
        fake=fake,
        extractor=network.name,
        precision=chosen.network.precision,
        dataset=chosen.benchmark,
        comparable=not caveats,
        caveats=caveats,
        notes=(
            *_notes(measured),
            *side_notes(real, fake, request.frames),
            *weights_notes(network),
        ),
        **stamp(request, network, seconds),
    )


def _caveats(chosen: Plan, weights_verified: bool) -> tuple[str, ...]:
    """Why the number is not comparable with published ones; empty if it is."""
    request, published = chosen.request, chosen.published
    found = []
    if chosen.network.name != published.extractor:
        found.append(f"extractor {chosen.network.name}, not {published.extractor}")
    elif not weights_verified:
        found.append("weights of unknown digest")
    if not published.comparable_to_paper:
        found.append(f"protocol {published.id}: {published.caveat}")
    if request.clips is not None:
        found.append(f"{request.clips} clips a side, not the protocol's number")
    if request.limit is not None:
        found.append(f"limited to {request.limit} videos: not for publication")
    if request.precision != "fp32":
        found.append(f"{request.precision} arithmetic: not for publication")
    return tuple(found)


def _disorder(measured: Measurement) -> list[str]:
    return [
        f"{name} side: {note}"
        for name, draws in (("real", measured.real), ("fake", measured.fake))
        for note in out_of_order(draws.side.source)
    ]


def _cut_short(measured: Measurement) -> Iterator[str]:
    for side in (measured.real.side, measured.fake.side):
        if isinstance(side.source, FeaturesSource | StatisticsSource):
            limit = side.source.origin.limit
            if limit is not None:
                yield (
                    f"{side.name} side: {side.source.path.name} is of the first {limit} videos "
                    "alone: not for publication"
                )


def _notes(measured: Measurement) -> tuple[str, ...]:
    """Notes on counts, bias, intervals, compression and suspicious values."""
    fewest = min(measured.real.rows, measured.fake.rows)
    found = []
    if measured.real.statistics:
        found.append(OF_STATISTICS)
    metric = DISTANCES[measured.metric]
    if fewest < metric.fewest:
        found.append(metric.few.format(count=fewest))
    numbers = measured.numbers
    if numbers.interval is None:
        found.append(f"no interval: fewer than {MIN_VIDEOS} videos on a side")
    drawn = (measured.real.drawn_videos, measured.fake.drawn_videos)
    videos = min(count for count in drawn if count is not None)
    if numbers.interval is not None and videos <= FEW_VIDEOS:
        found.append(
            f"{videos} videos on the smaller side: a 95 % interval of so few covers 84 to 96 %, "
            "less with heavier tails"
        )
    if metric.heavy and numbers.influences is not None:
        freedom = freedom_of_squares(
            *(
                [whole**2 for whole, _ in side.values()]
                for side in (numbers.influences.real, numbers.influences.fake)
            )
        )
        if freedom < FEW_FREEDOM:
            found.append(
                f"the interval of {metric.name.upper()} rests on few videos "
                f"({freedom:.0f} degrees of freedom): with so few, or with heavy tails, it covers "
                "83 to 98 % (benchmarks/coverage.md)"
            )
    if numbers.extrapolation is not None and not numbers.extrapolation.reliable:
        found.append(f"{NOT_TOLD}{numbers.extrapolation.reason}")
    if len(numbers.values) > 1 and not measured.fake_varies:
        found.append("every repeat has the same fakes: the spread is of the real clips alone")
    if measured.real.side.source.medium.lossy != measured.fake.side.source.medium.lossy:
        lossy = "real" if measured.real.side.source.medium.lossy else "fake"
        found.append(f"only the {lossy} side is stored with loss: compression is part of the value")
    if fewest >= metric.fewest and numbers.value > metric.suspicious:
        found.append(
            f"above {metric.suspicious:g}: usually a wrong stride, split, colour range or "
            "frame order"
        )
    return tuple(found)


def _infinity(found: Extrapolation | None) -> float | None:
    return found.value if found is not None and found.reliable else None


def _extrapolation(found: Extrapolation | None) -> ExtrapolationRecord | None:
    if found is None:
        return None
    return ExtrapolationRecord(
        value=found.value,
        interval=ends(found.interval),
        n_real=tuple(p.n_real for p in found.points),
        n_fake=tuple(p.n_fake for p in found.points),
        values=tuple(p.value for p in found.points),
        method="jackknife",
        line=found.line,
        needs=found.needs,
        reliable=found.reliable,
        reason=found.reason,
    )
