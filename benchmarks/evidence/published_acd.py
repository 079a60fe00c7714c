"""ACD of the samples that authors published, and of real video, by each network; Markdown.

    LEO_BENCH_WEIGHTS=SHARED_DATA/weights
        python -m leo_bench.benchmarks.evidence.published_acd --from SHARED_DATA
    LEO_BENCH_WEIGHTS=MINE
        python -m leo_bench.benchmarks.evidence.published_acd --from SHARED_DATA --only face
        --protocol acd-face-casia --protocol acd-face-casia-aligned --allow-unverified

SHARED_DATA holds `clips.csv`, one row a clip with the box of its tile, and the videos that it names
(`evidence.published_samples`). The first 16 frames of each page's video are decoded once, and its
first tiles are measured in memory. Embeddings are cached, so a second run continues the first.

Limits: the sets are small and selected by their authors, compressed with loss, and differ in frame
rate; the networks are not the paper's.
"""

import argparse
import hashlib
import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor

from leo_bench.benchmarks.cli.screen import out, resources, say
from leo_bench.benchmarks.evidence.published_samples import ClipRow, read_rows, unstretched
from leo_bench.benchmarks.prepare.reading import read_frames
from leo_bench.benchmarks.prepare.resample import Frame
from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.embedders import EmbedderRequest, build_embedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe
from leo_bench.evaluation.identity.acd import SourceACD, source_acd
from leo_bench.evaluation.identity.embedded_videos import EmbeddingSettings
from leo_bench.evaluation.protocols.of_frames import FrameProtocol, load_frame_protocol
from leo_bench.evaluation.videos.source import Medium, Skipped, VideoSource, read_in_pieces

FRAMES = 16
PROTOCOLS = {
    "face": ("acd-face-mobilefacenet", "acd-face-mobilefacenet-2"),
    "body": ("acd-body-osnet-x0-25",),
}
PLURALS = {"face": "faces", "body": "bodies"}
# Fewer real clips than this are measured in windows of frames: not independent, so no interval.
FEW_CLIPS = 4


@dataclass(frozen=True)
class Clip:
    """`FRAMES` frames of one clip, from `start` on."""

    row: ClipRow
    start: int

    @property
    def name(self) -> str:
        """Name of the clip, unique in its set."""
        return f"{self.row.place}@{self.start}"


@dataclass(frozen=True)
class PublishedSet:
    """Clips of one set: the tiles of a page, or the real videos of one folder."""

    label: str
    clips: tuple[Clip, ...]
    windows: bool

    @property
    def domain(self) -> str:
        """Whether it shows a face or a body: "face" or "body"."""
        return self.clips[0].row.domain


def published_sets(rows: Iterable[ClipRow], most: dict[str, int]) -> list[PublishedSet]:
    """The sets of each domain, real ones first; `most`: domain -> largest number of clips of a set.

    Of a page the first tiles are taken, of a real set evenly spaced clips.
    """
    groups: dict[str, list[ClipRow]] = defaultdict(list)
    for row in rows:
        if row.frames >= FRAMES and row.domain in most:
            groups[_label(row)].append(row)
    found = []
    for label, members in groups.items():
        few = members[0].kind == "real" and len(members) < FEW_CLIPS
        clips = [
            Clip(row, start)
            for row in members
            for start in (range(0, row.frames - FRAMES + 1, FRAMES) if few else (0,))
        ]
        count = most[members[0].domain]
        kept = _spread(clips, count) if members[0].kind == "real" else clips[:count]
        found.append(PublishedSet(label, tuple(kept), few))
    return sorted(found, key=lambda s: (s.domain, s.clips[0].row.kind != "real", s.label))


def _label(row: ClipRow) -> str:
    folder, _, _ = row.place.rpartition("/")
    if row.kind == "real" and row.file.startswith("real/faces256/"):
        return "real/heads of ten sources"  # few clips each
    if row.kind == "real" and row.dataset == "ucf101" and row.setting != "real":
        return "real/ucf101"  # three actions in three folders
    return folder


def _spread(clips: Sequence[Clip], count: int) -> list[Clip]:
    """`count` evenly spaced clips."""
    taken = min(count, len(clips))
    return [clips[i * len(clips) // taken] for i in range(taken)]


@dataclass(frozen=True)
class PageVideos:
    """A published set as a source: tiles are cut out of their page as they are read."""

    folder: Path
    published: PublishedSet
    medium: Medium = field(
        default=Medium("tiles of video files", ("published",), f"PyAV {av.__version__}", lossy=True)
    )
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As in the table."""
        return self.published.label

    @cached_property
    def names(self) -> list[str]:
        """Place and first frame of each clip."""
        return [clip.name for clip in self.published.clips]

    @property
    def frame_counts(self) -> list[int]:
        """The window's, whatever more there is."""
        return [FRAMES] * len(self.published.clips)

    def sizes(self) -> list[tuple[int, int]]:
        """Of the tiles, as published."""
        return [(clip.row.h, clip.row.w) for clip in self.published.clips]

    def digest(self, index: int) -> str:
        """Of the page's content, the tile's box and the first frame."""
        clip = self.published.clips[index]
        row = clip.row
        box = (row.x, row.y, row.w, row.h, row.pre_w, row.pre_h)
        parts = (self._digest_of(row.file), box, clip.start)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        """uint8 [len(frames),3,H,W]."""
        clip = self.published.clips[index]
        pictures = self._pages.pictures(self.folder / clip.row.file, clip)
        tiles = [clip.row.of(pictures[frame]) for frame in frames]
        return torch.from_numpy(np.stack(tiles)).permute(0, 3, 1, 2).contiguous()

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        """The same, one by one."""
        return read_in_pieces(self, index, frames)

    def check_unchanged(self, index: int) -> None:
        """Pages are read once; nothing is asked of them again."""

    @cached_property
    def _pages(self) -> "_Pages":
        return _Pages()

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {}

    def _digest_of(self, file: str) -> str:
        if file not in self._digests:
            content = (self.folder / file).read_bytes()
            self._digests[file] = hashlib.sha256(content).hexdigest()
        return self._digests[file]


class _Pages:
    """Keeps the frames of the page that was read last, since all its tiles need the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[Path, int] | None = None
        self._pictures: list[Frame] = []

    def pictures(self, path: Path, clip: Clip) -> list[Frame]:
        with self._lock:
            if self._key != (path, clip.start):
                frames = islice(read_frames(path), clip.start, clip.start + FRAMES)
                self._pictures = [unstretched(frame, clip.row) for frame in frames]
                self._key = (path, clip.start)
            return self._pictures


@dataclass(frozen=True)
class Reading:
    """A protocol, and whether its embedder's weights may lack a known digest."""

    protocol: FrameProtocol
    allow_unverified: bool = False  # no digest of some files is published


def measured(source: VideoSource, reading: Reading, how: Resources) -> SourceACD:
    """ACD of a published set under a protocol.

    Raises:
        InputError: weights are missing, or no video shows a face.
    """
    protocol = reading.protocol
    request = EmbedderRequest(protocol.embedder, allow_unverified=reading.allow_unverified)
    embedder = build_embedder(request)
    settings = EmbeddingSettings(
        recipe=FrameRecipe(embedder, protocol.resize, protocol.resolution),
        choice=protocol.videos,
        subject=protocol.subject,
        seed=0,
        on_error="fail",
        resources=how,
    )
    return source_acd(source, Window(FRAMES), settings)


def table(
    folder: Path, sets: Sequence[PublishedSet], domain: str, readings: Sequence[Reading]
) -> Iterator[str]:
    """Markdown lines of one domain's table, each as soon as it is measured."""
    protocols = [reading.protocol for reading in readings]
    heads = [f"{p.embedder}: n | ACD{FRAMES} | interval | no {p.subject}" for p in protocols]
    yield f"| {PLURALS[domain]} | " + " | ".join(heads) + " |"
    yield "|---|" + "---|" * 4 * len(protocols)
    for published in sets:
        if published.domain != domain:
            continue
        source = PageVideos(folder, published)
        cells = [_cells(source, reading) for reading in readings]
        yield f"| {published.label} | " + " | ".join(cells) + " |"


def _cells(source: PageVideos, reading: Reading) -> str:
    try:
        how = resources(workers=1, keep=True, what=f"{source.name}, {reading.protocol.embedder}")
        found = measured(source, reading, how)
    except InputError as error:
        say(f"{source.name}: {error}")
        return f"0 of {len(source.names)} | - | - | -"
    count = f"{len(found.videos)} of {len(source.names)}"
    interval = None if source.published.windows else found.interval
    if source.published.windows:
        videos = len({clip.row.clip_id for clip in source.published.clips})
        count = f"{len(found.videos)} windows of {videos}"
    ends = "-" if interval is None else f"{interval.low:.3f} to {interval.high:.3f}"
    without = f"{found.frames_without} of {found.frames_seen}"
    return f"{count} | {found.value:.3f} | {ends} | {without}"


def main() -> int:
    """Measure all sets; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--from", dest="shared", type=Path, required=True, help="folder with clips.csv"
    )
    parser.add_argument(
        "--faces", type=int, default=25, help="at most as many tiles of a set of faces"
    )
    parser.add_argument(
        "--bodies", type=int, default=40, help="at most as many tiles of a set of bodies"
    )
    parser.add_argument("--only", choices=sorted(PROTOCOLS), help="one of the two tables")
    parser.add_argument("--sets", default="", help="only sets whose names contain this")
    parser.add_argument(
        "--protocol",
        action="append",
        metavar="ID",
        help="a frame protocol, instead of those with small networks; may be repeated",
    )
    parser.add_argument(
        "--allow-unverified", action="store_true", help="accept weights whose digest is unknown"
    )
    given = parser.parse_args()
    try:
        found = published_sets(read_rows(given.shared), {"face": given.faces, "body": given.bodies})
        sets = [published for published in found if given.sets in published.label]
        for domain in PROTOCOLS if given.only is None else (given.only,):
            readings = [
                Reading(load_frame_protocol(name), given.allow_unverified)
                for name in given.protocol or PROTOCOLS[domain]
            ]
            for line in table(given.shared, sets, domain, readings):
                out(line)
            out("")
    except InputError as error:
        say(str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
