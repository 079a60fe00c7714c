"""A picture of what was prepared: it shows a wrong box or swapped channels, which counts cannot."""

from collections.abc import Sequence
from pathlib import Path

from leo_bench.benchmarks.montage import montage
from leo_bench.benchmarks.prepare.report import Entry
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos

MONTAGE = "montage.png"
ROWS, FRAMES = 8, 6
LABEL = 28  # characters of the name, its end


def write_montage(folder: Path, entries: Sequence[Entry]) -> None:
    """Write `montage.png` of some prepared videos, evenly chosen; none where there are none."""
    count = min(ROWS, len(entries))
    chosen = [entries[round(i * (len(entries) - 1) / max(1, count - 1))] for i in range(count)]
    rows, labels = [], []
    for entry in chosen:
        source = open_videos(folder / entry.split / entry.path, OpenOptions())
        last = source.frame_counts[0] - 1
        indices = sorted({round(i * last / (FRAMES - 1)) for i in range(FRAMES)})
        rows.append(source.read(0, indices))
        label = f"{entry.split}/{entry.name}"
        labels.append(label if len(label) <= LABEL else "…" + label[-LABEL:])
    if rows:
        montage(rows, labels, folder / MONTAGE)
