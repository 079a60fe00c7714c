"""`leo-bench sample --grid`: one face in several motions, or one motion on several faces.

OUT/grid-motions.mkv     all videos side by side
OUT/grid-motions.png     one row a video
OUT/grid-motions.crops.png   with --crop: what was cropped
OUT/grid-motions.json    the settings of both; files of other settings are not replaced
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leo_bench.benchmarks.montage import montage
from leo_bench.benchmarks.runs.crops import crops_of, show_crops
from leo_bench.benchmarks.runs.sampling import (
    SUFFIXES,
    Place,
    SampleRequest,
    counted,
    open_request,
    shown,
)
from leo_bench.benchmarks.runs.settings import (
    CROPS,
    add,
    difference,
    settings,
    write_settings,
)
from leo_bench.benchmarks.runs.shared_folder import alone
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.targets import check_free
from leo_bench.evaluation.videos.write import write_video
from leo_bench.leo.sampling.grid import Kind, renderings, tiled


@dataclass(frozen=True)
class SampleGrid:
    """The files of a grid, whether it was drawn now, and notes on the first frames."""

    video: Path
    picture: Path
    drawn: bool
    notes: Sequence[str] = ()


def write_grid(request: SampleRequest, kind: Kind, place: Place) -> SampleGrid:
    """Write the video and the picture; after a killed process, only the file that is missing.

    Raises:
        InputError: a file exists that has other settings; as `open_request` and `renderings`;
            another process draws the grid; a file cannot be written.
    """
    is_new = not place.out.exists()
    try:
        with alone(place.out, f".grid-{kind}.lock"):
            return _written(request, kind, place)
    except InputError:
        if is_new:  # leave no folder behind
            with contextlib.suppress(OSError):
                place.out.rmdir()
        raise


def _written(request: SampleRequest, kind: Kind, place: Place) -> SampleGrid:
    video, picture, settings_file = (
        place.out / f"grid-{kind}{suffix}" for suffix in (SUFFIXES[request.format], ".png", ".json")
    )
    is_begun = settings_file.is_file()
    if not is_begun:
        check_free(video, picture, settings_file)
    source = open_request(request, place)
    now = {**settings(request, source), "count": request.sampling.count}
    change = difference(settings_file, now) if is_begun else None
    if change is not None:
        raise InputError(
            f"{settings_file}: of a grid of other settings: {change}; give another --out"
        )
    missing = [path for path in (video, picture) if not path.exists()]
    if missing:
        faces = request.sampling.count if kind == "faces" else 1
        crops_of(source, range(faces))  # nobody in one of them: before the rest
        videos = renderings(source.drawing, kind, request.sampling.count)
        if not is_begun:  # only now: what cannot be drawn fails before the names are taken
            write_settings(settings_file, now)
        if video in missing:
            tell = counted(place.progress, request.sampling.frames)
            write_video(video, tell(tiled([v.stream() for v in videos])), request.fps)
        if picture in missing:
            labels = [f"{kind[:-1]} {k}" for k in range(len(videos))]
            montage([shown(rendering) for rendering in videos], labels, picture)
        if crops := crops_of(source, range(faces)):
            add(settings_file, CROPS, crops)
            show_crops(source, range(faces), video.with_suffix(""))
    return SampleGrid(video, picture, drawn=bool(missing), notes=source.start_notes)
