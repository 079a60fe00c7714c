"""Numbers measured on samples that the methods' authors published: `authors_samples.csv`.

One row for each set of clips. A table shows them in rows of their own, apart from the numbers of a
user's records. `python -m leo_bench.benchmarks.evidence.published_acd` made them
(docs/identity.md).
"""

from collections.abc import Mapping
from pathlib import Path

from leo_bench.evaluation.files.schema import Data, load_csv
from leo_bench.reports.measured import Measured

PATH = Path(__file__).parent / "authors_samples.csv"
CAVEAT = (
    "few clips, chosen by their authors and stored with loss, first 16 frames at 128 pixels, by a "
    "network trained on CASIA-WebFace in place of VGGFace2; real clips have 0.34 [0.28, 0.40] (8)"
)


class Samples(Data):
    """One set of clips and its score.

    Args:
        table: id of the table's layout.
        model: model of a row in that layout.
        column: column in that layout, as footnotes name it: "faceforensics-256-16/acd".
        protocol: id and version of the protocol.
        set: the authors' page and the file on it.
        clips: number of clips.
        value: mean of the score over the clips.
        low, high: ends of the 95 % interval over clips.
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
        """The set as a number in a cell of the table."""
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
    """The sets of one table by (model, column), in the order of the file.

    Raises:
        InputError: no such file, or a wrong row.
    """
    found: dict[tuple[str, str], tuple[Measured, ...]] = {}
    for samples in load_csv(Samples, path):
        if samples.table == table:
            place = samples.model, samples.column
            found[place] = (*found.get(place, ()), samples.measured())
    return found
