"""The numbers that papers print: `published.csv`, one number per row with its place.

Values are kept as printed, digit for digit. `reports/tables/` has the tables that show them.
"""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data, load_csv

if TYPE_CHECKING:
    from pandas import DataFrame

PATH = Path(__file__).parent / "published.csv"


class Place(Data):
    """Where a number is printed; no two numbers have the same place.

    Args:
        where: name of the table in its source.
        method: id of a compared method (`baselines/methods`).
        setting: what distinguishes the row from others of the method, such as "conditional"; or "".
        against: id of the other method of a preference study; or "".
        dataset: id of a data set.
        resolution: side of the frames in pixels; None if the source states none.
        frames: frames of a video; None if the source states none.
        metric: "preference-*" are percentages of raters, "repeated-motion" a share of clips.
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
        value: the number; `str(value)` has the digits as printed.
        spread: the number after the ±; None if none is printed.
        origin: "reproduced" if the source says that it made the number with the method's official
            code and checkpoint, else "printed".
        source: the document.
        note: what else a reader must know of this number.
    """

    value: Decimal
    spread: Decimal | None = None
    origin: Literal["printed", "reproduced"]
    source: str
    note: str = ""

    @property
    def place(self) -> Place:
        """Where the number is printed."""
        return Place(**{key: getattr(self, key) for key in Place.model_fields})


def load_published(path: Path = PATH) -> dict[Place, Published]:
    """Every printed number by its place, in the order of the file.

    Raises:
        InputError: no such file, a wrong row, or two numbers for one place.
    """
    found: dict[Place, Published] = {}
    for line, number in enumerate(load_csv(Published, path), start=2):
        if number.place in found:
            raise InputError(f"{path}: line {line}: a number for that place was there before")
        found[number.place] = number
    return found


# Columns of `published_numbers`, with their dtypes: the fields of `Published`, and `printed`.
COLUMNS = {
    "where": "string",
    "method": "string",
    "setting": "string",
    "against": "string",
    "dataset": "string",
    "resolution": "Int64",
    "frames": "Int64",
    "metric": "string",
    "value": "float64",
    "spread": "float64",
    "printed": "string",
    "origin": "string",
    "source": "string",
    "note": "string",
}


def published_numbers(path: Path = PATH) -> "DataFrame":
    """Every printed number as a DataFrame, one row per number, in the order of the file.

    The columns are the fields of `Published` (`COLUMNS` has their dtypes), with `value` and
    `spread` as floats, and `printed`: the value with the digits as printed.

    Raises:
        InputError: as `load_published`.
    """
    from pandas import DataFrame, Series

    rows = [
        number.model_dump() | {"printed": str(number.value)}
        for number in load_published(path).values()
    ]
    return DataFrame(
        {name: Series([row[name] for row in rows], dtype=dtype) for name, dtype in COLUMNS.items()}
    )
