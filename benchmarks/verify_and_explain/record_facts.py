"""How a record's number was made: the recorded facts in which two records can differ."""

from collections.abc import Mapping
from typing import Any

from leo_bench.evaluation.files.schema import leaves

# Fields with the numbers that `verify` compares.
NUMBERS = (
    "value_float64",
    "value",
    "values_float64",
    "values",
    "spread",
    "interval",
    "standard_error",
    "fvd_infinity",
    "extrapolation",
    "diagnostics",
    "curves",
    "against",
)

# Fields that were measured.
MEASURED = frozenset({*NUMBERS, "without_value", "frames_without"})

# Fields that differ from run to run.
OF_THE_RUN = frozenset({"created", "seconds", "notes", "caveats", "comparable"})

# Fields that hold settings; `explain` measures the effect of each setting.
SETTINGS = frozenset({"request", "protocol_settings"})

# Fields of a side that depend on where the videos are; the fingerprint tells videos apart.
PLACES = frozenset({"source", "absolute", "name", "notes"})


def changed_facts(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """The facts in which a record and the same computed again differ, as lines."""
    found = facts(a), facts(b)
    return [
        f"{name}: {short(found[0].get(name))} then, {short(found[1].get(name))} now"
        for name in {**found[0], **found[1]}
        if found[0].get(name) != found[1].get(name)
    ]


def facts(content: Mapping[str, Any]) -> dict[str, object]:
    """Value by field, without numbers, settings, places, and fields that differ by run."""
    kept = {
        name: value
        for name, value in content.items()
        if name not in MEASURED | OF_THE_RUN | SETTINGS
    }
    for side in ("real", "fake", "source", "train", "held_out"):
        if isinstance(kept.get(side), Mapping):
            kept[side] = {k: v for k, v in kept[side].items() if k not in PLACES}
    against = content.get("against")
    if isinstance(against, Mapping):
        kept["against"] = {k: v for k, v in against["source"].items() if k not in PLACES}
    return dict(leaves(kept))


def short(value: object) -> str:
    """A value for a table: a digest cut to 16 digits, any other text to 60 characters."""
    text = "-" if value is None else str(value)
    if len(text) in (40, 64) and all(c in "0123456789abcdef" for c in text):
        return text[:16]
    return text if len(text) <= 60 else text[:57] + "..."
