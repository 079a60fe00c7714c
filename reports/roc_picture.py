"""ROCs as a picture: one panel a group, one curve a case."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from leo_bench.reports.curves import COLOURS
from leo_bench.reports.pictures import need_matplotlib, write_figure

PANEL = (4.6, 4.6)  # inches

Curve = Sequence[tuple[float, float]]  # (false alarms, detections), from (0, 0) on


def roc_picture(
    groups: Mapping[str, Mapping[str, Curve]],
    marks: Mapping[str, Mapping[str, tuple[float, float]]],
    path: Path,
) -> None:
    """Draw ROCs into a PNG, SVG or PDF, as the path's ending says.

    Args:
        groups: title of a panel -> words of the legend -> curve.
        marks: likewise, the point where the calibrated threshold puts a case.
        path: where to.

    Raises:
        InputError: matplotlib is not installed, or the file cannot be written.
    """
    need_matplotlib(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(PANEL[0] * len(groups), PANEL[1]), layout="constrained")
    FigureCanvasAgg(figure)
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
    write_figure(figure, path)
