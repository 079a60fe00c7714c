"""Frame sizes that a measurement can compare: one a side, and the same on both."""

from collections.abc import Iterable

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.source import VideoSource


def check_same_size(
    real: VideoSource,
    fake: VideoSource,
    of_real: int | None = None,
    of_fake: int | None = None,
) -> None:
    """If each side has one frame size, the two must be equal; `draw` finds mixed sizes.

    Args:
        real: videos of one side.
        fake: videos of the other side.
        of_real: side in pixels that real frames are resized to; None: as stored.
        of_fake: as `of_real`.

    Raises:
        InputError: the sizes differ.
    """
    real_sizes, fake_sizes = (
        {(side, side)} if side is not None else set(source.sizes())
        for source, side in ((real, of_real), (fake, of_fake))
    )
    if len(real_sizes) == len(fake_sizes) == 1 and real_sizes != fake_sizes:
        (real_h, real_w), (fake_h, fake_w) = real_sizes.pop(), fake_sizes.pop()
        todo = "give --resolution, to which the protocol brings both"
        if of_real is not None or of_fake is not None:
            todo = "the protocol resizes one side alone here: give both at one size"
        raise InputError(
            f"real videos ({real.name}) are {real_h}x{real_w} and fake ones ({fake.name}) "
            f"{fake_h}x{fake_w}; {todo}"
        )


def check_one_size(source: VideoSource, used: Iterable[int]) -> None:
    """The videos at the indices `used` must have one frame size.

    Raises:
        InputError: they are not; the message counts them by size.
    """
    by_size: dict[tuple[int, int], list[str]] = {}
    sizes = source.sizes()
    for video in sorted(used):
        by_size.setdefault(sizes[video], []).append(source.names[video])
    if len(by_size) > 1:
        found = "; ".join(
            f"{h}x{w}: {len(names)} (such as {names[0]})" for (h, w), names in by_size.items()
        )
        raise InputError(f"{source.name}: videos of mixed sizes: {found}; give --resolution")
