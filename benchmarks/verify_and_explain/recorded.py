"""What a record says of how its number was made, besides the number: to tell two records apart."""

from collections.abc import Iterator, Mapping
from typing import Any

# Which of a record's fields are numbers that `verify` compares, and the ones without rounding.
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

# Fields that were measured: numbers, and whatever goes with them.
MEASURED = frozenset({*NUMBERS, "without_value", "frames_without"})

# Fields that are of one run alone.
OF_THE_RUN = frozenset({"created", "seconds", "notes", "caveats", "comparable"})

# Fields that settings are made of; `explain` measures what each of them does.
SETTINGS = frozenset({"request", "protocol_settings"})

# Where the videos lie, and what a source calls itself by its path, is no difference between them:
# the fingerprint tells videos apart.
PLACES = frozenset({"source", "absolute", "name", "notes"})


def changed_facts(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """What two records of one request do not share: "FIELD: in A then, in B now"."""
    found = facts(a), facts(b)
    return [
        f"{name}: {short(found[0].get(name))} then, {short(found[1].get(name))} now"
        for name in {**found[0], **found[1]}
        if found[0].get(name) != found[1].get(name)
    ]


def facts(content: Mapping[str, Any]) -> dict[str, object]:
    """Field -> value of all but numbers, settings, places and what is of one run alone."""
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


def leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """(dotted path, value) of everything in tables within tables."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def short(value: object) -> str:
    """A value in a table: a digest by its first 16 digits, anything else by 60 letters."""
    text = "-" if value is None else str(value)
    if len(text) in (40, 64) and all(c in "0123456789abcdef" for c in text):
        return text[:16]
    return text if len(text) <= 60 else text[:57] + "..."
