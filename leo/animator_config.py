"""The table [animator] of a config: the shape of LIA's networks, their training or their file."""

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from leo_bench.evaluation.files.schema import Data
from leo_bench.leo.networks.network_config import Count
from leo_bench.leo.training_config import Optimiser, Training

# Keys of `AnimatorConfig` that say nothing of a finished animator.
_OF_TRAINING = (
    "training", "generator", "discriminator", "start", "perceptual", "emphasis", "augmentation",
)  # fmt: skip


class Augmentation(Data):
    """Random changes, alike for both frames of a pair (wyhsirius/LIA before 3f1d865, dataset.py).

    `crop_from`: size at which frames are cropped, before they are resized to the model's; so a
    smaller model's pairs stay sharp. None: the model's size.
    """

    flip: bool = False
    crop: float = Field(default=1.0, gt=0, le=1)  # side of the random square over the frame's
    crop_from: int | None = Field(default=None, ge=8)
    jitter: Literal["none", "one-of", "compose"] = "none"


class AnimatorCheckpoint(Data):
    """A file that a run takes its animator from, in place of training one.

    Args:
        file: its name.
        source: where it comes from.
        licence: of its weights, and so of everything made from them; "": none is stated.
        sha256: hex digest of the file that a run took; "" in a shipped config.
    """

    file: str
    source: str
    licence: str
    sha256: str = ""


class AnimatorConfig(Data):
    """Stage animator: LIA (paper Sec. 3.1), trained, or taken from a checkpoint.

    An animator that is trained has `training` and `generator`; one with a `checkpoint` has no key
    that is about training.
    """

    training: Training | None = None
    generator: Optimiser | None = None
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
    checkpoint: AnimatorCheckpoint | None = None

    @model_validator(mode="after")
    def _is_trained_or_taken(self) -> "AnimatorConfig":
        if self.checkpoint is None:
            if missing := [key for key in ("training", "generator") if getattr(self, key) is None]:
                raise ValueError(f"{missing[0]} is missing, and there is no checkpoint")
            return self
        for key in _OF_TRAINING:
            if getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(
                    f"{key} has no effect: the animator comes from {self.checkpoint.file}"
                )
        return self

    @model_serializer(mode="wrap")
    def _one_of_two(self, usual: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what a taken animator has no use for, or the checkpoint that there is not."""
        unused = ("checkpoint",) if self.checkpoint is None else _OF_TRAINING
        content: dict[str, Any] = usual(self)
        return {key: value for key, value in content.items() if key not in unused}

    def taken_from(self, checkpoint: AnimatorCheckpoint) -> "AnimatorConfig":
        """The same networks, taken from a checkpoint."""
        kept = self.model_fields_set - {*_OF_TRAINING, "checkpoint"}
        shape = {key: getattr(self, key) for key in kept}
        return AnimatorConfig(**shape, checkpoint=checkpoint)

    @model_validator(mode="after")
    def _nothing_is_sampled(self) -> "AnimatorConfig":
        if self.training is not None and self.training.evaluate_every:
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
