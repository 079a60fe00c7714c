"""Which pictures of a source are its frames, by name; and a word on the files that are not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class FrameChoice:
    """Patterns of a shell that frames must fit; `str` tells one choice from another.

    Args:
        only, without: of names relative to the source: one of `only`, if there are any, and none
            of `without`; "*" goes over folders, too.
        frames: of the picture's own name; None: any.
    """

    only: Sequence[str] = ()
    without: Sequence[str] = ()
    frames: str | None = None

    def takes(self, name: str) -> bool:
        """Whether a picture, called so relative to its source, is a frame."""
        return names_fit(name, self.only, self.without) and (
            self.frames is None or fnmatchcase(name.rpartition("/")[2], self.frames)
        )

    def __bool__(self) -> bool:
        return bool(self.only or self.without or self.frames is not None)

    def __str__(self) -> str:
        return f" {[*self.only]} {[*self.without]} {self.frames}" if self else ""


def names_fit(name: str, only: Sequence[str], without: Sequence[str]) -> bool:
    """Whether a name fits one of `only`, or there are none, and none of `without`."""
    wanted = not only or any(fnmatchcase(name, pattern) for pattern in only)
    return wanted and not any(fnmatchcase(name, pattern) for pattern in without)


def left_out_notes(left_out: Counter[str]) -> list[str]:
    """The note on files that were left out: "txt", "hidden" -> how many."""
    if not left_out:
        return []
    what = ", ".join(f"{n:,} {suffix}" for suffix, n in sorted(left_out.items()))
    return [f"files that are no videos were left out: {what}"]
