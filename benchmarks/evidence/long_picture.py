"""Draws a picture of a long sample: every 64th of 1,024 frames from one given first frame.

python -m leo_bench.benchmarks.evidence.long_picture --out docs/long.png
"""

import argparse
from pathlib import Path

import torch

from leo_bench.benchmarks.cli.screen import out
from leo_bench.benchmarks.montage import montage
from leo_bench.benchmarks.runs.sampling import Place, SampleRequest, open_request, sampling_of

ACROSS = 8


def draw(run: str, start: str, frames: int, every: int, path: Path) -> None:
    """Write the picture: rows of eight frames, each labelled with its first frame's number.

    Raises:
        InputError: there is no such model, or no such first frames.
    """
    sampling = sampling_of(mode="conditional", frames=frames, count=1)
    request = SampleRequest(run=run, sampling=sampling, start=start)
    source = open_request(request, Place(path.parent, device="cpu"))
    shown = range(0, frames, every)
    video = source.read(0, shown)
    rows = torch.split(video, ACROSS)
    montage(rows, [f"frame {shown[ACROSS * i] + 1:,}" for i in range(len(rows))], path)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--run", default="leo:toy-faces")
    parser.add_argument("--start", default="toy-faces/test", help="videos to begin with")
    parser.add_argument("--frames", type=int, default=1024)
    parser.add_argument("--every", type=int, default=64)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    draw(given.run, given.start, given.frames, given.every, given.out)
    out(str(given.out))


if __name__ == "__main__":
    main()
