"""`leo:RUN?OPTION=VALUE&...` on the command line -> samples of a LEO as a source, drawn when read.

leo:runs/faces                                                    256 unconditional samples
leo:toy-faces?mode=conditional&start=toy-faces/test&steps=50      a shipped model, from given frames
leo:runs/faces?nearest=toy-faces/train                            for a run without a cDDPM: codes
    are drawn, and begin with the frames of the run's training videos whose codes are nearest
"""

from collections.abc import Callable
from dataclasses import dataclass

from leo_bench.benchmarks.sources.queries import query_options
from leo_bench.benchmarks.sources.start_frames import open_start_frames
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.sampling.drawing import Drawing, Sampling
from leo_bench.leo.sampling.model import LeoModel, device_named, find_model
from leo_bench.leo.sampling.nearest_frames import NearestFrames
from leo_bench.leo.sampling.source import LeoSource


class LeoQuery(Sampling):
    """What may stand behind the `?`: how samples are drawn, and where they begin.

    `start`: videos whose frames begin conditional samples. `nearest`: the run's training videos,
    whose frames stand in for those that its cDDPM would draw (`leo.sampling.nearest_frames`).
    """

    start: str = ""
    nearest: str = ""


@dataclass(frozen=True)
class LeoPlace:
    """What samples need of the command around them.

    Args:
        open_start: opens first frames at a resolution, for worlds that are drawn at any.
        frames, count: of samples, where the query does not say; None: `Sampling`'s own.
        device: "cpu", "cuda" ...; None: a GPU where there is one.
    """

    open_start: Callable[[str, int], VideoSource]
    frames: int | None = None
    count: int | None = None
    device: str | None = None


def open_leo(location: str, place: LeoPlace) -> LeoSource:
    """Open what stands behind `leo:`.

    Raises:
        InputError: no such model, a wrong option, a stage that is missing.
    """
    where, _, query = location.partition("?")
    root = find_model(where)
    given = {"frames": place.frames, "count": place.count}
    usual = {key: value for key, value in given.items() if value is not None}
    # From the first `?` on, since a source of first frames may have one of its own.
    options = usual | query_options(query, f"leo:{location}")
    chosen = parse(LeoQuery, options, where=f"leo:{location}")
    model = LeoModel.open(root, device_named(place.device))
    sampling = Sampling(**chosen.model_dump(exclude={"start", "nearest"}))
    if not chosen.nearest:
        return open_samples(model, sampling, chosen.start, place.open_start)
    if sampling.mode == "conditional" or chosen.start:
        raise InputError(f"leo:{location}: nearest= is for unconditional samples, without start=")
    videos = place.open_start(chosen.nearest, model.config.resolution)
    return LeoSource(Drawing(model, sampling, pictures=nearest_frames(model, videos)))


def nearest_frames(model: LeoModel, videos: VideoSource) -> NearestFrames:
    """The frames of a run's training videos, found by the run's codes.

    Raises:
        InputError: the run has no codes, or codes of other videos or of another animator.
    """
    return NearestFrames(videos, model.codes(), model.config.resolution)


def open_samples(
    model: LeoModel,
    sampling: Sampling,
    start: str,
    open_start: Callable[[str, int], VideoSource],
) -> LeoSource:
    """Samples of a model, first frames from the source that `start` names, "" being none.

    Raises:
        InputError: first frames without use for them, or the other way round; as `LeoSource`.
    """
    if sampling.mode == "conditional" and not start:
        raise InputError(
            "conditional samples need first frames: give a picture, a folder or a source as "
            "--start-frames (behind leo:RUN? as start=SOURCE)"
        )
    if sampling.mode == "unconditional" and start:
        raise InputError(f"unconditional samples draw first frames themselves; {start} is not used")
    starts = None
    if start:
        side = model.config.resolution
        starts = open_start_frames(start, lambda spec: open_start(spec, side))
    return LeoSource(Drawing(model, sampling, starts))
