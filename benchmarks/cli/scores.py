"""Commands on single frames of videos: acd, drift, repetition."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from leo_bench.benchmarks.cli.headings import clips_option, main_option, repeats_option
from leo_bench.benchmarks.cli.options import (
    Device,
    Effort,
    FrameNetwork,
    Json,
    Limit,
    Reading,
    Records,
    Seed,
    Strides,
    TwoSides,
    fields_of,
)
from leo_bench.benchmarks.cli.tracking import Track


def acd(
    *,
    frames: Annotated[int, main_option(help="Frames of each video, from its first frame on.")],
    sides: TwoSides,
    network: FrameNetwork,
    strides: Strides,
    reading: Reading,
    limit: Limit = None,
    effort: Effort,
    json: Json = None,
    records: Records = None,
    track: Track = None,
) -> None:
    """Average Content Distance: how much a person's appearance changes within a video.

    The mean distance between a video's frames in an embedding of identity. Measures the real
    videos, the fake ones, and their difference. Lower is steadier, and a still video has 0, so read
    the fake side beside the real one. The 95 % interval says where the number would fall with as
    many other videos.

    Examples:

      leo-bench acd --dataset faceforensics --frames 128 --fake my_samples/

      leo-bench acd --fake my_samples/ --frames 16 --protocol acd-face-mobilefacenet

      leo-bench acd --dataset toy-faces --frames 128 --fake damaged:identity-swap:toy-faces/test
    """
    from leo_bench.benchmarks.cli.results import write_and_show
    from leo_bench.benchmarks.scores.acd import acd_of
    from leo_bench.benchmarks.scores.plan import plan_frames
    from leo_bench.benchmarks.scores.requests import FrameScoreRequest
    from leo_bench.evaluation.files.kinds import RECORD, RECORDS
    from leo_bench.evaluation.files.targets import Target, check_targets

    check_targets(Target("--json", json, RECORD), Target("--records", records, RECORDS))
    options = fields_of(sides, network, strides, reading)
    request = FrameScoreRequest(metric="acd", frames=frames, limit=limit, **options)
    found = acd_of(plan_frames(request), effort.resources("embeddings"))
    write_and_show("acd", found, json, records, track)


def drift(
    *,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Videos: folders, leo:RUN?..., data sets; each gets a curve.", metavar="SOURCE"
        ),
    ] = None,
    dataset: Annotated[
        str | None, main_option(help="Real videos to calibrate on: a data set, ID or ID/SPLIT.")
    ] = None,
    real: Annotated[
        str | None, main_option(help="Real videos: a folder, video file, zip or npy.")
    ] = None,
    frames: Annotated[
        int, main_option(help="Frames of each video, from its first frame on.")
    ] = 1024,
    every: Annotated[int, clips_option(help="Embed every n-th frame.")] = 8,
    run: Annotated[
        int,
        typer.Option(help="Consecutive frames beyond the threshold that make a video broken."),
    ] = 32,
    share: Annotated[
        float, typer.Option(help="Share of the real videos' distances below the threshold.")
    ] = 0.99,
    label: Annotated[
        list[str] | None,
        typer.Option(help="Name of a source's curve, in the sources' order."),
    ] = None,
    network: FrameNetwork,
    reading: Reading,
    limit: Limit = None,
    effort: Effort,
    out: Annotated[
        Path | None,
        main_option(
            help="Plot the curves here: .png, .svg or .pdf (needs matplotlib).", metavar="FILE"
        ),
    ] = None,
    json: Json = None,
    records: Records = None,
    track: Track = None,
) -> None:
    """Identity drift: the distance of each frame to the first one, as a curve over time.

    Distances are in an embedding of identity. Real videos give the reference curve, and the
    threshold beyond which a video counts as broken. 95 % intervals and bands say where a curve
    would fall with as many other videos.

    Examples:

      leo-bench drift my_samples/ --dataset toy-faces --out drift.png

      leo-bench drift "leo:toy-faces?mode=conditional&start=toy-faces/test&frames=1024&count=16"
      --dataset toy-faces --frames 1024 --every 8 --limit 16 --out drift.png --json drift.json
    """
    from functools import partial

    from leo_bench.benchmarks.cli.results import tree_of, written
    from leo_bench.benchmarks.cli.screen import say, table
    from leo_bench.benchmarks.scores.drift import drift_request, labels, measure_drift, rows
    from leo_bench.evaluation.files.kinds import DOCUMENT, PICTURE, RECORDS
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.evaluation.records.distance import write_record
    from leo_bench.evaluation.records.documents import document_of
    from leo_bench.reports.pictures import drift_picture, need_matplotlib

    check_targets(
        Target("--json", json, DOCUMENT),
        Target("--out", out, PICTURE),
        Target("--records", records, RECORDS),
    )
    if out is not None:
        need_matplotlib(out)
    words = labels(sources or [], label or [])
    options = fields_of(network, reading) | {"dataset": dataset, "real": real, "limit": limit}
    request = drift_request(frames, every, run, share=share, **options)
    drifts = measure_drift(request, sources or [], effort.resources("embeddings"))
    found = [one.record for one in drifts]
    named = dict(zip([f"real: {found[0].source.name}", *words], found, strict=True))
    made = document_of("drift", found)
    in_tree = tree_of(drifts, records)
    with written(made, json, partial(write_record, made), in_tree, track, records) as show:
        if out is not None:
            drift_picture(named, out)
        table("", *rows(named), show)
        said = found[0].diagnostics
        show(
            f"broken: further from the first frame than {said['threshold']:.3f}, the "
            f"{100 * share:g} % point of the real videos, for {run} consecutive frames; two real "
            f"videos are {said['other_videos']:.3f} apart"
        )
        for note in {note: None for record in found for note in (*record.caveats, *record.notes)}:
            say(f"note: {note}")
        for words_of, record in named.items():
            for note in record.source.notes:
                say(f"note: {words_of}: {note}")
            for video, reason in (*record.without_value, *record.source.skipped):
                say(f"no value for {video}: {reason}")
        if out is not None:
            show(f"picture: {out}")


def repetition(
    *,
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Videos: folders, files, leo:RUN?..., damaged:repetition:...", metavar="SOURCE"
        ),
    ],
    calibrate: Annotated[
        str, main_option(help="Real videos to calibrate on: ID/SPLIT, or a folder.")
    ],
    frames: Annotated[
        int, main_option(help="Frames of each video, from its first frame on.")
    ] = 512,
    signal: Annotated[
        Literal["codes", "pixels"],
        main_option(help="What to compare: a LEO's motion codes, or small grey pictures."),
    ] = "pixels",
    animator: Annotated[
        str | None,
        main_option(help="With --signal codes: the LEO that encodes (leo:toy-bodies, or a run)."),
    ] = None,
    false_alarms: Annotated[
        float, repeats_option(help="Share of videos that may be flagged under the null.")
    ] = 0.05,
    null: Annotated[
        Literal["real", "strangers"],
        repeats_option(
            help="What a repeat must exceed: repeats within real videos, or likeness between two "
            "different ones."
        ),
    ] = "real",
    segment: Annotated[int, repeats_option(help="Length of a repeated segment in frames.")] = 24,
    gap: Annotated[
        int, repeats_option(help="Least number of frames between a segment and its repeat.")
    ] = 0,
    calibration_videos: Annotated[
        int, repeats_option(help="Use at most so many real videos, drawn by the seed.")
    ] = 64,
    count: Annotated[
        int | None, clips_option(help="Samples of a leo: source whose query gives no count.")
    ] = None,
    seed: Seed = 0,
    device: Device = None,
    reading: Reading,
    limit: Limit = None,
    effort: Effort,
    json: Json = None,
    records: Records = None,
    track: Track = None,
) -> None:
    """Repeated motion: the share of videos in which motion comes back (Table 5 of the paper).

    Needs no human raters: every segment is compared with every earlier one, and counts as repeated
    if the two are more alike than the calibration on real videos allows. All repeats, with times
    and lags, are written beside the record (.repeats.csv).

    Examples:

      leo-bench repetition my_samples/ --calibrate taichihd/train --frames 512

      leo-bench repetition toy-bodies/test damaged:repetition=0.3:toy-bodies/test --calibrate
      toy-bodies/train --frames 128

      leo-bench repetition "leo:toy-bodies?mode=conditional&start=toy-bodies/test&count=32"
      --calibrate toy-bodies/train --signal codes --animator leo:toy-bodies
    """
    from leo_bench.benchmarks.cli.results import write_and_show
    from leo_bench.benchmarks.scores.repetition import RepetitionRequest, measure_repetition
    from leo_bench.evaluation.files.kinds import RECORDS, REPETITION
    from leo_bench.evaluation.files.schema import parse
    from leo_bench.evaluation.files.targets import Target, check_targets

    check_targets(Target("--json", json, REPETITION), Target("--records", records, RECORDS))
    options = {
        "sources": sources,
        "calibrate": calibrate,
        "frames": frames,
        "signal": signal,
        "animator": animator,
        "settings": {"segment": segment, "gap": gap, "false_alarms": false_alarms, "null": null},
        "calibration_videos": calibration_videos,
        "seed": seed,
        "count": count,
        "device": device,
        "limit": limit,
        **fields_of(reading),
    }
    request = parse(RepetitionRequest, options, where="repetition")
    found = list(measure_repetition(request, effort.resources("motion")))
    write_and_show("repetition", found, json, records, track)
