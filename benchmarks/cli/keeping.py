"""What verbs that score sets of videos do with what they found: write all of it, then show it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from leo_bench.benchmarks.cli.screen import document, out_beside, say, show_score
from leo_bench.evaluation.files.targets import STDOUT, file_of
from leo_bench.evaluation.records.distance import make_room, write_record
from leo_bench.evaluation.records.documents import document_of
from leo_bench.evaluation.records.score import ScoreRecord, score_record_path


class Found(Protocol):
    """The score of one set of videos, with whatever it came from."""

    @property
    def record(self) -> ScoreRecord:
        """The score."""


FoundT = TypeVar("FoundT", bound=Found)


def keep_and_show(
    verb: str,
    found: Sequence[FoundT],
    keep: Callable[[FoundT, Path], None],
    json: Path | None,
    records: Path | None,
) -> None:
    """Write the records where they are asked for, and then show them.

    Args:
        verb: names the document of several records.
        found: a score a set of videos.
        keep: writes one record, and what lies beside it.
        json: --json; one record stands there alone, several in one document.
        records: --records.

    Raises:
        InputError: a place cannot be written to.
    """
    made = document_of(verb, [one.record for one in found])
    path = file_of(json)
    if path is not None and len(found) == 1:
        keep(found[0], path)
    elif path is not None:
        write_record(made, path)
    in_tree: list[Path] = []
    if records is not None:
        in_tree = [make_room(score_record_path(records, one.record)) for one in found]
    for one, place in zip(found, in_tree, strict=False):
        keep(one, place)
    for one in found:
        show_score(one.record, out_beside(json))
    for place in in_tree:
        say(f"record: {place}")
    if json == STDOUT:
        document(made.to_json())
