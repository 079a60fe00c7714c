"""`leo-bench sample`: a folder of sampled videos that any number of processes fill, and go on with.

OUT/sample.json          the settings; others are refused in the same folder
OUT/sample-000000.mkv    and on: whole, or not there
OUT.png                  a strip to look at, beside the folder: in it all pictures are videos
OUT.first-codes.json     of drawn first frames: how far their codes lie from those asked for

What is no one's samples by a sample.json is never taken for them, and never replaced.
"""

import json
import math
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from leo_bench.benchmarks.montage import montage
from leo_bench.benchmarks.runs.settings import (
    add_digests,
    difference,
    read_settings,
    settings,
    without_digest,
    write_settings,
)
from leo_bench.benchmarks.runs.shared_folder import own_part, writing
from leo_bench.benchmarks.sources.leo_pace import SETTINGS
from leo_bench.benchmarks.sources.leo_samples import open_samples
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.evaluation.videos.write import check_fps, write_video
from leo_bench.leo.sampling.drawing import Sampling
from leo_bench.leo.sampling.model import LeoModel, device_named, find_model
from leo_bench.leo.sampling.rendering import Rendering
from leo_bench.leo.sampling.source import LeoSource
from leo_bench.leo.stage import Share

Progress = Callable[[int, int], None]
Format = Literal["mkv", "mp4", "frames", "npy"]

SUFFIXES: dict[Format, str] = {"mkv": ".mkv", "mp4": ".mp4", "frames": "", "npy": ".npy"}
SHOWN_SAMPLES, SHOWN_FRAMES = 6, 8

_SAMPLE = re.compile(r"sample-[0-9]{6,}(\.|$)")  # in any format


class SampleRequest(Data):
    """What is sampled and how it is stored: all that the files of a folder follow from.

    `run`: a folder, or a shipped model's name. `start`: a picture, a folder of pictures or a source
    that conditional samples begin with.
    """

    run: str
    sampling: Sampling
    start: str = ""
    format: Format = "mkv"
    fps: float = 25.0


@dataclass(frozen=True)
class Place:
    """Where and by whom a folder is filled: changes no file in it.

    Args:
        out: the folder.
        share: which of the processes this is.
        data_root: where prepared data sets lie; None: the default.
        device: of the networks; None: a GPU where there is one.
        progress: is told frames done and frames to do.
    """

    out: Path
    share: Share = field(default_factory=Share)
    data_root: Path | None = None
    device: str | None = None
    progress: Progress | None = None


def sampling_of(**options: object) -> Sampling:
    """Options of the command line, checked.

    Raises:
        InputError: one of them is out of range.
    """
    return parse(Sampling, options, where="sample")


def open_request(request: SampleRequest, place: Place) -> LeoSource:
    """The samples that a request asks for; nothing is drawn yet.

    Raises:
        InputError: no such model, a stage or first frames are missing, a rate that no file states.
    """
    check_fps(request.fps)
    model = LeoModel.open(find_model(request.run), device_named(place.device))

    def open_start(spec: str, side: int) -> VideoSource:
        options = SourceOptions(OpenOptions(), place.data_root, resolution=side)
        return open_source(spec, options)

    return open_samples(model, request.sampling, request.start, open_start)


@dataclass(frozen=True)
class Written:
    """What `write_samples` did.

    Args:
        samples: how many it wrote.
        gap: a line on how well drawn first frames show their codes, if there is news of it.
        notes: what a person should know of the first frames that were given.
    """

    samples: int
    gap: str | None = None
    notes: Sequence[str] = ()


def write_samples(request: SampleRequest, place: Place) -> Written:
    """Write this process's share of the samples; what is there already is left.

    Raises:
        InputError: the folder holds samples of other settings, or files that would be taken for
            its samples; another process draws the same share; it cannot be written to.
    """
    _check_unclaimed(place.out)
    source = open_request(request, place)
    suffix = SUFFIXES[request.format]
    with own_part(place.out, place.share) as scratch:
        missing = [
            i for i in _share(source, place.share) if not _file(source, place, i, suffix).exists()
        ]
        if missing and not (place.out / SETTINGS).is_file():
            source.first(missing[0])  # what cannot be drawn says so before the folder is claimed
        _claim(place.out, request, source)
        tell = counted(place.progress, len(missing) * request.sampling.frames)
        strip, first_codes = beside = strip_of(place.out), _first_codes_of(place.out)
        with writing(place.out):
            if missing and place.share.part == 0:  # they will show more than before
                for path in beside:
                    path.unlink(missing_ok=True)
            for index in missing:
                name = source.names[index] + suffix
                write_video(scratch / name, tell(source.stream(index)), request.fps)
                (scratch / name).replace(place.out / name)
            _seal(source, place, suffix, {source.names[index] + suffix for index in missing})
        if place.share.part == 0:
            if not strip.exists():
                _show(source, strip)
            if not first_codes.exists():
                return Written(len(missing), _start_gap(source, first_codes), source.start_notes)
    return Written(len(missing), notes=source.start_notes)


def read_request(folder: Path) -> tuple[SampleRequest, list[int]]:
    """What an earlier `leo-bench sample --out FOLDER` was asked, and the samples that are there.

    Raises:
        InputError: there was none.
    """
    request = _settings_of(folder)
    called = re.compile(f"sample-([0-9]{{6,}}){re.escape(SUFFIXES[request.format])}")
    matches = [called.fullmatch(path.name) for path in folder.iterdir()]
    found = sorted(int(match[1]) for match in matches if match)
    if not found:
        raise InputError(f"{folder}: no samples there yet")
    sampling = request.sampling.model_copy(update={"count": found[-1] + 1})
    return request.model_copy(update={"sampling": sampling}), found


def check_settings(folder: Path, request: SampleRequest, source: LeoSource) -> None:
    """Refuse to draw into, or again from, a folder whose samples follow from something else.

    Raises:
        InputError: they do; the message names the first thing that differs.
    """
    change = difference(folder / SETTINGS, settings(request, source))
    if change is not None:
        raise InputError(f"{folder}: holds samples of other settings: {change}; give another --out")


def strip_of(folder: Path) -> Path:
    """Where the strip of a folder's samples lies."""
    return folder.absolute().with_name(f"{folder.absolute().name}.png")


def _first_codes_of(folder: Path) -> Path:
    return strip_of(folder).with_suffix(".first-codes.json")


def evenly_spread(frames: int) -> list[int]:
    """Frames to show of so many, from the first to the last, ascending."""
    return torch.linspace(0, frames - 1, min(frames, SHOWN_FRAMES)).round().long().tolist()


def shown(rendering: Rendering) -> Tensor:
    """A few frames of a video, spread over it: uint8 [n,3,R,R]."""
    return rendering.read(evenly_spread(len(rendering.codes)))


def _show(source: LeoSource, strip: Path) -> None:
    """The first samples, a row each; whole, or not there."""
    sampling = source.drawing.sampling
    numbers = range(min(SHOWN_SAMPLES, sampling.count))
    rows = [source.read(i, evenly_spread(sampling.frames)) for i in numbers]
    write_picture(rows, [f"{i}" for i in numbers], strip)


def write_picture(rows: Sequence[Tensor], labels: Sequence[str], path: Path) -> None:
    """A contact sheet (`benchmarks.montage`) that is there whole or not at all.

    Raises:
        InputError: as `montage`; the disk refuses.
    """
    with (
        writing(path),
        tempfile.TemporaryDirectory(prefix=".writing-", dir=path.parent) as scratch,
    ):
        unfinished = Path(scratch) / path.name
        montage(rows, labels, unfinished)
        unfinished.replace(path)


def _start_gap(source: LeoSource, path: Path) -> str | None:
    """|E(x_1) - alpha_1| of the first samples: written to `path`, and as a line."""
    found = source.start_gap()
    if found is None:
        return None
    own, others = (gap.tolist() for gap in found)
    write_atomically(path, (json.dumps({"own": own, "next sample's": others}) + "\n").encode())
    line = f"|E(x_1) - alpha_1| is {math.fsum(own) / len(own):.3g} on average of {len(own)} samples"
    if len(own) > 1:
        line += f"; to the code of another sample it is {math.fsum(others) / len(others):.3g}"
    return line


def _share(source: LeoSource, share: Share) -> list[int]:
    """Samples that are drawn together belong to one process."""
    together = source.drawing.together
    return [i for i in range(len(source.names)) if i // together % share.parts == share.part]


def _seal(source: LeoSource, place: Place, suffix: str, written: Collection[str]) -> None:
    """Digests of this process's samples: those just written, and those of a run that was killed."""
    settings_file = place.out / SETTINGS
    own = [_file(source, place, i, suffix) for i in _share(source, place.share)]
    unlisted = set(without_digest(settings_file, own))
    news = [path for path in own if path.name in written or path in unlisted]
    if news:
        add_digests(settings_file, news)


def _file(source: LeoSource, place: Place, index: int, suffix: str) -> Path:
    return place.out / f"{source.names[index]}{suffix}"


def _check_unclaimed(out: Path) -> None:
    """Refuse a folder without settings where files lie that samples would be, or would replace.

    Raises:
        InputError: there is one.
    """
    # Before the settings are looked for: another part, which writes them first, may begin now.
    beside = [path for path in (strip_of(out), _first_codes_of(out)) if path.exists()]
    inside = sorted(path for path in out.glob("sample-*") if _SAMPLE.match(path.name))
    if (beside or inside) and not (out / SETTINGS).is_file():
        raise InputError(
            f"{(inside or beside)[0]}: is there already, and {out} has no {SETTINGS} to say of "
            "which samples; give another --out, or remove it"
        )


def _claim(out: Path, request: SampleRequest, source: LeoSource) -> None:
    """Write the settings down, unless those of samples that are there already are the same."""
    if (out / SETTINGS).is_file():
        check_settings(out, request, source)
        return
    write_settings(out / SETTINGS, settings(request, source))


def _settings_of(folder: Path) -> SampleRequest:
    path = folder / SETTINGS
    if not path.is_file():
        raise InputError(f"{folder}: no samples of leo-bench sample (it has no {SETTINGS})")
    content = read_settings(path).get("request")
    return parse(SampleRequest, content if isinstance(content, dict) else {}, where=str(path))


def counted(
    progress: Progress | None, total: int
) -> Callable[[Iterable[Tensor]], Iterator[Tensor]]:
    """Passes frames through, over one video after another, and tells how many."""
    done = 0

    def through(frames: Iterable[Tensor]) -> Iterator[Tensor]:
        nonlocal done
        for frame in frames:
            yield frame
            done += 1
            if progress is not None:
                progress(done, total)

    return through
