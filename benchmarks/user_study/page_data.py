"""What the pages know of a study: texts, blind names of clips, and slots. No method, no answer.

The page embeds it as JSON (`<script id="study" type="application/json">`), so that one page serves
a static site, which has every slot, and the server, which sends a rater's own slot and votes.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from leo_bench.benchmarks.user_study.answers import Answers
from leo_bench.benchmarks.user_study.study import CLIPS, Choice, Shown, Study, choice_of
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.json_files import read_json
from leo_bench.evaluation.files.known_names import known_are
from leo_bench.evaluation.files.schema import Data

PAGES = Path(__file__).parent / "pages"
WORDS = PAGES / "words"


class Ending(Data):
    """What happens at the end on a crowd-working site.

    Args:
        completion: address to go to; {CODE} and {NAME} of an identifier are filled in.
        code: completion code; "" if there is none.
        identifiers: names of the link's parameters that belong to the crowd-working site.
        post: address that a static site posts answers to; "" if they are only downloaded.
    """

    completion: str = ""
    code: str = ""
    identifiers: tuple[str, ...] = ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")
    post: str = ""


class ShownItem(Data):
    """One item of a slot as the page shows it.

    Args:
        item: its blind name.
        clips: addresses of the clips from left to right, relative to the page.
        right: of practice alone: the choice that is right.
    """

    item: str
    clips: tuple[str, ...]
    right: Choice | None = None


class PageData(Data):
    """All that a page is given.

    Args:
        way: "site": the page chooses a slot, keeps progress in the browser and hands the answers
            over at the end; "server": `rater` and one slot are given, and each vote is sent.
        rater: token of the rater; None on a site.
        slots: by number.
        answers: what the server has of this rater already.
        ending: what happens at the end.
        words: the page's texts, by key.
    """

    format: Literal[1] = 1
    way: Literal["site", "server"]
    study: str
    kind: Literal["pairs", "single"]
    text: str
    question: str
    contact: str
    kept: str
    frames: int
    fps: float
    width: int
    height: int
    language: str
    rater: str | None = None
    slots: dict[int, tuple[ShownItem, ...]]
    answers: Answers | None = None
    ending: Ending = Ending()
    words: dict[str, str]

    def to_json(self) -> str:
        """JSON that may stand inside a <script> element: no "<", ">" or "&" in it."""
        text = json.dumps(self.model_dump(mode="json"), ensure_ascii=True, separators=(",", ":"))
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def page_data(
    study: Study,
    slots: Sequence[int],
    way: Literal["site", "server"],
    *,
    clips: str = CLIPS,
    **more: Any,
) -> PageData:
    """What a page is given.

    Args:
        study: the study.
        slots: those that the page gets.
        way: see `PageData`.
        clips: folder or address of the clips, relative to the page.
        more: `rater`, `answers`, `ending` of `PageData`.
    """
    return PageData(
        way=way,
        study=study.id,
        kind=study.kind,
        text=study.text,
        question=study.question,
        contact=study.contact,
        kept=study.kept,
        frames=study.shape.frames,
        fps=study.shape.fps,
        width=study.shape.width,
        height=study.shape.height,
        language=study.language,
        slots={
            slot: tuple(_shown(study, shown, clips) for shown in study.shown(slot))
            for slot in slots
        },
        words=words_of(study.language),
        **more,
    )


def _shown(study: Study, shown: Shown, clips: str) -> ShownItem:
    item = study.item[shown.item]
    pair = (item.a, item.b) if item.b else (item.a,)
    in_order = reversed(pair) if shown.is_flipped else pair
    right: Choice | None = None
    if item.role == "practice":
        right = choice_of(shown, item.right)
    return ShownItem(
        item=shown.item, clips=tuple(f"{clips}/{name}.mp4" for name in in_order), right=right
    )


def words_of(language: str) -> dict[str, str]:
    """The texts of the pages in a language.

    Raises:
        InputError: there is no such file, or it lacks a text that English has.
    """
    known = sorted(path.stem for path in WORDS.glob("*.json"))
    if language not in known:
        raise InputError(f"no language {language!r}; {known_are(language, known)}")
    english: dict[str, str] = read_json(WORDS / "en.json")
    found: dict[str, str] = read_json(WORDS / f"{language}.json")
    missing = english.keys() - found.keys()
    if missing:
        raise InputError(f"{WORDS / language}.json: lacks {', '.join(sorted(missing))}")
    return found
