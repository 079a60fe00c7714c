"""`leo-bench data verify`: the videos of a split compared with the journal of its preparation."""

from pathlib import Path

from leo_bench.benchmarks.datasets.dataset import Dataset
from leo_bench.benchmarks.datasets.opening import (
    data_root,
    dataset_folder,
    expectation_notes,
    split_place,
)
from leo_bench.benchmarks.datasets.preparation import Entry, read_journal, read_report
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.source import VideoSource, fingerprint


class Unreadable(Data):
    """A prepared video that cannot be read, and why."""

    video: str
    reason: str


class VerifyReport(Data):
    """The state of a prepared split.

    Args:
        videos: number of videos that can be opened.
        expected: number that the paper used or the data set lists; None: unknown.
        frames: smallest and largest number of frames in a video; (0, 0) without videos.
        sizes: the different (height, width) as stored, sorted.
        unreadable: videos whose first or last frame cannot be decoded.
        gone: videos of the journal that are missing, or have another number of frames.
        foreign: videos that are not in the journal.
        missing: what the download lacked.
        failed: what could not be prepared.
        fingerprint: SHA-256 over names and contents of the readable videos.
    """

    dataset: str
    split: str
    place: str
    videos: int
    expected: int | None
    frames: tuple[int, int]
    sizes: tuple[tuple[int, int], ...]
    unreadable: tuple[Unreadable, ...]
    gone: tuple[str, ...]
    foreign: tuple[str, ...]
    missing: tuple[str, ...]
    failed: tuple[str, ...]
    notes: tuple[str, ...]
    fingerprint: str

    @property
    def sound(self) -> bool:
        """Whether all videos are as they were prepared, even if fewer than expected."""
        return not (self.unreadable or self.gone or self.foreign)

    @property
    def summary(self) -> str:
        """One line: how many videos of how many, and what is wrong with them."""
        of = "" if self.expected is None else f" of {self.expected:,}"
        damage = {"unreadable": self.unreadable, "gone": self.gone, "foreign": self.foreign}
        found = [f"{len(names)} {kind}" for kind, names in damage.items() if names]
        state = ", ".join(found) or "sound"
        return f"{self.dataset}/{self.split}: {self.videos:,}{of} videos, {state}"


def verify(dataset: Dataset, split: str | None = None, root: Path | None = None) -> VerifyReport:
    """Open a prepared split, decode both ends of every video, and compare with the journal.

    Raises:
        InputError: the split is not prepared, or the data set is a rendered world.
    """
    split = dataset.split(split)
    if dataset.layout == "world":
        raise InputError(f"{dataset.id} is rendered: there is nothing on disk to verify")
    place = split_place(dataset, split, data_root(root))
    folder = dataset_folder(dataset, data_root(root))
    videos = open_videos(place, OpenOptions(on_error="skip"))
    unreadable = [Unreadable(video=s.name, reason=s.reason) for s in videos.skipped]
    unreadable += [u for i in range(len(videos.names)) if (u := _unreadable(videos, i))]
    report, journal = read_report(folder), read_journal(folder)
    gone: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    if journal is not None:
        gone, foreign = _changes(videos, [e for e in journal.entries.values() if e.split == split])
    return VerifyReport(
        dataset=dataset.id,
        split=split,
        place=str(place),
        videos=len(videos.names),
        expected=dataset.splits[split].videos,
        frames=(min(videos.frame_counts, default=0), max(videos.frame_counts, default=0)),
        sizes=tuple(sorted(set(videos.sizes()))),
        unreadable=tuple(unreadable),
        gone=gone,
        foreign=foreign,
        missing=report.missing if report else (),
        failed=tuple(f"{f.split}/{f.name}: {f.reason}" for f in report.failed) if report else (),
        notes=(*expectation_notes(dataset, split, len(videos.names), folder), *videos.notes),
        fingerprint=fingerprint(videos),
    )


def _unreadable(videos: VideoSource, index: int) -> Unreadable | None:
    last = videos.frame_counts[index] - 1
    try:
        videos.read(index, sorted({0, last}))
    except BadVideoError as error:
        return Unreadable(video=videos.names[index], reason=error.reason)
    return None


def _changes(videos: VideoSource, entries: list[Entry]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Journal entries whose video is missing or changed, and videos without an entry."""
    there = dict(zip(videos.names, videos.frame_counts, strict=True))
    skipped = {skipped.name for skipped in videos.skipped}  # listed as unreadable already
    gone = []
    for entry in entries:
        frames = there.get(entry.path)
        if frames is None and entry.path not in skipped:
            gone.append(entry.path)
        elif frames not in (None, entry.frames):
            gone.append(f"{entry.path}: {frames} of {entry.frames} frames")
    foreign = sorted(there.keys() - {entry.path for entry in entries})
    return tuple(sorted(gone)), tuple(foreign)
