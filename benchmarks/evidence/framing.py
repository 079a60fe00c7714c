"""Framing of videos that are cropped as an animator's training data, as a table for its config.

    python -m leo_bench.benchmarks.evidence.framing SOURCE [--what face] [--videos 40]

Medians over videos of each video's median box in shares of the frame's height, and the 10 and 90 %
quantiles. Videos are drawn evenly from the source, and 9 frames of each are searched.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leo_bench.benchmarks.cli.screen import out, say
from leo_bench.benchmarks.montage import evenly_spaced
from leo_bench.benchmarks.sources.open import SourceOptions
from leo_bench.benchmarks.sources.start_frames import open_start_frames
from leo_bench.evaluation.embedders.boxes import Detector
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.data.crop_choice import detector_of
from leo_bench.leo.data.cropping import Cropping, NobodyFoundError
from leo_bench.leo.framing import Framing


def shares(source: VideoSource, detector: Detector, videos: int) -> NDArray[np.float64]:
    """Height, right and down of `Framing` for each video in which somebody is found: [n,3].

    Raises:
        InputError: a video cannot be read.
    """
    rule = Cropping(detector, Framing(height=1.0))
    found = []
    for index in evenly_spaced(len(source.names), videos):
        try:
            crop = rule.crop(source, index)
        except NobodyFoundError:
            continue
        (height, width), box = crop.size, crop.box
        if box is not None:
            right = (box.left + box.right - width) / 2
            down = (box.top + box.bottom - height) / 2
            found.append([(box.bottom - box.top) / height, right / height, down / height])
    return np.array(found, dtype=np.float64).reshape(-1, 3)


def table(what: str, found: NDArray[np.float64], searched: int) -> str:
    """The table of a config, with what was measured."""
    low, middle, high = np.quantile(found, [0.1, 0.5, 0.9], axis=0)
    lines = [f"[framing.{what}]   # found in {len(found)} of {searched} videos"]
    lines += [
        f"{name} = {middle[i]:.2f}   # 10 to 90 %: {low[i]:.2f} to {high[i]:.2f}"
        for i, name in enumerate(("height", "right", "down"))
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure a source of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--what", choices=["face", "person"], default="face")
    parser.add_argument("--videos", type=int, default=40)
    parser.add_argument("--data-root", type=Path)
    asked = parser.parse_args()
    options = SourceOptions(OpenOptions(), asked.data_root)
    try:
        source = open_start_frames(asked.source, lambda spec: options.open_start(spec, 256))
        found = shares(source, detector_of(asked.what, "cpu"), asked.videos)
    except InputError as error:
        sys.exit(f"{error}")
    if not len(found):
        sys.exit(f"{source.name}: no {asked.what} found")
    out(table(asked.what, found, min(asked.videos, len(source.names))))
    say("each video's frames are taken as they are: crop them as for training first")


if __name__ == "__main__":
    main()
