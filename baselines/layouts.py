"""Opens what a method's sampler wrote as a `VideoSource`, lazily and without further loss.

open_output(load_method("tats"), Path("out/"))     # every row of numpy_files/.../*_eval.npy
"""

from dataclasses import replace
from pathlib import Path

from leo_bench.baselines.methods import GridLayout, Method, OutputLayout
from leo_bench.baselines.provenance import Adaptation, read_adaptation
from leo_bench.evaluation.videos.discover import DEFAULTS, OpenOptions, open_videos
from leo_bench.evaluation.videos.source import Selection, VideoSource
from leo_bench.evaluation.videos.tiles import TileGrid, tiles_of


def open_output(
    method: Method,
    folder: Path,
    layout: str | None = None,
    tiles: GridLayout | None = None,
    options: OpenOptions = DEFAULTS,
) -> VideoSource:
    """Open the videos that a method's sampler wrote to `folder`.

    Args:
        method: the method.
        folder: the sampler's output folder, or one that `adapt` filled.
        layout: which of the method's layouts; None: its first.
        tiles: for tiled layouts, what differs from the layout's grid.
        options: how files are opened.

    Raises:
        InputError: no such layout, no videos, or a grid that does not fit.
    """
    chosen = method.layout(layout)
    name = f"{method.id}:{folder}"
    source = open_layout(chosen, folder, tiles, options, name)
    notes = [f"{method.title}: {chosen.about}"]
    if chosen.loss:
        notes.append(f"{method.title}: {' '.join(chosen.loss.split())}")
    made = read_adaptation(folder)
    if made is not None:
        notes += adaptation_notes(made)
    return Selection(source, range(len(source.names)), name, more_notes=tuple(notes))


def open_layout(
    layout: OutputLayout,
    folder: Path,
    tiles: GridLayout | None,
    options: OpenOptions,
    name: str,
) -> VideoSource:
    """Open the videos of one layout; arguments and errors as of `open_output`."""
    base = open_videos(folder, replace(options, only=layout.files, without=layout.without))
    grids = [grid.model_dump(exclude_unset=True) for grid in (layout.grid, tiles) if grid]
    if layout.grid is None and not any(grids):
        return base
    merged = {key: value for grid in grids for key, value in grid.items()}
    return tiles_of(base, TileGrid(**merged), name)


def adaptation_notes(made: Adaptation) -> list[str]:
    """What a reader of a number should know of how `adapt` made the videos."""
    code = f"commit {(made.checkout.commit or 'unknown')[:8]}"
    weights = ", ".join(f"{name} {found.sha256[:12]}" for name, found in made.checkpoints.items())
    seed = "no seed" if made.seed is None else f"seed {made.seed}"
    notes = [f"made by leo-bench adapt {made.method}: {code}, {weights or 'no checkpoint'}, {seed}"]
    notes += made.notes
    unfinished = [part for part in made.parts if part.state != "done"]
    if unfinished:
        videos = sum(part.videos for part in made.parts)
        notes.append(
            f"not finished: {videos} of {made.count} videos; {unfinished[0].state}: "
            f"{unfinished[0].said}"
        )
    return notes
