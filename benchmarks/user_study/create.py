"""`leo-bench study create`: draws a study and writes its clips, then `study.toml`.

The same request and videos make the same study. A study that is there is never replaced; one whose
making was interrupted is continued.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from leo_bench.benchmarks.sources.open import SourceOptions, dataset_behind
from leo_bench.benchmarks.user_study.checks import Check, checks_between, checks_of
from leo_bench.benchmarks.user_study.clip_rate import rate_of, slowest_rate
from leo_bench.benchmarks.user_study.drawing import (
    MethodVideos,
    compared,
    draw_pairs,
    draw_videos,
)
from leo_bench.benchmarks.user_study.page_data import words_of
from leo_bench.benchmarks.user_study.showing import (
    Footage,
    Look,
    blind_name,
    length_of,
    size_of,
    write_clips,
)
from leo_bench.benchmarks.user_study.slots import draw_slots
from leo_bench.benchmarks.user_study.study import (
    CLIPS,
    DOCUMENT,
    Clip,
    Exclusion,
    Item,
    Method,
    Role,
    Study,
    clip_path,
    load_study,
    write_study,
)
from leo_bench.benchmarks.user_study.study_request import (
    QUESTIONS,
    StudyRequest,
    check_request,
    left_out,
    open_method,
    open_methods,
    options_of,
)
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.schema import settings_digest
from leo_bench.evaluation.records.circumstances import versions
from leo_bench.evaluation.videos.source import fingerprint
from leo_bench.evaluation.videos.write import remove_unfinished

# What study.toml has room for: 3 MB of slots, and 1 MB of clips.
ENTRIES = 150_000
MOST_CLIPS = 2_500

Right = Literal["", "a", "yes", "no"]
Group = list[tuple[Footage, ...]]  # items that show the same methods


@dataclass(frozen=True)
class Draft:
    """A study whose clips are not written yet.

    Args:
        fields: of `Study`, besides the clips.
        clips: what each is made of, by name.
        look: what all have in common.
    """

    fields: dict[str, Any]
    clips: dict[str, Footage]
    look: Look

    def study(self, digests: Mapping[str, str]) -> Study:
        """The study, with the SHA-256 of each clip's file."""
        clips = {
            name: Clip(
                method=made_of.method,
                source=made_of.spec,
                video=made_of.video,
                digest=made_of.source.digest(made_of.index),
                sha256=digests.get(name, ""),
            )
            for name, made_of in self.clips.items()
        }
        return Study.of(**self.fields, clip=clips)


def create_study(request: StudyRequest, folder: Path, resources: Resources) -> tuple[Study, bool]:
    """Make a study in a folder -> the study, and whether it was there already.

    Clips that are there are kept, and missing ones are written again.

    Raises:
        InputError: the request or a video cannot be used; the folder has another study, or clips
            that are not of this one or were changed.
    """
    draft = draft_of(request, resources)
    before = load_study(folder) if (folder / DOCUMENT).is_file() else None
    if before is not None:
        # Another machine, or a later version of a package, continues the same study.
        draft = replace(draft, fields=draft.fields | {"versions": before.versions})
        known = {name: clip.sha256 for name, clip in before.clip.items()}
        if draft.study(known) != before:
            raise InputError(
                f"{folder}: is another study ({before.id}) than these options and videos make; "
                "give another --out"
            )
    _check_clips(folder, draft)
    remove_unfinished(folder / CLIPS)
    digests = write_clips(
        draft.clips,
        draft.look,
        folder,
        workers=resources.workers,
        progress=resources.progress,
    )
    study = draft.study(digests)
    if before is None:
        write_study(study, folder)
    elif study != before:
        changed = next(name for name in digests if digests[name] != before.clip[name].sha256)
        raise InputError(
            f"{clip_path(folder, changed)}: is not the clip that study.toml states; remove the "
            "file, and the same command writes it again"
        )
    return study, before is not None


def draft_of(request: StudyRequest, resources: Resources) -> Draft:
    """Open the videos and draw the study; nothing is written.

    Raises:
        InputError: the request or a video cannot be used.
    """
    check_request(request)
    words = words_of(request.language)
    drawn = _draw(request, resources)
    method = {
        one.name: Method(
            source=one.spec,
            is_real=one.is_real,
            videos=len(one.source.names),
            digest=fingerprint(one.source, drawn.shown[one.name]),
        )
        for one in drawn.methods
    }
    fields: dict[str, Any] = {
        "kind": "single" if request.is_single else "pairs",
        "question": request.question if request.question in QUESTIONS else "own",
        "text": words.get(f"question_{request.question}", request.question),
        "dataset": request.dataset or _dataset_of(drawn.methods),
        "contact": request.contact,
        "kept": request.kept,
        "language": request.language,
        "raters": request.raters,
        "seed": request.seed,
        "request": request.model_dump(mode="json", exclude_defaults=True),
        "versions": versions(),
        "notes": tuple(drawn.notes),
        "shape": drawn.look.shape,
        "exclusion": Exclusion(
            most_failed=request.most_failed,
            fewest_answered=request.fewest_answered,
            shortest_median=request.shortest_median,
        ),
        "method": method,
    }
    digests = {name: one.digest for name, one in method.items()}
    secret = (request.model_dump(mode="json"), digests, drawn.look.shape.model_dump())
    named = _Named(settings_digest(secret))
    groups = [[named.item("rated", clips) for clips in group] for group in drawn.groups]
    for number, check in enumerate(drawn.checks):
        role: Role = "practice" if number < request.practice else "check"
        named.item(role, check.clips, check.right)
    rated = request.per_rater or sum(map(len, groups))
    _check_size(request.raters, rated + len(drawn.checks), len(named.clips))
    fields["item"] = named.items
    fields["slots"] = draw_slots(
        named.items, groups, request.raters, request.seed, request.per_rater
    )
    return Draft(fields, named.clips, drawn.look)


@dataclass(frozen=True)
class _Drawn:
    """What is shown: the methods, indices of their videos, rated items, practice then checks."""

    methods: Sequence[MethodVideos]
    shown: Mapping[str, Sequence[int]]
    groups: Sequence[Group]
    checks: Sequence[Check]
    look: Look
    notes: Sequence[str]


def _draw(request: StudyRequest, resources: Resources) -> _Drawn:
    options = options_of(request, resources)
    methods = open_methods(request, options)
    frames = length_of(methods, request.frames, request.fps or slowest_rate(methods))
    groups, of_pairs = _groups(request, methods, frames)
    clips = [clip for group in groups for item in group for clip in item]
    fps, _ = rate_of(clips, request.fps)  # before videos are read, which takes long
    shown = {
        one.name: sorted({clip.index for clip in clips if clip.method == one.name})
        for one in methods
    }
    side, times, of_size = size_of(methods, shown, request.size)
    look = Look(side, times, frames, fps)
    checks, of_checks = _checks(request, methods, shown, look, options)
    _, of_rate = rate_of([*clips, *(one for check in checks for one in check.clips)], request.fps)
    of_consent = []
    if not request.contact:
        of_consent.append("the consent text names nobody to ask (--contact)")
    if not request.kept:
        of_consent.append("the consent text does not say how long answers are kept (--kept)")
    notes = [*left_out(methods), *of_rate, *of_pairs, *of_size, *of_checks, *of_consent]
    return _Drawn(methods, shown, groups, checks, look, notes)


def _dataset_of(methods: Sequence[MethodVideos]) -> str:
    """The data set that the real videos, or else others, are taken from; "" for none."""
    real_first = sorted(methods, key=lambda method: not method.is_real)
    behind = (dataset_behind(method.spec) for method in real_first)
    return next((dataset.id for dataset in behind if dataset is not None), "")


class _Named:
    """Clips and items with blind names; what is shown twice is one clip."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self.clips: dict[str, Footage] = {}
        self.items: dict[str, Item] = {}

    def item(self, role: Role, clips: Sequence[Footage], right: Right = "") -> str:
        """Add an item -> its name."""
        shown = [self._clip(clip) for clip in clips]
        name = blind_name(self._secret, "item", role, *shown)[:12]  # many slots name it
        second = shown[1] if len(shown) == 2 else ""
        self.items[name] = Item(role=role, a=shown[0], b=second, right=right)
        return name

    def _clip(self, made_of: Footage) -> str:
        name = blind_name(self._secret, "clip", made_of.spec, made_of.video)
        self.clips.setdefault(name, made_of)
        return name


def _groups(
    request: StudyRequest, methods: Sequence[MethodVideos], frames: int
) -> tuple[list[Group], list[str]]:
    """The rated items, those that compare the same methods together, and notes."""
    videos, seed = request.videos, request.seed
    groups: list[Group] = []
    notes = []
    if request.is_single:
        for method in methods:
            drawn = draw_videos(method, videos, frames, seed)
            groups.append([(_footage(method, index),) for index in drawn])
    else:
        for first, second in compared(methods, request.against):
            found = draw_pairs(first, second, videos=videos, frames=frames, seed=seed)
            groups.append([(_footage(first, a), _footage(second, b)) for a, b in found.pairs])
            notes.append(found.note)
    return groups, notes


def _checks(
    request: StudyRequest,
    methods: Sequence[MethodVideos],
    shown: Mapping[str, Sequence[int]],
    look: Look,
    options: SourceOptions,
) -> tuple[list[Check], list[str]]:
    """Practice items, then checks, and notes."""
    count = request.practice + request.checks
    if request.question not in QUESTIONS:
        right, wrong = (
            open_method(name, spec or "", options, request.stride(False))
            for name, spec in (
                ("--check-right", request.check_right),
                ("--check-wrong", request.check_wrong),
            )
        )
        return checks_between(right, wrong, count=count, frames=look.frames, seed=request.seed), (
            left_out((right, wrong))
        )
    base = next((method for method in methods if method.is_real), methods[0])
    checks, notes = checks_of(
        request.question, base, shown[base.name], count=count, look=look, seed=request.seed
    )
    if not base.is_real:
        notes.append(f"no real videos are given: checks and practice show those of {base.name}")
    return checks, notes


def _footage(method: MethodVideos, index: int) -> Footage:
    return Footage(method.name, method.spec, method.source, index, method.stride)


def _check_clips(folder: Path, draft: Draft) -> None:
    """Refuse a folder with clips of another study whose making was interrupted."""
    there = {path.stem for path in (folder / CLIPS).glob("*.mp4")}
    if there - draft.clips.keys():
        raise InputError(
            f"{folder / CLIPS}: has clips of another study, which was not finished; remove the "
            "folder, or give another --out"
        )


def _check_size(raters: int, shown: int, clips: int) -> None:
    """Refuse a study whose document would be too large to read (`MAX_TOML_BYTES`)."""
    if raters * shown > ENTRIES:
        raise InputError(
            f"{raters:,} raters x {shown:,} items: {ENTRIES:,} at most fit in study.toml; give "
            "fewer --raters, --videos or --per-rater"
        )
    if clips > MOST_CLIPS:
        raise InputError(f"{clips:,} clips: {MOST_CLIPS:,} at most; give fewer --videos")
