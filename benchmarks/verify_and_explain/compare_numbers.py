"""Compare recorded numbers with the same computed again, within the tolerance of machines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Features agree to 1e-5 between machines, and FVD to about 1e-4 (evaluation/README.md).
RELATIVE_TOLERANCE = 1e-4
ABSOLUTE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Comparison:
    """Recorded results compared with the same computed again.

    Args:
        same: whether every number and all videos are the same.
        lines: one line for each number, then other changes.
        differing: names of what differs.
        then, now: the recorded and the new number; None if there is none.
    """

    same: bool
    lines: tuple[str, ...]
    differing: tuple[str, ...] = ()
    then: float | None = None
    now: float | None = None


def together(parts: Sequence[Comparison]) -> Comparison:
    """Several comparisons as one."""
    numbers = [part for part in parts if part.then is not None]
    return Comparison(
        same=all(part.same for part in parts),
        lines=tuple(line for part in parts for line in part.lines),
        differing=tuple(name for part in parts for name in part.differing),
        then=numbers[0].then if numbers else None,
        now=numbers[0].now if numbers else None,
    )


class Numbers:
    """Collects comparisons of named numbers, lists and tables of numbers, one line for each name.

    Args:
        scale: size of the record's number, to which tolerances are relative.
    """

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._lines: list[str] = []
        self._differing: list[str] = []

    def compare(self, name: str, then: Any, now: Any, factor: float, slack: float = 0.0) -> None:
        """Compare all numbers in `then` with those in `now`.

        Args:
            name: stands in the line.
            then: a number, a list or a table of numbers; None if there is none.
            now: the same, computed again.
            factor: multiplies the tolerance.
            slack: is added to the tolerance.
        """
        mine, others = dict(_leaves(then)), dict(_leaves(now))
        wrong = []
        for place in {**mine, **others}:
            one, other = mine.get(place), others.get(place)
            size = max(self._scale, abs(one) if isinstance(one, float) else 0.0)
            limit = factor * RELATIVE_TOLERANCE * size + ABSOLUTE_TOLERANCE + slack
            if not _is_near(one, other, limit):
                said = f"{name}{place} {_said(one)} then, {_said(other)} now"
                wrong.append(f"{said}: differs by more than {limit:.3g}")
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            self._lines.append(wrong[0] + more)
            self._differing.append(name)
        elif len(mine) == 1:
            ((place, one),) = mine.items()
            if one is not None:
                now_said = _said(others.get(place))
                self._lines.append(f"{name}{place} {_said(one)} then, {now_said} now: the same")
        elif mine:
            self._lines.append(f"{name}: {len(mine)} numbers: the same")

    def differ(self, name: str, then: object, now: object) -> None:
        """Note a value that differs."""
        self._lines.append(f"{name} {then} then, {now} now: differs")
        self._differing.append(name)

    def comparison(self) -> Comparison:
        """Everything collected."""
        return Comparison(not self._differing, tuple(self._lines), tuple(self._differing))


def _leaves(value: Any, where: str = "") -> Iterator[tuple[str, float | bool | None]]:
    """(place, number) of every number in nested lists and tables."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{where}.{name}" if where else f" {name}")
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{where}[{place}]")
    elif isinstance(value, bool) or value is None:
        yield where, value
    else:
        yield where, float(value)


def _is_near(one: float | bool | None, other: float | bool | None, limit: float) -> bool:
    if one is None or other is None or isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return abs(one - other) <= limit


def _said(number: float | bool | None) -> str:
    return "none" if number is None else repr(number)
