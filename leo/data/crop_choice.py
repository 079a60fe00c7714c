"""The options --crop and --face, and the rule that they make with a model's framing."""

from typing import Literal

import torch
from pydantic import Field, model_validator

from leo_bench.evaluation.embedders.boxes import Detector
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data
from leo_bench.leo.data.cropping import SEARCHED, Cropping, MiddleSquare, Rule
from leo_bench.leo.framing import Framings

CropKind = Literal["face", "person", "square", "none"]


class CropChoice(Data):
    """How pictures and videos are cropped.

    Args:
        crop: around a face or a person, or the middle square. "none": not before the model's own
            resizing, which takes the middle square of first frames and training data and stretches
            what `animate` is given.
        face: which of several faces or persons, from left to right, from 1; None: the largest.
    """

    crop: CropKind = "none"
    face: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _number_has_a_use(self) -> "CropChoice":
        if self.face is not None and self.crop not in ("face", "person"):
            raise ValueError(f"--face {self.face}: is for --crop face or person; leave it out")
        return self

    def rule(
        self,
        framings: Framings | None,
        model: str,
        device: str,
        searched: int = SEARCHED,
        *,
        numbered: bool = True,
    ) -> Rule | None:
        """What chooses the crops; None: nothing is cropped.

        Args:
            framings: of the model's training data.
            model: its name, for messages.
            device: of the detector.
            searched: as in `Cropping`.
            numbered: as in `Cropping`.

        Raises:
            InputError: the model states no such framing; the detector's weights are not here.
        """
        if self.crop == "none":
            return None
        if self.crop == "square":
            return MiddleSquare()
        known = framings or Framings()
        framing = known.face if self.crop == "face" else known.person
        if framing is None:
            stated = [f"--crop {what}" for what, found in known if found is not None]
            raise InputError(
                f"{model}: its config does not state where a {self.crop} lies in its training data "
                f"(a table [framing.{self.crop}]); use "
                f"{' or '.join([*stated, '--crop square'])}"
            )
        detector = detector_of(self.crop, device)
        return Cropping(detector, framing, self.face, searched, numbered)


NO_CROP = CropChoice()


def detector_of(what: Literal["face", "person"], device: str) -> Detector:
    """The detector of faces or of persons.

    Raises:
        InputError: its weights are not here, or are others than the registered ones.
    """
    if what == "face":
        from leo_bench.evaluation.embedders.faces import FaceDetector

        return FaceDetector(torch.device(device))
    from leo_bench.evaluation.embedders.persons import PersonDetector

    return PersonDetector(torch.device(device))
