"""Opens a source, `KIND:LOCATION` on the command line, as a `VideoSource`.

my_samples/  clip.mp4  set.zip  codes.npy   a folder or file
features.npz  statistics.npz                 what `leo-bench features` wrote of videos
'my_samples/*.mp4'                          the files that match; "*" also matches "/"
dataset:taichihd/train  toy-faces/test      a split of a data set or of an embedded world
mine/walks.toml/test                        a split of a data set of your own
paths:["A.mp4","B.mp4"]                     these files or folders, as a JSON list
part:1/2:SOURCE                             every second video, beginning with the first
damaged:blur=1.5:SOURCE                     with a known damage (benchmarks.sources.damage)
leo:RUN?seed=1&steps=50  leo:toy-faces      samples of a LEO (benchmarks.sources.leo_samples)
stylegan-v:FOLDER?layout=grids              the output of a method (leo-bench list methods)
method:MY.toml:FOLDER                       the output of a method with a TOML file of your own
grid:FILE?tile=128&padding=2                all tiles of tiled videos (evaluation.videos.tiles)
nearest:TRAINING?start=SOURCE               the training videos nearest to given first frames
gaussian:leo:RUN?start=SOURCE&fit=SOURCE    a LEO's animator driven by Gaussian codes
memory:NAME                                 videos that the Python API was given; refused
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from glob import has_magic
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from leo_bench.baselines.layouts import open_output
from leo_bench.baselines.methods import GridLayout, load_method, method_names
from leo_bench.benchmarks.datasets import (
    Dataset,
    load_dataset,
    names_dataset,
    open_dataset,
    parted,
)
from leo_bench.benchmarks.datasets.dataset import DATASETS
from leo_bench.benchmarks.sources.damage import damaged
from leo_bench.benchmarks.sources.locations import listed_paths, split_query
from leo_bench.benchmarks.sources.nearest_videos import open_nearest
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.feature_files.files import kind_at
from leo_bench.evaluation.feature_files.sources import (
    FeaturesSource,
    StatisticsSource,
    open_feature_file,
)
from leo_bench.evaluation.files.known_names import did_you_mean
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.source import Selection, VideoSource
from leo_bench.evaluation.videos.tiles import TileGrid, tiles_of

if TYPE_CHECKING:
    from leo_bench.benchmarks.sources.leo_samples import LeoPlace


@dataclass(frozen=True)
class SourceOptions:
    """Options that all sources on a command line share.

    Args:
        files: how video files and arrays are read.
        data_root: where prepared data sets lie; None: the default.
        resolution: side of rendered worlds; files stay as stored.
        limit: open only the first so many videos.
        frames: length of drawn samples where their source states none; worlds are rendered at
            least that long.
        count: number of drawn samples where their source states none.
        device: where the networks that draw samples run; None: a GPU where there is one.
    """

    files: OpenOptions
    data_root: Path | None = None
    resolution: int | None = None
    limit: int | None = None
    frames: int | None = None
    count: int | None = None
    device: str | None = None

    def open_start(self, spec: str, side: int) -> VideoSource:
        """Open the first frames of samples; worlds are rendered with this side."""
        return open_source(spec, replace(self, resolution=side, frames=None, count=None))


def open_source(spec: str, options: SourceOptions) -> VideoSource:
    """Open the source that `spec` names (the forms are listed at the head of this file).

    Raises:
        InputError: there is no such source; the message says what was looked for.
    """
    if options.limit is not None:
        return limited(open_source(spec, replace(options, limit=None)), options.limit)
    kind, colon, location = spec.partition(":")
    if colon and kind in _KINDS:
        return _KINDS[kind](location, options)
    if colon and kind in method_names() and not Path(spec).exists():
        return _made_by(kind, location, options)
    if names_dataset(spec):
        return _dataset(spec, options)
    try:
        return _on_disk(spec, options.files)
    except InputError as error:
        meant = "" if Path(spec).expanduser().exists() else _meant(spec)
        if not meant:
            raise
        raise InputError(f"{error}; {meant.rstrip()}") from None


def _meant(spec: str) -> str:
    """A question after the source that may be meant, where kind, method or data set is mistyped."""
    kind, colon, rest = spec.partition(":")
    if colon:
        return did_you_mean(kind, (*_KINDS, *method_names()), lambda known: f"{known}:{rest}")
    name, slash, split = spec.partition("/")
    if slash and not split:
        return ""  # a folder
    return did_you_mean(name, DATASETS.ids(), lambda known: f"{known}{slash}{split}")


def limited(source: VideoSource, limit: int | None) -> VideoSource:
    """The first `limit` videos of a source; None: all.

    Raises:
        InputError: statistics of other videos than the first so many.
    """
    if isinstance(source, StatisticsSource) and limit is not None:
        made = source.origin.limit
        if made != limit:
            of = "all videos" if made is None else f"the first {made} videos"
            raise InputError(f"{source.path}: statistics of {of} cannot follow --limit {limit}")
        return source
    if limit is None or limit >= len(source.names):
        return source
    if isinstance(source, FeaturesSource):
        return source.first(limit)
    return Selection(source, range(limit), f"{source.name} (first {limit})")


@contextmanager
def side_named(side: str) -> Iterator[None]:
    """Put the side, "real" or "fake", in front of errors of opening its videos."""
    try:
        yield
    except BadVideoError as error:
        raise error.placed(f"{side} side") from None
    except InputError as error:
        raise InputError(f"{side} side: {error}") from None


def dataset_behind(spec: str) -> Dataset | None:
    """The data set that a source takes its videos from, directly, in part or damaged, or None."""
    kind, colon, rest = spec.partition(":")
    if kind in ("part", "damaged") and colon:
        return dataset_behind(rest.partition(":")[2])
    if kind == "dataset" and colon:
        return load_dataset(parted(rest)[0])
    return load_dataset(parted(spec)[0]) if names_dataset(spec) else None


def _on_disk(spec: str, files: OpenOptions) -> VideoSource:
    path = Path(spec).expanduser()
    if kind_at(path) is not None:
        return open_feature_file(path)
    try:
        if path.exists() or not has_magic(str(path)):
            return open_videos(path, files)
        fixed = len(list(takewhile(lambda part: not has_magic(part), path.parts)))
        root, pattern = Path(*path.parts[:fixed]), "/".join(path.parts[fixed:])
        return Selection.whole(open_videos(root, replace(files, only=(pattern,))), spec)
    except BadVideoError as error:
        raise error.placed(str(path)) from None


def _part(location: str, options: SourceOptions) -> VideoSource:
    share, _, inner = location.partition(":")
    source = open_source(inner, options)
    which, slash, parts = share.partition("/")
    if not (slash and which.isdigit() and parts.isdigit() and 1 <= int(which) <= int(parts)):
        raise InputError(
            f"part:{location}: expected part:WHICH/PARTS:SOURCE, as in part:1/2:toy-faces/test"
        )
    indices = range(int(which) - 1, len(source.names), int(parts))
    return Selection(source, indices, f"{source.name} part {share}")


def _damaged(location: str, options: SourceOptions) -> VideoSource:
    damage, _, inner = location.partition(":")
    return damaged(open_source(inner, options), damage)


def _dataset(location: str, options: SourceOptions) -> VideoSource:
    name, split = parted(location)
    return open_dataset(
        load_dataset(name),
        split,
        root=options.data_root,
        resolution=options.resolution,
        options=options.files,
        frames=options.frames,
    )


def _leo(location: str, options: SourceOptions) -> VideoSource:
    from leo_bench.benchmarks.sources.leo_samples import open_leo  # diffusers: takes seconds

    return open_leo(location, _place(options))


def _gaussian(location: str, options: SourceOptions) -> VideoSource:
    from leo_bench.benchmarks.sources.gaussian_samples import open_gaussian  # diffusers

    return open_gaussian(location, _place(options))


def _place(options: SourceOptions) -> "LeoPlace":
    from leo_bench.benchmarks.sources.leo_samples import LeoPlace

    return LeoPlace(options.open_start, options.frames, options.count, options.device)


def _nearest(location: str, options: SourceOptions) -> VideoSource:
    return open_nearest(location, lambda inner: open_source(inner, options))


def _paths(location: str, options: SourceOptions) -> VideoSource:
    paths = listed_paths(f"paths:{location}")
    if len(paths) == 1:
        return _on_disk(paths[0], options.files)
    places = [Path(os.path.normpath(Path(path).expanduser().absolute())) for path in paths]
    root = Path(os.path.commonpath(places))
    source = open_videos(root, replace(options.files, paths=tuple(places)))
    return Selection.whole(source, f"{root} ({len(paths)} paths)")


def _memory(location: str, _options: SourceOptions) -> VideoSource:
    raise InputError(
        f"memory:{location}: these videos were in memory when they were measured; if they are on "
        "disk, name them with --real or --fake"
    )


class _MadeQuery(GridLayout):
    """The options after the `?` of a method's folder: its layout, and the form of tiles."""

    layout: str | None = None


def _method(location: str, options: SourceOptions) -> VideoSource:
    method, _, folder = location.partition(":")
    return _made_by(method, folder, options)


def _made_by(method: str, location: str, options: SourceOptions) -> VideoSource:
    folder, given = split_query(location)
    query = parse(_MadeQuery, given, where=f"{method}:{location}")
    said = query.model_dump(exclude_unset=True, exclude={"layout"})
    tiles = GridLayout(**said) if said else None
    place = Path(folder).expanduser()
    return open_output(load_method(method), place, query.layout, tiles, options.files)


def _tiles(location: str, options: SourceOptions) -> VideoSource:
    inner, given = split_query(location)
    grid = parse(GridLayout, given, where=f"grid:{location}")
    base = open_source(inner, options)
    return tiles_of(base, TileGrid(**grid.model_dump()), f"grid:{base.name}")


_KINDS: Mapping[str, Callable[[str, SourceOptions], VideoSource]] = {
    "part": _part,
    "damaged": _damaged,
    "dataset": _dataset,
    "leo": _leo,
    "gaussian": _gaussian,
    "nearest": _nearest,
    "grid": _tiles,
    "method": _method,
    "memory": _memory,
    "paths": _paths,
}
