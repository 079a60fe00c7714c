"""Draws growth.csv: processor time and peak memory against clips, frames and resolution.

    python -m leo_bench.benchmarks.evidence.growth_picture --measure --out docs/growth.png

`--measure` writes growth.csv anew, in some minutes. Needs matplotlib (extra `report`).
"""

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING

from leo_bench.benchmarks.cli.screen import out
from leo_bench.benchmarks.evidence.growth import CASES, measure, read_growth, write_growth
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.reports.pictures import need_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ABOUT = {
    "clips": "clips of 16 frames, 128x128",
    "frames": "frames of each of 4 clips, 128x128",
    "pixels": "side in pixels, 4 clips of 16 frames",
}
SIZE = (9.6, 4.6)  # inches
DPI = 100
BLUE, ORANGE = "#0072B2", "#D55E00"


def draw(rows: list[dict[str, str]], path: Path) -> None:
    """Draw the rows of growth.csv: time above, memory below, a column for what grows."""
    need_matplotlib(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    axes = figure.subplots(2, len(ABOUT), squeeze=False, sharex="col", sharey="row")
    for column, (what, about) in enumerate(ABOUT.items()):
        found = [row for row in rows if row["what"] == what]
        sizes = [int(row["size"]) for row in found]
        _curve(axes[0][column], sizes, [float(row["CPU seconds"]) for row in found], BLUE)
        _curve(axes[1][column], sizes, [float(row["peak MB"]) for row in found], ORANGE)
        axes[0][column].set_yscale("log")
        axes[1][column].set_xlabel(about)
    axes[0][0].set_ylabel("processor time, s")
    axes[1][0].set_ylabel("peak memory, MB")
    axes[1][0].set_ylim(bottom=0)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_atomically(path, picture.getvalue())


def _curve(axes: "Axes", sizes: list[int], values: list[float], colour: str) -> None:
    axes.plot(sizes, values, marker="o", color=colour)
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.grid(alpha=0.3)


def main() -> None:
    """Draw the picture from growth.csv, which is measured first where that is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--measure", action="store_true", help="write growth.csv anew first")
    asked = parser.parse_args()
    if asked.measure:
        write_growth(measure(CASES))
    draw(read_growth(), asked.out)
    out(str(asked.out))


if __name__ == "__main__":
    main()
