"""A study with answers whose counts are known, as files; and records of preferences."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from made_studies import Chooses, answers_to, made_study

from leo_bench.benchmarks.user_study.study import Study
from leo_bench.evaluation.records.distance import write_record
from leo_bench.evaluation.records.preference import (
    METRICS,
    OfAllRaters,
    PreferenceRecord,
    Question,
    caveats_of,
    preference_path,
)

Prefers = Callable[[int, str, str], bool]  # slot, method of clip a, of clip b -> a, or "yes"


def by(prefers: Prefers, *, careless: tuple[int, ...] = ()) -> Chooses:
    """A rule by the methods that are shown; careless raters fail every check."""

    def chooses(study: Study, slot: int, item: str) -> Literal["a", "b", "yes", "no"]:
        right = study.item[item].right
        if right and slot not in careless:
            return right
        is_yes = right in ("b", "no") if right else prefers(slot, *study.methods_of(item))
        if study.kind == "pairs":
            return "a" if is_yes else "b"
        return "yes" if is_yes else "no"

    return chooses


def answered(
    folder: Path,
    prefers: Prefers,
    *,
    careless: tuple[int, ...] = (),
    way: Literal["site", "server", "simulated"] = "site",
    slots: int | None = None,
    **settings: Any,
) -> Path:
    """A study in `folder`, and a file for each rater in `folder/answers`."""
    study = made_study(folder, with_clips=False, **settings)
    (folder / "answers").mkdir()
    for slot in range(study.raters if slots is None else slots):
        answers = answers_to(study, slot, by(prefers, careless=careless), way=way)
        (folder / "answers" / f"{slot}.json").write_text(answers.model_dump_json())
    return folder


def preference(**changes: Any) -> PreferenceRecord:
    """930 of 1,000 votes for LEO against TATS on TaichiHD; with a careless rater, 940 of 1,050."""
    fields: dict[str, Any] = {
        "question": "Which clip is more realistic?",
        "first": "leo",
        "second": "tats",
        "value": 0.93,
        "interval": (0.88, 0.96),
        "interval_level": 0.95,
        "interval_method": "Wilson, effective votes by variance components of raters and items",
        "chosen": 930,
        "votes": 1000,
        "raters": 20,
        "by_way": {"site": 20},
        "raters_apart": 1,
        "items": 50,
        "all_raters": OfAllRaters(
            value=940 / 1050, interval=(0.84, 0.94), chosen=940, votes=1050, raters=21
        ),
        "study": "0123456789abcdef",
        "answers_digest": "0" * 64,
        "seed": 0,
        "frames": 64,
        "fps": 25.0,
        "resolution": 256,
        "dataset": "taichihd",
        "comparable": False,
        "notes": (),
        "seconds": 1.0,
        "created": "2026-11-30T00:00:00+00:00",
        "versions": {"leo-bench": "test"},
        "commit": "",
        "dirty": False,
        "request": {"study": "study", "answers": ["answers"]},
    }
    fields |= changes
    asked: Question = fields.pop("asked", "realism")
    fields.setdefault("metric", METRICS[asked])
    fields.setdefault("caveats", caveats_of(fields["by_way"]))
    methods = (fields["first"], fields["second"])
    fields.setdefault("videos", {name: "0" for name in methods if name})
    return PreferenceRecord.model_validate(fields)


def repeated(**changes: Any) -> PreferenceRecord:
    """45 of 100 votes "yes" on LEO without the Transition DM."""
    fields: dict[str, Any] = {
        "asked": "repetition",
        "question": "Does the clip contain repeated motion?",
        "first": "leo-without-transition-dm",
        "second": "",
        "value": 0.45,
        "interval": (0.3, 0.6),
        "chosen": 45,
        "votes": 100,
        "raters": 10,
        "by_way": {"server": 10},
        "raters_apart": 0,
        "items": 10,
        "all_raters": OfAllRaters(value=0.45, interval=(0.3, 0.6), chosen=45, votes=100, raters=10),
    }
    return preference(**fields | changes)


def keep(folder: Path, record: PreferenceRecord) -> Path:
    """Write a record into a folder of records -> its path."""
    path = preference_path(folder, record)
    write_record(record, path)
    return path
