"""Gaussian diffusion over motion codes, and what conditions it."""

from typing import Literal

# Sampling algorithms by name; each is a row of the table in `leo.diffusion.gaussian`.
SamplerKind = Literal["ddpm", "ddim", "dpm", "dpm-lu"]
