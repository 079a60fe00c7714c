"""Contact sheets: a picture with one row a video and a few frames of each."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically

GAP = 2  # pixels between frames
INK, PAPER = (30, 30, 30), (250, 250, 250)


def montage(rows: Sequence[Tensor], labels: Sequence[str], path: Path) -> None:
    """Write a contact sheet as PNG.

    Args:
        rows: uint8 [T,3,H,W] each, RGB; lengths and sizes may differ.
        labels: one a row, written to its left; without text there is no margin.
        path: the picture to write atomically; an existing one is replaced.

    Raises:
        InputError: no rows, not one label a row, a row of another type or shape, or a path that
            cannot be written to.
    """
    if not rows or len(rows) != len(labels):
        raise InputError(
            f"{path}: a montage needs one label a row; got {len(rows)} rows, {len(labels)} labels"
        )
    for label, row in zip(labels, rows, strict=True):
        if row.dtype != torch.uint8 or row.ndim != 4 or row.shape[1] != 3 or row.shape[0] == 0:
            raise InputError(
                f"{path}: row {label!r} is {row.dtype} {list(row.shape)}, not uint8 [T,3,H,W]"
            )
    font = ImageFont.load_default()
    margin = max(int(font.getlength(label)) for label in labels)
    margin += 3 * GAP if margin else 0
    width = margin + max(row.shape[0] * (row.shape[3] + GAP) for row in rows) - GAP
    height = sum(row.shape[2] + GAP for row in rows) - GAP
    sheet = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    top = 0
    for label, row in zip(labels, rows, strict=True):
        pen.text((GAP, top + row.shape[2] // 2), label, fill=INK, font=font, anchor="lm")
        for position, frame in enumerate(row):
            pixels = np.ascontiguousarray(frame.permute(1, 2, 0).cpu().numpy())
            sheet.paste(Image.fromarray(pixels), (margin + position * (row.shape[3] + GAP), top))
        top += row.shape[2] + GAP
    content, about = io.BytesIO(), PngInfo()
    about.add_text("Software", "leo-bench")  # marks a file that a later command may replace
    sheet.save(content, format="PNG", pnginfo=about)
    write_atomically(path, content.getvalue())


def evenly_spaced(length: int, count: int) -> list[int]:
    """At most `count` different indices from 0 to `length` - 1, both included, ascending."""
    steps = range(count if length else 0)
    return sorted({round(i * (length - 1) / max(1, count - 1)) for i in steps})
