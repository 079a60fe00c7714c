"""Curves as SVG: FVD against the number of clips, drift against time, losses against steps.

matplotlib draws them (extra `report`). Lines are told apart by dashes and marks besides colours;
the values of each curve are a table too.
"""

import importlib.util
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import read_given_text, shortened
from leo_bench.evaluation.files.json_files import parse_json
from leo_bench.evaluation.records.shown_digits import measured_text, number_text
from leo_bench.reports.inline_svg import COLOURS, inline
from leo_bench.reports.records import StoredRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 4.6, 2.9  # inches at 72 dots; the legend is below
LEGEND_LINE = 0.21  # inches
MOST_ROWS = 9  # of the table of values
NONE = "-"  # a curve has no value there
LONGEST = 44  # characters of a label

DASHES = ("-", "--", "-.", ":")
MARKS = ("o", "s", "^", "D", "v")


@dataclass(frozen=True)
class Curve:
    """An SVG picture with its title and a sentence on what it shows.

    Args:
        heads: heads of the table of its values.
        rows: rows of that table.
    """

    title: str
    svg: str
    about: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


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
    rows: list[tuple[str, ...]] = []
    for (label, fit), look in zip(fitted, _looks(), strict=False):
        value, (low, high) = fit["value"], fit["interval"]
        counts = list(zip(fit["n_real"], fit["n_fake"], strict=True))
        inverse = [(1 / real + 1 / fake) / 2 for real, fake in counts]
        axes.plot(inverse, fit["values"], **(look | {"ls": ""}))
        far = max(inverse)
        end = value + _slope(inverse, fit["values"], value) * far
        axes.plot([0, far], [value, end], **look, markevery=[], label=plain(label))
        reach = [[value - low], [high - value]]
        axes.errorbar([0], [value], reach, color=look["color"], capsize=3, lw=1)
        points = [
            f"{number_text(at, (low, high))} ({real:g} and {fake:g})"
            for (real, fake), at in zip(counts, fit["values"], strict=True)
        ]
        rows.append((label, measured_text(value, (low, high)), ", ".join(points)))
    return _curve(
        figure,
        axes,
        "FVD against the number of clips",
        "What FVD tends to with more clips: the line meets FVD∞ (95 % interval) at 0.",
        ("model", "FVD∞ [95 % interval]", "FVD (clips, real and fake)"),
        rows,
    )


def time_curve(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> Curve | None:
    """Curves with bands, label -> {"time", "mean", "low", "high"}; None if there are none."""
    if not curves:
        return None
    figure, axes = _axes("frame", "distance to the first frame")
    for (label, curve), look in zip(curves.items(), _looks(), strict=False):
        every = max(len(curve["time"]) // 6, 1)
        axes.plot(curve["time"], curve["mean"], **look, markevery=every, label=plain(label))
        if "low" in curve and "high" in curve:
            band = curve["time"], curve["low"], curve["high"]
            axes.fill_between(*band, color=look["color"], alpha=0.2, lw=0)
    said = [_by_time(curve) for curve in curves.values()]
    times = sorted({time for one in said for time in one})
    return _curve(
        figure,
        axes,
        "Identity against time",
        "Mean over videos with a 95 % band.",
        ("frame", *curves),
        [(f"{time:g}", *(one.get(time, NONE) for one in said)) for time in _spread(times)],
    )


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
    short = label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"
    shown = short.replace("$", r"\$")
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
    columns = {name: dict(zip(steps[-len(of) :], of, strict=True)) for name, of in losses.items()}
    for (name, values), look in zip(columns.items(), _looks(), strict=False):
        look |= {"marker": "", "lw": 1.0}
        axes.plot(list(values), list(values.values()), **look, label=plain(name))
    if held_out:
        axes.plot(*zip(*held_out, strict=True), "k.-", lw=1, label="held out")
        columns["held out"] = dict(held_out)
    at = sorted({step for of in columns.values() for step in of})
    return _curve(
        figure,
        axes,
        f"Losses of {stage}",
        f"{stage}: {steps[-1] if steps else 0:,} steps",
        ("step", *columns),
        [
            (
                f"{step:,}",
                *(number_text(of[step]) if step in of else NONE for of in columns.values()),
            )
            for step in _spread(at)
        ],
    )


def _looks() -> Iterator[dict[str, Any]]:
    """Colour, dashes and marks of one line after another; a combination comes again after 140."""
    for colour, dash, mark in zip(cycle(COLOURS), cycle(DASHES), cycle(MARKS), strict=False):
        yield {"color": colour, "ls": dash, "marker": mark, "markersize": 4, "lw": 1.4}


def _by_time(curve: Mapping[str, Sequence[float]]) -> dict[float, str]:
    """The text of each value of a curve, with its interval if there is one."""
    said = {}
    for i, time in enumerate(curve["time"]):
        around = (curve["low"][i], curve["high"][i]) if {"low", "high"} <= curve.keys() else None
        said[time] = measured_text(curve["mean"][i], around)
    return said


def _spread(values: Sequence[float]) -> list[float]:
    """Some of the values at equal distances, the first and the last among them."""
    step = max(math.ceil((len(values) - 1) / (MOST_ROWS - 1)), 1)
    return [*values[:-1:step], *values[-1:]]


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


def _curve(
    figure: "Figure",
    axes: "Axes",
    title: str,
    about: str,
    heads: Sequence[str],
    rows: Sequence[tuple[str, ...]],
) -> Curve:
    """The figure with its legend, as an `svg` element, and its values as text."""
    from matplotlib import rc_context

    lines, labels = axes.get_legend_handles_labels()
    columns = 2 if len(labels) > 1 and max(map(len, labels)) < LONGEST // 2 else 1
    figure.set_size_inches(WIDTH, HEIGHT + LEGEND_LINE * math.ceil(len(labels) / columns))
    figure.legend(
        lines, labels, loc="outside lower center", ncols=columns, frameon=False, handlelength=3
    )
    content = io.StringIO()
    with rc_context({"svg.fonttype": "none"}):
        figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    name = f"{title}. {about} The values are in the table below the picture."
    return Curve(title, inline(content.getvalue(), name), about, tuple(heads), tuple(rows))
