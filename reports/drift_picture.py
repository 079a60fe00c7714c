"""Identity drift as a picture: distance to the first frame, and unbroken videos, against time."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.reports.curves import COLOURS, plain
from leo_bench.reports.pictures import need_matplotlib, write_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (8.0, 6.2)  # inches
REAL = "0.35"  # grey


def drift_picture(drifts: Mapping[str, ScoreRecord], path: Path) -> None:
    """Draw records of drift into a PNG, SVG or PDF, as the path's ending says.

    Args:
        drifts: by the words of the legend; those of the real side are grey.
        path: where to.

    Raises:
        InputError: matplotlib is not installed, or the file cannot be written.
    """
    need_matplotlib(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
    colours = iter(COLOURS * len(drifts))
    for label, record in drifts.items():
        colour = REAL if record.side == "real" else next(colours)
        _curve(above, label, record, colour)
        curves = record.curves
        below.step(curves["time"], curves["survival"], where="post", color=colour, lw=1.6)
    said = next(iter(drifts.values()))
    _line(above, said.diagnostics["threshold"], "threshold, from real videos")
    _line(above, said.diagnostics["other_videos"], "median between two real videos")
    above.set_ylabel("distance to the first frame")
    above.set_ylim(bottom=0)
    above.legend(frameon=False, fontsize=8, loc="best")
    above.set_title(
        f"Identity drift by {said.embedder}: mean over videos, 95 % bands at each time (dark) and "
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
    write_figure(figure, path)


def _curve(axes: "Axes", label: str, record: ScoreRecord, colour: str) -> None:
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
