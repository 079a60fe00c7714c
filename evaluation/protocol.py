"""One evaluation protocol as data: `protocols/ID.toml`; two files side by side show the difference.

Frames and strides are absent: they belong to the benchmark, that is to the data set and the
command line. A protocol may only say which stride its authors' tool takes by default.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import model_validator

from evaluation.clips import ClipChoice, Window
from evaluation.frechet import FrechetOptions
from evaluation.kernel import KernelOptions
from evaluation.preprocess import PREPROCESS, REQUANTISE, RESIZE
from evaluation.schema import Data, Named, list_named, load_named, load_toml, parse, with_right_id

FOLDER = Path(__file__).parent / "protocols"


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
    metrics: tuple[Literal["fvd", "kvd"], ...]
    repeats: int
    real_stride: int = 1
    fake_stride: int = 1
    comparable_to_paper: bool
    caveat: str = ""
    real: SideChoice
    fake: SideChoice
    frechet: FrechetOptions
    kernel: KernelOptions | None = None
    window: tuple[NamedWindow, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> "EvalProtocol":
        for key, value, known in (
            ("preprocess", self.preprocess, PREPROCESS),
            ("resize", self.resize, RESIZE),
            ("real requantise", self.real.requantise, REQUANTISE),
            ("fake requantise", self.fake.requantise, REQUANTISE),
        ):
            if value not in known:
                raise ValueError(f"{key} is {value!r}; known are {sorted(known)}")
        return self

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
