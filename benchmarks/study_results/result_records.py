"""The records of a study's results, and the document of `leo-bench study results --json`."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leo_bench.benchmarks.study_results.results import Compared, Results, Tally
from leo_bench.benchmarks.user_study.study import Study
from leo_bench.evaluation.files.schema import settings_digest
from leo_bench.evaluation.records.circumstances import circumstances
from leo_bench.evaluation.records.documents import Document
from leo_bench.evaluation.records.preference import (
    METRICS,
    OfAllRaters,
    PreferenceRecord,
    Way,
    caveats_of,
)
from leo_bench.evaluation.records.studied import StudyExtra
from leo_bench.evaluation.uncertainty.variance import LEVEL


def document_of_study(
    results: Results, folder: Path, answers: Sequence[Path], seconds: float
) -> Document:
    """The document: a record for each pair of methods (or method), and the other numbers.

    Args:
        results: the results.
        folder: of the study, as given.
        answers: answer files and folders, as given.
        seconds: that the computation took.
    """
    study = results.study
    everyone: Counter[Way] = Counter(one.way for one in results.collected.answers)
    shared: dict[str, Any] = {
        "study": study.id,
        "question": study.text,
        "dataset": study.dataset or None,
        "comparable": False,
        "caveats": caveats_of(everyone),
        "notes": results.collected.notes,
        "seconds": seconds,
        **circumstances(),
        "request": {"study": str(folder), "answers": [str(path) for path in answers]},
    }
    digest = settings_digest([one.model_dump(mode="json") for one in results.collected.answers])
    own = shared | {"answers_digest": digest, "notes": ()}
    records = [
        _record(study, one, one.kept, one.of_all, own)
        for one in results.shares
        if one.kept is not None and one.of_all is not None
    ]
    extra = StudyExtra(
        **shared,
        kind=study.kind,
        level=LEVEL,
        begun=everyone.total(),
        finished=sum(one.finished for one in results.collected.answers),
        by_way=dict(everyone),
        apart=results.apart,
        kept=results.kept,
        all_raters=results.of_all,
    )
    return Document("study", tuple(records), extra)


def _record(
    study: Study, one: Compared, kept: Tally, of_all: Tally, shared: dict[str, Any]
) -> PreferenceRecord:
    share, every, shape = kept.share, of_all.share, study.shape
    return PreferenceRecord(
        **shared,
        metric=METRICS[study.question],
        first=one.first,
        second=one.second,
        value=share.value,
        interval=share.interval,
        interval_level=share.level,
        interval_method=share.method,
        chosen=kept.chosen,
        votes=share.votes,
        raters=share.raters,
        by_way=dict(kept.by_way),
        raters_apart=every.raters - share.raters,
        items=share.items,
        all_raters=OfAllRaters(
            value=every.value,
            interval=every.interval,
            chosen=of_all.chosen,
            votes=every.votes,
            raters=every.raters,
        ),
        videos={name: study.method[name].digest for name in (one.first, one.second) if name},
        seed=study.seed,
        frames=shape.frames,
        fps=shape.fps,
        resolution=shape.height if shape.height == shape.width else None,
    )
