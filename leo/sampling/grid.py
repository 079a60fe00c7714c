"""Disentanglement: several motions of one face, one motion of several faces (paper Sec. 4.4).

for frame in tiled([r.stream() for r in renderings(drawing, "motions", 6)]): ...
"""

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.single_thread_pool import lanes
from leo_bench.leo.diffusion.conditioning import added, residuals
from leo_bench.leo.sampling.drawing import Drawing, Drawn
from leo_bench.leo.sampling.options import SampleRow
from leo_bench.leo.sampling.rendering import Rendering

Kind = Literal["motions", "faces"]


def renderings(drawing: Drawing, kind: Kind, count: int) -> list[Rendering]:
    """`count` videos that share their first frame ("motions") or their motion ("faces").

    Given faces share the motion's residuals, from each face's own first code; drawn faces are drawn
    for the motion's first code, so they share all codes.

    Raises:
        InputError: a stage that this needs is not trained, frames are made from other generated
            frames, or there are fewer first frames than faces.
    """
    drawing.refuse_own_frames("a grid")

    def draw() -> list[Rendering]:
        drawn = _motions(drawing, count) if kind == "motions" else _faces(drawing, count)
        how = drawing.sampling.first_frame
        return [
            Rendering.of(drawing.model, first, codes, how)
            for first, codes in zip(drawn.firsts, drawn.codes, strict=True)
        ]

    return lanes(drawing.model.device).submit(draw).result()


def tiled(videos: Sequence[Iterator[Tensor]]) -> Iterator[Tensor]:
    """Videos of one length and size side by side, row by row, as one: uint8 [3,H,W] a frame."""
    across = math.ceil(math.sqrt(len(videos)))
    for frames in zip(*videos, strict=True):
        black = torch.zeros_like(frames[0])
        places = [*frames, *[black] * (-len(frames) % across)]
        rows = (places[i : i + across] for i in range(0, len(places), across))
        yield torch.cat([torch.cat(row, dim=2) for row in rows], dim=1)


def _motions(drawing: Drawing, count: int) -> Drawn:
    return _draw(drawing, [SampleRow(0, 0, k) for k in range(count)])


def _faces(drawing: Drawing, count: int) -> Drawn:
    if drawing.starts is None:
        return _draw(drawing, [SampleRow(0, k, 0) for k in range(count)])
    there = len(drawing.starts.names)
    if there < count:
        raise InputError(
            f"{drawing.starts.name}: {there} first frames for a grid of {count} faces, each with "
            f"its own; ask for --count {there} at most, or give more --start-frames"
        )
    if drawing.ends is not None:
        raise InputError(
            "--to: a grid of given faces moves each from its own first code, so none would end in "
            "the given pose; leave --to out, or take --grid motions"
        )
    codes = drawing.draw([SampleRow(0, 0, 0)]).codes
    firsts = torch.stack([drawing.start(k) for k in range(count)])
    size = drawing.together
    parts = [drawing.encode(firsts[i : i + size]) for i in range(0, count, size)]
    first_codes = torch.cat(parts)
    return Drawn(added(residuals(codes.expand(count, -1, -1)), first_codes), firsts)


def _draw(drawing: Drawing, rows: Sequence[SampleRow]) -> Drawn:
    size = drawing.together
    parts = [drawing.draw(rows[i : i + size]) for i in range(0, len(rows), size)]
    pairs = [(part.codes, part.firsts) for part in parts]
    codes, firsts = (torch.cat(found) for found in zip(*pairs, strict=True))
    return Drawn(codes, firsts)
