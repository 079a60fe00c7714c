"""`KIND:LOCATION` on the command line -> a `VideoSource`.

    my_samples/  clip.mp4  set.zip  codes.npy   what lies on disk
    dataset:taichihd/train  toy-faces/test      a data set, or an embedded world, and a split
    part:1/2:SOURCE                             every second video, from the first on
    damaged:blur=1.5:SOURCE                     a known damage (benchmarks.damage)
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from benchmarks.damage import damaged
from benchmarks.datasets import list_datasets, load_dataset, open_dataset
from evaluation.errors import InputError
from evaluation.videos.discover import OpenOptions, open_videos
from evaluation.videos.source import Selection, VideoSource


@dataclass(frozen=True)
class SourceOptions:
    """What every source on a command line shares.

    Args:
        data_root: where prepared data sets lie; None: the default.
        resolution: side of rendered worlds; files stay as stored.
        quantise: how float arrays become levels.
        on_error: "skip" leaves broken videos out and lists them.
        limit: only the first so many videos.
    """

    data_root: Path | None = None
    resolution: int | None = None
    quantise: Literal["round", "truncate"] = "round"
    on_error: Literal["fail", "skip"] = "fail"
    limit: int | None = None
    workers: int = 2


def open_source(spec: str, options: SourceOptions) -> VideoSource:
    """Open what `spec` names (see the head of this file).

    Raises:
        InputError: nothing of that kind is there; the message says what was looked for.
    """
    kind, colon, rest = spec.partition(":")
    if kind == "part" and colon:
        share, _, inner = rest.partition(":")
        source = _part(open_source(inner, replace(options, limit=None)), share, spec)
    elif kind == "damaged" and colon:
        damage, _, inner = rest.partition(":")
        source = damaged(open_source(inner, replace(options, limit=None)), damage)
    elif kind == "dataset" and colon:
        source = _dataset(rest, options)
    elif spec.split("/")[0] in {d.id for d in list_datasets()} and not Path(spec).exists():
        source = _dataset(spec, options)
    else:
        source = open_videos(
            Path(spec).expanduser(),
            OpenOptions(
                quantise=options.quantise, on_error=options.on_error, workers=options.workers
            ),
        )
    return source if options.limit is None else first(source, options.limit)


def first(source: VideoSource, count: int) -> VideoSource:
    """The first `count` videos by name."""
    return Selection(source, range(min(count, len(source.names))), f"{source.name} (first {count})")


def _dataset(location: str, options: SourceOptions) -> VideoSource:
    name, _, split = location.partition("/")
    dataset = load_dataset(name)
    return open_dataset(
        dataset,
        split or dataset.evaluation.split,
        root=options.data_root,
        resolution=options.resolution,
    )


def _part(source: VideoSource, share: str, spec: str) -> VideoSource:
    which, slash, parts = share.partition("/")
    if not (slash and which.isdigit() and parts.isdigit() and 1 <= int(which) <= int(parts)):
        raise InputError(f"{spec}: expected part:WHICH/PARTS:SOURCE, as in part:1/2:toy-faces/test")
    indices = range(int(which) - 1, len(source.names), int(parts))
    return Selection(source, indices, f"{source.name} part {share}")
