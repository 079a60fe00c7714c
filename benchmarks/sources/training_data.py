"""The training videos of a run: which, and how they are turned and cropped.

`RUN/data.json` holds it, so that later commands on the run need not be told again:

    {"data": "videos", "upright": true, "crop": "face", "rule": {...}}

Runs of older versions hold "data" alone: their frames are as stored, and stay so.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leo_bench.benchmarks.sources.broken_videos import NamedVideos, broken_videos_named
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.json_files import read_object
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.evaluation.videos.upright import upright
from leo_bench.leo.data.crop_choice import CropChoice, CropKind
from leo_bench.leo.data.cropping import CroppedVideos, Rule
from leo_bench.leo.data.kept_crops import CROPS, find_crops
from leo_bench.leo.framing import Framings

DATA = "data.json"
_MEND = "mend it, or remove it from the training data"


class TrainingData(Data):
    """The content of `DATA`.

    Args:
        data: the source, as --data names it.
        upright: frames are turned as their files state it.
        crop: how they are cropped.
        rule: all that the crops follow from (`Rule.facts`); None: nothing is cropped.
    """

    data: str
    upright: bool = False
    crop: CropKind = "none"
    rule: dict[str, Any] | None = None

    def __str__(self) -> str:
        """For a person: "videos" or "videos --crop face"."""
        return self.data if self.crop == "none" else f"{self.data} --crop {self.crop}"

    @property
    def has_other_framing(self) -> bool:
        """Whether frames are others than the middle squares of `data`."""
        return self.crop in ("face", "person")

    def write(self, run: Path) -> None:
        """Write it into a run's folder."""
        content = self.model_dump(mode="json", exclude_defaults=True)
        write_atomically(run / DATA, json.dumps(content).encode())

    def open(self, open_source: Callable[[str], VideoSource], rule: Rule | None) -> VideoSource:
        """The videos, cropped by `rule`; no crop is looked for yet.

        Raises:
            InputError: there are none, or one is broken.
        """
        with broken_videos_named(self.data, _MEND):
            found = open_source(self.data)
        found = upright(found) if self.upright else found
        named = NamedVideos(found, range(len(found.names)), found.name, advice=_MEND)
        return named if rule is None else CroppedVideos.of(named, rule)


def remembered(run: Path) -> TrainingData | None:
    """The training videos of a run; None if it has none.

    Raises:
        InputError: `RUN/data.json` is damaged.
    """
    path = run / DATA
    if not path.is_file():
        return None
    found = read_object(path, "delete it, and give --data again as the run was begun with")
    return parse(TrainingData, found, where=str(path))


def rule_of(crop: CropKind, framings: Framings | None, run: Path, device: str) -> Rule | None:
    """What crops a run's training videos; None: nothing does.

    Raises:
        InputError: as `CropChoice.rule`.
    """
    return CropChoice(crop=crop).rule(framings, str(run), device, numbered=False)


def as_trained(
    videos: Callable[[str], VideoSource], spec: str, run: Path, framings: Framings | None
) -> VideoSource:
    """The videos `spec`, turned and cropped as a run's training videos were.

    Raises:
        InputError: as `TrainingData.open` and `find_crops`.
    """
    training = remembered(run) or TrainingData(data=spec)
    rule = rule_of(training.crop, framings, run, "cpu")
    found = training.model_copy(update={"data": spec}).open(videos, rule)
    if isinstance(found, CroppedVideos):
        find_crops(found, run / CROPS)
    return found
