"""What was measured of samples that authors put on their pages: `authors_samples.csv`.

One row a set of clips. They stand in lines of their own in a table, apart from what a user's
records hold; `python -m leo_bench.benchmarks.evidence.published_acd` made them (docs/identity.md).
"""

import csv
from collections.abc import Mapping
from pathlib import Path

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.reports.measured import Measured

PATH = Path(__file__).parent / "authors_samples.csv"
CAVEAT = (
    "few clips, chosen by their authors and stored with loss, first 16 frames at 128 pixels, by a "
    "network trained on CASIA-WebFace in place of VGGFace2; real clips have 0.34 [0.28, 0.40] (8)"
)


class Samples(Data):
    """One measured set.

    Args:
        table: id of a layout.
        model: of a row of it.
        column: id of a column, as footnotes name it: "faceforensics-256-16/acd".
        protocol: id and version.
        set: the authors' page and the file on it.
        clips: how many.
        value: mean over the clips.
        low, high: 95 % interval: other clips, as many.
    """

    table: str
    model: str
    column: str
    protocol: str
    set: str
    clips: int
    value: float
    low: float
    high: float

    def measured(self) -> Measured:
        """As what stands in a cell."""
        return Measured(
            key=self.set,
            value=self.value,
            spread=None,
            interval=(self.low, self.high),
            origin="authors-samples",
            recipe=f"{self.protocol}, {self.clips} clips of {self.set}",
            caveats=(CAVEAT,),
        )


def read_samples(table: str, path: Path = PATH) -> Mapping[tuple[str, str], tuple[Measured, ...]]:
    """The sets of a table by model and column, in the order of the file.

    Raises:
        InputError: no such file; a row is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    found: dict[tuple[str, str], tuple[Measured, ...]] = {}
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        samples = parse(Samples, dict(row), f"{path}, line {line}")
        if samples.table == table:
            place = samples.model, samples.column
            found[place] = (*found.get(place, ()), samples.measured())
    return found
