"""Motion codes of all frames of a data set, made once by the trained animator.

book = encode(animator, videos, digest, machine, folder, team)
write_codes(book, run / "codes.safetensors")
book.sequences         # one float32 [T,M] a training video
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.numerics import hardware
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.processes.team import Team
from leo_bench.leo.checkpoint import LICENCE
from leo_bench.leo.data.videos import TrainingVideos, judged

CODES = "codes.safetensors"  # in the folder of a run
ANIMATOR = "animator_digest"  # in metadata of models trained on codes: the animator of the codes
FRAMES_AT_ONCE = 64
VIDEOS_A_PART = 16

Progress = Callable[[int, int], None]


class Encoder(Protocol):
    """An image animator: `leo.models.animator.ImageAnimator`."""

    def codes(self, frames: Tensor) -> Tensor:
        """uint8 [T,3,R,R] -> float32 [T,M]."""


@dataclass(frozen=True)
class CodeBook:
    """The codes of a data set.

    Args:
        codes: float32 [sum of lengths,M], not normalised.
        lengths: frames of each video.
        names: of the videos.
        held_out: indices of the held-out videos.
        digest: of what the codes follow from, the videos and the animator.
        animator: hex SHA-256 of the animator's file; None in older files.
        licence: of the animator, and so of its codes; "": none is stated.
    """

    codes: Tensor
    lengths: Sequence[int]
    names: Sequence[str]
    held_out: Sequence[int]
    digest: str
    animator: str | None = None
    licence: str = ""

    @property
    def about_animator(self) -> dict[str, str]:
        """Metadata for a model that is trained on these codes."""
        about = {ANIMATOR: self.animator or "", LICENCE: self.licence}
        return {key: value for key, value in about.items() if value}

    def of(self, video: int) -> Tensor:
        """One video's codes: float32 [T,M]."""
        first, end = self._ends[video : video + 2]
        return self.codes[first:end]

    @cached_property
    def _ends(self) -> Sequence[int]:
        """Where the codes of each video begin, and the last end."""
        return list(accumulate(self.lengths, initial=0))

    @property
    def training(self) -> Sequence[int]:
        """Indices of the training videos."""
        kept_out = set(self.held_out)
        return [i for i in range(len(self.lengths)) if i not in kept_out]

    @property
    def sequences(self) -> list[Tensor]:
        """Codes of the training videos: float32 [T,M] each."""
        return [self.of(i) for i in self.training]

    @property
    def judged_sequences(self) -> list[Tensor]:
        """Codes of the validation videos (`data.videos.judged`): float32 [T,M] each."""
        return [self.of(i) for i in judged(self.training, self.held_out)]


def encode(
    animator: Encoder,
    videos: TrainingVideos,
    digest: str,
    machine: str,
    folder: Path,
    team: Team,
    progress: Progress | None = None,
) -> CodeBook:
    """Codes of every frame of every video, in parts that processes divide among them.

    Args:
        animator: the encoder.
        videos: the videos.
        digest: `CodeBook.digest`.
        machine: what decides the last bits of the codes besides (`machine_of`).
        folder: for the parts; what a killed command on such a machine left there is taken.
        team: the processes.
        progress: called with videos done and videos in all.

    Raises:
        ShareDone: in every process but the first.
        UnlikeError: the processes have other videos, animators or machines.
        InputError: `folder` cannot be written to.
    """
    team.agree("digest of videos and animator", digest)
    team.agree("torch and hardware", machine)
    made_from = hashlib.sha256(f"{digest} {machine}".encode()).hexdigest()[:16]
    name, count = f"codes/{made_from}", len(videos.frame_counts)
    starts = range(0, count, VIDEOS_A_PART)
    parts = folder / made_from

    def part(piece: int) -> Tensor:
        """The codes of some videos, from their file or made anew."""
        of_part = range(starts[piece], min(starts[piece] + VIDEOS_A_PART, count))
        path = parts / f"{piece:06d}.safetensors"
        length = sum(videos.frame_counts[video] for video in of_part)
        codes = _read_part(path, length)
        if codes is None:
            codes = torch.cat([_codes_of(animator, videos, video) for video in of_part])
            write_atomically(path, save({"codes": codes.contiguous()}))
        return codes

    def do(piece: int) -> None:
        part(piece)
        done = team.add(name, min(VIDEOS_A_PART, count - starts[piece]))
        if progress is not None:
            progress(done, count)

    team.each(name, len(starts), do)
    team.first_only()
    team.wait(name, len(starts))
    return CodeBook(
        codes=torch.cat([part(piece) for piece in range(len(starts))]),
        lengths=list(videos.frame_counts),
        names=list(videos.source.names),
        held_out=list(videos.held_out),
        digest=digest,
    )


def machine_of(device: str) -> str:
    """What decides the last bits of a network's output on this machine."""
    return f"torch {torch.__version__}, {hardware(device)}"


def _codes_of(animator: Encoder, videos: TrainingVideos, video: int) -> Tensor:
    """The codes of every frame of one video: float32 [T,M]."""
    count = videos.frame_counts[video]
    return torch.cat(
        [
            animator.codes(videos.frames(video, range(first, min(first + FRAMES_AT_ONCE, count))))
            for first in range(0, count, FRAMES_AT_ONCE)
        ]
    )


def _read_part(path: Path, length: int) -> Tensor | None:
    """The codes of a part; None where its file is absent or damaged."""
    try:
        codes = load_file(path)["codes"]
    except (OSError, SafetensorError, KeyError):
        return None
    return codes if len(codes) == length else None


def write_codes(book: CodeBook, path: Path) -> None:
    """Write codes atomically, as safetensors with all else in the metadata.

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
    if book.licence:
        facts[LICENCE] = book.licence
    content = save({"codes": book.codes.contiguous()}, metadata={"codes": json.dumps(facts)})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def read_codes(path: Path) -> CodeBook:
    """The codes in a file of `write_codes`.

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
    """The command that makes these codes."""
    return f"`leo-bench encode --run {path.parent}`"
