"""What an ablation found, with everything needed to trust it, as JSON."""

from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.records.checks import (
    Count,
    NotNegative,
    Number,
    Share,
    check_around,
    check_mean,
)
from leo_bench.evaluation.records.distance import Record, read_content, record_from
from leo_bench.evaluation.records.parts import Provenance


def _check_seeds(
    value: float, by_seed: tuple[float, ...], interval: tuple[float, float] | None
) -> None:
    """A value is the mean over its seeds, where there are any, and lies in its interval."""
    if by_seed:
        check_mean("value", value, "by_seed", by_seed)
    if interval is not None:
        check_around("interval", interval, "value", value)


class AblationRow(Data):
    """One variant under one measure.

    Args:
        value: the mean over seeds, or a share of the samples.
        by_seed: one a seed; empty where nothing is trained.
        spread: standard deviation over seeds (ddof 1); None with fewer than two.
        interval: around `value`; what it covers is the measure's `covers`.
        count: samples, of each seed.
    """

    variant: str
    label: str
    value: Number
    by_seed: tuple[Number, ...]
    spread: NotNegative | None
    interval: tuple[Number, Number] | None
    count: Count

    @model_validator(mode="after")
    def _fits_its_seeds(self) -> Self:
        _check_seeds(self.value, self.by_seed, self.interval)
        return self


class Change(Data):
    """A variant less the reference, in pairs.

    Args:
        value: the mean over seeds of the differences, or the difference of two shares.
        by_seed: one a seed; empty where nothing is trained.
        standard_error: of `value`; its parts are of the seeds, of the samples' chance alone (which
            the seeds' part contains) and of the real videos, all None where they do not exist.
        p_value: of McNemar's exact test, for shares.
    """

    variant: str
    reference: str
    value: Number
    interval: tuple[Number, Number] | None
    by_seed: tuple[Number, ...] = ()
    standard_error: NotNegative | None = None
    freedom: NotNegative | None = None
    of_seeds: NotNegative | None = None
    of_samples: NotNegative | None = None
    of_real_videos: NotNegative | None = None
    p_value: Share | None = None

    @model_validator(mode="after")
    def _fits_its_seeds(self) -> Self:
        _check_seeds(self.value, self.by_seed, self.interval)
        return self


class Measured(Data):
    """One number of every variant.

    Args:
        name: "FVD16" ...
        about: what it is, in a sentence.
        covers: what the intervals cover.
        rows: one a variant.
        changes: every other variant against the reference.
    """

    name: str
    about: str
    covers: str
    rows: tuple[AblationRow, ...]
    changes: tuple[Change, ...]


class TrainedModel(Data):
    """One training, and what was measured of it.

    Args:
        run: its folder; `leo-bench sample --run RUN` draws from it.
        model: hex SHA-256 of all that its samples follow from.
        steps: of the LMDM's training.
        reused: whether the LMDM was found finished in the run that was given.
        held_out_loss: of the LMDM; readings have different losses, so compare seeds, not variants.
        start_distance: mean distance, in code space, of first codes from the real frames that were
            put in their place; None where frames are drawn or given.
        score: of its samples.
    """

    variant: str
    seed: int
    run: str
    model: str
    steps: int
    reused: bool
    held_out_loss: float | None
    start_distance: float | None
    score: Record


class AblationRecord(Provenance):
    """An ablation on one data set.

    Args:
        kind: tells such a file from other records.
        column: what the table's column is headed: the data set.
        setting: how samples begin, in a sentence.
        measured: the table's measure first, then diagnostics.
        trained: empty where nothing is trained.
        unfinished: [part, reason] of what failed and is not in the numbers.
    """

    kind: Literal["ablation"] = "ablation"
    schema_version: Literal[1] = 1
    ablation: str
    source: str
    column: str
    setting: str
    measured: tuple[Measured, ...]
    trained: tuple[TrainedModel, ...]
    unfinished: tuple[tuple[str, str], ...]


def read_ablation(path: Path) -> AblationRecord:
    """Read the record of an ablation.

    Raises:
        InputError: no such file, or not a record of this kind.
    """
    return record_from(AblationRecord, read_content(path), path)
