"""`Study`: everything that is fixed before the first rater answers, as `STUDY/study.toml`.

A study shows *items*: a pair of clips, or a single clip. Names of clips and items are blind. A
*slot* is what one rater sees: items in an order of their own, each with a side for each clip. The
pages know slots and blind names only; methods, videos and right answers are in this file alone.

    STUDY/study.toml              this document
    STUDY/clips/NAME.mp4          the clips, H.264
    STUDY/votes.sqlite            votes of `leo-bench study serve`
    STUDY/identifiers.sqlite      identifiers of the crowd-working site; nothing else reads it
    STUDY/forgotten.txt           SHA-256 of the tokens that `leo-bench study forget` removed
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.kinds import FolderKind
from leo_bench.evaluation.files.schema import Data, load_toml, settings_digest
from leo_bench.evaluation.files.toml_text import to_toml

DOCUMENT = "study.toml"
CLIPS = "clips"

Role = Literal["practice", "check", "rated"]
Side = Literal["left", "right"]
Choice = Literal["left", "right", "yes", "no"]


class Method(Data):
    """One set of videos that the study compares.

    Args:
        source: as given on the command line.
        is_real: whether its videos are the real ones.
        videos: number of videos in the source.
        digest: fingerprint of the videos that are shown.
    """

    source: str
    is_real: bool = False
    videos: int = Field(ge=1)
    digest: str


class Clip(Data):
    """One video as raters see it.

    Args:
        method: whose video it is; of checks and practice it may be "" (`source` says more).
        source: where the video comes from.
        video: its name in the source.
        digest: SHA-256 of the video's stored content.
        sha256: of the file `clips/NAME.mp4`.
    """

    method: str = ""
    source: str
    video: str
    digest: str
    sha256: str


class Item(Data):
    """What is shown at one time: clips `a` and `b`, or clip `a` alone.

    Args:
        role: "rated" items are the study; "check" items have a right answer and tell who pays
            attention; "practice" items come first, say whether the answer was right, and count for
            nothing.
        a, b: names of clips; `b` is "" for a single clip.
        right: the right answer of practice and check: "a" or "b", or "yes" or "no".
    """

    role: Role = "rated"
    a: str
    b: str = ""
    right: Literal["", "a", "b", "yes", "no"] = ""

    @model_validator(mode="after")
    def _right_fits(self) -> Self:
        allowed = {""} if self.role == "rated" else {"a", "b"} if self.b else {"yes", "no"}
        if self.right not in allowed:
            raise ValueError(f"right is {self.right!r}; it must be one of {sorted(allowed)}")
        return self


class Shape(Data):
    """What all clips have in common."""

    height: int = Field(ge=2)
    width: int = Field(ge=2)
    frames: int = Field(ge=1)
    fps: float = Field(gt=0)


class Exclusion(Data):
    """The rule that sets raters apart, fixed beforehand.

    Args:
        most_failed: a rater who fails more checks than this is set apart.
        fewest_answered: share of a slot's rated items below which a rater is set apart.
        shortest_median: median seconds an item below which a rater is set apart; 0: none is.
    """

    most_failed: int = Field(default=1, ge=0)
    fewest_answered: float = Field(default=0.5, ge=0, le=1)
    shortest_median: float = Field(default=0.0, ge=0)


class Study(Data):
    """A study; `load_study` reads it, `write_study` writes it.

    Args:
        format: version of this document.
        id: the first 16 digits of the SHA-256 of all other fields.
        kind: two clips with the question which; or one clip with a question of yes or no.
        question: "realism", "coherence" or "repetition"; "own" for a question of one's own.
        text: the question as raters read it.
        dataset: what the videos show, as an id of a data set; "" if it is none.
        contact: whom raters can ask, for the consent text.
        kept: how long answers are kept, for the consent text: "until 2027-12-31".
        language: of `pages/words/LANGUAGE.json`.
        raters: number of slots.
        seed: of every random choice.
        request: the options of `leo-bench study create`, word for word. No date is stored, so that
            the same seed makes the same document.
        method, clip, item: by name.
        slots: one for each rater. An entry is "ITEM:ab" (clip a on the left), "ITEM:ba" (clip b on
            the left) or "ITEM" (a single clip).
    """

    format: Literal[1] = 1
    id: str
    kind: Literal["pairs", "single"]
    question: Literal["realism", "coherence", "repetition", "own"]
    text: str
    dataset: str = ""
    contact: str = ""
    kept: str = ""
    language: str = "en"
    raters: int = Field(ge=1)
    seed: int
    request: dict[str, Any] = Field(default_factory=dict)
    versions: dict[str, str]
    notes: tuple[str, ...] = ()
    shape: Shape
    exclusion: Exclusion = Exclusion()
    method: dict[str, Method]
    clip: dict[str, Clip]
    item: dict[str, Item]
    slots: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, **fields: Any) -> Self:
        """A study with its id."""
        made = cls(id="", **fields)
        return made.model_copy(update={"id": made.digest})

    @property
    def digest(self) -> str:
        """What `id` must be."""
        return settings_digest(self.model_dump(mode="json", exclude={"id"}))[:16]

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        for name, item in self.item.items():
            for shown in (item.a, item.b) if self.kind == "pairs" else (item.a,):
                if shown not in self.clip:
                    raise ValueError(f"item {name}: clip {shown!r} is none of the study's")
        for name, clip in self.clip.items():
            if clip.method and clip.method not in self.method:
                raise ValueError(f"clip {name}: method {clip.method!r} is none of the study's")
        if len(self.slots) != self.raters:
            raise ValueError(f"{len(self.slots)} slots for {self.raters} raters")
        for slot in self.slots:
            for entry in map(Shown.parse, slot):
                if entry.item not in self.item:
                    raise ValueError(f"slots: item {entry.item!r} is none of the study's")
        return self

    def shown(self, slot: int) -> list["Shown"]:
        """What the rater of a slot sees, in order."""
        return [Shown.parse(entry) for entry in self.slots[slot]]

    def methods_of(self, item: str) -> tuple[str, str]:
        """Methods of clips a and b of an item; "" where there is none."""
        found = self.item[item]
        return self.clip[found.a].method, self.clip[found.b].method if found.b else ""


@dataclass(frozen=True)
class Shown:
    """An entry of a slot.

    Args:
        item: its name.
        is_flipped: whether clip b is on the left.
    """

    item: str
    is_flipped: bool = False

    @classmethod
    def parse(cls, entry: str) -> "Shown":
        """Read "ITEM:ab", "ITEM:ba" or "ITEM"."""
        item, _, sides = entry.partition(":")
        if sides not in ("", "ab", "ba"):
            raise ValueError(f"slots: {entry!r}: ITEM, ITEM:ab or ITEM:ba is expected")
        return cls(item, sides == "ba")

    def clip_at(self, choice: Choice) -> Literal["a", "b"]:
        """The clip on a side."""
        return "a" if (choice == "left") != self.is_flipped else "b"


def answer_of(shown: Shown, choice: Choice) -> Literal["a", "b", "yes", "no"]:
    """What a rater's choice means: the clip that was on that side, or yes or no."""
    return choice if choice in ("yes", "no") else shown.clip_at(choice)


def choice_of(shown: Shown, answer: str) -> Choice:
    """What a rater presses for an answer ("a", "b", "yes", "no"); the inverse of `answer_of`."""
    if answer == "yes":
        return "yes"
    if answer == "no":
        return "no"
    return "left" if (answer == "a") != shown.is_flipped else "right"


def load_study(folder: Path) -> Study:
    """Read the study in a folder.

    Raises:
        InputError: there is none; or the document was changed after it was made.
    """
    path = folder / DOCUMENT
    if not path.is_file():
        raise InputError(
            f"{folder}: no study is there (study.toml is missing); make one with "
            "`leo-bench study create`"
        )
    study = load_toml(Study, path)
    if study.id != study.digest:
        raise InputError(
            f"{path}: was changed after the study was made (its id is {study.id}, its content "
            f"gives {study.digest}); make a new study"
        )
    return study


def write_study(study: Study, folder: Path) -> None:
    """Write `FOLDER/study.toml`."""
    write_atomically(folder / DOCUMENT, document_text(study).encode())


def document_text(study: Study) -> str:
    """A study as TOML, one slot a line."""
    content = study.model_dump(mode="json", exclude_defaults=True, exclude={"slots"})
    content = {"format": study.format, **content}
    tables = {key: content.pop(key) for key in list(content) if isinstance(content[key], dict)}
    slots = "".join(f"  {json.dumps(slot)},\n" for slot in study.slots)
    return f"{to_toml(content)}slots = [\n{slots}]\n{to_toml(tables)}"


def clip_path(folder: Path, clip: str) -> Path:
    """The file of a clip."""
    return folder / CLIPS / f"{clip}.mp4"


def shown_clips(study: Study) -> list[str]:
    """Names of the clips that slots show."""
    items = {shown.item for slot in range(study.raters) for shown in study.shown(slot)}
    return sorted(
        {name for item in items for name in (study.item[item].a, study.item[item].b)} - {""}
    )


def read_clip(study: Study, folder: Path, clip: str) -> bytes:
    """The file of a clip.

    Raises:
        InputError: it is missing, or was changed after the study was made.
    """
    path = clip_path(folder, clip)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if hashlib.sha256(content).hexdigest() != study.clip[clip].sha256:
        raise InputError(
            f"{path}: was changed after the study was made; copy the study again, or make a new one"
        )
    return content


def check_clips(study: Study, folder: Path) -> None:
    """Check that the clips are those that the study was made with.

    Raises:
        InputError: one is missing or was changed.
    """
    for name in shown_clips(study):
        read_clip(study, folder, name)


def rated(study: Study, slot: int) -> Iterator[Shown]:
    """What counts of a slot."""
    return (shown for shown in study.shown(slot) if study.item[shown.item].role == "rated")


def names(study: Study) -> Sequence[str]:
    """The methods, real videos last."""
    return sorted(study.method, key=lambda name: (study.method[name].is_real, name))


STUDY = FolderKind("user study", lambda folder: (folder / DOCUMENT).is_file())
