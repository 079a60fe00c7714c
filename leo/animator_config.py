"""The table [animator] of a config: the shape of LIA's networks and how they are trained."""

from typing import Literal

from pydantic import Field, model_validator

from leo_bench.evaluation.files.schema import Data
from leo_bench.leo.networks.network_config import Count
from leo_bench.leo.training_config import Optimiser, Training


class Augmentation(Data):
    """Random changes, alike for both frames of a pair (wyhsirius/LIA before 3f1d865, dataset.py).

    `crop_from`: size at which frames are cropped, before they are resized to the model's; so a
    smaller model's pairs stay sharp. None: the model's size.
    """

    flip: bool = False
    crop: float = Field(default=1.0, gt=0, le=1)  # side of the random square over the frame's
    crop_from: int | None = Field(default=None, ge=8)
    jitter: Literal["none", "one-of", "compose"] = "none"


class AnimatorConfig(Data):
    """Stage animator: LIA (paper Sec. 3.1)."""

    training: Training
    generator: Optimiser
    discriminator: Optimiser | None = None  # None: no adversarial loss
    channel_cap: Count = 512
    channel_base: Count = 16384  # channels times side, at most; named as in StyleGAN2-ADA
    style: Count = 512
    directions: Count = 20
    align_corners: bool = False
    start: Literal["official", "identity", "copy"] = "official"
    perceptual: Literal["vgg19", "auto", "pixels"] = (
        "vgg19"  # "auto": "pixels" where VGG-19's weights are absent
    )
    # Ours: extra weight in L1 of pixels that move.
    emphasis: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    augmentation: Augmentation = Augmentation()

    @model_validator(mode="after")
    def _nothing_is_sampled(self) -> "AnimatorConfig":
        if self.training.evaluate_every:
            raise ValueError(
                "training.evaluate_every: the animator alone has no samples; evaluate a later "
                "stage, such as lmdm"
            )
        return self

    @model_validator(mode="after")
    def _directions_fit(self) -> "AnimatorConfig":
        if self.directions > self.style:
            raise ValueError(
                f"{self.directions} orthonormal directions do not fit into a style of {self.style}"
            )
        return self
