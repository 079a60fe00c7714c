"""Features as they come, in any order, in one matrix: no second copy of all of them."""

import torch
from torch import Tensor


class Rows:
    """Features of a number of clips.

    Args:
        count: of clips.

    Attributes:
        values: [N,D], as far as they have come; [0] before the first.
        has: for each row whether it has come.
    """

    def __init__(self, count: int) -> None:
        self.values = torch.empty(0)
        self.has = bytearray(count)
        self._is_empty = True

    def put(self, row: int, feature: Tensor) -> None:
        """Take in the feature of a row, [D]."""
        if self._is_empty:  # its width is known now
            self.values, self._is_empty = feature.new_empty(len(self.has), len(feature)), False
        self.values[row] = feature
        self.has[row] = True
