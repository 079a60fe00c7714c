"""The verb about motion that comes back: repetition."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from leo_bench.benchmarks.cli.options import (
    DataRoot,
    Device,
    FloatRange,
    FramesGlob,
    Limit,
    NoCache,
    OnError,
    Records,
    Seed,
    Workers,
)


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(repetition)


def repetition(
    sources: Annotated[
        list[str],
        typer.Argument(help="Whose motion: folders, files, leo:RUN?..., damaged:repetition:...."),
    ],
    calibrate: Annotated[
        str, typer.Option(help="Real videos that say what is no repeat: ID/SPLIT, or a folder.")
    ],
    frames: Annotated[int, typer.Option(help="Frames of each video, from its first on.")] = 512,
    signal: Annotated[
        Literal["codes", "pixels"],
        typer.Option(help="What moves: a LEO's motion codes, or small grey pictures."),
    ] = "pixels",
    animator: Annotated[
        str | None, typer.Option(help="For codes: the LEO that encodes (leo:toy-bodies, a run).")
    ] = None,
    false_alarms: Annotated[
        float, typer.Option(help="Share of videos that may be flagged where the null holds.")
    ] = 0.05,
    null: Annotated[
        Literal["real", "strangers"],
        typer.Option(
            help="What a repeat must exceed: real videos' own repeats, or chance likeness of two."
        ),
    ] = "real",
    segment: Annotated[int, typer.Option(help="Frames that have to come back.")] = 24,
    gap: Annotated[int, typer.Option(help="Frames at least between a segment and its repeat.")] = 0,
    calibration_videos: Annotated[
        int, typer.Option(help="At most so many of the real videos, drawn by the seed.")
    ] = 64,
    count: Annotated[
        int | None, typer.Option(help="Samples of a leo: source that does not say itself.")
    ] = None,
    seed: Seed = 0,
    device: Device = None,
    data_root: DataRoot = None,
    on_error: OnError = "fail",
    float_range: FloatRange = None,
    frames_glob: FramesGlob = None,
    limit: Limit = None,
    workers: Workers = 2,
    no_cache: NoCache = False,
    json: Annotated[
        Path | None, typer.Option(help="Write the record here, or those of all sources.")
    ] = None,
    records: Records = None,
) -> None:
    """Repeated motion: the share of videos in which motion comes back (the paper's Table 5).

    No human raters: every segment is held against every earlier one, and counts as repeated where
    it is more alike than calibration on real videos allows. Beside a record lie all repeats, with
    times and lags (.repeats.csv).

    Examples:

      leo-bench repetition my_samples/ --calibrate taichihd/train --frames 512

      leo-bench repetition toy-bodies/test damaged:repetition=0.3:toy-bodies/test --calibrate
      toy-bodies/train --frames 128

      leo-bench repetition "leo:toy-bodies?mode=conditional&start=toy-bodies/test&count=32"
      --calibrate toy-bodies/train --signal codes --animator leo:toy-bodies
    """
    from leo_bench.benchmarks.cli.keeping import keep_and_show
    from leo_bench.benchmarks.cli.screen import resources
    from leo_bench.benchmarks.scores.repetition import RepetitionRequest, keep, measure_repetition
    from leo_bench.evaluation.files.kinds import RECORDS, REPETITION
    from leo_bench.evaluation.files.schema import parse
    from leo_bench.evaluation.files.targets import Target, check_targets

    check_targets(Target("--json", json, REPETITION), Target("--records", records, RECORDS))
    request = parse(
        RepetitionRequest,
        {
            "sources": sources,
            "calibrate": calibrate,
            "frames": frames,
            "signal": signal,
            "animator": animator,
            "settings": {
                "segment": segment,
                "gap": gap,
                "false_alarms": false_alarms,
                "null": null,
            },
            "calibration_videos": calibration_videos,
            "seed": seed,
            "count": count,
            "device": device,
            "data_root": None if data_root is None else str(data_root),
            "on_error": on_error,
            "float_range": float_range,
            "frames_glob": frames_glob,
            "limit": limit,
        },
        where="repetition",
    )
    work = resources(workers=workers, keep=not no_cache, what="motion")
    found = list(measure_repetition(request, work))
    keep_and_show("repetition", found, keep, json, records)
