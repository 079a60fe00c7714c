"""Config tables of the denoising U-Nets, and the bounded numbers of all config tables."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from leo_bench.evaluation.files.schema import Data

GROUPS = 32  # of the 1-D U-Net's group normalisation

Count = Annotated[int, Field(ge=1)]
Counts = Annotated[tuple[Count, ...], Field(min_length=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class UNet1dConfig(Data):
    """improved-diffusion's U-Net with dims=1; the defaults are its own for image_size 64.

    `right_edge`: padding after the last slot, "zeros" or, ours, "last" (replicate padding).
    """

    channels: Count = 128
    multipliers: Counts = (1, 2, 3, 4)
    blocks: Count = 2
    attention: tuple[int, ...] = (4, 8)  # at these factors of downsampling, and in the middle
    heads: Count = 4
    dropout: Fraction = 0.0
    right_edge: Literal["zeros", "last"] = "zeros"

    @property
    def factor(self) -> int:
        """Total factor of downsampling; lengths are multiples of it."""
        return 1 << (len(self.multipliers) - 1)

    def check_length(self, length: int) -> None:
        """Check that a length can be halved at every level.

        Raises:
            ValueError: it cannot.
        """
        if length % self.factor:
            raise ValueError(
                f"length is {length}; it must be a multiple of {self.factor}, for the "
                f"{len(self.multipliers)} levels of network.multipliers"
            )

    @model_validator(mode="after")
    def _channels_fit(self) -> "UNet1dConfig":
        if self.channels % GROUPS or self.channels % self.heads:
            raise ValueError(
                f"channels is {self.channels}; it must be a multiple of {GROUPS} (groups of "
                f"normalisation) and of heads, {self.heads}"
            )
        return self


class UNet2dConfig(Data):
    """diffusers' UNet2DModel, conditioned on a code."""

    channels: Count = 128
    multipliers: Counts = (1, 2, 3, 4)
    blocks: Count = 2
    attention: tuple[int, ...] = (8, 16)  # at these sides, in pixels (of the patched picture)
    heads: Count = 4
    patch: Count = 1  # pixels of a patch's side that become channels before the first layer
    dropout: Fraction = 0.0

    def side(self, resolution: int) -> int:
        """Side of the patched picture.

        Raises:
            ValueError: it cannot be halved as often as there are levels.
        """
        smallest = self.patch << (len(self.multipliers) - 1)
        if resolution % smallest:
            raise ValueError(
                f"a picture of {resolution} pixels cannot be divided by {smallest}: network.patch "
                f"{self.patch}, halved at {len(self.multipliers)} levels of network.multipliers"
            )
        return resolution // self.patch

    def attended(self, resolution: int) -> list[bool]:
        """Whether each level has attention.

        Raises:
            ValueError: as `side`.
        """
        side = self.side(resolution)
        return [side >> level in self.attention for level in range(len(self.multipliers))]

    def head_width(self, resolution: int) -> int:
        """Channels of one head of attention.

        Raises:
            ValueError: an attended level is no multiple of it; as `side`.
        """
        widest = self.channels * self.multipliers[-1]
        width = widest // self.heads
        for multiplier, at in zip(self.multipliers, self.attended(resolution), strict=True):
            if widest % self.heads or (at and self.channels * multiplier % width):
                raise ValueError(
                    f"{self.channels * multiplier} channels, heads of {width}: no fit; change "
                    "network.channels or network.heads"
                )
        return width
