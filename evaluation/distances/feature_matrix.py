"""Checks of feature matrices [N,D], and an order of their rows that only their content decides.

Statistics are sums over clips, and rounding makes a sum depend on the order of its terms. Sorting
the rows by content first gives the same bits for the same clips in any order.
"""

import numpy as np
import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError

DTYPES = {"float32": torch.float32, "float64": torch.float64}

# Rows that are checked at once.
ROWS = 4096


def check_features(features: Tensor, name: str) -> None:
    """Check that features are finite, floating and [N,D] with N >= 2; `name` is for the message.

    Raises:
        InputError: which of these does not hold.
    """
    if features.ndim != 2 or features.shape[1] == 0:
        raise InputError(
            f"{name} features: shape {list(features.shape)}; expected [N,D], one row a clip"
        )
    if len(features) < 2:
        raise InputError(f"{name} features: {len(features)} clip; a covariance needs at least 2")
    if not features.is_floating_point():
        raise InputError(f"{name} features: {features.dtype}; expected a floating dtype")
    finite = [torch.isfinite(rows).all(dim=1) for rows in torch.split(features, ROWS)]
    broken = torch.nonzero(~torch.cat(finite)).flatten()
    if len(broken) > 0:
        raise InputError(
            f"{name} features: NaN or infinite in {len(broken)} of {len(features)} clips "
            f"(first: row {int(broken[0])}); extract them again"
        )


def check_pair(real: Tensor, fake: Tensor) -> None:
    """`check_features` for both sides, and the same D on both.

    Raises:
        InputError: what does not hold, and on which side.
    """
    check_features(real, "real")
    check_features(fake, "fake")
    if real.shape[1] != fake.shape[1]:
        raise InputError(
            f"real features have {real.shape[1]} dimensions, fake features {fake.shape[1]}; "
            "both sides need the same extractor"
        )


def content_order(features: Tensor) -> Tensor:
    """Indices that sort rows by their bytes: [N,D] -> int64 [N]; equal for any permutation."""
    rows = np.ascontiguousarray(features.detach().cpu().numpy())
    keys = rows.view(np.dtype((np.void, rows.strides[0]))).ravel()
    return torch.from_numpy(np.argsort(keys, kind="stable"))
