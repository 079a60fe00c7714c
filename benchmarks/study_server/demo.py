"""The study of `leo-bench study demo`: the shipped LEO, known damage and rendered faces."""

from pathlib import Path

from leo_bench.benchmarks.study_server.raters import Rater, Raters
from leo_bench.benchmarks.user_study.create import create_study
from leo_bench.benchmarks.user_study.study import DOCUMENT, Study, load_study
from leo_bench.benchmarks.user_study.study_request import StudyRequest
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources

REQUEST = StudyRequest(
    pairs=(
        "leo=leo:toy-faces?mode=unconditional&steps=10",
        "frozen=damaged:frozen:toy-faces/test",
        "shuffled=damaged:shuffled:toy-faces/test",
        "real=toy-faces/test",
    ),
    question="realism",
    raters=20,
    videos=2,
    checks=2,
    frames=32,
    contact="nobody: this is a demonstration",
    kept="until the folder of the demonstration is deleted",
)


def demo_study(folder: Path, resources: Resources) -> Study:
    """The study in a folder; it is made where there is none.

    Raises:
        InputError: another study is there, or the folder cannot be written to.
    """
    if not (folder / DOCUMENT).exists():
        return create_study(REQUEST, folder, resources)[0]
    study = load_study(folder)
    if study.request != REQUEST.model_dump(mode="json", exclude_defaults=True):
        raise InputError(f"{folder}: is another study ({study.id}); give another --out")
    return study


def open_rater(raters: Raters) -> Rater:
    """The first rater who has not finished; a new one where there is none."""
    waiting = (rater for rater in raters.all() if not rater.finished)
    return next(waiting, None) or raters.invite(1)[0]
