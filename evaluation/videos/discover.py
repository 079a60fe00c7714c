"""`open_videos`: finds and opens the videos at a path, of any layout and nesting.

A path may be a video file, a folder of video files, a folder of folders of frames, a zip file of
such folders, an array file, or a folder of these. A folder of frames holds one series of pictures
(`evaluation.videos.series`). Of several kinds of media, a mixture, these are taken: video files
beside zips of frames that are one video each, and videos beside previews (`Listing.previews`).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.places import cache_root
from leo_bench.evaluation.processes.team import Alone, Team
from leo_bench.evaluation.videos.arrays import Quantise
from leo_bench.evaluation.videos.float_range import FloatRange, judge_range
from leo_bench.evaluation.videos.frames import (
    FrameOrder,
)
from leo_bench.evaluation.videos.layouts import (
    DecoderName,
    Discovery,
    Forms,
    of_files_and_zips,
    of_one_kind,
)
from leo_bench.evaluation.videos.listing import Listing, list_media, list_paths
from leo_bench.evaluation.videos.scanned import ScannedVideos
from leo_bench.evaluation.videos.scanning import Scanning, scan_places
from leo_bench.evaluation.videos.seals import seal_over
from leo_bench.evaluation.videos.series import FrameChoice
from leo_bench.evaluation.videos.source import Skipped
from leo_bench.evaluation.videos.stored import (
    Stored,
    StoredVideos,
    video_notes,
)

_WANTED = (
    "video files (mp4, avi, ...), folders of frames (png, jpg, ...), a zip of them, npy, npz, pt"
)


@dataclass(frozen=True)
class OpenOptions:
    """How videos are opened.

    Args:
        on_error: "fail" stops at the first broken video; "skip" leaves broken ones out and lists
            them.
        quantise: how float arrays become levels: "round" as StyleGAN-V, "truncate" as DIGAN; None
            refuses them.
        frame_order: the order of the frames in folders and zips of pictures.
        float_range: range of the floats, "01" ([0,1]) or "11" ([-1,1]); None: see
            `evaluation.videos.float_range`.
        only, without: patterns of names to take (none: all) and to leave out (`FrameChoice`).
        paths: files and folders at or below the opened path to take, absolute; none: all.
        suffixes: of the files to take, in lower case (`listing.suffixes_of`); none: all.
        frames_glob: pattern of the names of pictures that are frames; None: all, if they are one
            series.
        decoder: of video files.
        workers: videos that are counted and hashed at once; the result does not depend on them.
        cache_root: folder of the cache; None: `evaluation.files.places.cache_root()`.
        on_progress: called with (videos done, videos in all) as opening proceeds.
        team: processes that open the same videos, and divide them.
    """

    on_error: Literal["fail", "skip"] = "fail"
    quantise: Quantise | None = None
    frame_order: FrameOrder = "text"
    float_range: FloatRange | None = None
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    suffixes: tuple[str, ...] = ()
    frames_glob: str | None = None
    decoder: DecoderName = "pyav"
    workers: int = 2
    cache_root: Path | None = None
    on_progress: Callable[[int, int], None] | None = None
    team: Team = field(default_factory=Alone)

    @property
    def choice(self) -> FrameChoice:
        """Which files are taken."""
        return FrameChoice(self.only, self.without, self.frames_glob, self.suffixes)

    @property
    def forms(self) -> Forms:
        """How pictures and arrays are read."""
        return Forms(self.frame_order, self.choice, self.quantise, self.float_range, self.decoder)


DEFAULTS = OpenOptions()


def open_videos(path: Path, options: OpenOptions = DEFAULTS) -> StoredVideos:
    """Open all videos at `path`: find them, then count, measure and hash them or recall it.

    Raises:
        InputError: nothing is there, no videos, several layouts, several series of pictures in one
            folder, or floats that are in no known range.
        BadVideoError: a broken video, under on_error="fail".
    """
    root = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    found = discover(root, options)
    videos, skipped = _scan(found, options)
    videos, replaced = _as_written(videos, root, options)
    skipped = sorted([*skipped, *replaced], key=lambda broken: broken.name)
    if not videos:
        first = skipped[0]
        raise InputError(f"{path}: not one video can be read; {first.name}: {first.reason}")
    return StoredVideos(
        name=str(path),
        layout=found.layout,
        videos=tuple(videos),
        skipped=tuple(skipped),
        notes=[
            *found.notes,
            *judge_range(videos, options.float_range, str(path)),
            *video_notes(videos),
        ],
        layout_note=found.layout_note,
    )


def content_digest(path: Path) -> str:
    """The digest of the one video at `path`; digests stored beside it are not compared.

    Raises:
        InputError: nothing is there.
        BadVideoError: it is broken.
    """
    root = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    videos, _ = _scan(discover(root), DEFAULTS)
    return videos[0].digest


def discover(root: Path, options: OpenOptions = DEFAULTS) -> Discovery:
    """Find the videos at `root`, which is absolute, without opening them.

    Raises:
        InputError: nothing is there, no videos, or several layouts.
    """
    listing = list_paths(root, options.paths) if options.paths else list_media(root)
    listing.keep(options.choice)
    kinds = listing.kinds()
    if not kinds and options.suffixes:
        return _without_suffixes(root, options)
    if not kinds and options.frames_glob is not None:
        return _without_glob(root, options)
    if not kinds:
        instead = "; ".join(listing.notes()) or "it is empty"
        raise InputError(f"{root}: no videos there; looked for {_WANTED}; {instead}")
    if len(kinds) > 1:
        listing.leave_previews_out()
        kinds = listing.kinds()
    if set(kinds) == {"video file", "zip file"}:
        found = of_files_and_zips(root, listing, options.forms)
    elif len(kinds) > 1:
        raise InputError(_mixture(root, listing))
    else:
        try:
            found = of_one_kind(root, listing, kinds[0], options.forms)
        except InputError:
            if kinds[0] != "zip file" or options.frames_glob is None:
                raise
            return _without_glob(root, options)
    found.places.sort(key=lambda place: place.name)
    for before, place in pairwise(found.places):
        if place.name == before.name:
            raise InputError(f"{root}: two videos are called {place.name!r}: rename one")
    for place in found.places:
        if place.name != place.name.encode("utf-8", "replace").decode():
            raise InputError(f"{root}: a name is not UTF-8: {place.name!r}; rename it")
    return found


def _mixture(root: Path, listing: Listing) -> str:
    """Why several kinds of media are refused, and the ways out."""
    kinds = listing.kinds()
    counts = ", ".join(
        f"{len(listing.files[k]):,} {k}s ({listing.suffixes(k)})" for k in sorted(kinds)
    )
    one = listing.files[min(kinds, key=lambda kind: len(listing.files[kind]))][0]
    suffix = one.name.rpartition(".")[2]
    return (
        f"{root}: a mixture: {counts}; choose with --only {suffix.lower()}, or give a path that "
        f"holds one kind, or a pattern in quotes for it, as '{root}/*.{suffix}'"
    )


def _without_suffixes(root: Path, options: OpenOptions) -> Discovery:
    """All files of a source that has none of the chosen suffixes, where they are no mixture.

    A choice is for both sides of a comparison; one side may be of another kind.
    """
    found = discover(root, replace(options, suffixes=()))
    note = (
        f"no file is of the kind that --only chooses ({', '.join(options.suffixes)}): all are read"
    )
    return replace(found, notes=[*found.notes, note])


def _without_glob(root: Path, options: OpenOptions) -> Discovery:
    """All pictures of a source where none fits `frames_glob`, if no folder holds two series.

    A pattern chooses among series on both sides of a comparison; one side may have a single series.
    """
    found = discover(root, replace(options, frames_glob=None))
    if found.layout.kind not in ("frame folders", "zip of frames"):
        return found
    note = (
        f"no picture fits --frames-glob '{options.frames_glob}', and no folder holds several "
        "series: all pictures are frames"
    )
    return replace(found, notes=[*found.notes, note])


def _scan(found: Discovery, options: OpenOptions) -> tuple[list[Stored], list[Skipped]]:
    """Every video as it was scanned, or as the cache has it if its files have not changed."""
    how = Scanning(
        cache=ScannedVideos(options.cache_root or cache_root(), found.layout.reading),
        workers=options.workers,
        stop_at_broken=options.on_error == "fail",
        on_progress=options.on_progress,
        team=options.team,
    )
    outcomes = scan_places(found.layout, found.places, how)
    return (
        [outcome for outcome in outcomes if isinstance(outcome, Stored)],
        [outcome for outcome in outcomes if isinstance(outcome, Skipped)],
    )


def _as_written(
    videos: list[Stored], root: Path, options: OpenOptions
) -> tuple[list[Stored], list[Skipped]]:
    """The videos that agree with a stored digest or have none, and those that disagree."""
    seal, kept, broken = seal_over(root), [], []
    for video in videos:
        error = seal.broken(video)
        if error is None:
            kept.append(video)
        elif options.on_error == "fail":
            raise error
        else:
            broken.append(Skipped(error.video, error.reason))
    return kept, broken
