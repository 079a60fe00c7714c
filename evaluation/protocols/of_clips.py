"""One evaluation protocol as data: `clips/ID.toml`; two files side by side show the difference.

Frames and strides are absent: they belong to the benchmark, that is to the data set and the
command line. A protocol may only say which stride its authors' tool takes by default.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from leo_bench.evaluation.clips import (
    MOST,
    ClipChoice,
    Enough,
    LastStart,
    Needs,
    Order,
    Short,
    Start,
    Window,
)
from leo_bench.evaluation.distances.frechet import FrechetOptions
from leo_bench.evaluation.distances.influence import Form
from leo_bench.evaluation.distances.kernel import KernelOptions
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import is_own
from leo_bench.evaluation.files.known_names import known_are
from leo_bench.evaluation.files.schema import (
    Data,
    Named,
    list_named,
    load_named_or_own,
    parse,
    settings_digest,
)
from leo_bench.evaluation.metrics import DISTANCES, DistanceName
from leo_bench.evaluation.preprocess import AS_STORED, PREPROCESS, REQUANTISE, RESIZE
from leo_bench.evaluation.videos.frames import FrameOrder
from leo_bench.evaluation.videos.source import MIXED

FOLDER = Path(__file__).parent / "clips"

MOST_REPEATS = 10_000

# Fields that are younger than the first protocols: written down only where they say something.
ABSENT_AT_FIRST = ("frames_of_clip", "frame_order", "files", "folders", "arrays")

OWN_PREPROCESS = "embedder"  # what the embedder does to a frame, and nothing before it


class SideChoice(ClipChoice):
    """The clips of one side, and what the original's loader does to their levels."""

    requantise: str = "as-stored"


Medium = Literal["files", "folders", "arrays"]
SideName = Literal["real", "fake"]

# Layouts of sources (`Medium.layout`) by the originals' loaders. Videos that are sampled or
# rendered when they are read count as files, which `leo-bench sample` writes.
FOLDERS = frozenset({"frame folders", "zip of frames"})
ARRAYS = frozenset({"arrays", "tensors"})


class ChoiceChange(Data):
    """Fields of a `SideChoice` that are others for one medium; those absent stay."""

    start: Start | None = None
    needs: Needs | None = None
    last_start: LastStart | None = None
    short: Short | None = None
    order: Order | None = None
    enough: Enough | None = None
    requantise: str | None = None

    @model_serializer(mode="wrap")
    def _without_absent_keys(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = handler(self)
        return {key: value for key, value in content.items() if value is not None}


class MediumRule(Data):
    """How an original reads videos that are stored in one way, where it differs from its others.

    Args:
        about: the path in the original, with its place; records show it.
        resize: in the place of the protocol's; AS_STORED: the resolution is not looked at.
        real, fake: what is other in the protocol's choice of clips.
    """

    about: str
    resize: str | None = None
    real: ChoiceChange = ChoiceChange()
    fake: ChoiceChange = ChoiceChange()


@dataclass(frozen=True)
class Loading:
    """How clips are taken from the videos of one side.

    Args:
        choice: which clips.
        resize: name in `evaluation.preprocess.RESIZE`, or AS_STORED.
        path: the original's path that is followed; "" where the original has one for all media.
    """

    choice: SideChoice
    resize: str
    path: str

    def resolution(self, asked: int | None) -> int | None:
        """The side that frames are brought to, where one was asked for; None: as stored."""
        return None if self.resize == AS_STORED else asked


class NamedWindow(Data):
    """A window that the original gives a name of its own."""

    name: str
    frames: int = Field(ge=1, le=MOST)
    stride: int = Field(ge=1, le=MOST)


class EvalProtocol(Named):
    """Everything that fixes a number except the videos, the window and the seed.

    `version` is raised when a result could change. `extractor` and `weights` name entries of the
    extractor table and of weights.toml; `preprocess`, `resize` and `requantise` name functions of
    `evaluation.preprocess`. `resize` acts only where a resolution is asked for; `quantise` only on
    sources that hold floats; `frame_order` on videos that are folders of pictures.

    `files`, `folders` and `arrays` say what the original does otherwise with videos stored so:
    `loading` gives what holds for one side. An absent one changes nothing.

    Where `frames_of_clip` is there, the samples are single frames: so many of each clip, at most,
    evenly spread (all, where it has no more). `extractor` then is an embedder, and `preprocess` is
    OWN_PREPROCESS, since embedders bring frames to their size themselves.
    """

    version: int = Field(ge=1, le=MOST)
    about: str
    source: str
    commit: str
    extractor: str
    weights: tuple[str, ...]
    bn_eps: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
    preprocess: str
    resize: str
    quantise: Literal["truncate", "round"]
    metrics: tuple[DistanceName, ...]
    repeats: int = Field(ge=1, le=MOST_REPEATS)
    real_stride: int = Field(default=1, ge=1, le=MOST)
    fake_stride: int = Field(default=1, ge=1, le=MOST)
    frames_of_clip: int | None = Field(default=None, ge=1, le=MOST)
    frame_order: FrameOrder = "text"
    comparable_to_paper: bool
    caveat: str = ""
    real: SideChoice
    fake: SideChoice
    files: MediumRule | None = None
    folders: MediumRule | None = None
    arrays: MediumRule | None = None
    frechet: FrechetOptions
    kernel: KernelOptions | None = None
    window: tuple[NamedWindow, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> "EvalProtocol":
        of_frames = self.frames_of_clip is not None
        requantise = ["as-stored"] if of_frames else REQUANTISE
        resizes = [*RESIZE, AS_STORED]
        named = [
            ("preprocess", self.preprocess, [OWN_PREPROCESS] if of_frames else PREPROCESS),
            ("resize", self.resize, RESIZE),
            ("real requantise", self.real.requantise, requantise),
            ("fake requantise", self.fake.requantise, requantise),
        ]
        for medium, rule in self._rules():
            named.append((f"{medium}: resize", rule.resize or self.resize, resizes))
            for side, change in (("real", rule.real), ("fake", rule.fake)):
                if change.requantise is not None:
                    named.append((f"{medium}: {side} requantise", change.requantise, requantise))
        if is_own(self.extractor):
            raise ValueError(
                f"extractor is {self.extractor!r}: a data file makes nothing be imported; give it "
                "as --extractor"
            )
        for key, value, known in named:
            if value not in known:
                raise ValueError(f"{key} is {value!r}; known are {sorted(known)}")
        return self

    @model_validator(mode="after")
    def _measures_clips_or_frames(self) -> "EvalProtocol":
        samples = {DISTANCES[metric].samples for metric in self.metrics}
        if "frames" in samples if self.frames_of_clip is None else samples != {"frames"}:
            of_frames = [name for name, row in DISTANCES.items() if row.samples == "frames"]
            raise ValueError(
                "a protocol of frames has frames_of_clip and only metrics of frames: "
                + ", ".join(of_frames)
            )
        return self

    @model_serializer(mode="wrap")
    def _without_absent_keys(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Protocols that were written down before there were these keys keep their digests.
        content: dict[str, Any] = handler(self)
        for key in ABSENT_AT_FIRST:
            if not self.has(key):
                del content[key]
        return content

    def has(self, key: str) -> bool:
        """Whether a field of ABSENT_AT_FIRST differs from its default."""
        return bool(getattr(self, key) != type(self).model_fields[key].default)

    def setting(self, key: str) -> Any:
        """One field as data files write it."""
        return self.model_dump(mode="json").get(key, type(self).model_fields[key].default)

    def loading(self, side: SideName, layout: str) -> Loading:
        """What holds for one side, whose source has this layout (`Medium.layout`).

        Raises:
            InputError: the videos are stored in several ways, for which the original has different
                rules.
        """
        if layout.startswith(MIXED) and self._rules():
            raise InputError(
                f"{side} side: the videos are {layout}; protocol {self.id} has rules of their own "
                "for files, folders and arrays: choose one kind with --only"
            )
        medium: Medium = (
            "folders" if layout in FOLDERS else "arrays" if layout in ARRAYS else "files"
        )
        for name, rule in self._rules():
            if name == medium:
                resize = rule.resize or self.resize
                return Loading(self._choice(side, rule), resize, f"{medium}: {rule.about}")
        return Loading(self.real if side == "real" else self.fake, self.resize, "")

    def _rules(self) -> list[tuple[Medium, MediumRule]]:
        rules: list[tuple[Medium, MediumRule | None]] = [
            ("files", self.files),
            ("folders", self.folders),
            ("arrays", self.arrays),
        ]
        return [(medium, rule) for medium, rule in rules if rule is not None]

    def _choice(self, side: SideName, rule: MediumRule) -> SideChoice:
        """The protocol's own choice with a medium's fields in place."""
        own, other = (self.real, rule.real) if side == "real" else (self.fake, rule.fake)
        return own.model_copy(update=other.model_dump())

    @property
    def digest(self) -> str:
        """Hex SHA-256 of all fields; two protocols with one digest compute the same number."""
        return settings_digest(self.model_dump(mode="json"))

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
    return load_named_or_own(EvalProtocol, FOLDER, name, "protocol")


def check_metric(metric: str, protocol: EvalProtocol) -> None:
    """See that a protocol has a metric.

    Raises:
        InputError: it has not; the message names the protocols that have. No metric is called so.
    """
    if metric not in DISTANCES:
        raise InputError(f"no metric {metric!r} of two sides; {known_are(metric, DISTANCES)}")
    if metric not in protocol.metrics:
        having = [known.id for known in list_protocols() if metric in known.metrics]
        raise InputError(
            f"protocol {protocol.id} has no {metric}; it has {', '.join(protocol.metrics)}; "
            f"{metric} is in {', '.join(having)}"
        )


def form_of(metric: str, protocol: EvalProtocol) -> Form:
    """The distance as the protocol computes it.

    Raises:
        InputError: the protocol does not have it, or lacks the table of its options.
    """
    check_metric(metric, protocol)
    row = DISTANCES[metric]
    options = getattr(protocol, row.options) if row.options else None
    if row.options and options is None:
        raise InputError(f"protocol {protocol.id} lists {metric} but has no [{row.options}]")
    form: Form = import_module(f"leo_bench.evaluation.distances.{row.module}").form(options)
    return form
