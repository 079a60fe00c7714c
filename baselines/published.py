"""The numbers that papers print: `published.csv`, one number a row, each with where it stands.

Values are kept as printed, digit for digit. The tables that they fill are `reports/tables/`. Knows
nothing of torch.
"""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Literal

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import read_given_text
from leo_bench.evaluation.files.schema import Data, parse

PATH = Path(__file__).parent / "published.csv"


class Place(Data):
    """Where a number stands in its paper; no two numbers stand in one place.

    Args:
        where: the table, in its source's words.
        method: id of a compared method (baselines/methods).
        setting: what the row sets apart from others of the method, such as "conditional"; or "".
        against: id of the other method of a preference study; or "".
        dataset: id of a data set.
        resolution: side in pixels; frames: length of a video. None: the source states none.
        metric: "fvd", "kvd", "acd"; "preference-quality" and "preference-coherency" (per cent of
            raters); "repeated-motion" (a share of clips).
    """

    where: str
    method: str
    setting: Literal[
        "",
        "unconditional",
        "conditional",
        "with LMC",
        "without LMC",
        "with Transition DM",
        "without Transition DM",
    ] = ""
    against: str = ""
    dataset: str
    resolution: int | None = None
    frames: int | None = None
    metric: Literal[
        "fvd", "kvd", "acd", "preference-quality", "preference-coherency", "repeated-motion"
    ]


class Published(Place):
    """One printed number.

    Args:
        value: as printed; `str(value)` has the very digits.
        spread: the number behind the ±; None where none is printed.
        origin: "reproduced": by the source, from the method's official code and checkpoint, as it
            says; "printed": it says nothing more.
        source: the document.
        note: what a reader of this number must know, besides.
    """

    value: Decimal
    spread: Decimal | None = None
    origin: Literal["printed", "reproduced"]
    source: str
    note: str = ""

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(**{key: getattr(self, key) for key in Place.model_fields})


def load_published(path: Path = PATH) -> dict[Place, Published]:
    """Every printed number by its place, in the order of the file.

    Raises:
        InputError: no such file; a row is wrong, or stands where another does.
    """
    found: dict[Place, Published] = {}
    text = read_given_text(path)
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        where = f"{path}: line {line}"
        if None in row or None in row.values():
            raise InputError(f"{where}: not as many cells as the first line has names")
        filled = {key: value for key, value in row.items() if value != ""}
        number = parse(Published, filled, where)
        if number.place in found:
            raise InputError(f"{where}: a number for that place was there before")
        found[number.place] = number
    return found
