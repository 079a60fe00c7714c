"""Motion codes of all frames of a data set, made once by the frozen animator (spec 5.2, phase 2).

book = encode(animator, videos)
write_codes(book, run / "codes.safetensors")
book.sequences         # one float32 [T,20] a training video
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.leo.data.videos import TrainingVideos, judged

CODES = "codes.safetensors"  # in the folder of a run
ANIMATOR = "animator_digest"  # in the metadata of what is trained on codes: the file they are of
FRAMES_AT_ONCE = 64

Progress = Callable[[int, int], None]


class Encoder(Protocol):
    """What makes codes: `leo.models.animator.ImageAnimator`."""

    def codes(self, frames: Tensor) -> Tensor:
        """uint8 [T,3,R,R] -> float32 [T,20]."""


@dataclass(frozen=True)
class CodeBook:
    """The codes of a data set.

    Args:
        codes: float32 [sum of lengths,20], not normalised.
        lengths: frames of each video.
        names: of the videos.
        held_out: indices of the held-out videos.
        digest: what the codes follow from: fingerprints of the videos and of the animator.
        animator: hex SHA-256 of the animator's file; None: made before this was kept.
    """

    codes: Tensor
    lengths: Sequence[int]
    names: Sequence[str]
    held_out: Sequence[int]
    digest: str
    animator: str | None = None

    @property
    def about_animator(self) -> dict[str, str]:
        """For the metadata of a model that is trained on these codes."""
        return {} if self.animator is None else {ANIMATOR: self.animator}

    def of(self, video: int) -> Tensor:
        """One video's codes: float32 [T,20]."""
        first, end = self._ends[video : video + 2]
        return self.codes[first:end]

    @cached_property
    def _ends(self) -> Sequence[int]:
        """Where the codes of each video begin, and those of the one before end."""
        return list(accumulate(self.lengths, initial=0))

    @property
    def training(self) -> Sequence[int]:
        """Indices of the videos that are learned from."""
        kept_out = set(self.held_out)
        return [i for i in range(len(self.lengths)) if i not in kept_out]

    @property
    def sequences(self) -> list[Tensor]:
        """Codes of the training videos: float32 [T,20] each."""
        return [self.of(i) for i in self.training]

    @property
    def judged_sequences(self) -> list[Tensor]:
        """Codes of the videos that a model is judged on (`data.videos.judged`), as `sequences`."""
        return [self.of(i) for i in judged(self.training, self.held_out)]


def encode(
    animator: Encoder, videos: TrainingVideos, digest: str, progress: Progress | None = None
) -> CodeBook:
    """Codes of every frame of every video; `digest` goes into the book."""
    parts: list[Tensor] = []
    counts = videos.frame_counts
    for video, count in enumerate(counts):
        for start in range(0, count, FRAMES_AT_ONCE):
            indices = range(start, min(start + FRAMES_AT_ONCE, count))
            parts.append(animator.codes(videos.frames(video, indices)))
        if progress is not None:
            progress(video + 1, len(counts))
    return CodeBook(
        codes=torch.cat(parts),
        lengths=list(counts),
        names=list(videos.source.names),
        held_out=list(videos.held_out),
        digest=digest,
    )


def write_codes(book: CodeBook, path: Path) -> None:
    """Atomically, as safetensors with everything else in its metadata.

    Raises:
        InputError: the disk is full or may not be written to.
    """
    facts = {
        "lengths": list(book.lengths),
        "names": list(book.names),
        "held_out": list(book.held_out),
        "digest": book.digest,
        "animator": book.animator,
    }
    content = save({"codes": book.codes.contiguous()}, metadata={"codes": json.dumps(facts)})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def read_codes(path: Path) -> CodeBook:
    """As `write_codes` wrote them.

    Raises:
        InputError: no such file, or not codes; the message says which command makes them.
    """
    if not path.is_file():
        raise InputError(f"{path}: no codes; make them with {_how(path)}")
    try:
        with safe_open(path, "pt") as file:
            facts = json.loads(file.metadata()["codes"])
            codes = file.get_tensor("codes")
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: not a file of codes ({error}); remove it and run {_how(path)}"
        ) from None
    return CodeBook(codes=codes, **facts)


def _how(path: Path) -> str:
    """The command that makes the codes of the run that they lie in."""
    return f"`leo-bench encode --run {path.parent}`"
