"""Records of a preparation: a journal with one line a video, and a report at the end.

`prepare.jsonl` begins with a line on the preparation as a whole (data set, options) and gains one
line a video, so that a killed preparation resumes where it stopped. `prepare.json` is written when
all videos are done; where it is absent, the preparation is not finished. Several processes write a
journal each, and the first takes them in.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import Field

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.given_files import read_given_text
from leo_bench.evaluation.files.json_files import parse_json, read_json
from leo_bench.evaluation.files.schema import Data, parse

JOURNAL = "prepare.jsonl"
REPORT = "prepare.json"
_PART, _PART_END = ".prepare-", ".jsonl"  # journals of other processes, until they are taken in


class SourceFile(Data):
    """A file that a video was made from."""

    path: str
    bytes: int
    sha256: str


class Entry(Data):
    """One prepared video.

    Args:
        path: below its split, '/'-separated: a file, a folder of frames or a link.
        notes: dropped frames, clipped boxes and similar events.
        digest: content digest of the prepared video; "" in older journals.
    """

    split: str
    name: str
    path: str
    frames: int
    sources: tuple[SourceFile, ...]
    notes: tuple[str, ...] = ()
    digest: str = ""


class Failure(Data):
    """One video that could not be prepared, and why; the next preparation tries it again."""

    split: str
    name: str
    reason: str


class LeftOut(Failure):
    """One readable video that is excluded from its data set, and why."""


class PrepareReport(Data):
    """The content of `prepare.json`.

    Args:
        options: those that change pixels, and `limit`, which changes the count.
        videos: number of prepared videos by split, those of earlier preparations included.
        left_out: readable videos that are excluded.
        missing: what the data set has and the download does not.
        noted: number of videos with notes of their own; the journal holds the notes.
        resumed: number of videos that an earlier preparation had finished.
        digests: of the prepared videos, by SPLIT/PATH (`evaluation.videos.seals`).
    """

    dataset: str
    prepare_version: int
    versions: dict[str, str]
    options: dict[str, Any]
    download: str
    created: str
    videos: dict[str, int]
    expected: dict[str, int | None]
    failed: tuple[Failure, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    noted: int = 0
    resumed: int = 0
    digests: dict[str, str] = Field(default_factory=dict)

    @property
    def lacks(self) -> tuple[str, ...]:
        """Why videos are missing, with counts; videos beyond a requested limit do not count."""
        return (*self._not_made, *(gap for split in self.expected for gap in self._short(split)))

    @property
    def gaps(self) -> tuple[str, ...]:
        """Why this is not the whole data set; empty if it is."""
        return (*self.lacks, *self._limited)

    def gaps_of(self, split: str) -> tuple[str, ...]:
        """As `gaps`, without what other splits are short of."""
        return (*self._not_made, *self._short(split), *self._limited)

    @property
    def _not_made(self) -> list[str]:
        found = [f"{len(self.failed)} failed"] if self.failed else []
        if self.missing:
            found.append(f"{len(self.missing)} missing in the download")
        return found

    def _short(self, split: str) -> list[str]:
        """What a split is short of: all videos, or a number where none is known to be missing."""
        there = self.videos.get(split, 0)
        with_left_out = there + sum(video.split == split for video in self.left_out)
        if with_left_out == 0:
            return [f"no video of split {split}"]
        wanted, limit = self.expected.get(split), self.options.get("limit")
        if wanted is None or self._not_made:
            return []
        is_short = with_left_out < (wanted if limit is None else min(wanted, limit))
        return [f"{split} has {there} of {wanted} videos"] if is_short else []

    @property
    def _limited(self) -> list[str]:
        limit = self.options.get("limit")
        return [] if limit is None else [f"limited to {limit} videos a split"]

    @property
    def summary(self) -> str:
        """One line: prepared and expected counts, failures, gaps."""
        counts = ", ".join(
            f"{split} {count}"
            + ("" if self.expected.get(split) is None else f"/{self.expected[split]}")
            for split, count in sorted(self.videos.items())
        )
        gaps = f"{len(self.failed)} failed, {len(self.missing)} missing, {self.noted} with notes"
        left_out = f", {len(self.left_out)} left out" if self.left_out else ""
        state = f"; partial: {', '.join(self.gaps)}" if self.gaps else ""
        return f"{self.dataset}: {counts} videos; {gaps}{left_out}{state}"


class Journal:
    """The videos prepared so far in the folder of a data set; each new one is appended.

    Args:
        folder: the data set's folder.
        header: data set, prepare version and options.

    Raises:
        InputError: the folder's journal has another header, or is damaged.
    """

    def __init__(self, folder: Path, header: dict[str, Any]) -> None:
        self._path = folder / JOURNAL
        self.entries: dict[tuple[str, str], Entry] = {}
        found = read_journal(folder)
        if found is None:
            write_atomically(self._path, _line(header))
            return
        if found.header != header:
            changed = [k for k in header if found.header.get(k) != header[k]]
            was = {k: found.header.get(k) for k in changed}
            now = {k: header[k] for k in changed}
            raise InputError(f"{folder} was prepared with {was}, not {now}: choose another --out")
        self.entries = found.entries
        lines = [header, *(entry.model_dump(mode="json") for entry in found.entries.values())]
        # Drops a last line that was cut short when the process was killed.
        write_atomically(self._path, b"".join(map(_line, lines)))

    def take_parts(self) -> None:
        """Take in the journals of other processes, and remove them.

        Raises:
            InputError: one is damaged.
        """
        for path in sorted(self._path.parent.glob(f"{_PART}*{_PART_END}")):
            found = _read(path)
            for entry in () if found is None else found.entries.values():
                self.add(entry)
            path.unlink()

    def add(self, entry: Entry) -> None:
        """Append a video that has been moved to its final path."""
        self.entries[entry.split, entry.name] = entry
        _append(self._path, entry)


class PartJournal:
    """The journal of another process that prepares beside the first.

    Args:
        folder: the data set's folder.
        header: as of its journal.
        rank: of the process.
    """

    def __init__(self, folder: Path, header: dict[str, Any], rank: int) -> None:
        self._path = folder / f"{_PART}{rank}{_PART_END}"
        found = read_journal(folder)
        self.entries = {} if found is None else found.entries
        write_atomically(self._path, _line(header))

    def add(self, entry: Entry) -> None:
        """Append a video that has been moved to its final path."""
        self.entries[entry.split, entry.name] = entry
        _append(self._path, entry)


class JournalContent(Data):
    """A journal as read: its first line, and the last entry of each (split, name)."""

    header: dict[str, Any]
    entries: dict[tuple[str, str], Entry]


def read_journal(folder: Path) -> JournalContent | None:
    """The journal of a data set, without an incomplete last line; None: preparation not begun.

    Raises:
        InputError: a line before the last is damaged.
    """
    return _read(folder / JOURNAL)


def _read(path: Path) -> JournalContent | None:
    if not path.exists():
        return None
    whole = read_given_text(path).split("\n")[:-1]
    try:
        contents = [parse_json(line, f"{path}: line {n}") for n, line in enumerate(whole, 1)]
    except InputError as error:
        raise InputError(f"{error}: damaged; delete {path.parent} and prepare again") from None
    if not contents:
        return None
    entries = [parse(Entry, content, where=str(path)) for content in contents[1:]]
    return JournalContent(header=contents[0], entries={(e.split, e.name): e for e in entries})


def _append(path: Path, entry: Entry) -> None:
    try:
        with path.open("ab") as file:
            file.write(_line(entry.model_dump(mode="json")))
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def _line(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False) + "\n").encode()


def write_report(folder: Path, report: PrepareReport) -> None:
    """Write `prepare.json` atomically."""
    text = json.dumps(report.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"
    write_atomically(folder / REPORT, text.encode())


def read_report(folder: Path) -> PrepareReport | None:
    """The report of a finished preparation; None if there is none."""
    path = folder / REPORT
    if not path.exists():
        return None
    return parse(PrepareReport, read_json(path), where=str(path))
