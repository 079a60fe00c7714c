"""Curves as SVG: FVD against the number of clips, drift against time, losses against steps.

matplotlib draws them (extra `report`); the colours follow the page, so a dark page has light axes.
"""

import importlib.util
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import read_given_text, shortened
from leo_bench.evaluation.files.json_files import parse_json
from leo_bench.reports.records import StoredRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 5.2, 3.2  # inches at 72 dots

# Okabe and Ito's colours, told apart with any colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")


@dataclass(frozen=True)
class Curve:
    """A named picture and what it shows."""

    title: str
    svg: str
    about: str


def can_draw() -> bool:
    """Whether matplotlib is installed; without it a page has no curves."""
    return importlib.util.find_spec("matplotlib") is not None


def bias_curve(records: Mapping[str, StoredRecord]) -> str | None:
    """FVD against 1/N with a line from FVD∞ at 0, a colour a model; None without any.

    Models whose FVD∞ is not reliable have none.
    """
    found = {label: stored.content.get("extrapolation") for label, stored in records.items()}
    fitted = {
        label: fit
        for label, fit in found.items()
        if fit is not None and fit["reliable"] and fit["interval"] is not None
    }
    if not fitted:
        return None

    def draw(axes: "Axes") -> None:
        for colour, (label, fit) in zip(_colours(len(fitted)), fitted.items(), strict=True):
            inverse = [
                (1 / real + 1 / fake) / 2
                for real, fake in zip(fit["n_real"], fit["n_fake"], strict=True)
            ]
            axes.plot(inverse, fit["values"], "o", color=colour, markersize=4, label=plain(label))
            far = max(inverse)
            slope = _slope(inverse, fit["values"], fit["value"])
            axes.plot([0, far], [fit["value"], fit["value"] + slope * far], color=colour, lw=1)
            low, high = fit["interval"]
            axes.errorbar(
                [0],
                [fit["value"]],
                [[fit["value"] - low], [high - fit["value"]]],
                color=colour,
                capsize=3,
                lw=1,
            )
        axes.set_xlabel("1 / N, clips of a side (mean of both sides)")
        axes.set_ylabel("FVD")
        axes.legend(frameon=False, fontsize=8)

    return _drawn(draw)


def time_curve(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> str | None:
    """Curves with bands: label -> {"time", "mean", "low", "high"}; None without any."""
    if not curves:
        return None

    def draw(axes: "Axes") -> None:
        for colour, (label, curve) in zip(_colours(len(curves)), curves.items(), strict=True):
            axes.plot(curve["time"], curve["mean"], color=colour, lw=1.5, label=plain(label))
            if "low" in curve and "high" in curve:
                axes.fill_between(
                    curve["time"], curve["low"], curve["high"], color=colour, alpha=0.2, lw=0
                )
        axes.set_xlabel("frame")
        axes.set_ylabel("distance to the first frame")
        axes.legend(frameon=False, fontsize=8)

    return _drawn(draw)


def loss_curves(run: Path) -> list[Curve]:
    """One picture a stage of a LEO run: every loss of its log against the step.

    Raises:
        InputError: the folder holds no log, or a log that is not JSON lines.
    """
    logs = sorted([*run.glob("*/log.jsonl"), *run.glob("*.log.jsonl")])
    if not logs:
        raise InputError(f"{run}: no log of a training (STAGE/log.jsonl) is in there")
    return [_losses(path) for path in logs]


def plain(label: str) -> str:
    """A name as matplotlib shows it as it is: no mathematics, no underscore that hides it."""
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

    def draw(axes: "Axes") -> None:
        for colour, (name, values) in zip(_colours(len(losses)), losses.items(), strict=True):
            axes.plot(steps[-len(values) :], values, color=colour, lw=0.8, label=plain(name))
        if held_out:
            axes.plot(*zip(*held_out, strict=True), "k.-", lw=1, label="held out")
        axes.set_yscale("log")
        axes.set_xlabel("step")
        axes.set_ylabel("loss")
        axes.legend(frameon=False, fontsize=8)

    about = f"{stage}: {steps[-1] if steps else 0:,} steps"
    return Curve(f"Losses of {stage}", _drawn(draw), about)


def _slope(inverse: Sequence[float], values: Sequence[float], at_zero: float) -> float:
    """Of the line through (0, at_zero) that fits best."""
    products = sum(x * (y - at_zero) for x, y in zip(inverse, values, strict=True))
    return products / sum(x * x for x in inverse)


def _colours(count: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]


def _drawn(draw: Any) -> str:
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
    draw(axes)
    axes.spines[["top", "right"]].set_visible(False)
    content = io.StringIO()
    figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    svg = content.getvalue()
    svg = svg[svg.index("<svg") :]
    # What is black follows the page's text. Strokes name it; of fills black is the default, which
    # matplotlib leaves out: letters and digits.
    return svg.replace("<svg", '<svg fill="currentColor"', 1).replace("#000000", "currentColor")
