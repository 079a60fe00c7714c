"""Draws slots: which items each rater sees, in which order, with which clip on which side.

Over all raters every item is shown equally often, and either of its clips is on the left equally
often, to within one rater. Within a slot every group (the items that compare the same two methods)
is shown equally often, with either method on the left equally often, to within one item, and the
groups are spread over it evenly. Practice comes first, checks lie among the rated items. All else
is random.
"""

import random
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from leo_bench.benchmarks.user_study.study import Item

Slot = tuple[str, ...]
T = TypeVar("T", bound=Hashable)
Cell = tuple[int, str]  # a rater and an item


def draw_slots(
    items: Mapping[str, Item],
    groups: Sequence[Sequence[str]],
    raters: int,
    seed: int,
    per_rater: int | None = None,
) -> tuple[Slot, ...]:
    """Slots of a study.

    Args:
        items: all items by name, practice and checks too.
        groups: names of rated items; items of one group compare the same methods.
        raters: number of slots.
        seed: of every random choice.
        per_rater: how many rated items a rater sees; None: all.
    """
    draw = random.Random(f"slots {seed}")
    practice, checks = (
        sorted(name for name, item in items.items() if item.role == role)
        for role in ("practice", "check")
    )
    rated = _dealt(groups, raters, per_rater, draw)
    shown = [*rated, *([names] * raters for names in (practice, checks))]
    pairs = [[[n for n in part if items[n].b] for part in parts] for parts in shown]
    flipped = _sides(pairs, draw)

    def entry(rater: int, name: str) -> str:
        if not items[name].b:
            return name
        return f"{name}:{'ba' if flipped[rater, name] else 'ab'}"

    slots = []
    for rater in range(raters):
        order = _mixed([parts[rater] for parts in rated], draw)
        order = _spread(order, draw.sample(checks, len(checks)), draw)
        first = draw.sample(practice, len(practice))
        slots.append(tuple(entry(rater, name) for name in (*first, *order)))
    return tuple(slots)


def _dealt(
    groups: Sequence[Sequence[str]], raters: int, per_rater: int | None, draw: random.Random
) -> list[list[list[str]]]:
    """Which items of each group each rater sees: those that were shown least so far."""
    total = sum(map(len, groups)) if per_rater is None else per_rater
    times: dict[Hashable, int] = defaultdict(int)
    found: list[list[list[str]]] = [[] for _ in groups]
    for _ in range(raters):
        room = _shares([len(group) for group in groups], total, times, draw)
        for number, (group, count) in enumerate(zip(groups, room, strict=True)):
            found[number].append(_least_shown(group, count, times, draw))
    return found


def _shares(
    sizes: Sequence[int], total: int, times: dict[Hashable, int], draw: random.Random
) -> list[int]:
    """How many items of each group a rater sees: equally many, as far as the sizes allow."""
    shares = [0] * len(sizes)
    left = total
    while left:
        free = [group for group, size in enumerate(sizes) if shares[group] < size]
        if len(free) > left:
            free = _least_shown(free, left, times, draw)
        for group in free:
            shares[group] += 1
        left -= len(free)
    return shares


def _least_shown(
    of: Sequence[T], count: int, times: dict[Hashable, int], draw: random.Random
) -> list[T]:
    """So many of these that were taken least often so far, by chance among equals."""
    chosen = sorted(draw.sample(of, len(of)), key=lambda one: times[one])[:count]
    for one in chosen:
        times[one] += 1
    return chosen


def _sides(shown: Sequence[Sequence[Sequence[str]]], draw: random.Random) -> dict[Cell, bool]:
    """Whether clip b is on the left, of each rater and item.

    Cells are paired within each rater and group, then what is left of the group; and within each
    item, then what is left of the items. The two of a pair get opposite sides. A cell has at most
    one partner in its row and one in its column, so that this can always be done; every sum is then
    as even as its number of cells allows.

    Args:
        shown: of each group and rater, the items.
        draw: of every choice.
    """
    partners: dict[Cell, list[Cell]] = defaultdict(list)
    for group in shown:
        rows = [[(rater, name) for name in names] for rater, names in enumerate(group)]
        columns: dict[str, list[Cell]] = defaultdict(list)
        for cell in (cell for row in rows for cell in row):
            partners[cell] = []
            columns[cell[1]].append(cell)
        for lines in (rows, [*columns.values()]):
            for one, other in _paired(lines, draw):
                partners[one].append(other)
                partners[other].append(one)
    flipped: dict[Cell, bool] = {}
    for start in partners:
        waiting = [] if start in flipped else [(start, draw.random() < 0.5)]
        while waiting:
            cell, side = waiting.pop()
            if cell not in flipped:
                flipped[cell] = side
                waiting += [(partner, not side) for partner in partners[cell]]
    return flipped


def _paired(lines: Iterable[list[Cell]], draw: random.Random) -> list[tuple[Cell, Cell]]:
    """Pairs of cells of each line, by chance; then of the cells that are left, one a line."""
    pairs, left = [], []
    for line in lines:
        mixed = draw.sample(line, len(line))
        pairs += list(zip(mixed[::2], mixed[1::2], strict=False))
        left += mixed[len(mixed) - len(mixed) % 2 :]
    mixed = draw.sample(left, len(left))
    return pairs + list(zip(mixed[::2], mixed[1::2], strict=False))


def _mixed(parts: Sequence[Sequence[str]], draw: random.Random) -> list[str]:
    """The items of all groups in rounds, each with one item of every group that has any left."""
    waiting = [draw.sample(part, len(part)) for part in parts]
    order: list[str] = []
    while any(waiting):
        turn = [part.pop() for part in waiting if part]
        order += draw.sample(turn, len(turn))
    return order


def _spread(order: Sequence[str], checks: Sequence[str], draw: random.Random) -> list[str]:
    """Checks among the rated items, one in each equal stretch, never as the first item."""
    found = list(order)
    stretch = len(order) / max(len(checks), 1)
    for number in reversed(range(len(checks))):
        low, high = int(number * stretch), int((number + 1) * stretch)
        found.insert(draw.randint(max(low, 1), max(high, 1)), checks[number])
    return found
