"""Notes on the choice of clips: videos that gave none, too short ones, repeated passes.

Each note says in one sentence how many videos it concerns and why.
"""

from collections.abc import Sequence

from leo_bench.evaluation.clips import ClipChoice, ClipRef, Window, givers, some


def choice_notes(
    names: Sequence[str],
    frame_counts: Sequence[int],
    window: Window,
    choice: ClipChoice,
    refs: Sequence[ClipRef],
    what: str,
) -> tuple[str, ...]:
    """The notes on one choice.

    Args:
        names: of all videos.
        frame_counts: of all videos.
        window: the argument of `choose_clips`.
        choice: the argument of `choose_clips`.
        refs: the clips that were chosen, in one repeat.
        what: what the notes call the videos: "real videos".
    """
    found = _short(names, frame_counts, window, choice, what)
    whole = sum(choice.fits(frames, window) for frames in frame_counts)
    used = len({ref.video for ref in refs})
    if choice.count is None:
        return tuple(found)
    if choice.enough == "again" and len(refs) > len(names):
        found.append(
            f"the {len(names):,} {what} gave {len(refs):,} clips, in passes one after another"
        )
    elif len(refs) < choice.count:
        found.append(f"the {what} hold {len(refs):,} clips, of {choice.count:,} that are asked for")
    elif used < whole:
        which = "the first by name" if choice.order == "listed" else "drawn by the seed"
        found.append(
            f"{whole - used:,} of {len(names):,} {what} gave no clip: {choice.count:,} clips are "
            f"asked for, {which}"
        )
    return tuple(found)


def _short(
    names: Sequence[str],
    frame_counts: Sequence[int],
    window: Window,
    choice: ClipChoice,
    what: str,
) -> list[str]:
    """The note on videos that are too short."""
    short = [i for i, frames in enumerate(frame_counts) if not choice.fits(frames, window)]
    if not short:
        return []
    lengths = sorted(frame_counts[i] for i in short)
    low, high = lengths[0], lengths[-1]
    span = f"{low} frames" if low == high else f"{low} to {high} frames"
    asked = "" if window.stride == 1 else f" ({window.frames} at stride {window.stride})"
    are, have = ("is", "has") if len(short) == 1 else ("are", "have")
    counted = f"{len(short):,} of {len(names):,} {what}"
    shorter = f"{counted} {are} shorter than {window.block} frames{asked}"
    if choice.short == "next":
        stood = givers(frame_counts, window, choice)
        pairs = [f"{names[i]} by {names[j]}" for i, j in enumerate(stood) if j not in (i, None)]
        sound = len(pairs) - len(short)  # only where most are too short
        besides = f"; {sound:,} that are long enough too, as in the original" if sound else ""
        return [
            f"{shorter} and replaced by a random clip of the next that has one ({span}{besides}): "
            + some(pairs)
        ]
    if choice.needs == "block+1":
        no_more = f"{have} no more than {window.block} frames{asked}"
        return [f"{counted} {no_more} and {are} left out ({span})"]
    return [f"{shorter} and left out ({span})"]
