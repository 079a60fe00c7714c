"""Fields of records that say how a number was measured: only numbers of one way are compared."""

from collections.abc import Mapping, Sequence
from typing import Any

# Fields that must be equal for two numbers to be comparable; a dot leads into a table.
IDENTITY = (
    "metric", "protocol", "protocol_digest", "frames", "resolution", "n_real", "n_fake",
    "videos_used", "extractor", "embedder", "weights_sha256", "precision",
    "real.fingerprint", "real.stride", "fake.stride", "source.stride",
)  # fmt: skip


def differing(
    one: Mapping[str, Any], other: Mapping[str, Any], fields: Sequence[str]
) -> list[tuple[str, str, str]]:
    """(field, its value in `one`, its value in `other`) of each field in which they differ.

    Args:
        one: a record as JSON.
        other: likewise.
        fields: names of fields; a dot leads into a table.
    """
    pairs = ((field, field_of(one, field), field_of(other, field)) for field in fields)
    return [
        (field, _short(mine), _short(theirs)) for field, mine, theirs in pairs if mine != theirs
    ]


def field_of(content: Mapping[str, Any], field: str) -> Any:
    """A field of a record as JSON; None if there is none. A dot leads into a table."""
    place: Any = content
    for part in field.split("."):
        place = place.get(part) if isinstance(place, Mapping) else None
    return place


def _short(value: Any) -> str:
    text = str(value)
    is_digest = len(text) in (40, 64) and all(c in "0123456789abcdef" for c in text)
    return text[:12] if is_digest else text
