"""Draws the README's picture: clips of the demo, and the FVD of each kind with its interval.

    make demo
    python -m leo_bench.benchmarks.evidence.front_picture --demo demo --out docs/front.png

Needs matplotlib (extra `report`). Columns are sorted by FVD.
"""

import argparse
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from leo_bench.benchmarks.cli.screen import out
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.records.distance import Record, read_record
from leo_bench.evaluation.records.shown_digits import interval_text, number_text
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.reports.pictures import need_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# By what the record calls the fake side; the order is that of the search.
KINDS = {
    "from-first-frames": "LEO,\nfirst frame given",
    "unconditional": "LEO,\nunconditional",
    "frozen": "real,\nfrozen",
    "shuffled": "real,\nframes shuffled",
    "blur": "real,\nblurred",
    "identity-swap": "real, another\nperson midway",
    "part:2/2:toy": "real,\nuntouched",
}
REAL = "part:2/2:toy"
SHOWN = (0, 8, 15)  # frames
SIZE = (9.6, 5.3)  # inches
DPI = 100
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "0.45"


@dataclass(frozen=True)
class Column:
    """A kind of clip: what stands above it, its number, and its frames.

    Args:
        kind: a key of `KINDS`.
        record: FVD of these videos to the real ones.
        frames: uint8 [T,3,H,W], RGB.
    """

    kind: str
    record: Record
    frames: Tensor

    @property
    def colour(self) -> str:
        """Grey: real videos; blue: LEO; orange: damaged videos."""
        if self.kind == REAL:
            return GREY
        return BLUE if "LEO" in KINDS[self.kind] else ORANGE


def columns(demo: Path, world: str, video: int) -> list[Column]:
    """The kinds of one world in the folder of `leo-bench demo`, sorted by FVD.

    Args:
        demo: its folder.
        world: toy-faces or toy-bodies.
        video: which video of each kind is shown.

    Raises:
        InputError: a record is missing or cannot be read, or a source cannot be opened.
    """
    records = demo / "records" / f"{world}-test-part-1-2-stored-16f-s1-stylegan-v"
    found = [read_record(path) for path in sorted(records.glob("*/fvd.json"))]
    options = SourceOptions(OpenOptions(), resolution=64)
    made = []
    for record in found:
        fake = str(record.request["fake"])
        kind = next((kind for kind in KINDS if kind in fake), None)
        if kind is None:
            continue
        sampled = demo / "samples" / Path(fake).name
        source = open_source(str(sampled) if sampled.is_dir() else fake, options)
        made.append(Column(kind, record, source.read(video, SHOWN)))
    missing = KINDS.keys() - {column.kind for column in made}
    if missing:
        raise InputError(f"{records}: no FVD of {sorted(missing)}; run `leo-bench demo` first")
    return sorted(made, key=lambda column: column.record.value)


def draw(shown: list[Column], path: Path) -> None:
    """Write the picture: frames above, values with their intervals below.

    Raises:
        InputError: matplotlib is not installed, or the file cannot be written.
    """
    need_matplotlib(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI, facecolor="white")
    grid = figure.add_gridspec(2, 1, height_ratios=(2.75, 1.5), hspace=0.03)
    grid.update(left=0.065, right=0.995, top=0.905, bottom=0.16)
    pictures = grid[0].subgridspec(1, len(shown), wspace=0.02)
    chart = figure.add_subplot(grid[1])
    for place, column in enumerate(shown):
        axes = figure.add_subplot(pictures[place])
        strip = torch.cat(tuple(column.frames), dim=1)  # [3,T*H,W]
        axes.imshow(strip.permute(1, 2, 0).numpy(), interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(KINDS[column.kind], fontsize=9, color=column.colour, pad=3)
        _interval(chart, place, column)
    chart.set_yscale("log")
    chart.set_xlim(-0.5, len(shown) - 0.5)
    chart.set_xticks(range(len(shown)), [_text(column.record) for column in shown], fontsize=9)
    chart.set_ylabel("FVD, log scale", fontsize=9)
    chart.set_yticks([10, 30, 100, 300], ["10", "30", "100", "300"], fontsize=8)
    chart.tick_params(axis="y", which="minor", left=False, labelleft=False)
    chart.tick_params(axis="x", length=0)
    chart.spines[["top", "right"]].set_visible(False)
    real = next(column.record.interval for column in shown if column.kind == REAL)
    if real is not None:
        chart.axhspan(*real, color=GREY, alpha=0.15, lw=0)
    first = shown[0].record
    about = (
        f"FVD{first.frames} to the real videos, lower is better, and its 95 % interval: "
        f"{first.n_real} clips a side, {first.extractor}, {first.protocol}"
    )
    figure.text(0.5, 0.018, about, ha="center", fontsize=9, color="0.25")
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": "leo-bench"})
    write_atomically(path, content.getvalue())


def _interval(chart: "Axes", place: int, column: Column) -> None:
    if column.record.interval is not None:
        chart.vlines(place, *column.record.interval, color=column.colour, lw=3)
    chart.plot(place, column.record.value, "o", color=column.colour, ms=7)


def _text(record: Record) -> str:
    interval = record.interval
    return f"{number_text(record.value, interval)}\n{interval_text(interval, record.value)}"


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--demo", type=Path, default=Path("demo"), help="folder of leo-bench demo")
    parser.add_argument("--world", default="toy-faces")
    parser.add_argument("--video", type=int, default=3, help="which video of each kind is shown")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    draw(columns(given.demo, given.world, given.video), given.out)
    out(str(given.out))


if __name__ == "__main__":
    main()
