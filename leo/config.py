"""The config of a LEO model: a TOML file in `configs/`, with one table for each stage.

    config = load_config("toy64")            # or a path to a TOML file
    config.lmdm.training.steps

The TOML files name the sources of their values.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data, Named, load_named, load_toml, parse
from leo_bench.leo.networks.network_config import (
    Count,
    Counts,
    Fraction,
    UNet1dConfig,
    UNet2dConfig,
)

CONFIGS = Path(__file__).parent / "configs"

# Keys of `Training` that are younger than the first models: written only where they are set.
_LATER = ("evaluate_every", "keep_best", "evaluation")


class Optimiser(Data):
    """Adam with a constant learning rate, which may fall to 0 at the end."""

    learning_rate: float = Field(gt=0, allow_inf_nan=False)
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    falling: float = Field(
        default=0.0, ge=0, le=1
    )  # share of the steps with a falling rate (cosine)


class Evaluation(Data):
    """How samples are evaluated during training, as `leo-bench fvd` and `kvd` do it.

    Args:
        real: source of the real videos, whose first frames begin the samples of a motion stage;
            "": the held-out videos of the training data.
        clips: number of samples, and of real clips at most.
        frames: of each clip.
        fvd: protocol of FVD; "": FVD is not measured.
        kvd: protocol of KVD; "": KVD is not measured.
        extractor: in place of the protocols'; "": theirs, or `i3d-toy` for an embedded world.
        sampler: of the samples, as KIND-STEPS; the steps must divide those of training.
        seed: of samples, clips and intervals; all evaluations have the same noise.
    """

    real: str = ""
    clips: Count = 256
    frames: Count = 16
    fvd: str = "stylegan-v"
    kvd: str = "tats"
    extractor: str = ""
    sampler: str = "ddim-50"
    seed: int = 0

    @property
    def protocols(self) -> dict[str, str]:
        """The protocol of each metric that is measured."""
        return {metric: name for metric, name in (("fvd", self.fvd), ("kvd", self.kvd)) if name}


class Training(Data):
    """Steps, batch, precision and intervals of a stage's training.

    `evaluate_every`: steps between evaluations of samples; 0: none are made. `keep_best`: the
    number whose lowest value marks `best.safetensors`.
    """

    steps: Count
    batch: Count  # samples in a step, over all processes
    ema: Fraction | None = None
    precision: Literal["fp32", "bf16"] = "fp32"
    accumulate: Count = 1  # parts of a process's batch, computed one after another
    report_every: Count = 20
    save_every: Count = 500
    validate_every: Count = 250
    picture_every: Count = 500
    evaluate_every: int = Field(default=0, ge=0)
    keep_best: Literal["loss", "fvd", "kvd"] = "loss"
    evaluation: Evaluation = Evaluation()

    @model_validator(mode="after")
    def _best_is_measured(self) -> "Training":
        if self.keep_best == "loss":
            return self
        if not self.evaluate_every:
            raise ValueError(f'keep_best = "{self.keep_best}" needs evaluate_every')
        if self.keep_best not in self.evaluation.protocols:
            raise ValueError(
                f'keep_best = "{self.keep_best}" needs a protocol: evaluation.{self.keep_best}'
            )
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, usual: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out later keys that are not set, so that older configs keep their text."""
        content: dict[str, Any] = usual(self)
        unset = {k for k in _LATER if getattr(self, k) == type(self).model_fields[k].default}
        return {key: value for key, value in content.items() if key not in unset}

    @model_validator(mode="after")
    def _batch_can_be_dealt_out(self) -> "Training":
        if self.batch % self.accumulate:
            raise ValueError(
                f"batch is {self.batch}; it must be a multiple of accumulate, {self.accumulate}"
            )
        return self


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


class Diffusion(Data):
    """Noise schedule, what the network predicts ("sample" is x0), weights of the loss."""

    steps: Count = 1000
    schedule: Literal["linear", "cosine"] = "linear"
    prediction: Literal["epsilon", "v", "sample"] = "epsilon"
    # For "sample": errors are weighted by 1/noise^2, at most this (Min-SNR, arXiv 2303.09556).
    most_weight: float = Field(default=1.0, ge=1, allow_inf_nan=False)

    @model_validator(mode="after")
    def _weights_clean_states(self) -> "Diffusion":
        if self.most_weight != 1 and self.prediction != "sample":
            raise ValueError('most_weight is for prediction = "sample" alone')
        return self


class LmdmConfig(Data):
    """Stage lmdm: motion given its first code (paper Eqs. 2-4), or whole windows (Eq. 1).

    `condition`: "add" is the Linear Motion Condition; "cat" does not add the first code to the
    residuals; "concat-abs" noises codes, not residuals, behind a clean first one; "replace" is
    Eq. 1, its first code overwritten while sampling; "none" is Eq. 1 (Table 4, "w/o LMC").
    `spare`: codes at the end of a window that the next window does not continue from.
    """

    training: Training
    optimiser: Optimiser
    network: UNet1dConfig = UNet1dConfig()
    diffusion: Diffusion = Diffusion()
    length: int = Field(default=64, ge=2)
    frame_stride: Count = 1
    condition: Literal["add", "cat", "concat-abs", "replace", "none"] = "add"
    spare: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _length_fits(self) -> "LmdmConfig":
        self.network.check_length(self.length)
        if self.spare > self.length - 2:
            raise ValueError(f"spare is {self.spare}; of {self.length} codes two must remain")
        return self


class FrameDmConfig(Data):
    """Stage frame-dm: the first code (paper Sec. 3.2, "frame-wise")."""

    training: Training
    optimiser: Optimiser
    diffusion: Diffusion = Diffusion()
    width: Count = 512
    blocks: Count = 4


class TransitionConfig(Data):
    """Stage transition-dm: motion between two codes (paper Sec. 6)."""

    training: Training
    optimiser: Optimiser
    network: UNet1dConfig = UNet1dConfig()
    diffusion: Diffusion = Diffusion()
    length: int = Field(default=64, ge=3)  # both ends are given
    strides: Counts = (1, 2, 3, 4, 5, 6, 7, 8)

    @model_validator(mode="after")
    def _length_fits(self) -> "TransitionConfig":
        self.network.check_length(self.length)
        return self


class CddpmConfig(Data):
    """Stages cddpm and super-resolution: the first frame given its code (Sec. 3.3, option 2)."""

    training: Training
    optimiser: Optimiser
    network: UNet2dConfig = UNet2dConfig()
    diffusion: Diffusion = Diffusion()
    resolution: Count
    condition_dropout: Fraction = 0.0

    @model_validator(mode="after")
    def _picture_fits(self) -> "CddpmConfig":
        self.network.head_width(self.resolution)
        return self


class Config(Named):
    """One LEO model."""

    about: str
    resolution: int
    seed: int = 0
    held_out: float = Field(default=0.05, ge=0, lt=0.5)  # share of the videos
    animator: AnimatorConfig
    lmdm: LmdmConfig
    frame_dm: FrameDmConfig
    cddpm: CddpmConfig
    transition_dm: TransitionConfig | None = None
    super_resolution: CddpmConfig | None = None

    @model_validator(mode="after")
    def _resolutions_fit(self) -> "Config":
        if self.resolution < 8 or self.resolution & (self.resolution - 1):
            raise ValueError(f"resolution is {self.resolution}; the animator needs a power of two")
        if self.animator.perceptual != "pixels" and self.resolution < 128:
            raise ValueError(
                f"resolution is {self.resolution}; VGG-19 sees nothing of an eighth of it: "
                'set animator.perceptual = "pixels", or a resolution of 128 or more'
            )
        if self.animator.channel_base < self.resolution:
            raise ValueError(
                f"animator.channel_base is {self.animator.channel_base}; the first layer has that "
                f"many channels divided by the resolution: give {self.resolution} or more"
            )
        finest = min(self.animator.channel_base // self.resolution, self.animator.channel_cap)
        if self.animator.start == "copy" and finest < 3:
            raise ValueError(
                f'animator.start = "copy" keeps a picture in 3 channels of the finest map, which '
                f"has {finest}: give a larger animator.channel_base or channel_cap"
            )
        if self.super_resolution is not None and self.super_resolution.condition_dropout:
            raise ValueError("super_resolution.condition_dropout: cddpm alone can be guided")
        last = self.super_resolution or self.cddpm
        if last.resolution != self.resolution:
            raise ValueError(
                f"starting frames end at {last.resolution} pixels, the animator has "
                f"{self.resolution}: set cddpm.resolution, or add [super_resolution]"
            )
        return self


def load_config(name: str, changes: Sequence[str] = ()) -> Config:
    """The shipped config called `name`, or the TOML file at that path, with changes.

    Args:
        name: "toy64", or a path that ends in .toml.
        changes: such as "lmdm.training.steps=100"; a value that is not TOML is a string.

    Raises:
        InputError: there is no such config, or a key is wrong; the message says which.
    """
    if name.endswith(".toml"):
        config = load_toml(Config, Path(name))
    else:
        config = load_named(Config, CONFIGS, name, "config")
    if not changes:
        return config
    table = config.model_dump(mode="json", exclude_unset=True)
    for change in changes:
        _change(table, change)
    return parse(Config, table, where=f"{name} with {', '.join(changes)}")


def _change(table: dict[str, Any], change: str) -> None:
    path, equals, text = change.partition("=")
    if not equals:
        raise InputError(f"--set {change}: expected KEY=VALUE, as in lmdm.training.steps=100")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *parents, key = path.strip().split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise InputError(f"--set {change}: {parent} is not a table")
    table[key] = value
