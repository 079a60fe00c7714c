"""What `leo-bench plan` writes with --json: numbers of videos, and what is expected at each."""

from typing import Self

from pydantic import model_validator

from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.records.checks import (
    Flag,
    Level,
    NotNegative,
    Number,
    Positive,
    Share,
    check_at_most,
    contradict,
)
from leo_bench.evaluation.records.parts import Provenance


class PlanRow(Data):
    """What is expected at one number of videos.

    Args:
        real, fake: videos; None: the number has no such side.
        value: the number, with `bias`, that of few videos, in it.
        standard_error: of the number, or of the difference.
        width: of its interval, from end to end.
        power: chance that the interval of the difference does not hold 0; None without a
            difference.
        rough: whether the videos are more than ten times the pilot's.
    """

    real: Positive | None
    fake: Positive | None
    value: Number
    bias: Number
    standard_error: NotNegative
    width: NotNegative
    power: Share | None
    rough: Flag


class PlannedNumber(Data):
    """One number, and how many videos it needs.

    Args:
        name, label: the number with its videos, and without.
        now: at the pilot.
        target: width of the interval, or size of the difference, in units of the number.
        infinity: the number without the bias of few videos; None: it has none, or is not reliable.
        needed: what is expected at the smallest sufficient number of videos; None: none is.
        between: the interval of `needed`, in videos of a side; None: cannot be computed. A second
            number of None: out of reach.
        best: at infinitely many videos (fakes, where the real ones are fixed): the width, or the
            power.
        rows: the same for several numbers of videos, `now` and `needed` among them.
        assumes, notes: in words.
    """

    name: str
    label: str
    metric: str
    target: NotNegative
    infinity: Number | None
    now: PlanRow
    needed: PlanRow | None
    between: tuple[Positive, Positive | None] | None
    best: NotNegative
    rows: tuple[PlanRow, ...]
    assumes: tuple[str, ...]
    notes: tuple[str, ...]

    @model_validator(mode="after")
    def _rows_agree(self) -> Self:
        for name, row in (("now", self.now), ("needed", self.needed)):
            if row is not None and row not in self.rows:
                contradict(name, row, "rows", "which do not hold it")
        if self.between is not None and self.between[1] is not None:
            check_at_most("between[0]", self.between[0], "between[1]", self.between[1])
        return self


class PlanExtra(Provenance):
    """The plan of one number, or of each record of a folder.

    Args:
        level: of intervals.
        power: asked for; None: a width was.
        numbers: what was planned.
        refused: [name, reason] of each record that nothing can be planned from.
    """

    level: Level
    power: Share | None
    numbers: tuple[PlannedNumber, ...]
    refused: tuple[tuple[str, str], ...] = ()
