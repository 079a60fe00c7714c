"""Keywords of `Leo.sample` and `Leo.stream`, and their defaults."""

from typing import Literal, TypedDict

from leo_bench.benchmarks.api.given_frames import Given
from leo_bench.benchmarks.api.sides import ValueRange
from leo_bench.leo.data.crop_choice import CropKind
from leo_bench.leo.diffusion import SamplerKind
from leo_bench.leo.sampling.options import Sampling


class SampleKeywords(TypedDict, total=False):
    """Options of sampling, as those of `leo-bench sample`.

    Args:
        seed: sample i depends on it and on i, but not on the number of samples.
        steps: of the sampler; they must divide those of training.
        sampler: of codes and first frames; the paper has "ddpm" with 1,000 steps.
        start_frame: which frame of a video in `start` is taken.
        transitions: join windows by the Transition DM, to a newly drawn code.
        transition_every: windows before each transition.
        first_frame: frame 1 is the given or drawn picture ("source"), or its rendering ("recon").
        reencode: which generated frames are encoded again; LEO does not.
        guidance: guidance scale of the cDDPM.
        first_frame_sampler: of drawn first frames, such as "ddpm-250"; "": that of motion.
        dtype: number format of motion's networks; "bf16" is approximate.
        motion_scale: 0 gives a still, 1 motion as drawn, more wider motion.
        speed: frames of drawn motion in a frame of the video.
        loop: make the frame after the last frame 1, by a "transition" or "there-and-back".
        to: given as `start`; sample i ends in the pose of number i, modulo N.
        to_frame: which frame of a video in `to` is taken, from 1.
        crop: how `start` and `to` are cropped.
        face: with `crop`: which of several, from left to right, from 1; None: the largest.
        value_range: of floats in `start` and `to`: (0, 1) or (-1, 1).
    """

    seed: int
    steps: int
    sampler: SamplerKind
    start_frame: Literal["first", "random"]
    transitions: bool
    transition_every: int
    first_frame: Literal["source", "recon"]
    reencode: Literal["off", "start", "runs", "frames"]
    guidance: float
    first_frame_sampler: str
    dtype: Literal["fp32", "bf16"]
    motion_scale: float
    speed: float
    loop: Literal["off", "transition", "there-and-back"]
    to: Given | None
    to_frame: int
    crop: CropKind
    face: int | None
    value_range: ValueRange | None


DEFAULTS = {name: field.default for name, field in Sampling.model_fields.items()}
DEFAULTS["crop"] = "none"
