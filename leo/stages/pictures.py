"""Pictures of codes to look at: windows as strips, single codes as scatter plots.

Legend: W windows, L frames, M code dimensions, N codes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

CELL = 4  # pixels of a code's side in a strip
GAP = 8  # pixels between strips, and between clouds
FARTHEST = 3.0  # values of unit variance beyond this have the same colour
SIDE = 256  # pixels of a cloud's side
DIRECTIONS = ((0, 1), (2, 3))  # pairs of principal directions, largest variance first; a row each
REACH = 1.2  # extent of a cloud over that of the real codes

_EDGE = 90  # grey of the gaps; paper is white


def strips(rows: Sequence[Tensor]) -> Tensor:
    """Windows as strips: dimensions downwards, time to the right; white 0, red above, blue below.

    Args:
        rows: windows of unit variance, float32 [W,L,M] each; each is a row of the picture.

    Returns:
        uint8 [3,H,W'], a column a window.
    """
    return _tiled([[_strip(window) for window in row] for row in rows])


def clouds(real: Tensor, drawn: Tensor) -> Tensor:
    """Real codes (left) and drawn ones (right) along the real ones' principal directions.

    A row of the picture is a pair of directions; a point is black where there is a code.

    Args:
        real: float32 [N,M], N at least 2.
        drawn: float32 [N',M]; points outside are moved to the edge.

    Returns:
        uint8 [3,H,W].
    """
    mean = real.double().mean(0)
    centred = real.double() - mean
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)  # most spread first
    sides = [centred @ directions, (drawn.double() - mean) @ directions]
    reach = REACH * sides[0].abs().amax(0).clamp(min=1e-6)
    # Codes of a single dimension have no pair: they lie on a diagonal.
    fitting = [pair for pair in DIRECTIONS if max(pair) < real.shape[1]] or [(0, 0)]
    rows = [[_cloud((side / reach)[:, list(pair)]) for side in sides] for pair in fitting]
    return _tiled(rows)


def _strip(window_LM: Tensor) -> Tensor:
    value_ML = (window_LM.T / FARTHEST).clamp(-1, 1)
    red, blue = 1 + value_ML.clamp(max=0), 1 - value_ML.clamp(min=0)
    colours = torch.stack([red, 1 - value_ML.abs(), blue])
    pixels = (255 * colours).round().to(torch.uint8)
    return pixels.repeat_interleave(CELL, 1).repeat_interleave(CELL, 2)


def _cloud(places_N2: Tensor) -> Tensor:
    """Places between -1 and 1 as points of 2x2 pixels; the second one upwards."""
    at = ((places_N2.clamp(-1, 1) + 1) / 2 * (SIDE - 2)).long()
    picture = torch.full((3, SIDE, SIDE), 255, dtype=torch.uint8)
    for down in range(2):
        for right in range(2):
            picture[:, SIDE - 2 - at[:, 1] + down, at[:, 0] + right] = 0
    return picture


def _tiled(rows: Sequence[Sequence[Tensor]]) -> Tensor:
    """Pictures of one size in rows, with gaps."""
    _, height, width = rows[0][0].shape
    down, across = len(rows), len(rows[0])
    shape = (3, down * (height + GAP) - GAP, across * (width + GAP) - GAP)
    sheet = torch.full(shape, _EDGE, dtype=torch.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            top, left = i * (height + GAP), j * (width + GAP)
            sheet[:, top : top + height, left : left + width] = picture
    return sheet
