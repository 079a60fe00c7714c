"""The verb drift: who is seen, against time."""

from pathlib import Path
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.options import (
    AllowUnverified,
    DataRoot,
    Device,
    Embedder,
    EmbedderWeights,
    FloatRange,
    FrameProtocol,
    FrameResolution,
    FramesGlob,
    Limit,
    NoCache,
    OnError,
    Real,
    Records,
    Seed,
    Workers,
)


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(drift)


def drift(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Videos: folders, leo:RUN?..., data sets; each gets a curve."),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Real videos, to calibrate on: a data set, ID or ID/SPLIT.")
    ] = None,
    real: Real = None,
    frames: Annotated[int, typer.Option(help="Of each video, from its first on.")] = 1024,
    every: Annotated[int, typer.Option(help="Look at one frame in so many.")] = 8,
    run: Annotated[
        int, typer.Option(help="A video is broken once it is beyond for so many frames on end.")
    ] = 32,
    share: Annotated[
        float, typer.Option(help="Of real distances that lie below the threshold.")
    ] = 0.99,
    label: Annotated[
        list[str] | None, typer.Option(help="Words for a source's curve; repeat, in their order.")
    ] = None,
    protocol: FrameProtocol = None,
    embedder: Embedder = None,
    weights: EmbedderWeights = None,
    allow_unverified: AllowUnverified = False,
    resolution: FrameResolution = None,
    seed: Seed = 0,
    device: Device = None,
    data_root: DataRoot = None,
    on_error: OnError = "fail",
    float_range: FloatRange = None,
    frames_glob: FramesGlob = None,
    limit: Limit = None,
    workers: Workers = 2,
    no_cache: NoCache = False,
    out: Annotated[
        Path | None, typer.Option(help="Draw the curves here (.png, .svg or .pdf; extra: report).")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the records here, the real one first; -: to stdout.")
    ] = None,
    records: Records = None,
) -> None:
    """Identity drift: the distance of each frame to the first in an embedding, against time.

    Real videos give the reference curve and the threshold at which a video counts as broken. 95 %
    intervals and bands say where a curve would fall with other videos, and as many.

    Examples:

      leo-bench drift my_samples/ --dataset toy-faces --out drift.png

      leo-bench drift "leo:toy-faces?mode=conditional&start=toy-faces/test&frames=1024&count=16"
      --dataset toy-faces --frames 1024 --every 8 --limit 16 --out drift.png --json drift.json
    """
    from leo_bench.benchmarks.cli.screen import document, out_beside, resources, say, table
    from leo_bench.benchmarks.scores.drift import drift_request, keep, labels, measure_drift, rows
    from leo_bench.evaluation.files.kinds import DOCUMENT, PICTURE, RECORDS
    from leo_bench.evaluation.files.targets import STDOUT, Target, check_targets, file_of
    from leo_bench.evaluation.records.distance import make_room, write_record
    from leo_bench.evaluation.records.documents import document_of
    from leo_bench.evaluation.records.score import score_record_path
    from leo_bench.reports.pictures import drift_picture, need_matplotlib

    check_targets(
        Target("--json", json, DOCUMENT),
        Target("--out", out, PICTURE),
        Target("--records", records, RECORDS),
    )
    if out is not None:
        need_matplotlib(out)
    words = labels(sources or [], label or [])
    request = drift_request(
        frames,
        every,
        run,
        share=share,
        dataset=dataset,
        real=real,
        protocol=protocol,
        resolution=resolution,
        seed=seed,
        embedder=embedder,
        weights=None if weights is None else str(weights),
        allow_unverified=allow_unverified,
        device=device,
        data_root=None if data_root is None else str(data_root),
        on_error=on_error,
        float_range=float_range,
        frames_glob=frames_glob,
        limit=limit,
    )
    tools = resources(workers=workers, keep=not no_cache, what="embeddings")
    drifts = measure_drift(request, sources or [], tools)
    found = [one.record for one in drifts]
    named = dict(zip([f"real: {found[0].source.name}", *words], found, strict=True))
    in_tree = [] if records is None else [score_record_path(records, record) for record in found]
    for one, path in zip(drifts, in_tree, strict=False):
        keep(one, make_room(path))
    made = document_of("drift", found)
    if (path_of_all := file_of(json)) is not None:
        write_record(made, path_of_all)
    if out is not None:
        drift_picture(named, out)
    show = out_beside(json)
    table("", *rows(named), show)
    said = found[0].diagnostics
    show(
        f"broken: further from the first frame than {said['threshold']:.3f}, the {100 * share:g} % "
        f"point of the real videos, for {run} frames on end; two real videos are "
        f"{said['other_videos']:.3f} apart"
    )
    for note in {note: None for record in found for note in (*record.caveats, *record.notes)}:
        say(f"note: {note}")
    for words_of, record in named.items():
        for note in record.source.notes:
            say(f"note: {words_of}: {note}")
        for video, reason in (*record.without_value, *record.source.skipped):
            say(f"no value for {video}: {reason}")
    for path in in_tree:
        say(f"record: {path}")
    if out is not None:
        show(f"picture: {out}")
    if json == STDOUT:
        document(made.to_json())
