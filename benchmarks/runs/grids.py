"""`leo-bench sample --grid`: one face in several motions, or one motion on several faces.

OUT/grid-motions.mkv     all videos side by side
OUT/grid-motions.png     a row a video
OUT/grid-motions.json    the settings that both follow from; others are refused in their place
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leo_bench.benchmarks.runs.sampling import (
    SUFFIXES,
    Place,
    SampleRequest,
    counted,
    open_request,
    shown,
    write_picture,
)
from leo_bench.benchmarks.runs.settings import difference, settings, write_settings
from leo_bench.benchmarks.runs.shared_folder import alone
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.targets import check_free
from leo_bench.evaluation.videos.write import write_video
from leo_bench.leo.sampling.grid import Kind, renderings, tiled


@dataclass(frozen=True)
class SampleGrid:
    """A grid's files, whether any was missing, so that it was drawn, and notes on first frames."""

    video: Path
    picture: Path
    drawn: bool
    notes: Sequence[str] = ()


def write_grid(request: SampleRequest, kind: Kind, place: Place) -> SampleGrid:
    """Write the video and the picture, or the one that a killed process of the same line left out.

    Raises:
        InputError: one of them is there and not of this line; as `open_request` and `renderings`;
            another process draws it; the disk refuses.
    """
    is_new = not place.out.exists()
    try:
        with alone(place.out, f".grid-{kind}.lock"):
            return _written(request, kind, place)
    except InputError:
        if is_new:  # what was refused leaves no folder behind
            with contextlib.suppress(OSError):
                place.out.rmdir()
        raise


def _written(request: SampleRequest, kind: Kind, place: Place) -> SampleGrid:
    video = place.out / f"grid-{kind}{SUFFIXES[request.format]}"
    picture, told = (place.out / f"grid-{kind}{suffix}" for suffix in (".png", ".json"))
    is_begun = told.is_file()
    if not is_begun:
        check_free(video, picture, told)
    source = open_request(request, place)
    now = {**settings(request, source), "count": request.sampling.count}
    change = difference(told, now) if is_begun else None
    if change is not None:
        raise InputError(f"{told}: of a grid of other settings: {change}; give another --out")
    missing = [path for path in (video, picture) if not path.exists()]
    if not missing:
        return SampleGrid(video, picture, drawn=False, notes=source.start_notes)
    videos = renderings(source.drawing, kind, request.sampling.count)
    if not is_begun:  # only now: what cannot be drawn says so before the names are claimed
        write_settings(told, now)
    if video in missing:
        tell = counted(place.progress, request.sampling.frames)
        write_video(video, tell(tiled([v.stream() for v in videos])), request.fps)
    if picture in missing:
        labels = [f"{kind[:-1]} {k}" for k in range(len(videos))]
        write_picture([shown(rendering) for rendering in videos], labels, picture)
    return SampleGrid(video, picture, drawn=True, notes=source.start_notes)
