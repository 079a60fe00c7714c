"""`leo-bench edit`: samples again with their first frames edited, the motion kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from leo_bench.benchmarks.montage import montage
from leo_bench.benchmarks.runs.sampling import (
    SUFFIXES,
    Format,
    Place,
    SampleRequest,
    check_settings,
    evenly_spread,
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
from leo_bench.leo.data.cut_frames import cut_line
from leo_bench.leo.sampling.edit import ControlNet, Editor, command_editor, edited, png
from leo_bench.leo.sampling.source import LeoSource


@dataclass(frozen=True)
class EditRequest:
    """What is edited, and how; exactly one of the editors is given.

    Args:
        samples: how the samples were drawn that are edited.
        format, fps: how edited videos are stored.
        indices: which of them.
        required: those that have to be edited; others of `indices` may lack a picture in a folder.
        drawn_in: the folder of `leo-bench sample` that holds them, if any.
        picture: an edited first frame, or a folder of them, called as the samples: a PNG or JPEG
            sample-000003.png.
        command: a program that edits a picture (`leo.sampling.edit.command_editor`).
        controlnet: a text that edits it.
        repose: the edit moved the pose: the motion begins at the edited frame's own code.
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
    """An earlier sample command and the samples of it to edit: those chosen, or all there are.

    Raises:
        InputError: no samples there, or not all those chosen.
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
        notes: what a person should know of the pictures that were given.
    """

    paths: list[Path]
    notes: list[str]


def write_edits(request: EditRequest, place: Place) -> Edits:
    """Write OUT/sample-000003.mkv and so on; OUT.png shows each before and after.

    Raises:
        InputError: no editor or several, no picture for any sample or for one that is required, one
            picture for several, an editor that fails, samples that the model as it is now would not
            draw, something in OUT or at OUT.png.
    """
    check_fps(request.fps)
    check_targets(Target("--out", place.out, NEW))
    check_free(strip_of(place.out))
    source = open_request(request.samples, place)
    if request.drawn_in is not None:
        check_settings(request.drawn_in, request.samples, source)
    notes = [*source.start_notes]
    edits = _edits(request, source, notes)
    paths, rows, labels = [], [], []
    for done, index in enumerate(edits):
        picture = edits[index](source.first(index))
        height, width = picture.shape[1:]
        if height != width:
            name = source.names[index]
            notes.append(f"edited first frame: {cut_line(name, height, width)}")
        video = edited(source, index, picture, repose=request.repose)
        path = place.out / f"{source.names[index]}{SUFFIXES[request.format]}"
        write_video(path, video.stream(), request.fps)
        paths.append(path)
        before = source.read(index, evenly_spread(request.samples.sampling.frames))
        rows += [before, shown(video)]
        labels += [f"{index}", "edited"]
        if place.progress is not None:
            place.progress(done + 1, len(edits))
    montage(rows, labels, strip_of(place.out))
    return Edits(paths, notes)


def write_first_frames(request: SampleRequest, indices: Sequence[int], place: Place) -> list[Path]:
    """Write the first frames of samples as OUT/sample-000003.png, to be edited by hand.

    Raises:
        InputError: the folder cannot be written to, or holds one of them, edited perhaps.
    """
    source = open_request(request, place)
    paths = [place.out / f"{source.names[index]}.png" for index in indices]
    check_free(*paths)
    try:
        place.out.mkdir(parents=True, exist_ok=True)
        for index, path in zip(indices, paths, strict=True):
            write_atomically(path, png(source.first(index)))
    except OSError as error:
        raise InputError(f"{place.out}: cannot be written to: {error.strerror}") from None
    return paths


def _edits(request: EditRequest, source: LeoSource, notes: list[str]) -> dict[int, Editor]:
    """An editor for each sample that is edited; `notes` grows by what is odd about pictures."""
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
    """Pictures for the samples that they are called as, or a single one for a single sample."""
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
