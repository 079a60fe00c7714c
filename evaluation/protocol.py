"""One evaluation protocol as data: `protocols/ID.toml`; two files side by side show the difference.

Frames and strides are absent: they belong to the benchmark, that is to the data set and the
command line. A protocol may only say which stride its authors' tool takes by default.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from evaluation.clips import ClipChoice, Window
from evaluation.frechet import FrechetOptions
from evaluation.kernel import KernelOptions
from evaluation.preprocess import PREPROCESS, REQUANTISE, RESIZE
from evaluation.schema import Data, Named, list_named, load_named, load_toml, parse, with_right_id

FOLDER = Path(__file__).parent / "protocols"

OWN_PREPROCESS = "embedder"  # what the embedder does to a frame, and nothing before it


class SideChoice(ClipChoice):
    """The clips of one side, and what the original's loader does to their levels."""

    requantise: str = "as-stored"


class NamedWindow(Data):
    """A window that the original gives a name of its own."""

    name: str
    frames: int
    stride: int


class EvalProtocol(Named):
    """Everything that fixes a number but the videos, the window and the seed.

    `version` is raised when a result could change. `extractor` and `weights` name entries of the
    extractor table and of weights.toml; `preprocess`, `resize` and `requantise` name functions of
    `evaluation.preprocess`. `resize` acts only where a resolution is asked for; `quantise` only on
    sources that hold floats.

    Where `frames_of_clip` is there, the samples are single frames: so many of each clip, at most,
    evenly spread (all, where it has no more). `extractor` then is an embedder, and `preprocess` is
    OWN_PREPROCESS, since embedders bring frames to their size themselves.
    """

    version: int
    about: str
    source: str
    commit: str
    extractor: str
    weights: tuple[str, ...]
    bn_eps: float
    preprocess: str
    resize: str
    quantise: Literal["truncate", "round"]
    metrics: tuple[Literal["fvd", "kvd", "fid"], ...]
    repeats: int
    real_stride: int = 1
    fake_stride: int = 1
    frames_of_clip: int | None = None
    comparable_to_paper: bool
    caveat: str = ""
    real: SideChoice
    fake: SideChoice
    frechet: FrechetOptions
    kernel: KernelOptions | None = None
    window: tuple[NamedWindow, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> "EvalProtocol":
        of_frames = self.frames_of_clip is not None
        requantise = ["as-stored"] if of_frames else REQUANTISE
        for key, value, known in (
            ("preprocess", self.preprocess, [OWN_PREPROCESS] if of_frames else PREPROCESS),
            ("resize", self.resize, RESIZE),
            ("real requantise", self.real.requantise, requantise),
            ("fake requantise", self.fake.requantise, requantise),
        ):
            if value not in known:
                raise ValueError(f"{key} is {value!r}; known are {sorted(known)}")
        return self

    @model_validator(mode="after")
    def _measures_clips_or_frames(self) -> "EvalProtocol":
        if (self.metrics == ("fid",)) != (self.frames_of_clip is not None):
            raise ValueError("a protocol of frames has frames_of_clip and the one metric fid")
        if self.frames_of_clip is not None and self.frames_of_clip < 1:
            raise ValueError(f"frames_of_clip is {self.frames_of_clip}; it must be 1 or more")
        return self

    @model_serializer(mode="wrap")
    def _without_an_absent_key(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Protocols of clips were written down before there was this key, and keep their digests.
        content: dict[str, Any] = handler(self)
        if self.frames_of_clip is None:
            del content["frames_of_clip"]
        return content

    @property
    def digest(self) -> str:
        """Hex SHA-256 of all fields; two protocols with one digest compute the same number."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def window_name(self, window: Window) -> str:
        """The original's own name of this window, or ""."""
        names = [w.name for w in self.window if Window(w.frames, w.stride) == window]
        return names[0] if names else ""

    def changed(self, path: str, value: Any) -> "EvalProtocol":
        """A copy with one field set; `path` is dotted, as in "frechet.covariance"."""
        content = self.model_dump(mode="json")
        *parents, leaf = path.split(".")
        place = content
        for parent in parents:
            place = place[parent]
        place[leaf] = value
        return parse(EvalProtocol, content, where=f"{self.id} with {path} = {value!r}")


def list_protocols() -> list[EvalProtocol]:
    """Every protocol that is shipped, by id."""
    return list_named(EvalProtocol, FOLDER)


def load_protocol(name: str) -> EvalProtocol:
    """A shipped protocol by id, or a protocol file of the user's own by path (`*.toml`).

    Raises:
        InputError: there is none of that name; the message lists the known ones.
    """
    if name.endswith(".toml"):
        return with_right_id(load_toml(EvalProtocol, Path(name)), Path(name))
    return load_named(EvalProtocol, FOLDER, name, "protocol")
