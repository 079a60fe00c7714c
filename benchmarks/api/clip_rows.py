"""Features of clips with what a record states of them, as two tensors that processes can gather.

Columns of the facts, int64 [N,9]: the number of the clip's video (-1: a video of its own), frames,
height, width, what its values are (LEVELS, FLOATS, CLAMPED), and the SHA-256 of its content in
four.
"""

import hashlib
import struct
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.distances.feature_matrix import content_order
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.measure import Side, SideFeatures
from leo_bench.evaluation.protocols.of_clips import SideName
from leo_bench.evaluation.videos.arrays import Quantise
from leo_bench.evaluation.videos.float_range import NAMES, FloatRange, is_clamped
from leo_bench.evaluation.videos.remembered import RememberedVideos
from leo_bench.evaluation.videos.tensors import TensorVideos, medium_of

COLUMNS = 9
LEVELS, FLOATS, CLAMPED = range(3)  # of floats, some of which were clamped to their range
_DIGEST = struct.Struct("<4q")


def facts_of(source: TensorVideos, numbers: Sequence[int], floats: FloatRange | None) -> Tensor:
    """The facts of a batch: int64 [B,9].

    Args:
        source: the clips.
        numbers: of their videos.
        floats: the range that floats were read in.
    """
    rows = [
        (number, frames, *size, _kind(span, floats), *_DIGEST.unpack(bytes.fromhex(digest)))
        for number, frames, size, span, digest in zip(
            numbers,
            source.frame_counts,
            source.sizes(),
            source.spans,
            map(source.digest, range(len(source.names))),
            strict=True,
        )
    ]
    return torch.tensor(rows, dtype=torch.int64)


@dataclass(frozen=True)
class ClipRows:
    """The clips of one side, of all processes, in an order that their content decides.

    Args:
        features: float32 [N,D] on the CPU.
        facts: int64 [N,9] on the CPU.
    """

    features: Tensor
    facts: Tensor

    @classmethod
    def gathered(cls, features: Tensor, facts: Tensor) -> "ClipRows":
        """Rows in any order, on any device."""
        features, facts = features.detach().cpu().contiguous(), facts.detach().cpu().contiguous()
        content = torch.cat([features.view(torch.int32), facts.view(torch.int32)], dim=1)
        order = content_order(content)
        return cls(features[order], facts[order])

    @property
    def repeated(self) -> int:
        """Clips that equal another one, in content and in the number of their video."""
        return len(self.facts) - len(torch.unique(self.facts, dim=0))

    @property
    def frames(self) -> int:
        """Of every clip.

        Raises:
            InputError: clips of several lengths.
        """
        lengths = sorted(set(self.facts[:, 1].tolist()))
        if len(lengths) > 1:
            raise InputError(f"clips of {' and '.join(map(str, lengths))} frames on one side")
        return int(lengths[0])

    @property
    def has_floats(self) -> bool:
        """Whether some clips hold floats."""
        return bool((self.facts[:, 4] != LEVELS).any())

    def videos(self) -> list[str]:
        """The name of each clip's video, which neither order nor process decides.

        A number is written as rows of an array file are named, so that clips which come with their
        row as number have the interval of that file.
        """
        return [
            f"clip-{place:06d}" if number < 0 else f"{number:06d}"
            for place, number in enumerate(self.facts[:, 0].tolist())
        ]

    def side(self, name: SideName, quantise: Quantise, floats: FloatRange | None) -> SideFeatures:
        """The clips as one side of a measurement."""
        videos = self.videos()
        frames = self.frames
        rows: dict[str, list[int]] = defaultdict(list)
        for row, video in enumerate(videos):
            rows[video].append(row)
        names = sorted(rows)
        first = [rows[video][0] for video in names]
        source = RememberedVideos(
            name=name,
            names=names,
            frame_counts=[frames] * len(names),
            heights_and_widths=[(int(h), int(w)) for h, w in self.facts[first, 2:4].tolist()],
            digests={i: self._digest(rows[video]) for i, video in enumerate(names)},
            medium=medium_of(quantise, floats),
            notes=self._notes(floats),
        )
        return SideFeatures(
            side=Side(source, Window(frames), name),
            values=[self.features],
            videos=[videos],
            clips=len(videos),
            used=range(len(names)),
            computed=len(videos),
            notes=(),
        )

    def _digest(self, rows: Sequence[int]) -> str:
        """Of a video: its clip's own, or that of its clips' together."""
        digests = [_DIGEST.pack(*self.facts[row, 5:].tolist()) for row in rows]
        return digests[0].hex() if len(rows) == 1 else _together(digests)

    def _notes(self, floats: FloatRange | None) -> list[str]:
        found = []
        clamped = int((self.facts[:, 4] == CLAMPED).sum())
        if floats is not None and clamped:
            found.append(f"values beyond {NAMES[floats]} are clamped, in {clamped} clips")
        if self.repeated:
            found.append(
                f"{self.repeated} clips are copies of others (a DistributedSampler repeats clips "
                "to give every process as many)"
            )
        return found


def _together(digests: Sequence[bytes]) -> str:
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def _kind(span: tuple[float, float] | None, floats: FloatRange | None) -> int:
    if span is None or floats is None:
        return LEVELS
    return CLAMPED if is_clamped(span, floats) else FLOATS
