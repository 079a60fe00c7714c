"""The table of stages: what each learns, needs and is sampled for, and where its code is.

A stage is its module in this folder (`frame-dm` in frame_dm.py), its table in `leo.config.Config`,
and its entry here. The module defines

    build(config, **inputs) -> leo.stage.Stage    what the training loop needs
    example(config, code_size)                    an untrained network and one sample of its inputs

Importing this module loads no network and not torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple


class WindowSize(NamedTuple):
    """The windows of codes that a stage learns.

    Args:
        codes: in a window.
        stride: frames from one code to the next, at least.
        before: codes before a window that one training video must have, too.
    """

    codes: int
    stride: int
    before: int = 0


@dataclass(frozen=True)
class StageEntry:
    """One stage.

    Args:
        name: on the command line, and the folder in a training run.
        about: what it learns, and the paper's section.
        inputs: a `leo.training.job.Job` -> the arguments of `build` after the config.
        drawn: a `leo.sampling.drawing.Drawing` -> whether its samples depend on the stage.
        without: what to do about a shipped model that lacks it.
        windows: the stage's table -> its windows; None: it learns from single frames.
    """

    name: str
    about: str
    inputs: Callable[[Any], Mapping[str, Any]]
    drawn: Callable[[Any], bool]
    without: str
    windows: Callable[[Any], WindowSize] | None = None

    @property
    def table(self) -> str:
        """The stage's table in a config, and its module in this folder."""
        return table_of(self.name)

    def module(self) -> ModuleType:
        """The stage's code; the diffusion stages import diffusers, which takes seconds."""
        return import_module(f"{__name__}.{self.table}")


def table_of(stage: str) -> str:
    """`frame-dm` -> `frame_dm`."""
    return stage.replace("-", "_")


def _codes(job: Any) -> dict[str, Any]:
    return {"codes": job.codes, "seed": job.run.config.seed}


_GIVEN_FRAMES = "give it first frames: --mode conditional --start-frames PICTURES"

_TABLE = (
    StageEntry(
        "animator",
        "the image animator, LIA (Sec. 3.1)",
        inputs=lambda job: {
            "perceptual": job.perceptual,
            "larger": job.larger_videos,
            "videos": job.videos,
            "seed": job.run.config.seed,
        },
        drawn=lambda drawing: True,
        without="take another model",
    ),
    StageEntry(
        "lmdm",
        "motion given its first code (Sec. 3.2, Eq. 4)",
        inputs=_codes,
        drawn=lambda drawing: True,
        without="take another model",
        windows=lambda table: WindowSize(table.length, table.frame_stride, table.codes_before),
    ),
    StageEntry(
        "frame-dm",
        "the first code of a video (Sec. 3.2)",
        inputs=_codes,
        drawn=lambda drawing: drawing.draws_codes,
        without=f"{_GIVEN_FRAMES}, without --transitions",
    ),
    StageEntry(
        "transition-dm",
        "motion between two codes (Sec. 6)",
        inputs=_codes,
        drawn=lambda drawing: drawing.sampling.transitions or drawing.direction.needs_transition,
        without="leave --transitions out, likewise --to and --loop transition; --loop "
        "there-and-back does without it",
        windows=lambda table: WindowSize(table.length, min(table.strides)),
    ),
    StageEntry(
        "cddpm",
        "the first frame given its code (Sec. 3.3, option 2)",
        # The codes first: frames may take long to pack.
        inputs=lambda job: _codes(job) | {"videos": job.videos_at(job.run.config.cddpm.resolution)},
        drawn=lambda drawing: drawing.draws_pictures,
        without=_GIVEN_FRAMES,
    ),
    StageEntry(
        "super-resolution",
        "first frames at the model's resolution from the cDDPM's small ones",
        inputs=lambda job: (
            _codes(job) | {"videos": job.videos, "low": job.run.config.cddpm.resolution}
        ),
        drawn=lambda drawing: (
            drawing.draws_pictures and drawing.model.config.super_resolution is not None
        ),
        without=_GIVEN_FRAMES,
    ),
)
ENTRIES = {entry.name: entry for entry in _TABLE}
STAGES = tuple(ENTRIES)  # in the order of training; the animator first
