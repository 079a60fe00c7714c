"""Samples of a trained LEO as a `VideoSource`, drawn and rendered when they are read.

source = LeoSource(Drawing(LeoModel.open(run), Sampling(frames=128, count=256)))
source.read(7, range(16))              # uint8 [16,3,R,R]
for frame in source.stream(7): ...     # frames as they are made; memory does not grow with them

Sample i follows from (seed, i) alone, to the bit on a CPU: samples are drawn and frames rendered in
aligned groups of fixed size, each group on one thread.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import cached_property
from typing import Generic, TypeVar

import torch
from torch import Tensor

from leo_bench.evaluation.features.single_thread_pool import Lanes, lanes
from leo_bench.evaluation.files.schema import settings_digest
from leo_bench.evaluation.videos.source import Medium, Skipped, read_in_pieces
from leo_bench.leo.data.videos import cut_note
from leo_bench.leo.sampling.drawing import Drawing, Drawn
from leo_bench.leo.sampling.options import SampleRow
from leo_bench.leo.sampling.rendering import Rendering, Stretches

VERSION = 3  # raise when the same model and settings give other pixels
STRETCHES = 2  # likewise, of samples that are made from their own frames
_REENCODED = {  # the words of a source's notes
    "off": "",
    "start": ", motion begun at the encoded first frame",
    "runs": ", every run of motion gone on from the last frame made (no LEO)",
    "frames": ", every frame made from the frame before it (no LEO)",
}
FEW = 0.01  # share of clamped codes that needs no note
KEPT = 4  # groups of samples, and renderings, in memory

T = TypeVar("T")


class LeoSource:
    """Samples of a LEO as a `VideoSource`.

    Args:
        drawing: model and options.
        why: a note on the mode, where the user did not say it (`leo.sampling.stated`).

    Raises:
        InputError: a stage that this needs is not trained, or the sampler's steps do not fit it.
    """

    def __init__(self, drawing: Drawing, why: str = "") -> None:
        self.drawing = drawing
        self._why = why
        self.model_digest = drawing.model.digest(drawing.stages())
        drawing.check_steps()
        self._drawn: _Recent[Drawn] = _Recent()
        self._renderings: _Recent[Rendering | Stretches] = _Recent()

    @property
    def name(self) -> str:
        """As on the command line, without options; of them, `reencode` alone makes it no LEO."""
        again = self.drawing.sampling.reencode
        return self.drawing.model.name + ("" if again == "off" else f"?reencode={again}")

    @cached_property
    def names(self) -> Sequence[str]:
        """sample-000000, sample-000001, ..."""
        return [f"sample-{i:06d}" for i in range(self.drawing.sampling.count)]

    @property
    def frame_counts(self) -> Sequence[int]:
        """Frames of each sample, all the same."""
        return [self.drawing.sampling.frames] * self.drawing.sampling.count

    @property
    def medium(self) -> Medium:
        """How the frames are made; there is no file and no codec."""
        device = self.drawing.model.device.split(":")[0]
        return Medium("drawn", (), f"LEO / torch {torch.__version__} / {device}", lossy=False)

    @property
    def skipped(self) -> Sequence[Skipped]:
        """Empty: no sample can be unreadable."""
        return ()

    @property
    def notes(self) -> Sequence[str]:
        """Model and options, and notes on the given first frames."""
        model, sampling = self.drawing.model, self.drawing.sampling
        starts = self.drawing.starts
        begun = "" if starts is None else f" from {sampling.start_frame} frames of {starts.name}"
        if self.drawing.pictures is not None:
            begun = " from the training frames whose codes are nearest to the drawn ones"
        how = f"{sampling.sampler} in {sampling.steps} steps, seed {sampling.seed}"
        if sampling.first_frame_sampler:
            how = f"{how}, first frames by {sampling.first_frame_sampler}"
        if sampling.dtype != "fp32":
            how = f"{how}, motion in {sampling.dtype}"
        with_transitions = ", with transitions" if sampling.transitions else ""
        directed = "".join(f", {word}" for word in self.drawing.direction.words)
        again = _REENCODED[sampling.reencode]
        return (
            f"{sampling.mode} samples{begun} of LEO {model.config.id} "
            f"({self.model_digest[:12]}), {how}{with_transitions}{directed}{again}",
            *([self._why] if self._why else []),
            *self.start_notes,
        )

    @property
    def start_notes(self) -> Sequence[str]:
        """Notes on the given first frames and last poses, such as how much is cropped."""
        given = {"first frames": self.drawing.starts, "--to": self.drawing.ends}
        return tuple(
            f"{what}: {note}"
            for what, videos in given.items()
            if videos is not None
            for note in (*videos.notes, cut_note(videos))
            if note is not None
        )

    def sizes(self) -> Sequence[tuple[int, int]]:
        """Height and width of each sample: square, all the same."""
        side = self.drawing.model.config.resolution
        return [(side, side)] * self.drawing.sampling.count

    def digest(self, index: int) -> str:
        """Hex SHA-256 of what the pixels follow from: model, options, number, first frame."""
        facts = {
            "version": VERSION,
            "model": self.model_digest,
            "sampling": self.drawing.sampling.model_dump(mode="json", exclude={"count"}),
            "start": self.drawing.start_digest(index),
            "sample": index,
        }
        if self.drawing.given_ends is not None:
            facts["to"] = self.drawing.given_ends.digest(index)
        if self.drawing.from_own_frames:
            facts["stretches"] = STRETCHES
        return settings_digest(facts)

    def codes(self, index: int) -> Tensor:
        """The motion codes of a sample: float32 [T,M]."""
        return self._group_of(index).codes[index % self.drawing.together]

    def first(self, index: int) -> Tensor:
        """The first frame of a sample: uint8 [3,R,R]."""
        return self._group_of(index).firsts[index % self.drawing.together]

    def start_gap(self) -> tuple[Tensor, Tensor] | None:
        """Distance between a drawn first frame's code and the code it was drawn for.

        Returns:
            For the samples drawn together with the first one: |E(x_1) - alpha_1|, and the same with
            the next sample's alpha_1, to compare: float32 [n] each. None where codes are read off
            the first frames.
        """
        drawing = self.drawing
        if drawing.starts is not None or drawing.sampling.reencode != "off":
            return None
        group = self._group_of(0)
        seen = self._lanes.submit(lambda: drawing.encode(group.firsts)).result()
        asked = group.codes[:, 0]
        return (seen - asked).norm(dim=1), (seen - asked.roll(-1, 0)).norm(dim=1)

    def clamped_note(self) -> str | None:
        """How many codes `motion_scale` takes out of the range of training; None: few or none.

        Of the samples drawn together with the first one.
        """
        scale = self.drawing.sampling.motion_scale
        if scale <= 1:
            return None
        clamped = self._group_of(0).clamped
        share = 0.0 if clamped is None else float(clamped.float().mean())
        if share <= FEW:
            return None
        return (
            f"motion times {scale:g}: {100 * share:.0f} % of the codes left the range of training, "
            "and were clamped to it; ask for less"
        )

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """Some frames of a sample: uint8 [len(frames),3,R,R]."""
        bad = [frame for frame in frames if not 0 <= frame < self.frame_counts[index]]
        if bad:
            raise IndexError(f"{self.names[index]}: frame {bad[0]} of {self.frame_counts[index]}")
        return self._rendering(index).read(frames)

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """Some frames of a sample one by one, uint8 [3,R,R]."""
        return read_in_pieces(self, index, frames)

    def check_unchanged(self, index: int) -> None:
        """Check the videos that give the sample its first frame and its last pose.

        Raises:
            InputError: one has changed since it was opened.
        """
        for given in (self.drawing.given_starts, self.drawing.given_ends):
            if given is not None:
                given.check_unchanged(index)

    def stream(self, index: int) -> Iterator[Tensor]:
        """All frames of a sample one by one, uint8 [3,R,R], in constant memory."""
        return self._rendering(index).stream()

    @property
    def _lanes(self) -> Lanes:
        return lanes(self.drawing.model.device)

    def _rendering(self, index: int) -> Rendering | Stretches:
        drawing, group, row = self.drawing, self._group_of(index), index % self.drawing.together
        how = drawing.sampling.first_frame

        def encode() -> Rendering | Stretches:
            if group.pictures is None:
                return Rendering.of(drawing.model, group.firsts[row], group.codes[row], how)
            each = drawing.sampling.reencode == "frames"
            return Stretches(drawing.model, group.pictures[row], group.codes[row], how, each)

        return self._renderings.begin(index, lambda: self._lanes.submit(encode)).result()

    def _group_of(self, index: int) -> Drawn:
        """The group of samples with `index`; when groups are read in order, the next is begun."""
        number = index // self.drawing.together
        found = self._begin_group(number)
        last = (self.drawing.sampling.count - 1) // self.drawing.together
        if self._lanes.count > 1 and number < last and number - 1 in self._drawn:
            self._begin_group(number + 1)
        return found.result()

    def _begin_group(self, number: int) -> "Future[Drawn]":
        size = self.drawing.together
        numbers = range(number * size, min((number + 1) * size, self.drawing.sampling.count))
        rows = [SampleRow(i, i, i) for i in numbers]
        return self._drawn.begin(
            number, lambda: self._lanes.submit(lambda: self.drawing.draw(rows))
        )


class _Recent(Generic[T]):
    """The last few results by number; several threads that ask for one share its computation."""

    def __init__(self) -> None:
        self._futures: OrderedDict[int, Future[T]] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, number: int) -> bool:
        with self._lock:
            return number in self._futures

    def begin(self, number: int, start: Callable[[], "Future[T]"]) -> "Future[T]":
        """The result of this number, started if it is not in memory."""
        with self._lock:
            if number not in self._futures:
                self._futures[number] = start()
                if len(self._futures) > KEPT:
                    self._futures.popitem(last=False)
            self._futures.move_to_end(number)
            return self._futures[number]
