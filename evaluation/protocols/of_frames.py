"""A protocol for scores of single frames' embeddings, as data: `frames/ID.toml`.

Such a score (ACD, identity drift) fixes the embedder, how frames reach it, and which frames of
which videos. How many frames is asked for on the command line, as for FVD.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from leo_bench.evaluation.clips import MOST, ClipChoice
from leo_bench.evaluation.files.schema import Named, list_named, load_named_or_own, settings_digest
from leo_bench.evaluation.preprocess import RESIZE

FOLDER = Path(__file__).parent / "frames"

# No two vectors of length 1 are further apart.
LARGEST_UNIT_DISTANCE = 2.0


class FrameProtocol(Named):
    """Everything that fixes a score but the videos, the number of frames and the seed.

    Args:
        version: raised when a result could change.
        about: what it measures, in a sentence.
        source: where the reading comes from.
        subject: what the embedder looks for in a frame.
        embedder: name in the table of `evaluation.embedders`.
        weights: files of weights.toml that the embedder can use.
        unit_length: whether its embeddings have length 1, so that no distance exceeds 2.
        resize: name in `evaluation.preprocess.RESIZE`; acts only with a resolution.
        resolution: side in pixels that frames are brought to before the embedder; None: the
            command line's, the data set's, or as stored.
        quantise: how sources that hold floats become uint8.
        videos: where in a video its frames begin, and how many videos are taken.
        real_stride, fake_stride: video frames from one frame to the next, where neither the command
            line nor the data set says.
        comparable_to_paper: whether a number may stand beside published ones; `caveat` says why
            not, or what to know.
        magnitude: how the reading's range fits the numbers that papers print.
    """

    version: int = Field(ge=1, le=MOST)
    about: str
    source: str
    subject: Literal["face", "body", "figure"]
    embedder: str
    weights: tuple[str, ...]
    unit_length: bool
    resize: str
    resolution: int | None = Field(default=None, ge=1, le=MOST)
    quantise: Literal["truncate", "round"]
    real_stride: int = Field(default=1, ge=1, le=MOST)
    fake_stride: int = Field(default=1, ge=1, le=MOST)
    comparable_to_paper: bool
    caveat: str
    magnitude: str
    videos: ClipChoice

    @model_validator(mode="after")
    def _consistent(self) -> "FrameProtocol":
        if self.resize not in RESIZE:
            raise ValueError(f"resize is {self.resize!r}; known are {sorted(RESIZE)}")
        videos = self.videos
        if videos.start not in ("first", "random") or videos.enough == "again":
            raise ValueError("videos: each video counts once: start first or random, enough fewer")
        if videos.short == "next" or videos.needs == "exact":
            raise ValueError("videos: short is discard or error, needs is block or block+1")
        return self

    @property
    def digest(self) -> str:
        """Hex SHA-256 of all fields; two protocols with one digest compute the same number."""
        return settings_digest(self.model_dump(mode="json"))


def list_frame_protocols() -> list[FrameProtocol]:
    """Every frame protocol that is shipped, by id."""
    return list_named(FrameProtocol, FOLDER)


def load_frame_protocol(name: str) -> FrameProtocol:
    """A shipped frame protocol by id, or a file of the user's own by path (`*.toml`).

    Raises:
        InputError: there is none of that name; the message lists the known ones.
    """
    return load_named_or_own(FrameProtocol, FOLDER, name, "frame protocol")
