"""Contact sheets."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from leo_bench.benchmarks.montage import evenly_spaced, montage
from leo_bench.evaluation.errors import InputError


def clip(frames: int, size: int, level: int) -> torch.Tensor:
    return torch.full((frames, 3, size, size), level, dtype=torch.uint8)


def test_a_sheet_has_a_row_a_video_and_a_column_a_frame(tmp_path: Path) -> None:
    montage([clip(3, 16, 40), clip(2, 20, 90)], ["", ""], tmp_path / "sheet.png")
    pixels = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert pixels.shape == (16 + 2 + 20, 3 * 18 - 2, 3)
    assert (pixels[:16, 36:52] == 40).all()
    assert (pixels[18:, 22:42] == 90).all()


def test_labels_stand_in_a_margin_of_their_own(tmp_path: Path) -> None:
    montage([clip(1, 16, 40)], ["nod"], tmp_path / "sheet.png")
    pixels = np.asarray(Image.open(tmp_path / "sheet.png"))
    margin = pixels.shape[1] - 16
    assert margin > 10
    assert (pixels[:, :margin] < 128).any()
    assert (pixels[:, margin:] == 40).all()


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        ([], [], "one label a row; got 0 rows"),
        ([clip(1, 4, 0)], ["a", "b"], "got 1 rows, 2 labels"),
        ([clip(1, 4, 0).float()], ["a"], r"row 'a' is torch.float32 \[1, 3, 4, 4\]"),
        ([clip(0, 4, 0)], ["a"], "not uint8"),
    ],
)
def test_what_is_no_video_is_refused(
    rows: list[torch.Tensor], labels: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        montage(rows, labels, tmp_path / "sheet.png")


def test_evenly_spaced_indices_hold_first_and_last() -> None:
    assert evenly_spaced(10, 4) == [0, 3, 6, 9]
    assert evenly_spaced(10, 1) == [0]
    assert evenly_spaced(3, 8) == [0, 1, 2]
    assert evenly_spaced(0, 8) == []
