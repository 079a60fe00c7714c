"""The source `leo:RUN?OPTION=VALUE&...`: samples of a LEO model, drawn when they are read.

leo:runs/faces                                                    256 samples, of the mode that the
    model's config states ([sampling]), or else unconditional
leo:toy-faces?mode=conditional&start=toy-faces/test&steps=50      a shipped model, from given frames
leo:runs/faces?nearest=toy-faces/train                            for a run without a cDDPM: codes
    are drawn, and each video begins with the training frame whose code is nearest to the first
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from leo_bench.benchmarks.sources.locations import query_options
from leo_bench.benchmarks.sources.start_frames import open_start_frames
from leo_bench.benchmarks.sources.training_data import as_trained
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.data.crop_choice import NO_CROP, CropChoice, CropKind
from leo_bench.leo.data.cropping import SEARCHED, CroppedVideos
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.model import LeoModel, device_named, find_model
from leo_bench.leo.sampling.nearest_frames import NearestFrames
from leo_bench.leo.sampling.options import Sampling
from leo_bench.leo.sampling.source import LeoSource
from leo_bench.leo.sampling.stated import choice


class LeoQuery(Sampling):
    """The options after the `?`: those of `Sampling`, and the first frames.

    Args:
        start: videos whose frames begin conditional samples.
        crop, face: of given frames, as `leo-bench sample` takes them.
        nearest: the run's training videos, whose frames replace those that a cDDPM would draw
            (`leo.sampling.nearest_frames`).
        to: pictures or videos whose frames give the poses that samples end in.
    """

    start: str = ""
    crop: CropKind = "none"
    face: int | None = None
    nearest: str = ""
    to: str = ""


@dataclass(frozen=True)
class LeoPlace:
    """What samples take from the command that opens them.

    Args:
        open_start: (source, resolution) -> first frames; worlds are rendered at the resolution.
        frames: frames of a sample, where the query does not say; None: the query's default.
        count: number of samples; likewise.
        device: "cpu", "cuda" ...; None: a GPU where there is one.
    """

    open_start: Callable[[str, int], VideoSource]
    frames: int | None = None
    count: int | None = None
    device: str | None = None

    @property
    def defaults(self) -> dict[str, object]:
        """`frames` and `count` where they are given."""
        given = {"frames": self.frames, "count": self.count}
        return {key: value for key, value in given.items() if value is not None}


def open_leo(location: str, place: LeoPlace) -> LeoSource:
    """Open `leo:LOCATION`.

    Raises:
        InputError: no such model, a wrong option, or a stage that is not trained.
    """
    # At the first `?`: the source of first frames may contain another.
    where, _, query = location.partition("?")
    root = find_model(where)
    options = place.defaults | query_options(query, f"leo:{location}")
    chosen = parse(LeoQuery, options, where=f"leo:{location}")
    model = LeoModel.open(root, device_named(place.device))
    others = {"start", "crop", "face", "nearest", "to"}
    given = chosen.model_dump(include=chosen.model_fields_set - others)
    if chosen.nearest:
        given = {"mode": "unconditional", **given}
    found = choice(model, given, begun=bool(chosen.start))
    sampling = parse(Sampling, found.options, where=f"leo:{location}")
    if not chosen.nearest:
        start = chosen.start or found.start
        why = "" if model.config.sampling is None else found.why  # older records have no such note
        crop = {"crop": chosen.crop, "face": chosen.face}
        cropping = parse(CropChoice, crop, where=f"leo:{location}")
        return open_samples(model, sampling, start, place.open_start, chosen.to, why, cropping)
    if sampling.mode == "conditional" or chosen.start:
        raise InputError(f"leo:{location}: nearest= is for unconditional samples, without start=")
    if chosen.crop != "none" or chosen.face is not None:
        raise InputError(
            f"leo:{location}: nearest= takes frames as the run was trained on: drop crop= and face="
        )
    side = model.config.resolution
    videos = as_trained(
        lambda spec: place.open_start(spec, side), chosen.nearest, root, model.config.framing
    )
    pictures = NearestFrames(videos, model.codes(), side)
    ends = open_ends(sampling, chosen.to, side, place.open_start)
    return LeoSource(Drawing(model, sampling, pictures=pictures, ends=ends))


def open_samples(
    model: LeoModel,
    sampling: Sampling,
    start: str,
    open_start: Callable[[str, int], VideoSource],
    to: str = "",
    why: str = "",
    cropping: CropChoice = NO_CROP,
) -> LeoSource:
    """Samples of a model whose first frames are those of the source `start`; "": drawn ones.

    They end in the poses of the source `to`; "": as drawn. `why`: as in `LeoSource`. The number of
    `cropping` is that of first frames; in `to` the largest face or person is followed.

    Raises:
        InputError: conditional samples without `start`, or unconditional ones with it; no framing
            to crop to; as `open_ends` and `LeoSource`.
    """
    if sampling.mode == "conditional" and not start:
        raise InputError(
            "conditional samples need first frames: give a picture, a folder or a source as "
            "--start-frames (behind leo:RUN? as start=SOURCE)"
        )
    if sampling.mode == "unconditional" and start:
        raise InputError(f"unconditional samples draw first frames themselves; {start} is not used")
    starts, side = None, model.config.resolution
    if start:
        starts = open_start_frames(start, lambda spec: open_start(spec, side))
    ends = open_ends(sampling, to, side, open_start)
    return LeoSource(cropped_given(Drawing(model, sampling, starts, ends=ends), cropping), why)


def cropped_given(drawing: Drawing, cropping: CropChoice) -> Drawing:
    """The drawing with its first frames and last poses cropped.

    Raises:
        InputError: there are neither; as `CropChoice.rule`.
    """
    if cropping.crop == "none":
        return drawing
    starts, ends, sampling = drawing.starts, drawing.ends, drawing.sampling
    if starts is None and ends is None:
        raise InputError("--crop is for given frames; leave it out")
    if starts is not None:
        first = sampling.start_frame == "first"
        starts = _cropped(starts, cropping, drawing.model, first=first)
        cropping = cropping.model_copy(update={"face": None})
    if ends is not None:
        ends = _cropped(ends, cropping, drawing.model, first=sampling.to_frame == 1)
    return replace(drawing, starts=starts, ends=ends)


def _cropped(
    videos: VideoSource, cropping: CropChoice, model: LeoModel, *, first: bool
) -> VideoSource:
    """Given frames, cropped; only the `first` of each video is searched, or some of all."""
    searched = 1 if first else SEARCHED
    rule = cropping.rule(model.config.framing, model.name, model.device, searched)
    return videos if rule is None else CroppedVideos.of(videos, rule)


def open_ends(
    sampling: Sampling, to: str, side: int, open_start: Callable[[str, int], VideoSource]
) -> VideoSource | None:
    """The pictures or videos of `to`; "": None.

    Raises:
        InputError: they cannot be read; `to_frame` without `to`.
    """
    if to:
        return open_start_frames(to, lambda spec: open_start(spec, side))
    if sampling.to_frame != 1:
        raise InputError(f"--to-frame {sampling.to_frame}: it is for --to; leave it out")
    return None
