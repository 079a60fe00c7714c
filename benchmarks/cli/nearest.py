"""The verb that looks for copied training videos: nearest."""

from pathlib import Path
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.options import (
    AllowUnverified,
    Batch,
    DataRoot,
    Device,
    Extractor,
    FloatRange,
    Frames,
    FramesGlob,
    Limit,
    NoCache,
    OnError,
    Precision,
    Protocol,
    Resolution,
    Seed,
    TrustTorchScript,
    Weights,
    Workers,
)

SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(nearest)


def nearest(
    fake: Annotated[str, typer.Option(help="Samples: a folder, file, zip, npy, or leo:RUN.")],
    train: Annotated[str, typer.Option(help="The training videos: ID/SPLIT, or where they lie.")],
    frames: Frames,
    held_out: Annotated[
        str | None,
        typer.Option(help="Real videos that no training saw; absent: split test, for ID/train."),
    ] = None,
    protocol: Protocol = None,
    resolution: Resolution = None,
    seed: Seed = 0,
    real_stride: Annotated[
        int | None, typer.Option(help="Training frames from one clip frame to the next.")
    ] = None,
    fake_stride: Annotated[
        int | None, typer.Option(help="Sample frames from one clip frame to the next.")
    ] = None,
    extractor: Extractor = None,
    weights: Weights = None,
    allow_unverified: AllowUnverified = False,
    trust_torchscript: TrustTorchScript = False,
    precision: Precision = "fp32",
    device: Device = None,
    data_root: DataRoot = None,
    on_error: OnError = "fail",
    float_range: FloatRange = None,
    frames_glob: FramesGlob = None,
    limit: Limit = None,
    workers: Workers = 2,
    batch: Batch = None,
    no_cache: NoCache = False,
    json: Annotated[
        Path | None, typer.Option(help="Write all pairs here, as JSON; -: to stdout.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a picture of the nearest pairs here (PNG).")
    ] = None,
) -> None:
    """Nearest training video of each sample, and whether samples are nearer than new videos are.

    Distances are in the extractor's features. Held-out real videos say how near is usual: of
    samples that copy nothing, 5 % lie nearer than the nearest 5 % of those.

    Examples:

      leo-bench nearest --fake my_samples/ --train ucf101/train --held-out other/ --frames 16

      leo-bench nearest --fake leo:toy-faces?mode=conditional&start=toy-faces/test
      --train toy-faces/train --frames 16 --out pairs.png
    """
    from leo_bench.benchmarks.cli.screen import document, out_beside, resources, say, table
    from leo_bench.benchmarks.scores.nearest import NearestRequest, find_nearest
    from leo_bench.evaluation.distances.neighbours import NEAR
    from leo_bench.evaluation.files.kinds import DOCUMENT, PICTURE
    from leo_bench.evaluation.files.targets import STDOUT, Target, check_targets, file_of
    from leo_bench.evaluation.records.distance import write_record
    from leo_bench.evaluation.records.documents import document_of

    check_targets(Target("--json", json, DOCUMENT), Target("--out", out, PICTURE))
    request = NearestRequest(
        fake=fake,
        train=train,
        held_out=held_out,
        frames=frames,
        protocol=protocol,
        resolution=resolution,
        seed=seed,
        real_stride=real_stride,
        fake_stride=fake_stride,
        extractor=extractor,
        weights=None if weights is None else str(weights),
        allow_unverified=allow_unverified,
        trust_torchscript=trust_torchscript,
        precision=precision,
        device=device,
        data_root=None if data_root is None else str(data_root),
        on_error=on_error,
        float_range=float_range,
        frames_glob=frames_glob,
        limit=limit,
    )
    report = find_nearest(request, resources(workers=workers, batch=batch, keep=not no_cache), out)
    made = document_of("nearest", [], report)
    if (path := file_of(json)) is not None:
        write_record(made, path)
    show = out_beside(json)
    rows = [
        [p.sample, p.train, str(p.start), f"{p.distance:.4g}", f"{100 * p.percentile:.1f}"]
        for p in report.pairs[:SHOWN]
    ]
    columns = ["sample", "nearest training video", "at frame", "distance", "percentile"]
    table(f"nearest of {len(report.pairs)} samples", columns, rows, show)
    show(
        f"{100 * report.share_near:.1f} % of samples are nearer to the training videos than the "
        f"nearest {100 * NEAR:g} % of {len(report.held_out_distances)} held-out videos; "
        f"{100 * report.closer_than_all:.1f} % are nearer than all of those"
    )
    show(f"C_T = {report.z:+.2f} (p = {report.p:.2g} for no copying; far below 0: copies)")
    if out is not None:
        show(f"picture: {out}")
    for note in report.notes:
        say(f"note: {note}")
    if json == STDOUT:
        document(made.to_json())
