"""Small studies with real H.264 clips, and answers to them, for tests."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torch

from leo_bench.benchmarks.user_study.answers import Answers, Vote
from leo_bench.benchmarks.user_study.slots import draw_slots
from leo_bench.benchmarks.user_study.study import (
    Clip,
    Item,
    Method,
    Shape,
    Study,
    choice_of,
    clip_path,
    write_study,
)
from leo_bench.evaluation.videos.write import write_video

FRAMES, SIDE, FPS = 16, 64, 25.0

# What a rater presses, from the right or preferred answer's point of view.
Chooses = Callable[[Study, int, str], Literal["a", "b", "yes", "no"]]


def write_clip(folder: Path, name: str, colour: int) -> str:
    """A bright square that moves over a plain ground -> SHA-256 of the file."""
    path = clip_path(folder, name)
    ground = torch.full((3, SIDE, SIDE), colour % 128, dtype=torch.uint8)
    frames = []
    for t in range(FRAMES):
        frame = ground.clone()
        frame[:, 24:40, 2 * t : 2 * t + 16] = 255
        frames.append(frame)
    write_video(path, iter(frames), FPS)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def made_study(
    folder: Path,
    *,
    kind: Literal["pairs", "single"] = "pairs",
    methods: tuple[str, ...] = ("ours", "theirs", "real"),
    videos: int = 4,
    raters: int = 4,
    checks: int = 2,
    seed: int = 0,
    with_clips: bool = True,
) -> Study:
    """A study in a folder: every two methods are compared in `videos` pairs.

    Of a single-clip study every method shows `videos` clips. "real" is the real method.
    """
    draw = random.Random(seed)

    def name() -> str:
        return f"{draw.getrandbits(64):016x}"

    clip: dict[str, Clip] = {}
    item: dict[str, Item] = {}
    by_method = {}
    for method in methods:
        by_method[method] = [name() for _ in range(videos)]
        for number, blind in enumerate(by_method[method]):
            clip[blind] = _clip(method, f"{number:03d}")
    spoiled = [name() for _ in range(checks + 1)]
    for number, blind in enumerate(spoiled):
        clip[blind] = _clip("", f"damaged {number:03d}")
    if with_clips:
        for number, blind in enumerate(clip):
            digest = write_clip(folder, blind, 11 * number)
            clip[blind] = clip[blind].model_copy(update={"sha256": digest})
    groups = []
    if kind == "pairs":
        for one, first in enumerate(methods):
            for second in methods[one + 1 :]:
                names = [f"i{draw.getrandbits(32):08x}" for _ in range(videos)]
                pairs = zip(by_method[first], by_method[second], strict=True)
                item |= {n: Item(a=a, b=b) for n, (a, b) in zip(names, pairs, strict=True)}
                groups.append(names)
    else:
        for method in methods:
            names = [f"i{draw.getrandbits(32):08x}" for _ in range(videos)]
            item |= {n: Item(a=a) for n, a in zip(names, by_method[method], strict=True)}
            groups.append(names)
    good = by_method[methods[-1]][0]
    for number, blind in enumerate(spoiled):
        role: Literal["practice", "check"] = "practice" if number == checks else "check"
        extra = (
            Item(role=role, a=good, b=blind, right="a")
            if kind == "pairs"
            else Item(role=role, a=blind, right="yes")
        )
        item[f"i{draw.getrandbits(32):08x}"] = extra
    study = Study.of(
        kind=kind,
        question="realism" if kind == "pairs" else "repetition",
        text="Which clip is more realistic?"
        if kind == "pairs"
        else "Does the clip contain repeated motion?",
        contact="study@example.org",
        kept="until 2027-12-31",
        raters=raters,
        seed=seed,
        versions={"leo-bench": "test"},
        shape=Shape(height=SIDE, width=SIDE, frames=FRAMES, fps=FPS),
        method={
            method: Method(source=f"{method}/", is_real=method == "real", videos=videos, digest="0")
            for method in methods
        },
        clip=clip,
        item=item,
        slots=draw_slots(item, groups, raters, seed),
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_study(study, folder)
    return study


def _clip(method: str, video: str) -> Clip:
    digest = hashlib.sha256(f"{method} {video}".encode()).hexdigest()
    return Clip(method=method, source=f"{method}/", video=video, digest=digest, sha256="0" * 64)


def prefers_first(study: Study, slot: int, item: str) -> Literal["a", "b", "yes", "no"]:
    """Passes every check, prefers clip a, and finds no repeated motion."""
    return study.item[item].right or ("a" if study.kind == "pairs" else "no")


def answers_to(
    study: Study,
    slot: int,
    chooses: Chooses = prefers_first,
    *,
    seed: int = 0,
    way: Literal["site", "server", "simulated"] = "site",
) -> Answers:
    """All answers of a rater who chooses by a rule."""
    draw = random.Random(f"{seed} {slot}")
    votes = []
    for turn, shown in enumerate(study.shown(slot)):
        if study.item[shown.item].role == "practice":
            continue
        choice = choice_of(shown, chooses(study, slot, shown.item))
        votes.append(Vote(item=shown.item, choice=choice, ms=draw.randint(2_000, 9_000), turn=turn))
    return Answers(
        study=study.id,
        rater=f"{draw.getrandbits(128):032x}",
        slot=slot,
        way=way,
        finished=True,
        votes=tuple(votes),
    )
