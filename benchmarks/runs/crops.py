"""What --crop found: facts for settings files, and a picture of source and crop.

OUT.crops.png shows every picture or video, up to a few, with all boxes that were found, numbered
from left to right, and the square that was cropped; and beside it the crop.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from leo_bench.benchmarks.montage import PAPER, evenly_spaced, montage
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.schema import parse
from leo_bench.leo.data.crop_choice import CropChoice
from leo_bench.leo.data.cropping import Crop, CroppedVideos
from leo_bench.leo.sampling.source import LeoSource

SIDE = 320  # pixels, of a picture of the sheet
SHOWN = 6  # pictures, at most
_SQUARE, _BOX = (230, 60, 20), (20, 110, 220)  # colours


def crops_picture(out: Path) -> Path:
    """The path of the picture beside an output, a file or a folder."""
    return out.absolute().with_name(f"{out.absolute().name}.crops.png")


def crops_record(out: Path) -> Path:
    """The path of the facts beside an output that has no settings file."""
    return crops_picture(out).with_suffix(".json")


def choice_of(options: dict[str, Any]) -> CropChoice:
    """A `CropChoice` from options of the command line.

    Raises:
        InputError: they do not go together.
    """
    return parse(CropChoice, options, where="--crop")


def crops_of(source: LeoSource, samples: Iterable[int]) -> dict[str, object]:
    """The crops of the given frames of these samples, found now; {} without --crop.

    They are by the name of the picture or video, with "to/" before the names of last poses.

    Raises:
        InputError: nobody is found in one of them.
    """
    return {
        f"{'to/' if videos is source.drawing.ends else ''}{videos.names[video]}": (
            videos.crop(video).facts()
        )
        for videos, video in _given(source, samples)
    }


def show_crops(source: LeoSource, samples: Iterable[int], out: Path) -> None:
    """Write the picture of the given frames of these samples, if they are cropped."""
    if given := _given(source, samples):
        write_picture(given, crops_picture(out))


def show_training_crops(videos: CroppedVideos, run: Path) -> None:
    """Write RUN/crops.png, if it is not there: some of a run's training videos, evenly spaced."""
    path = run / "crops.png"
    if not path.exists():
        write_picture([(videos, i) for i in evenly_spaced(len(videos.names), SHOWN)], path)


def _given(source: LeoSource, samples: Iterable[int]) -> list[tuple[CroppedVideos, int]]:
    """Cropped sources of given frames, and the videos of them that samples use."""
    numbers = list(samples)
    return [
        (videos, video)
        for videos in (source.drawing.starts, source.drawing.ends)
        if isinstance(videos, CroppedVideos)
        for video in sorted({number % len(videos.names) for number in numbers})
    ]


def write_record(videos: Sequence[CroppedVideos], path: Path) -> None:
    """Write rule and crop of each, the first video of its source, as JSON."""
    content = [{"video": one.name, **one.rule.facts, **one.crop(0).facts()} for one in videos]
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())


def write_picture(videos: Sequence[tuple[CroppedVideos, int]], path: Path) -> None:
    """Write a sheet with a row a video, at most SHOWN."""
    rows, labels = [], []
    for source, video in videos[:SHOWN]:
        crop = source.crop(video)
        frame = source.base.read(source.indices[video], [crop.frame])[0]
        inside = _image(source.read(video, [crop.frame])[0])
        rows.append(torch.stack([_pixels(_drawn(frame, crop)), _pixels(_fitted(inside))]))
        labels.append(source.names[video])
    montage(rows, labels, path)


def _drawn(frame: Tensor, crop: Crop) -> Image.Image:
    """The frame with its boxes and the square, on a sheet that holds both."""
    height, width = crop.size
    left, top = min(0, crop.square.left), min(0, crop.square.top)
    right = max(width, crop.square.left + crop.square.side)
    bottom = max(height, crop.square.top + crop.square.side)
    scale = (SIDE - 2) / max(right - left, bottom - top)
    sheet = Image.new("RGB", (SIDE, SIDE), PAPER)
    small = _image(frame).resize(
        (max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.LANCZOS
    )
    sheet.paste(small, (round(-left * scale), round(-top * scale)))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=16)

    def outline(edges: Sequence[float], colour: tuple[int, int, int], wide: int) -> None:
        x = [round((edge - left) * scale) for edge in edges[0::2]]
        y = [round((edge - top) * scale) for edge in edges[1::2]]
        pen.rectangle((x[0], y[0], x[1], y[1]), outline=colour, width=wide)

    for number, box in enumerate(crop.boxes, start=1):
        outline(box, _BOX, 2 if number - 1 == crop.chosen else 1)
        place = ((box.left - left) * scale + 3, (box.top - top) * scale + 2)
        pen.text(place, str(number), fill=_BOX, font=font)
    square = crop.square
    edges = (square.left, square.top, square.left + square.side, square.top + square.side)
    outline(edges, _SQUARE, 2)
    return sheet


def _fitted(image: Image.Image) -> Image.Image:
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _image(frame: Tensor) -> Image.Image:
    return Image.fromarray(frame.permute(1, 2, 0).contiguous().numpy())


def _pixels(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)
