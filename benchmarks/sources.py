"""`KIND:LOCATION` on the command line -> a `VideoSource`.

my_samples/  clip.mp4  set.zip  codes.npy   what lies on disk
dataset:taichihd/train  toy-faces/test      a data set, or an embedded world, and a split
part:1/2:SOURCE                             every second video, from the first on
damaged:blur=1.5:SOURCE                     a known damage (benchmarks.damage)
leo:RUN?seed=1&steps=50  leo:toy-faces      samples of a LEO (benchmarks.leo_samples)
"""

from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.damage import damaged
from benchmarks.datasets import list_datasets, load_dataset, open_dataset
from evaluation.errors import InputError
from evaluation.videos.discover import OpenOptions, open_videos
from evaluation.videos.source import Selection, VideoSource


@dataclass(frozen=True)
class SourceOptions:
    """What every source on a command line shares.

    Args:
        files: how video files and arrays are read.
        data_root: where prepared data sets lie; None: the default.
        resolution: side of rendered worlds; files stay as stored.
        limit: only the first so many videos.
        frames, count: of what is made for the occasion (`leo:`), where it does not say itself.
        device: where networks run that make it; None: a GPU where there is one.
    """

    files: OpenOptions
    data_root: Path | None = None
    resolution: int | None = None
    limit: int | None = None
    frames: int | None = None
    count: int | None = None
    device: str | None = None


def open_source(spec: str, options: SourceOptions) -> VideoSource:
    """Open what `spec` names (see the head of this file).

    Raises:
        InputError: nothing of that kind is there; the message says what was looked for.
    """
    if options.limit is not None:
        return _first(open_source(spec, replace(options, limit=None)), options.limit)
    kind, colon, rest = spec.partition(":")
    if kind == "part" and colon:
        share, _, inner = rest.partition(":")
        return _part(open_source(inner, options), share, spec)
    if kind == "damaged" and colon:
        damage, _, inner = rest.partition(":")
        return damaged(open_source(inner, options), damage)
    if kind == "dataset" and colon:
        return _dataset(rest, options)
    if kind == "leo" and colon:
        return _leo(rest, options)
    if spec.split("/")[0] in {d.id for d in list_datasets()} and not Path(spec).exists():
        return _dataset(spec, options)
    return open_videos(Path(spec).expanduser(), options.files)


def _dataset(location: str, options: SourceOptions) -> VideoSource:
    name, _, split = location.partition("/")
    return open_dataset(
        load_dataset(name),
        split or None,
        root=options.data_root,
        resolution=options.resolution,
        options=options.files,
    )


def _leo(location: str, options: SourceOptions) -> VideoSource:
    # Here, since diffusers takes seconds to import.
    from benchmarks.leo_samples import LeoPlace, open_leo

    def open_start(spec: str, side: int) -> VideoSource:
        return open_source(spec, replace(options, resolution=side, frames=None, count=None))

    place = LeoPlace(open_start, options.frames, options.count, options.device)
    return open_leo(location, place)


def _first(source: VideoSource, count: int) -> VideoSource:
    return Selection(source, range(min(count, len(source.names))), f"{source.name} (first {count})")


def _part(source: VideoSource, share: str, spec: str) -> VideoSource:
    which, slash, parts = share.partition("/")
    if not (slash and which.isdigit() and parts.isdigit() and 1 <= int(which) <= int(parts)):
        raise InputError(f"{spec}: expected part:WHICH/PARTS:SOURCE, as in part:1/2:toy-faces/test")
    indices = range(int(which) - 1, len(source.names), int(parts))
    return Selection(source, indices, f"{source.name} part {share}")
