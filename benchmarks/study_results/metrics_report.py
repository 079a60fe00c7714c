"""`leo-bench study metrics`: from the answers to a study to the document of agreement."""

import re
from collections.abc import Iterator, Sequence

from leo_bench.benchmarks.scores.asked import AskedMetric, asked_metrics
from leo_bench.benchmarks.scores.repetition import RepetitionRequest
from leo_bench.benchmarks.scores.requests import VideoOptions
from leo_bench.benchmarks.scores.together import Asked
from leo_bench.benchmarks.study_results.collecting import Collected
from leo_bench.benchmarks.study_results.metric_values import (
    Measured,
    Reference,
    check_shown,
    measure_study,
    reference_of,
)
from leo_bench.benchmarks.study_results.metrics_beside import (
    StudyVotes,
    by_clips,
    by_methods,
    by_single_clips,
)
from leo_bench.benchmarks.study_results.vote_agreement import rated_votes
from leo_bench.benchmarks.study_results.votes import votes_frame
from leo_bench.benchmarks.user_study.study import Study
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.records.agreement import AgreementExtra
from leo_bench.evaluation.records.documents import MeasuredRecord
from leo_bench.evaluation.uncertainty.variance import LEVEL

_REPETITION = re.compile(r"repetition([0-9]*)")


def asked_of_study(
    words: Sequence[str], study: Study
) -> tuple[tuple[AskedMetric, ...], AskedMetric | None]:
    """The metrics of `--metrics` for a study; repetition, which has a calibration, is the second.

    Args:
        words: each may name several, separated by commas.
        study: repetition looks at as many frames as its clips have, unless it names a number.

    Raises:
        InputError: an unknown metric; one that says nothing of this study.
    """
    named = [part.strip() for word in words for part in word.split(",") if part.strip()]
    matches = [match for word in named if (match := _REPETITION.fullmatch(word))]
    others = [word for word in named if not _REPETITION.fullmatch(word)]
    if len(matches) > 1:
        raise InputError("--metrics: repetition is named twice")
    repetition = None
    if matches:
        frames = int(matches[0][1] or study.shape.frames)
        repetition = AskedMetric("repetition", frames)
    metrics = asked_metrics(others) if others or not matches else ()
    if any(metric.is_precision for metric in metrics):
        raise InputError(
            "--metrics precision: neither a video nor the difference of two methods has one with "
            "an interval: leave it out"
        )
    if study.kind == "single" and (metrics or study.question != "repetition"):
        raise InputError(
            "the study asks yes or no of single clips: of the metrics only repetition answers "
            "that, and only the question of repeated motion"
        )
    return metrics, repetition


def agreement_of(
    collected: Collected, asked: Asked, repetition: AskedMetric | None, resources: Resources
) -> tuple[tuple[MeasuredRecord, ...], AgreementExtra]:
    """Measure the sources of a study, and compare with its votes -> records and agreement.

    Args:
        collected: the study and all answers.
        asked: metrics and options (`asked_of_study`); its fake sides are those of the study.
        repetition: see `asked_of_study`.
        resources: cache, threads, progress.

    Raises:
        InputError: options, videos or weights cannot be used; videos have changed since the study
            was made; votes on fewer than two items.
    """
    study = collected.study
    frame = votes_frame(collected)
    counted = frame["set_apart"] == ""
    votes = StudyVotes(counted=rated_votes(frame[counted]), all=rated_votes(frame))
    items = {vote.item for vote in votes.counted}
    if len(items) < 2:
        what = "pairs" if study.kind == "pairs" else "clips"
        raise InputError(f"votes that count are on {len(items)} {what}; 2 or more are needed")
    reference = reference_of(study, asked.shared["dataset"], asked.shared["real"])
    check_shown(study, resources)
    request = None
    if repetition is not None:
        request = _repetition_request(repetition, reference, asked)
    measured = measure_study(study, reference, asked, request, resources)
    seed = asked.shared["seed"]
    methods = [one for metric in measured.metrics for one in by_methods(study, votes, metric)]
    clips = [
        one
        for metric in measured.metrics
        for one in (
            by_clips(votes, metric, seed)
            if study.kind == "pairs"
            else by_single_clips(votes, metric)
        )
    ]
    raters = frame.drop_duplicates("rater")
    extra = AgreementExtra(
        study=study.id,
        kind=study.kind,
        level=LEVEL,
        seed=seed,
        raters=len(raters),
        set_apart=int((raters["set_apart"] != "").sum()),
        simulated=int((raters["way"] == "simulated").sum()),
        methods=tuple(methods),
        clips=tuple(clips),
        notes=(*collected.notes, *_notes(study, reference, measured)),
    )
    return measured.records, extra


def _repetition_request(
    metric: AskedMetric, reference: Reference, asked: Asked
) -> RepetitionRequest:
    options = {name: asked.shared[name] for name in (*VideoOptions.model_fields, "seed")}
    given = {"sources": (), "calibrate": reference.spec, "frames": metric.frames}
    return parse(RepetitionRequest, {**options, **given}, where="repetition")


def _notes(study: Study, reference: Reference, measured: Measured) -> Iterator[str]:
    """What a reader of the tables should know of the measurement."""
    yield from measured.notes
    if study.question == "own":
        yield f"the question is {study.text!r}: a vote for a clip is taken as preferring it"
    titles = {AskedMetric(one.name, one.frames).title: one.frames for one in measured.metrics}
    others = [title for title, frames in titles.items() if frames != study.shape.frames]
    if others:
        yield (
            f"raters saw {study.shape.frames} frames of a video; {', '.join(others)} are of as "
            "many frames as their names say"
        )
    if reference.method and any("influence" in one.by_video for one in measured.metrics):
        yield (
            f"distances are to the videos of {reference.method}: they do not compare it with the "
            "other methods, and its clips have no influence"
        )
