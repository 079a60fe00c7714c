"""Options of sampling, as sample keys and settings record them."""

from typing import Any, Literal, NamedTuple

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from leo_bench.evaluation.files.schema import Data, without_unset
from leo_bench.leo.diffusion import SamplerKind

MOST_FRAMES = 10_000_000  # or samples; more are a typing error, and would fill the memory
MOST_TIMES = 100.0  # guidance, width or speed; far beyond what looks like a video

# Left out of what is saved where they are off.
_LATER = (
    "reencode",
    "transition_every",
    "guidance",
    "first_frame_sampler",
    "dtype",
    "motion_scale",
    "speed",
    "loop",
    "to_frame",
)


class Sampling(Data):
    """Options of sampling; sample i depends on these and on i, but not on `count`.

    Args:
        mode: "unconditional" draws the first frame too, "conditional" is given it.
        frames: of each sample.
        count: of samples.
        seed: of all random draws.
        sampler: "ddpm" is ancestral, as in the paper; the others are faster.
        steps: of the sampler; they must divide those of training.
        transitions: move to a newly drawn code between windows (paper Sec. 6).
        first_frame: frame 1 is the given or drawn picture itself ("source", as in the paper), or
            its rendering ("recon"), which avoids a change of sharpness from frame 1 to frame 2.
        start_frame: which frame of a given video a sample begins with.
        reencode: whether codes are read off generated pictures, which LEO does not do. "start":
            motion begins with the code of the drawn first frame (of given ones it always does).
            "runs": each window also begins with the code and the appearance of the last frame made.
            "frames": each frame takes its appearance from the one before. The last two are
            frame-by-frame baselines: their errors in pixels add up.
        transition_every: windows before each transition.
        guidance: of drawn first frames, 0 to 100; more than 1 follows their codes more closely,
            costs twice, and needs a cDDPM trained with `condition_dropout`.
        first_frame_sampler: of drawn first frames, such as "ddpm-250"; empty: as of motion.
        dtype: number format of the LMDM and the Transition DM; bf16 is approximate.
        motion_scale: factor of the difference of each code from the first one, 0 to 100
            (`leo.sampling.direction`, as the next two).
        speed: frames of drawn motion in a frame of the video, above 0 and at most 100.
        loop: the frame after the last would be frame 1, by a transition, or by motion backwards.
        to_frame: which frame of a video gives the pose that a sample ends in, from 1.
    """

    mode: Literal["unconditional", "conditional"] = "unconditional"
    frames: int = Field(default=128, ge=1, le=MOST_FRAMES)
    count: int = Field(default=256, ge=1, le=MOST_FRAMES)
    seed: int = 0
    sampler: SamplerKind = "ddim"
    steps: int = Field(default=50, ge=1)
    transitions: bool = False
    first_frame: Literal["source", "recon"] = "source"
    start_frame: Literal["first", "random"] = "first"
    reencode: Literal["off", "start", "runs", "frames"] = "off"
    transition_every: int = Field(default=1, ge=1)
    guidance: float = Field(default=1.0, ge=0, le=MOST_TIMES, allow_inf_nan=False)
    first_frame_sampler: str = ""
    dtype: Literal["fp32", "bf16"] = "fp32"
    motion_scale: float = Field(default=1.0, ge=0, le=MOST_TIMES, allow_inf_nan=False)
    speed: float = Field(default=1.0, gt=0, le=MOST_TIMES, allow_inf_nan=False)
    loop: Literal["off", "transition", "there-and-back"] = "off"
    to_frame: int = Field(default=1, ge=1)

    @model_serializer(mode="wrap")
    def _as_before(self, usual: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_unset(self, usual(self), _LATER)


class SampleRow(NamedTuple):
    """The number in the key of each of a sample's three draws: i for sample i; grids mix them."""

    code: int  # the first code
    face: int  # the first frame
    motion: int
