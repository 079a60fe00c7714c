"""The option --track, and what commands do with it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from leo_bench.benchmarks.cli.headings import main_option

if TYPE_CHECKING:
    from leo_bench.evaluation.records.documents import Document


def _asked(given: list[str] | None) -> list[str]:
    """The trackers, each once; refuses those that are not here, before anything else is done."""
    from leo_bench.evaluation.tracking.names import asked_trackers

    return asked_trackers(given) if given else []


Track = Annotated[
    list[str] | None,
    main_option(
        envvar="LEO_BENCH_TRACK",
        callback=_asked,
        metavar="NAMES",
        help="Log to these trackers, with commas: tensorboard, wandb, mlflow, or another that is "
        "installed (docs/tracking.md).",
    ),
]


def log_to(
    trackers: Sequence[str] | None, made: "Document", names: dict[str, str] | None = None
) -> None:
    """Log a command's numbers to trackers, if any; a failure is said and not raised.

    Args:
        trackers: of --track.
        made: the document of the numbers.
        names: of sets of videos by their source, where the user named them.
    """
    if not trackers:
        return
    from leo_bench.benchmarks.cli.screen import say
    from leo_bench.benchmarks.scores.tracked import track, tracked_numbers

    track(trackers, tracked_numbers(made), say, names)
