"""Verbs about who is seen: acd."""

from pathlib import Path
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.options import (
    AllowUnverified,
    DataRoot,
    Dataset,
    Device,
    Embedder,
    EmbedderWeights,
    Fake,
    FakeStride,
    FloatRange,
    FrameProtocol,
    FrameResolution,
    FramesGlob,
    Limit,
    NoCache,
    OnError,
    Real,
    RealStride,
    Records,
    Seed,
    Workers,
)


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command()(acd)


def acd(
    frames: Annotated[int, typer.Option(help="Frames of each video, from its first on.")],
    dataset: Dataset = None,
    real: Real = None,
    fake: Fake = None,
    protocol: FrameProtocol = None,
    embedder: Embedder = None,
    weights: EmbedderWeights = None,
    allow_unverified: AllowUnverified = False,
    resolution: FrameResolution = None,
    seed: Seed = 0,
    real_stride: RealStride = None,
    fake_stride: FakeStride = None,
    device: Device = None,
    data_root: DataRoot = None,
    on_error: OnError = "fail",
    float_range: FloatRange = None,
    frames_glob: FramesGlob = None,
    limit: Limit = None,
    workers: Workers = 2,
    no_cache: NoCache = False,
    json: Annotated[
        Path | None,
        typer.Option(help="Write the record here, or those of both sides, the real one first."),
    ] = None,
    records: Records = None,
) -> None:
    """Average Content Distance: how far apart a video's frames are in an embedding of identity.

    Of the real videos, of the fake ones, and their difference. Low is steady, and a still video
    has 0: read the fake side's beside the real side's. The 95 % interval says where the number
    would fall with other videos, and as many.

    Examples:

      leo-bench acd --dataset faceforensics --frames 128 --fake my_samples/

      leo-bench acd --fake my_samples/ --frames 16 --protocol acd-face-mobilefacenet

      leo-bench acd --dataset toy-faces --frames 128 --fake damaged:identity-swap:toy-faces/test
    """
    from leo_bench.benchmarks.cli.keeping import keep_and_show
    from leo_bench.benchmarks.cli.screen import resources
    from leo_bench.benchmarks.scores.acd import keep, measure_acd
    from leo_bench.benchmarks.scores.frame_plan import FrameScoreRequest
    from leo_bench.evaluation.files.kinds import RECORD, RECORDS
    from leo_bench.evaluation.files.targets import Target, check_targets

    check_targets(Target("--json", json, RECORD), Target("--records", records, RECORDS))
    request = FrameScoreRequest(
        metric="acd",
        frames=frames,
        dataset=dataset,
        real=real,
        fake=fake,
        protocol=protocol,
        resolution=resolution,
        seed=seed,
        real_stride=real_stride,
        fake_stride=fake_stride,
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
    found = measure_acd(request, resources(workers=workers, keep=not no_cache, what="embeddings"))
    keep_and_show("acd", found, keep, json, records)
