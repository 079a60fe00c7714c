"""From a measurement to its record: what it was made from, and what a reader must know of it."""

import platform
from collections.abc import Sequence

import torch

from leo_bench.benchmarks.scores.plan import Plan
from leo_bench.benchmarks.scores.side_notes import side_notes
from leo_bench.benchmarks.sources.locations import absolute_source
from leo_bench.evaluation.embedders import FrameEmbedder
from leo_bench.evaluation.extractors import ClipExtractor
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.measure import Measurement, SideFeatures
from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.records.circumstances import circumstances
from leo_bench.evaluation.records.distance import Record, RecordT
from leo_bench.evaluation.records.parts import ExtrapolationRecord, SideRecord
from leo_bench.evaluation.seeds import SEED_RULE
from leo_bench.evaluation.uncertainty.extrapolation import Extrapolation
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS, ends
from leo_bench.evaluation.uncertainty.variance import freedom_of_squares
from leo_bench.evaluation.videos.frames import out_of_order
from leo_bench.evaluation.videos.pace import rate_range, repeated_share
from leo_bench.evaluation.videos.source import VideoSource, fingerprint
from leo_bench.evaluation.weights.registry import prefix_note

# Degrees of freedom of KVD's variance: 9 where features have heavy tails, and 20 where 64 videos
# have none; below it intervals cover less than they say.
FEW_FREEDOM = 25.0

# Up to here intervals of heavy-tailed features cover 84 to 93 % (benchmarks/coverage.md).
FEW_VIDEOS = 8


def record_of(
    chosen: Plan,
    measured: Measurement,
    extractor: ClipExtractor | FrameEmbedder,
    seconds: float,
) -> Record:
    """Write down a measurement with everything that made it."""
    request = chosen.request
    caveats = (*_caveats(chosen, extractor.weights_verified), *_disorder(measured))
    real = _side(chosen.real, chosen.split, measured.real)
    fake = _side(chosen.fake, None, measured.fake)
    numbers, interval = measured.numbers, measured.numbers.interval
    return Record(
        metric=measured.metric,
        value=numbers.value,
        value_float64=numbers.value_float64,
        spread=numbers.spread,
        values=numbers.values,
        values_float64=numbers.values_float64,
        interval=ends(interval),
        interval_level=None if interval is None else interval.level,
        interval_method=None if interval is None else interval.method,
        standard_error=None if interval is None else interval.standard_error,
        fvd_infinity=_infinity(numbers.extrapolation),
        extrapolation=_extrapolation(numbers.extrapolation),
        protocol=chosen.protocol.id,
        protocol_version=chosen.protocol.version,
        protocol_digest=chosen.protocol.digest,
        protocol_settings=chosen.protocol.model_dump(mode="json"),
        window_name=chosen.protocol.window_name(chosen.real_window),
        frames=request.frames,
        resolution=chosen.resolution,
        seed=request.seed,
        seed_rule=SEED_RULE,
        n_real=len(measured.real.values[0]),
        n_fake=len(measured.fake.values[0]),
        real=real,
        fake=fake,
        extractor=extractor.name,
        weights_sha256=extractor.weights,
        weights_verified=extractor.weights_verified,
        precision=chosen.extractor.precision,
        device=device_name(extractor.device),
        dataset=None if chosen.dataset is None else f"{chosen.dataset.id}-{chosen.split}",
        comparable=not caveats,
        caveats=caveats,
        notes=(
            *_notes(measured),
            *side_notes(real, fake, request.frames),
            *weights_notes(extractor),
        ),
        seconds=seconds,
        **circumstances(),
        request=request.model_dump(mode="json"),
    )


def _caveats(chosen: Plan, weights_verified: bool) -> tuple[str, ...]:
    """Why the number may not stand beside published ones; empty where it may."""
    request, published = chosen.request, chosen.published
    found = []
    if chosen.extractor.name != published.extractor:
        found.append(f"extractor {chosen.extractor.name}, not {published.extractor}")
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


def _notes(measured: Measurement) -> tuple[str, ...]:
    """What the reader of the number should know besides."""
    fewest = min(len(measured.real.values[0]), len(measured.fake.values[0]))
    found = []
    metric = DISTANCES[measured.metric]
    if fewest < metric.fewest:
        found.append(metric.few.format(count=fewest))
    numbers = measured.numbers
    if numbers.interval is None:
        found.append(f"no interval: fewer than {MIN_VIDEOS} videos on a side")
    videos = min(len(set(side.videos[0])) for side in (measured.real, measured.fake))
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
        found.append(f"fvd_infinity is not told: {numbers.extrapolation.reason}")
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


def side_record(
    spec: str,
    split: str | None,
    source: VideoSource,
    used: Sequence[int],
    clips: int,
    stride: int,
    chosen: Sequence[str] = (),
) -> SideRecord:
    """What a source was, of whose videos those at `used` gave `clips` clips.

    `chosen` says what the choice of clips did besides.
    """
    counts = [source.frame_counts[i] for i in used]
    sizes = source.sizes()
    return SideRecord(
        source=spec,
        name=source.name,
        split=split,
        fingerprint=fingerprint(source, used),
        videos=len(source.names),
        videos_used=len(used),
        clips=clips,
        stride=stride,
        frame_counts=(min(counts), max(counts)),
        sizes=tuple(sorted({sizes[i] for i in used})),
        layout=source.medium.layout,
        codecs=source.medium.codecs,
        decoder=source.medium.decoder,
        lossy=source.medium.lossy,
        skipped=tuple((s.name, s.reason) for s in source.skipped),
        notes=(*chosen, *source.notes),
        chosen=tuple(chosen),
        rates=rate_range(source, used),
        repeated=repeated_share(source, used),
        absolute=absolute_source(spec),
    )


def weights_notes(network: ClipExtractor | FrameEmbedder) -> tuple[str, ...]:
    """What a record says of how its network's weights were verified."""
    note = prefix_note(network.name, network.weights) if network.weights_verified else None
    return () if note is None else (note,)


def device_name(device: str) -> str:
    """A device as records name it: torch's name, and which piece of hardware that is.

    On a CPU every clip, frame and statistic is computed on one thread
    (`features.single_thread_pool`), as many side by side as there are cores, which changes no bit.
    """
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({platform.machine()}, 1 thread)"


def with_news(record: RecordT, resources: Resources) -> RecordT:
    """The record with what its reader should know of the cache, such as files that were damaged."""
    return record.model_copy(update={"notes": (*record.notes, *resources.news())})


def _side(spec: str, split: str | None, draws: SideFeatures) -> SideRecord:
    side = draws.side
    return side_record(
        spec, split, side.source, draws.used, draws.clips, side.window.stride, draws.notes
    )


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
