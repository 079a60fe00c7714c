"""The record of an ablation: its measured numbers and their provenance, stored as JSON."""

from pathlib import Path
from typing import Literal, TypeVar

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

RowT = TypeVar("RowT", "AblationRow", "Change")


def _fits_its_seeds(row: RowT) -> RowT:
    """Check that the value is the mean over its seeds, if there are any, and in its interval."""
    if row.by_seed:
        check_mean("value", row.value, "by_seed", row.by_seed)
    if row.interval is not None:
        check_around("interval", row.interval, "value", row.value)
    return row


class AblationRow(Data):
    """One variant under one measure.

    Args:
        value: the mean over seeds, or a share of the samples.
        by_seed: one value a seed; empty if nothing is trained.
        spread: standard deviation over seeds (ddof 1); None with fewer than two.
        interval: of `value`; the measure's `covers` says what it covers.
        count: number of samples of each seed.
    """

    variant: str
    label: str
    value: Number
    by_seed: tuple[Number, ...]
    spread: NotNegative | None
    interval: tuple[Number, Number] | None
    count: Count

    _checked = model_validator(mode="after")(_fits_its_seeds)


class Change(Data):
    """The paired difference of a variant minus the reference.

    Args:
        value: the mean over seeds of the differences, or the difference of two shares.
        by_seed: one difference a seed; empty if nothing is trained.
        standard_error: of `value`. Its parts: `of_seeds` (which contains `of_samples`, that of
            sampling alone) and `of_real_videos`; None where they do not exist.
        freedom: degrees of freedom.
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

    _checked = model_validator(mode="after")(_fits_its_seeds)


class Measured(Data):
    """One measure of every variant.

    Args:
        name: such as "FVD16".
        about: what it is, in a sentence.
        covers: what the intervals cover.
        rows: one a variant.
        changes: every other variant minus the reference.
    """

    name: str
    about: str
    covers: str
    rows: tuple[AblationRow, ...]
    changes: tuple[Change, ...]


class TrainedModel(Data):
    """One trained model and its score.

    Args:
        run: its folder, for `leo-bench sample --run RUN`.
        model: hex SHA-256 of all that its samples depend on.
        steps: training steps of the LMDM.
        reused: whether the LMDM was taken from the given run.
        held_out_loss: of the LMDM. Comparable between seeds, but not between variants, whose losses
            differ.
        start_distance: mean distance of drawn first codes from the codes of the real frames used in
            their place; None if first frames are drawn, or given by real videos.
        score: FVD of its samples; None if no frames are rendered.
    """

    variant: str
    seed: int
    run: str
    model: str
    steps: int
    reused: bool
    held_out_loss: float | None
    start_distance: float | None
    score: Record | None = None


class AblationRecord(Provenance):
    """An ablation on one data set.

    Args:
        kind: distinguishes such files from other records.
        column: heading of the table's column: the data set.
        setting: how samples begin, in a sentence.
        measured: the table's measure, then diagnostics.
        trained: empty if nothing is trained.
        unfinished: (part, reason) of what failed and is not in the numbers.
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
        InputError: no such file, or not the record of an ablation.
    """
    return record_from(AblationRecord, read_content(path), path)
