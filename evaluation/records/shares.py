"""Precision and recall as documents hold them: shares of clips with their intervals."""

from typing import Self

from pydantic import model_validator

from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.records.checks import Positive, Share, check_around, check_close


class ShareOfClips(Data):
    """A share of clips, 0..1, with an interval over videos of both sides; None with too few."""

    value: Share
    interval: tuple[Share, Share] | None

    @model_validator(mode="after")
    def _interval_fits(self) -> Self:
        if self.interval is not None:
            check_around("interval", self.interval, "value", self.value)
        return self


class PrecisionExtra(Data):
    """Precision and recall of the features of a distance.

    Args:
        neighbours: k, the number of neighbours.
    """

    neighbours: Positive
    precision: ShareOfClips
    recall: ShareOfClips


def check_shares(found: PrecisionExtra, where: str, of: int, n_real: int, n_fake: int) -> None:
    """The shares are whole numbers of the clips of the distance in `records[of]`."""
    for name, share, clips in (
        ("precision", found.precision.value, n_fake),
        ("recall", found.recall.value, n_real),
    ):
        whole = round(share * clips) / max(clips, 1)
        check_close(f"{where}.{name}.value", share, f"records[{of}]'s clips", whole, 1.0)
