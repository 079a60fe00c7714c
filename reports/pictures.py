"""Pictures drawn by matplotlib (extra `report`): drift by time, ROC curves, FVD by clips."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.reports.curves import plain
from leo_bench.reports.inline_svg import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg", ".pdf")
DPI = 130
DRIFT_SIZE = (8.0, 6.2)  # inches
ROC_PANEL = (4.6, 4.6)  # inches
BY_CLIPS_SIZE = (5.4, 3.2)  # inches
REAL = "0.35"  # grey

Roc = Sequence[tuple[float, float]]  # (false alarms, detections), from (0, 0) on


def need_matplotlib(path: Path) -> None:
    """See, before the work begins, that a picture can be drawn.

    Raises:
        InputError: matplotlib is not installed; the path's ending is not that of a picture.
    """
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"--out {path}: a picture ends in {', '.join(ENDINGS)}")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError(
            "a picture needs matplotlib: install leo-bench with the extra `report`, or drop --out"
        ) from None


def drift_picture(drifts: Mapping[str, ScoreRecord], path: Path) -> None:
    """Draw records of drift: distance to the first frame, and share of unbroken videos, by frame.

    Args:
        drifts: records by their label in the legend; those of the real side are grey.
        path: a PNG, SVG or PDF file, by its ending.

    Raises:
        InputError: matplotlib is not installed, or the file cannot be written.
    """
    figure = _figure(path, DRIFT_SIZE)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
    colours = iter(COLOURS * len(drifts))
    for label, record in drifts.items():
        colour = REAL if record.side == "real" else next(colours)
        _drift(above, label, record, colour)
        curves = record.curves
        below.step(curves["time"], curves["survival"], where="post", color=colour, lw=1.6)
    first = next(iter(drifts.values()))
    _line(above, first.diagnostics["threshold"], "threshold, from real videos")
    _line(above, first.diagnostics["other_videos"], "median between two real videos")
    above.set_ylabel("distance to the first frame")
    above.set_ylim(bottom=0)
    above.legend(frameon=False, fontsize=8, loc="best")
    above.set_title(
        f"Identity drift by {first.embedder}: mean over videos, 95 % bands at each time (dark) and "
        "over all times (light)",
        fontsize=9,
        loc="left",
    )
    below.set_ylabel("share not broken")
    below.set_xlabel("frame")
    below.set_ylim(-0.03, 1.03)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.01)
    _write(figure, path)


def roc_picture(
    groups: Mapping[str, Mapping[str, Roc]],
    marks: Mapping[str, Mapping[str, tuple[float, float]]],
    path: Path,
) -> None:
    """Draw ROC curves, one panel for each group.

    Args:
        groups: title of a panel -> label in the legend -> curve.
        marks: likewise, the point of the calibrated threshold.
        path: a PNG, SVG or PDF file, by its ending.

    Raises:
        InputError: matplotlib is not installed, or the file cannot be written.
    """
    figure = _figure(path, (ROC_PANEL[0] * len(groups), ROC_PANEL[1]))
    panels = figure.subplots(1, len(groups), squeeze=False)[0]
    for axes, (title, curves) in zip(panels, groups.items(), strict=True):
        axes.plot((0, 1), (0, 1), color="0.8", lw=0.8)
        for (label, curve), colour in zip(curves.items(), COLOURS * len(curves), strict=False):
            axes.step(*zip(*curve, strict=True), where="post", color=colour, lw=1.6, label=label)
            if label in marks.get(title, {}):
                axes.plot(*marks[title][label], "o", color=colour, ms=6, mec="white")
        axes.set_title(title, fontsize=10, loc="left")
        axes.set_xlabel("share of untouched videos flagged")
        axes.set_ylabel("share of planted videos found")
        axes.set_xlim(-0.02, 1.0)
        axes.set_ylim(0, 1.02)
        axes.legend(frameon=False, fontsize=8, loc="lower right")
        axes.spines[["top", "right"]].set_visible(False)
    _write(figure, path)


def by_clips_picture(lines: Mapping[str, Sequence[tuple[int, float]]], path: Path) -> None:
    """Draw FVD against the number of clips, both axes logarithmic.

    Args:
        lines: label in the legend -> (clips of each side, FVD), by clips.
        path: a PNG, SVG or PDF file, by its ending.

    Raises:
        InputError: matplotlib is not installed, or the file cannot be written.
    """
    figure = _figure(path, BY_CLIPS_SIZE)
    axes = figure.subplots()
    for (label, points), colour in zip(lines.items(), COLOURS * len(lines), strict=False):
        axes.plot(*zip(*points, strict=True), "o-", color=colour, ms=4, lw=1.6, label=label)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("clips of each side")
    axes.set_ylabel("FVD")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    _write(figure, path)


def _figure(path: Path, size: tuple[float, float]) -> "Figure":
    need_matplotlib(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _write(figure: "Figure", path: Path) -> None:
    """Write a figure atomically; a PNG names leo-bench (`evaluation.files.kinds.PICTURE`)."""
    kind = path.suffix.lower().removeprefix(".")
    about = {"Software": "leo-bench"} if kind == "png" else None
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=DPI, metadata=about)
    write_atomically(path, content.getvalue())


def _drift(axes: "Axes", label: str, record: ScoreRecord, colour: str) -> None:
    curves = record.curves
    time, count = curves["time"], record.videos_used
    words = f"{plain(label)}, {count} video" + ("" if count == 1 else "s")
    axes.plot(time, curves["mean"], color=colour, lw=1.6, label=words)
    for low, high, alpha in (("low", "high", 0.25), ("all_low", "all_high", 0.12)):
        if low in curves and high in curves:
            axes.fill_between(time, curves[low], curves[high], color=colour, alpha=alpha, lw=0)


def _line(axes: "Axes", height: float, words: str) -> None:
    axes.axhline(height, color="0.5", lw=0.8, ls="--")
    axes.annotate(
        words, (1, height), xycoords=("axes fraction", "data"), xytext=(0, 2),
        textcoords="offset points", ha="right", fontsize=7, color="0.4",
    )  # fmt: skip
