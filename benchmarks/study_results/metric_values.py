"""Metrics of the sources that a study shows, by the machinery of `leo-bench score`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from leo_bench.benchmarks.datasets import names_dataset
from leo_bench.benchmarks.scores.asked import AskedMetric, NamedFake
from leo_bench.benchmarks.scores.metric_groups import Number
from leo_bench.benchmarks.scores.pairs import ALL_PAIRS
from leo_bench.benchmarks.scores.repetition import RepetitionRequest, measure_repetition
from leo_bench.benchmarks.scores.together import Asked, Together, measure_together
from leo_bench.benchmarks.study_results.metrics_beside import ByVideo, MetricOfStudy
from leo_bench.benchmarks.user_study.study import Study, names
from leo_bench.benchmarks.user_study.study_request import StudyRequest, open_methods, options_of
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.records.agreement import Of
from leo_bench.evaluation.records.comparison import DifferenceRecord, exact_value
from leo_bench.evaluation.records.documents import MeasuredRecord, measured_of
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS
from leo_bench.evaluation.uncertainty.paired_shares import paired_difference
from leo_bench.evaluation.uncertainty.variance import LEVEL

TOO_FEW = f"fewer than {MIN_VIDEOS} videos on a side"


@dataclass(frozen=True)
class Reference:
    """The real videos that a study's methods are measured against.

    Args:
        options: of requests: `dataset` or `real`.
        method: the method of the study that these are; "" for other videos.
    """

    options: Mapping[str, str]
    method: str = ""

    @property
    def spec(self) -> str:
        """As a source."""
        dataset = self.options.get("dataset")
        return f"dataset:{dataset}" if dataset else self.options["real"]


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Args:
        metrics: in the order asked for.
        records: of all numbers, each once.
        notes: on the measurement.
    """

    metrics: tuple[MetricOfStudy, ...]
    records: tuple[MeasuredRecord, ...]
    notes: tuple[str, ...]


def reference_of(study: Study, dataset: str | None, real: str | None) -> Reference:
    """The real videos: as given, else the study's real method.

    Raises:
        InputError: both are given; none, and the study has no real method.
    """
    if dataset is not None and real is not None:
        raise InputError("give the real side either as --dataset ID or as --real PATH")
    given = dataset or real
    found = next(
        (
            name
            for name, method in study.method.items()
            if (method.is_real if given is None else method.source == given)
        ),
        "",
    )
    if given is None and not found:
        raise InputError(
            "the study has no real videos: give those to measure against as --real SOURCE or "
            "--dataset ID"
        )
    spec = given or study.method[found].source
    named = spec.removeprefix("dataset:")
    is_dataset = dataset is not None or (real is None and names_dataset(named))
    return Reference({"dataset": named} if is_dataset else {"real": spec}, found)


def check_shown(study: Study, resources: Resources) -> None:
    """Check that every video that raters saw is still what it was when the study was made.

    Raises:
        InputError: a source cannot be opened; a video is gone, or has changed.
    """
    request = parse(StudyRequest, study.request, where="study.toml: request")
    for method in open_methods(request, options_of(request, resources)):
        source, place = method.source, {name: i for i, name in enumerate(method.source.names)}
        for clip in study.clip.values():
            if clip.method != method.name:
                continue
            index = place.get(clip.video)
            if index is None or source.digest(index) != clip.digest:
                what = "is gone" if index is None else "has changed"
                raise InputError(
                    f"{method.name}: {method.spec}: video {clip.video} {what} since the study was "
                    "made; metrics of other videos say nothing of its votes"
                )


def measure_study(
    study: Study,
    reference: Reference,
    asked: Asked,
    repetition: RepetitionRequest | None,
    resources: Resources,
) -> Measured:
    """Measure the sources of a study.

    Args:
        study: the study.
        reference: the real videos.
        asked: metrics and options; fake and real sides are those of the study.
        repetition: options of repetition, which has a calibration of its own; None: not asked for.
        resources: cache, threads, progress.

    Raises:
        InputError: options, videos or weights cannot be used.
    """
    metrics: list[MetricOfStudy] = []
    records: list[MeasuredRecord] = []
    notes: tuple[str, ...] = ()
    if asked.metrics:
        fakes = [NamedFake(study.method[name].source, name) for name in names(study)]
        fakes = [fake for fake in fakes if fake.given != reference.method]
        shared = {**asked.shared, "dataset": None, "real": None, **reference.options}
        for stride in ("real_stride", "fake_stride"):  # unless given: as raters saw the videos
            shared[stride] = shared[stride] or study.request.get(stride)
        found = measure_together(replace(asked, fakes=tuple(fakes), shared=shared), resources)
        metrics += [_of_metric(metric, found, reference.method) for metric in asked.metrics]
        records += measured_of(found.document)
        notes = found.notes
        if len(fakes) > ALL_PAIRS:
            notes += (
                f"beyond {ALL_PAIRS} methods, the metrics of each are compared with those of "
                f"{fakes[0].given} alone",
            )
    if repetition is not None:
        of_all, more = _repetition(study, repetition, len(records), resources)
        metrics.append(of_all)
        records += more
    return Measured(tuple(metrics), tuple(records), notes)


def _of_metric(metric: AskedMetric, found: Together, real: str) -> MetricOfStudy:
    """One metric of `score`, by the methods of the study."""
    numbers = {
        real if number.side is None else str(number.side.given): number
        for number in found.numbers
        if number.metric == metric and (number.side is not None or real)
    }
    places = {id(record): place for place, record in enumerate(found.document.records)}
    place = {method: places[id(number.record)] for method, number in numbers.items()}
    method = {at: name for name, at in place.items()}
    differences = {
        (method[one.first], method[one.second]): one
        for one in found.differences
        if one.first in method
    }
    if metric.distance is not None:
        return MetricOfStudy(metric.name, metric.frames, differences, _influences(numbers))
    for other, number in numbers.items():
        if real and other != real and isinstance(number.record, ScoreRecord):
            differences[other, real] = _from_real(number.record, place[other], place[real])
    values = {method: number.by_video for method, number in numbers.items()}
    return MetricOfStudy(metric.name, metric.frames, differences, {"value": values})


def _influences(numbers: Mapping[str, Number]) -> dict[Of, ByVideo]:
    """Influences times the number of videos, and pseudo-values, of the methods that have them."""
    influences = {
        method: {video: len(number.by_video) * moved for video, moved in number.by_video.items()}
        for method, number in numbers.items()
        if number.by_video
    }
    pseudo = {
        method: {video: exact_value(numbers[method].record) + moved for video, moved in of.items()}
        for method, of in influences.items()
    }
    return {"influence": influences, "pseudo-value": pseudo} if influences else {}


def _from_real(record: ScoreRecord, fake: int, real: int) -> DifferenceRecord:
    """The difference of a score to that of the real videos, which its record has."""
    against = record.against
    if against is None:
        raise ValueError("a score without that of the real videos")
    has = against.interval is not None
    return DifferenceRecord(
        first=fake,
        second=real,
        value=against.difference,
        interval=against.interval,
        interval_level=against.interval_level,
        interval_method="influence" if has else None,
        standard_error=against.standard_error,
        paired=min(record.videos_used, against.videos_used) if against.paired else 0,
        note="" if has else TOO_FEW,
    )


def _repetition(
    study: Study, request: RepetitionRequest, begin: int, resources: Resources
) -> tuple[MetricOfStudy, list[ScoreRecord]]:
    """Repetition of every method, and its records, the first of which is record `begin`."""
    methods = names(study)
    sources = tuple(study.method[name].source for name in methods)
    found = list(measure_repetition(request.model_copy(update={"sources": sources}), resources))
    differences = {
        (methods[first], methods[second]): _difference_of_flags(
            found[first].measured.flags, found[second].measured.flags, begin + first, begin + second
        )
        for first, second in combinations(range(len(methods)), 2)
    }
    values = {name: one.measured.by_video for name, one in zip(methods, found, strict=True)}
    metric = MetricOfStudy("repetition", request.frames, differences, {"value": values})
    return metric, [one.record for one in found]


def _difference_of_flags(
    first: Mapping[str, bool], second: Mapping[str, bool], place: int, other: int
) -> DifferenceRecord:
    """The share of flagged videos less that of another source, with Newcombe's interval.

    It has a width at shares of 0 and 1, too. Videos are pairs where all have the same names.

    Args:
        first: video -> whether it is flagged.
        second: the same of the other source.
        place: of the first one's record.
        other: of the second one's.
    """
    paired = first.keys() == second.keys()
    if paired:
        each = [(first[name], second[name]) for name in first]
        interval = paired_difference([a for a, _ in each], [b for _, b in each]).interval
    else:
        try:
            from statsmodels.stats.proportion import confint_proportions_2indep
        except ImportError:
            raise InputError(
                "repetition of sources with other videos needs statsmodels; install it with "
                "`pip install 'leo-bench[study]'`"
            ) from None
        counts = sum(first.values()), len(first), sum(second.values()), len(second)
        ends = confint_proportions_2indep(*counts, method="newcomb", alpha=1 - LEVEL)
        interval = float(ends[0]), float(ends[1])
    return DifferenceRecord(
        first=place,
        second=other,
        value=sum(first.values()) / len(first) - sum(second.values()) / len(second),
        interval=interval,
        interval_level=LEVEL,
        interval_method="wilson",
        standard_error=None,
        paired=len(first) if paired else 0,
    )
