"""Draws published FVD of four models against the number of clips of each side.

python -m leo_bench.benchmarks.evidence.clips_picture --out docs/fvd-by-clips.png

fvd_by_clips.csv has the numbers: FVD over 16 frames by StyleGAN-V's code, with as many real as fake
clips; means over the four seeds in the logs of FETV-EVAL (llyx97/FETV-EVAL@1385218,
auto_eval_results/fvd_results).
"""

import argparse
import csv
from pathlib import Path

from leo_bench.benchmarks.cli.screen import out
from leo_bench.reports.pictures import by_clips_picture

NUMBERS = Path(__file__).parent / "fvd_by_clips.csv"


def published_by_clips() -> dict[str, list[tuple[int, float]]]:
    """The numbers: model -> (clips of each side, FVD), by clips."""
    found: dict[str, list[tuple[int, float]]] = {}
    with NUMBERS.open() as file:
        for row in csv.DictReader(file):
            found.setdefault(row["model"], []).append((int(row["clips"]), float(row["fvd"])))
    return found


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    by_clips_picture(published_by_clips(), given.out)
    out(str(given.out))


if __name__ == "__main__":
    main()
