"""Draws slots: which items each rater sees, in which order, with which clip on which side.

Every item is shown equally often (to within one rater), with either clip on the left equally often;
within a slot the sides of each two methods are balanced too. Practice comes first, checks are
spread over the slot, and everything else is in random order.
"""

import random
from collections.abc import Mapping, Sequence

from leo_bench.benchmarks.user_study.study import Item

Slot = tuple[str, ...]


def draw_slots(
    items: Mapping[str, Item],
    groups: Sequence[Sequence[str]],
    raters: int,
    seed: int,
    per_group: int | None = None,
) -> tuple[Slot, ...]:
    """Slots of a study.

    Args:
        items: all items by name, practice and checks too.
        groups: names of rated items; items of one group compare the same methods.
        raters: number of slots.
        seed: of every random choice.
        per_group: how many items of each group a rater sees; None: all.
    """
    draw = random.Random(f"slots {seed}")
    rings = [draw.sample(list(group), len(group)) for group in groups]
    practice = sorted(name for name, item in items.items() if item.role == "practice")
    checks = sorted(name for name, item in items.items() if item.role == "check")
    times: dict[str, int] = {}
    slots = []
    for rater in draw.sample(range(raters), raters):
        chosen = []
        for ring in rings:
            count = len(ring) if per_group is None else min(per_group, len(ring))
            part = [ring[(rater * count + i) % len(ring)] for i in range(count)]
            chosen += [_sided(name, items, times, place) for place, name in enumerate(part)]
        draw.shuffle(chosen)
        tests = [_sided(name, items, times, place) for place, name in enumerate(checks)]
        draw.shuffle(tests)
        first = [_sided(name, items, times, place) for place, name in enumerate(practice)]
        slots.append((*first, *_spread(chosen, tests, draw)))
    return tuple(draw.sample(slots, len(slots)))


def _sided(name: str, items: Mapping[str, Item], times: dict[str, int], place: int) -> str:
    """The entry of an item; its sides alternate from rater to rater and from item to item."""
    if not items[name].b:
        return name
    turn = times.get(name, place)
    times[name] = turn + 1
    return f"{name}:{'ba' if turn % 2 else 'ab'}"


def _spread(chosen: Sequence[str], checks: Sequence[str], draw: random.Random) -> list[str]:
    """Checks among the rated items, one in each equal stretch, never as the first item."""
    found = list(chosen)
    stretch = len(chosen) / max(len(checks), 1)
    for number in reversed(range(len(checks))):
        low, high = int(number * stretch), int((number + 1) * stretch)
        found.insert(draw.randint(max(low, 1), max(high, 1)), checks[number])
    return found
