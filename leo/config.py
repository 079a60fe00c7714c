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
from leo_bench.evaluation.files.schema import (
    Data,
    Named,
    load_named,
    load_toml,
    parse,
    without_unset,
)
from leo_bench.leo.animator_config import AnimatorConfig
from leo_bench.leo.framing import Framings
from leo_bench.leo.networks.network_config import (
    Count,
    Counts,
    Fraction,
    UNet1dConfig,
    UNet2dConfig,
)
from leo_bench.leo.training_config import Optimiser, Training

CONFIGS = Path(__file__).parent / "configs"


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
    `spare`: codes at the end of a window that the next window does not continue from. `history`:
    codes that a window is told, its first one included (1 is the paper's; more are ours).
    `anchor`: windows are also told the first code of their video (ours). `noise`: "white", or
    "motion", which has the covariance of real motion given the codes told (ours).
    """

    training: Training
    optimiser: Optimiser
    network: UNet1dConfig = UNet1dConfig()
    diffusion: Diffusion = Diffusion()
    length: int = Field(default=64, ge=2)
    frame_stride: Count = 1
    condition: Literal["add", "cat", "concat-abs", "replace", "none"] = "add"
    spare: int = Field(default=0, ge=0)
    history: Count = 1
    anchor: bool = False
    noise: Literal["white", "motion"] = "white"

    @property
    def codes_before(self) -> int:
        """Codes before a window that one training video must have, for the covariance of motion."""
        return self.history - 1 if self.noise == "motion" else 0

    @model_validator(mode="after")
    def _context_fits(self) -> "LmdmConfig":
        if self.noise == "motion" and self.condition not in ("add", "cat"):
            raise ValueError(
                f'noise = "motion" is noise on residuals (condition "add" or "cat"); condition is '
                f'"{self.condition}"'
            )
        if self.condition in ("replace", "none") and (self.history > 1 or self.anchor):
            raise ValueError(
                f"history and anchor need a condition that is given a first code; "
                f'condition is "{self.condition}"'
            )
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, usual: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_unset(self, usual(self), ("history", "anchor", "noise"))

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


class SamplingConfig(Data):
    """What `leo-bench sample`, `leo:MODEL` and `Leo.sample` take where the user does not say.

    Nothing is trained with it, so that it can be changed at any time.

    Args:
        mode: "unconditional" draws the first frame too, "conditional" is given it.
        start: source of the first frames of conditional samples, such as "toy-faces/test"; "": the
            user gives them.
        first_frame: frame 1 is the given or drawn picture ("source"), or its rendering ("recon").
    """

    mode: Literal["unconditional", "conditional"] = "unconditional"
    start: str = ""
    first_frame: Literal["source", "recon"] = "source"


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
    sampling: SamplingConfig | None = None
    framing: Framings | None = None  # of the training data; no stage follows from it

    @property
    def licence(self) -> str:
        """Of a taken animator, and so of everything made with it; "": none is stated."""
        return "" if self.animator.checkpoint is None else self.animator.checkpoint.licence

    @model_validator(mode="after")
    def _resolutions_fit(self) -> "Config":
        if self.resolution < 8 or self.resolution & (self.resolution - 1):
            raise ValueError(f"resolution is {self.resolution}; the animator needs a power of two")
        trained = self.animator.checkpoint is None
        if trained and self.animator.perceptual != "pixels" and self.resolution < 128:
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
