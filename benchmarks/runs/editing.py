"""`leo-bench edit`: samples drawn again with edited first frames and the same motion."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from leo_bench.benchmarks.montage import evenly_spaced, montage
from leo_bench.benchmarks.runs.crops import crops_of, crops_picture, show_crops
from leo_bench.benchmarks.runs.sampling import (
    SHOWN_FRAMES,
    SUFFIXES,
    Format,
    Place,
    SampleRequest,
    check_settings,
    open_request,
    read_request,
    shown,
    strip_of,
)
from leo_bench.benchmarks.sources.start_frames import noted_picture, read_picture
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.kinds import NEW
from leo_bench.evaluation.files.targets import Target, check_free, check_targets
from leo_bench.evaluation.videos.frames import is_frame
from leo_bench.evaluation.videos.write import check_fps, write_video
from leo_bench.leo.data.cropping import CroppedVideos
from leo_bench.leo.data.squares import cropped
from leo_bench.leo.data.videos import cut_line
from leo_bench.leo.sampling.edit import ControlNet, Editor, command_editor, edited, png
from leo_bench.leo.sampling.source import LeoSource


@dataclass(frozen=True)
class EditRequest:
    """What is edited, and how. Exactly one of picture, command and controlnet is given.

    Args:
        samples: how the samples were drawn.
        indices: numbers of the samples.
        required: those of `indices` that must be edited; others may have no picture in a folder.
        format: how edited videos are stored.
        fps: frames a second, stated in the files.
        drawn_in: the folder of `leo-bench sample` that holds the samples, if any.
        picture: an edited first frame, or a folder of them with the names of the samples, such as
            sample-000003.png (PNG or JPEG).
        command: a program that edits a picture (`leo.sampling.edit.command_editor`).
        controlnet: a ControlNet with a prompt.
        repose: the edit changed the pose: the motion begins at the code of the edited frame.
    """

    samples: SampleRequest
    indices: Sequence[int]
    required: Sequence[int] = ()
    format: Format = "mkv"
    fps: float = 25.0
    drawn_in: Path | None = None
    picture: Path | None = None
    command: str | None = None
    controlnet: ControlNet | None = None
    repose: bool = False


def samples_of(folder: Path, chosen: Sequence[int]) -> tuple[SampleRequest, list[int]]:
    """The request of the samples in a folder, and the numbers to edit: `chosen`, or all.

    Raises:
        InputError: no samples there, or not all of those chosen.
    """
    request, there = read_request(folder)
    absent = sorted(set(chosen) - set(there))
    if absent:
        raise InputError(f"{folder}: no sample {absent[0]} there; there are {len(there)}")
    return request, sorted(set(chosen)) or there


@dataclass(frozen=True)
class Edits:
    """What `write_edits` did.

    Args:
        paths: the edited videos.
        notes: notes on the pictures that were given.
    """

    paths: list[Path]
    notes: list[str]


def write_edits(request: EditRequest, place: Place) -> Edits:
    """Write OUT/sample-000003.mkv and so on, and OUT.png, which shows each before and after.

    Raises:
        InputError: no editor or several; no picture for any sample, or for a required one; one
            picture for several samples; the editor fails; the model has changed since the samples
            were drawn; OUT is not empty, or OUT.png exists.
    """
    check_fps(request.fps)
    check_targets(Target("--out", place.out, NEW))
    check_free(strip_of(place.out), crops_picture(place.out))
    source = open_request(request.samples, place)
    crops_of(source, request.indices)
    if request.drawn_in is not None:
        check_settings(request.drawn_in, request.samples, source)
    notes = [*source.start_notes]
    edits = _edits(request, source, notes)
    paths, rows, labels = [], [], []
    for done, index in enumerate(edits):
        picture = _cropped_alike(source, index, edits[index](source.first(index)))
        height, width = picture.shape[1:]
        if height != width:
            name = source.names[index]
            notes.append(f"edited first frame: {cut_line(name, height, width)}")
        video = edited(source, index, picture, repose=request.repose)
        path = place.out / f"{source.names[index]}{SUFFIXES[request.format]}"
        write_video(path, video.stream(), request.fps)
        paths.append(path)
        shown_frames = evenly_spaced(request.samples.sampling.frames, SHOWN_FRAMES)
        rows += [source.read(index, shown_frames), shown(video)]
        labels += [f"{index}", "edited"]
        if place.progress is not None:
            place.progress(done + 1, len(edits))
    montage(rows, labels, strip_of(place.out))
    show_crops(source, list(edits), place.out)
    return Edits(paths, [*dict.fromkeys([*notes, *source.start_notes])])


def _cropped_alike(source: LeoSource, index: int, picture: Tensor) -> Tensor:
    """An edited picture of the size of the given one, cropped as that was; others as they are."""
    starts, side = source.drawing.starts, source.drawing.model.config.resolution
    if not isinstance(starts, CroppedVideos) or picture.shape[1:] == (side, side):
        return picture
    crop = starts.crop(index % len(starts.names))
    return cropped(picture, crop.square) if picture.shape[1:] == crop.size else picture


def write_first_frames(request: SampleRequest, indices: Sequence[int], place: Place) -> list[Path]:
    """Write the first frames of samples as OUT/sample-000003.png and so on, to be edited by hand.

    Raises:
        InputError: a file cannot be written, or exists: it may be edited already.
    """
    source = open_request(request, place)
    paths = [place.out / f"{source.names[index]}.png" for index in indices]
    check_free(*paths)
    for index, path in zip(indices, paths, strict=True):
        write_atomically(path, png(source.first(index)))
    return paths


def _edits(request: EditRequest, source: LeoSource, notes: list[str]) -> dict[int, Editor]:
    """An editor for each sample that is edited; adds notes on pictures to `notes`."""
    if (request.picture, request.command, request.controlnet).count(None) != 2:
        raise InputError("give exactly one of --edited, --command and --controlnet")
    if request.picture is not None:
        return _pictures(request.picture, request, source, notes)
    if request.command is not None:
        editor = command_editor(request.command, read_picture)
    elif request.controlnet is not None:
        editor = request.controlnet.editor()
    return dict.fromkeys(request.indices, editor)


def _pictures(
    path: Path, request: EditRequest, source: LeoSource, notes: list[str]
) -> dict[int, Editor]:
    """Editors that return the pictures named as the samples, or one picture for one sample."""
    indices = request.indices
    if not path.is_dir():
        if len(indices) > 1:
            raise InputError(
                f"{path}: one picture for {len(indices)} samples; choose one by --index, or give a "
                f"folder of pictures, {source.names[indices[0]]}.png and on"
            )
        return {indices[0]: _always(path, notes)}
    by_name = {inner.stem: inner for inner in path.iterdir() if is_frame(inner.name)}
    found = {i: by_name[source.names[i]] for i in indices if source.names[i] in by_name}
    absent = [i for i in request.required if i not in found]
    if absent:
        raise InputError(
            f"{path}: no picture there is called {source.names[absent[0]]}.png; add it, or leave "
            f"--index {absent[0]} out"
        )
    if not found:
        name = f"{source.names[indices[0]]}.png"
        raise InputError(f"{path}: no picture there is called as a sample, {name}")
    return {index: _always(inner, notes) for index, inner in found.items()}


def _always(path: Path, notes: list[str]) -> Callable[[Tensor], Tensor]:
    picture, of_picture = noted_picture(path)
    notes += [f"{path}: {note}" for note in of_picture]
    return lambda _before: picture
