"""Verbs that make numbers: fvd, kvd, features."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

Frames = Annotated[int, typer.Option(help="Frames in a clip; I3D needs 9 or more.")]
Protocol = Annotated[
    str | None,
    typer.Option(help="Protocol id, or a .toml of your own; chosen by --dataset when absent."),
]
Resolution = Annotated[
    int | None,
    typer.Option(
        help="Bring frames to R x R as the protocol does; absent: as stored (data sets may fix it)."
    ),
]
Seed = Annotated[int, typer.Option(help="All chance comes from this and the videos' names.")]
Extractor = Annotated[
    str | None, typer.Option(help="Another extractor than the protocol's (i3d-toy, ...).")
]
Weights = Annotated[
    Path | None, typer.Option(help="Weights file; absent: the registered one, if it is there.")
]
AllowUnverified = Annotated[
    bool,
    typer.Option("--allow-unverified", help="Use weights of unknown digest; marks the record."),
]
TrustTorchScript = Annotated[
    bool, typer.Option("--trust-torchscript", help="Run the TorchScript file's own program.")
]
Precision = Annotated[
    Literal["fp32", "bf16"], typer.Option(help="bf16 is for quick looks, not tables.")
]
Device = Annotated[
    str | None, typer.Option(help="cpu, cuda, cuda:1 ...; absent: cuda where there is one.")
]
DataRoot = Annotated[
    Path | None, typer.Option(envvar="LEO_BENCH_DATA", help="Where prepared data sets lie.")
]
OnError = Annotated[
    Literal["fail", "skip"],
    typer.Option(help="skip: leave broken videos out and list each in the record."),
]
Limit = Annotated[
    int | None, typer.Option(help="Only the first so many videos; not for publication.")
]
Workers = Annotated[
    int, typer.Option(min=1, help="Threads that read and resize; changes no number.")
]
Batch = Annotated[
    int | None, typer.Option(min=1, help="Clips through the network at once; changes no number.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither read nor keep features.")]

EXAMPLES = """
Examples:

  leo-bench {metric} --dataset taichihd --frames 16 --fake my_samples/

  leo-bench {metric} --real real/ --fake fake/ --frames 16 --protocol digan --json out.json

  leo-bench {metric} --dataset toy-faces --fake damaged:blur:toy-faces/test --frames 16 --clips 64
"""

Metric = Literal["fvd", "kvd"]
TITLES: dict[Metric, str] = {
    "fvd": "Fréchet Video Distance of fake videos to real ones, with interval and provenance.",
    "kvd": "Kernel Video Distance (unbiased squared MMD) of fake videos to real ones.",
}


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    for metric in TITLES:
        app.command(metric, help=TITLES[metric] + "\n" + EXAMPLES.format(metric=metric))(
            _verb(metric)
        )
    app.command("features")(features)


def _verb(metric: Metric) -> Callable[..., None]:
    """The command that measures `metric`; all metrics of two sides share their options."""

    def command(
        frames: Frames,
        dataset: Annotated[
            str | None, typer.Option(help="Real side: a data set, as ID or ID/SPLIT.")
        ] = None,
        real: Annotated[str | None, typer.Option(help="Real side: folder, file, zip, npy.")] = None,
        fake: Annotated[
            str | None,
            typer.Option(help="Fake side; absent: samples of the LEO run for --dataset."),
        ] = None,
        protocol: Protocol = None,
        resolution: Resolution = None,
        clips: Annotated[
            int | None, typer.Option(help="Clips a side; absent: the protocol's own number.")
        ] = None,
        repeats: Annotated[
            int | None, typer.Option(help="Repeats with other clips; absent: the protocol's.")
        ] = None,
        seed: Seed = 0,
        real_stride: Annotated[
            int | None, typer.Option(help="Real frames from one clip frame to the next.")
        ] = None,
        fake_stride: Annotated[
            int | None, typer.Option(help="Fake frames from one clip frame to the next.")
        ] = None,
        extractor: Extractor = None,
        weights: Weights = None,
        allow_unverified: AllowUnverified = False,
        trust_torchscript: TrustTorchScript = False,
        precision: Precision = "fp32",
        device: Device = None,
        data_root: DataRoot = None,
        on_error: OnError = "fail",
        limit: Limit = None,
        workers: Workers = 2,
        batch: Batch = None,
        no_cache: NoCache = False,
        json: Annotated[
            Path | None, typer.Option(help="Write the record here, as one JSON object.")
        ] = None,
        records: Annotated[
            Path | None, typer.Option(help="Keep the record under this folder.")
        ] = None,
    ) -> None:
        from benchmarks.cli.screen import machinery, say, show_record
        from benchmarks.plan import ScoreRequest, plan
        from benchmarks.score import keep, scored
        from evaluation.record import check_writable, record_path

        for place in (json and json.parent, records):
            if place is not None:
                check_writable(place)
        request = ScoreRequest(
            metric=metric,
            dataset=dataset,
            real=real,
            fake=fake,
            frames=frames,
            protocol=protocol,
            resolution=resolution,
            clips=clips,
            repeats=repeats,
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
            limit=limit,
        )
        found = scored(plan(request), machinery(workers=workers, batch=batch, keep=not no_cache))
        show_record(found.record)
        if json is not None:
            keep(found, json)
        if records is not None:
            path = record_path(records, found.record)
            keep(found, path)
            say(f"record: {path}")

    return command


def features(
    source: Annotated[
        str, typer.Argument(help="Folder, file, zip, npy, or a data set's ID/SPLIT.")
    ],
    frames: Frames,
    protocol: Annotated[str, typer.Option(help="Protocol id, or a .toml of your own.")],
    out: Annotated[Path, typer.Option(help="The .npz to write.")],
    side: Annotated[
        Literal["real", "fake"],
        typer.Option(help="Whose choice of clips: fake takes each video's first."),
    ] = "fake",
    stride: Annotated[int, typer.Option(help="Frames from one clip frame to the next.")] = 1,
    resolution: Resolution = None,
    seed: Seed = 0,
    extractor: Extractor = None,
    weights: Weights = None,
    allow_unverified: AllowUnverified = False,
    trust_torchscript: TrustTorchScript = False,
    precision: Precision = "fp32",
    device: Device = None,
    data_root: DataRoot = None,
    on_error: OnError = "fail",
    limit: Limit = None,
    workers: Workers = 2,
    batch: Batch = None,
    no_cache: NoCache = False,
) -> None:
    """Features of a source's clips: `features` float32 [N,D] and `videos` [N], in an .npz.

    Takes all clips that the protocol allows, whatever number it would draw.

    Examples:

      leo-bench features my_samples/ --frames 16 --protocol stylegan-v --out features.npz

      leo-bench features toy-faces/test --frames 16 --protocol digan --extractor i3d-toy --out f.npz
    """
    from benchmarks.cli.screen import machinery
    from benchmarks.cli.screen import out as show
    from benchmarks.features_file import FeaturesRequest, write_features
    from evaluation.record import check_writable

    check_writable(out.parent)
    request = FeaturesRequest(
        source=source,
        frames=frames,
        stride=stride,
        protocol=protocol,
        side=side,
        resolution=resolution,
        seed=seed,
        extractor=extractor,
        weights=None if weights is None else str(weights),
        allow_unverified=allow_unverified,
        trust_torchscript=trust_torchscript,
        precision=precision,
        device=device,
        data_root=None if data_root is None else str(data_root),
        on_error=on_error,
        limit=limit,
    )
    count, size = write_features(
        request, out, machinery(workers=workers, batch=batch, keep=not no_cache)
    )
    show(f"{out}: {count} clips x {size} features")
