"""`leo-bench sample`: a folder of sampled videos, filled by any number of processes.

The same command again resumes where it stopped.

OUT/sample.json          the settings; samples of other settings are refused in the same folder
OUT/sample-000000.mkv    and so on, each written atomically
OUT.png                  a montage, beside the folder: inside, every picture would count as a video
OUT.crops.png            with --crop: the first pictures with what was cropped
OUT.first-codes.json     with drawn first frames: the distances of their codes from those requested

Files that no sample.json accounts for are neither read nor overwritten.
"""

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer
from torch import Tensor

from leo_bench.benchmarks.montage import evenly_spaced, montage
from leo_bench.benchmarks.runs.crops import crops_of, crops_picture, show_crops
from leo_bench.benchmarks.runs.settings import (
    CROPS,
    add,
    add_digests,
    difference,
    read_settings,
    settings,
    without_digest,
    write_settings,
)
from leo_bench.benchmarks.runs.shared_folder import own_part, writing
from leo_bench.benchmarks.sources.leo_samples import open_samples
from leo_bench.benchmarks.sources.leo_stride import SETTINGS
from leo_bench.benchmarks.sources.open import SourceOptions
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Progress
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.write import check_fps, write_video
from leo_bench.leo.data.crop_choice import NO_CROP, CropChoice
from leo_bench.leo.sampling.model import LeoModel, device_named, find_model
from leo_bench.leo.sampling.options import Sampling
from leo_bench.leo.sampling.rendering import Rendering
from leo_bench.leo.sampling.source import LeoSource
from leo_bench.leo.sampling.stated import choice
from leo_bench.leo.stage import Share

Format = Literal["mkv", "mp4", "frames", "npy"]

SUFFIXES: dict[Format, str] = {"mkv": ".mkv", "mp4": ".mp4", "frames": "", "npy": ".npy"}
SHOWN_SAMPLES, SHOWN_FRAMES = 6, 8  # rows and columns of the montage

_SAMPLE = re.compile(r"sample-[0-9]{6,}(\.|$)")  # in any format


class SampleRequest(Data):
    """What is sampled and how it is stored: all that the files of a folder depend on.

    Args:
        run: folder of a training run, or a shipped model's name.
        start: a picture, a folder of pictures or a source: first frames of conditional samples.
        to: likewise: their poses are those that samples end in.
        cropping: how both are cropped.
    """

    run: str
    sampling: Sampling
    start: str = ""
    format: Format = "mkv"
    fps: float = 25.0
    to: str = ""
    cropping: CropChoice = NO_CROP

    @model_serializer(mode="wrap")
    def _as_before(self, usual: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is off, so that older folders have the same settings."""
        dumped: dict[str, Any] = usual(self)
        later = {"to": bool(self.to), "cropping": self.cropping != NO_CROP}
        return {key: value for key, value in dumped.items() if later.get(key, True)}


@dataclass(frozen=True)
class Place:
    """Where a folder is filled, and by which process; no file in it depends on this.

    Args:
        out: the folder.
        share: which of several processes this is.
        data_root: where prepared data sets lie; None: the default.
        device: of the networks; None: a GPU where there is one.
        progress: called with frames done and frames to do.
    """

    out: Path
    share: Share = field(default_factory=Share)
    data_root: Path | None = None
    device: str | None = None
    progress: Progress | None = None


@dataclass(frozen=True)
class Written:
    """What `write_samples` did.

    Args:
        samples: number of samples written.
        gap: a line on the distance between drawn first frames and their codes, if newly measured.
        notes: notes on the frames that were given, and on motion that was clamped.
    """

    samples: int
    gap: str | None = None
    notes: Sequence[str] = ()


def request_of(
    run: str, given: Mapping[str, object], start: str, storing: Mapping[str, object]
) -> tuple[SampleRequest, list[str]]:
    """A request, with the model's own options in place of those that are not given.

    Args:
        run: as in `SampleRequest`.
        given: options of `Sampling`.
        start: first frames, or "".
        storing: format and frame rate.

    Returns:
        The request, and a note on the mode, where it is not given.

    Raises:
        InputError: no such model; an option is out of range.
    """
    found = choice(LeoModel.open(find_model(run)), given, begun=bool(start))
    sampling = sampling_of(**found.options)
    options = {"run": run, "sampling": sampling, "start": start or found.start, **storing}
    return parse(SampleRequest, options, where="sample"), [found.why] if found.why else []


def sampling_of(**options: object) -> Sampling:
    """A `Sampling` from options of the command line.

    Raises:
        InputError: an option is out of range.
    """
    return parse(Sampling, options, where="sample")


def open_request(request: SampleRequest, place: Place) -> LeoSource:
    """The samples of a request as a source; nothing is drawn yet.

    Raises:
        InputError: no such model; a stage or first frames are missing; a frame rate that files
            cannot state.
    """
    check_fps(request.fps)
    model = LeoModel.open(find_model(request.run), device_named(place.device))
    options = SourceOptions(OpenOptions(), place.data_root)
    return open_samples(
        model,
        request.sampling,
        request.start,
        options.open_start,
        request.to,
        cropping=request.cropping,
    )


def write_samples(request: SampleRequest, place: Place) -> Written:
    """Write this process's share of the samples, except those that exist.

    Raises:
        InputError: the folder holds samples of other settings, or files of unknown origin named as
            its samples; another process draws the same share; a file cannot be written.
    """
    _check_unclaimed(place.out)
    source = open_request(request, place)
    suffix, settings_file = SUFFIXES[request.format], place.out / SETTINGS
    strip, first_codes = strip_of(place.out), _first_codes_of(place.out)
    with own_part(place.out, place.share) as scratch:
        own = {i: place.out / f"{source.names[i]}{suffix}" for i in _share(source, place.share)}
        missing = {i: path for i, path in own.items() if not path.exists()}
        crops = crops_of(source, missing)
        if missing and not settings_file.is_file():
            source.first(next(iter(missing)))  # what cannot be drawn fails before files appear
        if settings_file.is_file():  # perhaps written by another process meanwhile
            check_settings(place.out, request, source)
        else:
            write_settings(settings_file, settings(request, source))
        if crops:
            add(settings_file, CROPS, crops)
        tell = counted(place.progress, len(missing) * request.sampling.frames)
        with writing(place.out):
            if missing and place.share.part == 0:  # these show the first samples: made anew
                strip.unlink(missing_ok=True)
                first_codes.unlink(missing_ok=True)
            for index, path in missing.items():
                write_video(scratch / path.name, tell(source.stream(index)), request.fps)
                (scratch / path.name).replace(path)
            _add_missing_digests(settings_file, list(own.values()), set(missing.values()))
        gap, clamped = None, None
        if place.share.part == 0:
            if not strip.exists():
                _show(source, strip)
                show_crops(source, range(min(SHOWN_SAMPLES, request.sampling.count)), place.out)
            if not first_codes.exists():
                gap = _start_gap(source, first_codes)
            clamped = source.clamped_note() if missing else None
    notes = [*source.start_notes, *([clamped] if clamped is not None else [])]
    return Written(len(missing), gap, notes)


def read_request(folder: Path) -> tuple[SampleRequest, list[int]]:
    """The request of an earlier `leo-bench sample --out FOLDER`, and the numbers of its samples.

    Raises:
        InputError: the folder holds no such samples.
    """
    path = folder / SETTINGS
    if not path.is_file():
        raise InputError(f"{folder}: no samples of leo-bench sample (it has no {SETTINGS})")
    content = read_settings(path).get("request")
    request = parse(SampleRequest, content if isinstance(content, dict) else {}, where=str(path))
    called = re.compile(f"sample-([0-9]{{6,}}){re.escape(SUFFIXES[request.format])}")
    matches = [called.fullmatch(path.name) for path in folder.iterdir()]
    found = sorted(int(match[1]) for match in matches if match)
    if not found:
        raise InputError(f"{folder}: no samples there yet")
    sampling = request.sampling.model_copy(update={"count": found[-1] + 1})
    return request.model_copy(update={"sampling": sampling}), found


def check_settings(folder: Path, request: SampleRequest, source: LeoSource) -> None:
    """Check that the samples in a folder have the settings of `request` and `source`.

    Raises:
        InputError: they do not; the message names the first difference.
    """
    change = difference(folder / SETTINGS, settings(request, source))
    if change is not None:
        raise InputError(f"{folder}: holds samples of other settings: {change}; give another --out")


def strip_of(folder: Path) -> Path:
    """The path of the montage of a folder of samples."""
    return folder.absolute().with_name(f"{folder.absolute().name}.png")


def _first_codes_of(folder: Path) -> Path:
    return strip_of(folder).with_suffix(".first-codes.json")


def shown(rendering: Rendering) -> Tensor:
    """Evenly spaced frames of a video for a montage: uint8 [n,3,R,R], n at most SHOWN_FRAMES."""
    return rendering.read(evenly_spaced(len(rendering.codes), SHOWN_FRAMES))


def counted(
    progress: Progress | None, total: int
) -> Callable[[Iterable[Tensor]], Iterator[Tensor]]:
    """A function that passes frames through, video after video, and reports their number."""
    done = 0

    def through(frames: Iterable[Tensor]) -> Iterator[Tensor]:
        nonlocal done
        for frame in frames:
            yield frame
            done += 1
            if progress is not None:
                progress(done, total)

    return through


def _show(source: LeoSource, strip: Path) -> None:
    """Write a montage of the first samples."""
    sampling = source.drawing.sampling
    numbers = range(min(SHOWN_SAMPLES, sampling.count))
    rows = [source.read(i, evenly_spaced(sampling.frames, SHOWN_FRAMES)) for i in numbers]
    montage(rows, [f"{i}" for i in numbers], strip)


def _start_gap(source: LeoSource, path: Path) -> str | None:
    """Measure `LeoSource.start_gap`, write it to `path`, and return it as a line."""
    found = source.start_gap()
    if found is None:
        return None
    own, others = (gap.tolist() for gap in found)
    write_atomically(path, (json.dumps({"own": own, "next sample's": others}) + "\n").encode())
    line = (
        "mean distance between a drawn first frame's code and the code it was drawn for: "
        f"{math.fsum(own) / len(own):.3g} ({len(own)} samples)"
    )
    if len(own) > 1:
        line += f"; to the code of another sample: {math.fsum(others) / len(others):.3g}"
    return line


def _share(source: LeoSource, share: Share) -> list[int]:
    """Numbers of the samples of a process: samples that are drawn together have one process."""
    together = source.drawing.together
    return [i for i in range(len(source.names)) if i // together % share.parts == share.part]


def _add_missing_digests(
    settings_file: Path, own: Sequence[Path], written: Collection[Path]
) -> None:
    """Add the digests of the videos just written, and of those of a killed process."""
    unlisted = set(without_digest(settings_file, own))
    if news := [path for path in own if path in written or path in unlisted]:
        add_digests(settings_file, news)


def _check_unclaimed(out: Path) -> None:
    """Refuse a folder without settings where files are that samples would replace or look like."""
    # Before the settings are looked for: another process may write them, and then files, just now.
    shown_beside = (strip_of(out), crops_picture(out), _first_codes_of(out))
    beside = [path for path in shown_beside if path.exists()]
    inside = sorted(path for path in out.glob("sample-*") if _SAMPLE.match(path.name))
    if (beside or inside) and not (out / SETTINGS).is_file():
        raise InputError(
            f"{(inside or beside)[0]}: is there already, and {out} has no {SETTINGS} to say of "
            "which samples; give another --out, or remove it"
        )
