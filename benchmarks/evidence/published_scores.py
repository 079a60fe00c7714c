"""FVD of the samples that authors published against available real videos; Markdown.

    python -m leo_bench.benchmarks.evidence.published_samples --from SHARED_DATA --out SAMPLES
    leo-bench data prepare faceforensics --from SAMPLES --out DATA      (and ucf101, weizmann, grid)
    python -m leo_bench.benchmarks.evidence.published_scores --samples SAMPLES
        --data DATA --records RECORDS

Every row is one `leo-bench fvd --real ... --fake ...`. Limits: the sets are small and selected by
their authors, the real faces are not FaceForensics, there is no TaichiHD, and the extractor is
i3d-toy. A compared method without samples has a row that says so.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leo_bench.baselines.methods import list_methods
from leo_bench.benchmarks.cli.screen import out, resources, say
from leo_bench.benchmarks.scores.plan import plan
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import scored
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.distance import Record, record_path

FRAMES, SIDE = 16, 128
# Data set of generated samples -> the prepared real data set they are compared with.
REFERENCES = {
    "faceforensics": "faceforensics/train",
    "celebvhq": "faceforensics/train",
    "taichihd": "ucf101/all",
    "ucf101": "ucf101/all",
}
REAL = ("faceforensics/train", "ucf101/all", "weizmann/train", "grid/test")


@dataclass(frozen=True)
class PublishedScore:
    """One row of the table: label, real side, fake side."""

    label: str
    real: str
    fake: str


def rows(samples: Path) -> Iterator[PublishedScore]:
    """Real videos against real videos first, then every published set."""
    for real in REAL:
        yield PublishedScore("real, other half", f"part:1/2:{real}", f"part:2/2:{real}")
    for folder in sorted(samples.glob("*/*-*cond*")):
        for name, reference in REFERENCES.items():
            if folder.name.startswith(name):
                yield PublishedScore(f"{folder.parent.name}, {folder.name}", reference, str(folder))


def absent(samples: Path) -> Iterator[str]:
    """A row for each compared method with a repository that has no samples."""
    for method in list_methods():
        if method.repository and not any(samples.glob(f"{method.id}/*-*cond*")):
            yield f"| {method.id} | - | 0, - | - | its authors' samples are not at hand |"


def main() -> None:
    """Score all rows; a row that fails is reported on standard error and left out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--records", type=Path, required=True)
    given = parser.parse_args()
    out(f"| generated set | real side | clips, fake and real | FVD{FRAMES} (i3d-toy) | interval |")
    out("|---|---|---|---|---|")
    for row in rows(given.samples):
        request = ScoreRequest(
            metric="fvd",
            real=row.real,
            fake=row.fake,
            frames=FRAMES,
            protocol="stylegan-v",
            resolution=SIDE,
            extractor="i3d-toy",
            data_root=str(given.data),
        )
        try:
            found = scored(plan(request), resources(workers=2, keep=True, what=row.label))
        except InputError as error:
            say(f"{row.label}: {error}")
            continue
        found.keep(record_path(given.records, found.record))
        out(_line(row, found.record))
    for line in absent(given.samples):
        out(line)


def _line(row: PublishedScore, record: Record) -> str:
    interval = "-" if record.interval is None else "{:.3g} to {:.3g}".format(*record.interval)
    real = row.real.removeprefix("part:1/2:")
    counts = f"{record.n_fake}, {record.n_real}"
    return f"| {row.label} | {real} | {counts} | {record.value:.3g} | {interval} |"


if __name__ == "__main__":
    main()
