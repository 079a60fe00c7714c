"""Curves as SVG: FVD against the number of clips, drift against time, losses against steps.

matplotlib draws them (extra `report`). Axes have the text colour of the page around them.
"""

import importlib.util
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import read_given_text, shortened
from leo_bench.evaluation.files.json_files import parse_json
from leo_bench.reports.records import StoredRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 5.2, 3.2  # inches at 72 dots

# The palette of Okabe and Ito, which colour-blind readers can distinguish.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")


@dataclass(frozen=True)
class Curve:
    """An SVG picture with its title and a sentence on what it shows."""

    title: str
    svg: str
    about: str


def can_draw() -> bool:
    """Whether matplotlib is installed; without it a page has no curves."""
    return importlib.util.find_spec("matplotlib") is not None


def bias_curve(records: Mapping[str, StoredRecord]) -> Curve | None:
    """FVD against 1/N, with a line from FVD∞ at 0, by label; None if there is nothing to draw.

    Records whose FVD∞ is not reliable are left out.
    """
    found = {label: stored.content.get("extrapolation") for label, stored in records.items()}
    fitted = [
        (label, fit)
        for label, fit in found.items()
        if fit is not None and fit["reliable"] and fit["interval"] is not None
    ]
    if not fitted:
        return None
    figure, axes = _axes("1 / N, clips of a side (mean of both sides)", "FVD")
    for colour, (label, fit) in zip(cycle(COLOURS), fitted, strict=False):
        value, (low, high) = fit["value"], fit["interval"]
        counts = zip(fit["n_real"], fit["n_fake"], strict=True)
        inverse = [(1 / real + 1 / fake) / 2 for real, fake in counts]
        axes.plot(inverse, fit["values"], "o", color=colour, markersize=4, label=plain(label))
        far = max(inverse)
        end = value + _slope(inverse, fit["values"], value) * far
        axes.plot([0, far], [value, end], color=colour, lw=1)
        reach = [[value - low], [high - value]]
        axes.errorbar([0], [value], reach, color=colour, capsize=3, lw=1)
    return Curve(
        "FVD against the number of clips",
        _svg(figure, axes),
        "What FVD tends to with more clips: the line meets FVD∞ (95 % interval) at 0.",
    )


def time_curve(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> Curve | None:
    """Curves with bands, label -> {"time", "mean", "low", "high"}; None if there are none."""
    if not curves:
        return None
    figure, axes = _axes("frame", "distance to the first frame")
    for colour, (label, curve) in zip(cycle(COLOURS), curves.items(), strict=False):
        axes.plot(curve["time"], curve["mean"], color=colour, lw=1.5, label=plain(label))
        if "low" in curve and "high" in curve:
            band = curve["time"], curve["low"], curve["high"]
            axes.fill_between(*band, color=colour, alpha=0.2, lw=0)
    return Curve("Identity against time", _svg(figure, axes), "Mean over videos with a 95 % band.")


def loss_curves(run: Path) -> list[Curve]:
    """One picture for each stage of a training run: the losses of its log against the step.

    Raises:
        InputError: the folder holds no log, or one that is not JSON lines.
    """
    logs = sorted([*run.glob("*/log.jsonl"), *run.glob("*.log.jsonl")])
    if not logs:
        raise InputError(f"{run}: no log of a training (STAGE/log.jsonl) is in there")
    return [_losses(path) for path in logs]


def plain(label: str) -> str:
    """A label that matplotlib shows as it is: no mathematics, and not hidden by a leading "_"."""
    shown = label.replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def _losses(path: Path) -> Curve:
    stage = path.parent.name if path.name == "log.jsonl" else path.name.removesuffix(".log.jsonl")
    try:
        lines = [parse_json(line, str(path)) for line in read_given_text(path).splitlines()]
        steps = [line["step"] for line in lines if "losses" in line]
        losses: dict[str, list[float]] = {}
        for line in lines:
            for name, value in line.get("losses", {}).items():
                losses.setdefault(name, []).append(value)
        held_out = [
            (line["step"], line["validation"]["loss"]) for line in lines if "validation" in line
        ]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not the log of a training: {shortened(error)}") from None
    figure, axes = _axes("step", "loss")
    axes.set_yscale("log")
    for colour, (name, values) in zip(cycle(COLOURS), losses.items(), strict=False):
        axes.plot(steps[-len(values) :], values, color=colour, lw=0.8, label=plain(name))
    if held_out:
        axes.plot(*zip(*held_out, strict=True), "k.-", lw=1, label="held out")
    about = f"{stage}: {steps[-1] if steps else 0:,} steps"
    return Curve(f"Losses of {stage}", _svg(figure, axes), about)


def _slope(inverse: Sequence[float], values: Sequence[float], at_zero: float) -> float:
    """Slope of the least-squares line through (0, at_zero)."""
    products = sum(x * (y - at_zero) for x, y in zip(inverse, values, strict=True))
    return products / sum(x * x for x in inverse)


def _axes(x: str, y: str) -> tuple["Figure", "Axes"]:
    """A new figure and its axes, with labels."""
    try:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError(
            "curves need matplotlib: install leo-bench with the extra `report`"
        ) from None
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: "Figure", axes: "Axes") -> str:
    """The figure as an `svg` element, with its legend."""
    axes.legend(frameon=False, fontsize=8)
    content = io.StringIO()
    figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    svg = content.getvalue()
    svg = svg[svg.index("<svg") :]
    # Black becomes the page's text colour. matplotlib names it in strokes, and leaves it out in
    # fills, where black is the default.
    return svg.replace("<svg", '<svg fill="currentColor"', 1).replace("#000000", "currentColor")
