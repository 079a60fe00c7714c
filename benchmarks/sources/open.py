"""`KIND:LOCATION` on the command line -> a `VideoSource`.

my_samples/  clip.mp4  set.zip  codes.npy   what lies on disk
'my_samples/*.mp4'                          of that, the files that fit; "*" goes over folders, too
dataset:taichihd/train  toy-faces/test      a data set, or an embedded world, and a split
part:1/2:SOURCE                             every second video, from the first on
damaged:blur=1.5:SOURCE                     a known damage (benchmarks.damage)
leo:RUN?seed=1&steps=50  leo:toy-faces      samples of a LEO (benchmarks.leo_samples)
stylegan-v:FOLDER?layout=grids              what a method's sampler wrote (leo-bench list methods)
method:MY.toml:FOLDER                       the same of a method file of one's own
grid:FILE?tile=128&padding=2                every tile of tiled videos (evaluation.videos.tiles)
nearest:TRAINING?start=SOURCE               the training videos nearest to first frames
gaussian:leo:RUN?start=SOURCE&fit=SOURCE    a LEO moved by Gaussian codes (gaussian_samples)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from glob import has_magic
from itertools import takewhile
from pathlib import Path

from leo_bench.baselines.layouts import open_output
from leo_bench.baselines.methods import GridLayout, load_method, method_names
from leo_bench.benchmarks.datasets import Dataset, list_datasets, load_dataset, open_dataset
from leo_bench.benchmarks.sources.damage import damaged
from leo_bench.benchmarks.sources.locations import split_query
from leo_bench.benchmarks.sources.nearest_videos import open_nearest
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.source import Selection, VideoSource
from leo_bench.evaluation.videos.tiles import TileGrid, tiles_of


@dataclass(frozen=True)
class SourceOptions:
    """What every source on a command line shares.

    Args:
        files: how video files and arrays are read.
        data_root: where prepared data sets lie; None: the default.
        resolution: side of rendered worlds; files stay as stored.
        limit: only the first so many videos.
        frames, count: of what is made for the occasion (`leo:`), where it does not say itself;
            worlds are drawn longer if they need to be.
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
    if kind in ("leo", "gaussian") and colon:
        return _drawn(kind, rest, options)
    if kind == "nearest" and colon:
        return open_nearest(rest, lambda inner: open_source(inner, options))
    if kind == "grid" and colon:
        return _tiles(rest, options)
    if kind == "method" and colon:
        method, _, folder = rest.partition(":")
        return _made_by(method, folder, options)
    if colon and kind in method_names() and not Path(spec).exists():
        return _made_by(kind, rest, options)
    if spec.split("/")[0] in {d.id for d in list_datasets()} and not Path(spec).exists():
        return _dataset(spec, options)
    return _on_disk(spec, options.files)


@contextmanager
def side_named(side: str) -> Iterator[None]:
    """Errors of opening a side's videos name the side: "real", "fake"."""
    try:
        yield
    except BadVideoError as error:
        raise error.placed(f"{side} side") from None
    except InputError as error:
        raise InputError(f"{side} side: {error}") from None


def _on_disk(spec: str, files: OpenOptions) -> VideoSource:
    path = Path(spec).expanduser()
    try:
        return _matching(path, spec, files) if _is_pattern(path) else open_videos(path, files)
    except BadVideoError as error:
        raise error.placed(str(path)) from None


def _is_pattern(path: Path) -> bool:
    return has_magic(str(path)) and not path.exists()


def _matching(path: Path, spec: str, files: OpenOptions) -> VideoSource:
    fixed = len(list(takewhile(lambda part: not has_magic(part), path.parts)))
    root, pattern = Path(*path.parts[:fixed]), "/".join(path.parts[fixed:])
    return Selection.whole(open_videos(root, replace(files, only=(pattern,))), spec)


def dataset_behind(spec: str) -> Dataset | None:
    """The data set whose videos `spec` names, all, some, or damaged; None: it names none."""
    kind, colon, rest = spec.partition(":")
    if kind in ("part", "damaged") and colon:
        return dataset_behind(rest.partition(":")[2])
    if kind == "dataset" and colon:
        return load_dataset(rest.partition("/")[0])
    name = spec.split("/")[0]
    named = name in {d.id for d in list_datasets()} and not Path(spec).exists()
    return load_dataset(name) if named else None


def _dataset(location: str, options: SourceOptions) -> VideoSource:
    name, _, split = location.partition("/")
    return open_dataset(
        load_dataset(name),
        split or None,
        root=options.data_root,
        resolution=options.resolution,
        options=options.files,
        frames=options.frames,
    )


def _drawn(kind: str, location: str, options: SourceOptions) -> VideoSource:
    # Here, since diffusers takes seconds to import.
    from leo_bench.benchmarks.sources.gaussian_samples import open_gaussian
    from leo_bench.benchmarks.sources.leo_samples import LeoPlace, open_leo

    def open_start(spec: str, side: int) -> VideoSource:
        return open_source(spec, replace(options, resolution=side, frames=None, count=None))

    place = LeoPlace(open_start, options.frames, options.count, options.device)
    return open_leo(location, place) if kind == "leo" else open_gaussian(location, place)


class _MadeQuery(GridLayout):
    """What may stand behind the `?` of a method's folder: its layout, and what tiles are like."""

    layout: str | None = None


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


def _first(source: VideoSource, count: int) -> VideoSource:
    if count >= len(source.names):
        return source
    return Selection(source, range(min(count, len(source.names))), f"{source.name} (first {count})")


def _part(source: VideoSource, share: str, spec: str) -> VideoSource:
    which, slash, parts = share.partition("/")
    if not (slash and which.isdigit() and parts.isdigit() and 1 <= int(which) <= int(parts)):
        raise InputError(f"{spec}: expected part:WHICH/PARTS:SOURCE, as in part:1/2:toy-faces/test")
    indices = range(int(which) - 1, len(source.names), int(parts))
    return Selection(source, indices, f"{source.name} part {share}")
