"""Verbs that make numbers of two sides: fvd, kvd, fid, precision, leverage; and features.

The first five share their options: `_verb` collects them into a request, and what is done with the
request differs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from leo_bench.benchmarks.cli.options import (
    MANY,
    TIMES,
    AllowUnverified,
    Batch,
    DataRoot,
    Dataset,
    Device,
    Extractor,
    Fake,
    FakeStride,
    FloatRange,
    Frames,
    FramesGlob,
    Limit,
    NoCache,
    OnError,
    Precision,
    Protocol,
    Real,
    RealStride,
    Records,
    Resolution,
    Seed,
    TrustTorchScript,
    Weights,
    Workers,
)
from leo_bench.evaluation.metrics import DISTANCES, covers

if TYPE_CHECKING:
    from leo_bench.benchmarks.scores.plan import ScoreRequest
    from leo_bench.evaluation.features.of_clips import Resources
    from leo_bench.evaluation.records.distance import Record
    from leo_bench.evaluation.records.documents import Document

# Request, resources, where the JSON goes, where records are kept.
Act = Callable[["ScoreRequest", "Resources", Path | None, Path | None], None]

EXAMPLES = """
Examples:

  leo-bench {metric} --dataset taichihd --frames 16 --fake my_samples/

  leo-bench {metric} --real real/ --fake fake/ --frames 16 --protocol digan --json out.json

  leo-bench {metric} --dataset toy-faces --fake damaged:blur:toy-faces/test --frames 16 --clips 64
"""

PRECISION = """Precision and recall of fake videos among real ones, on the features of FVD.

Precision is the share of fakes that lie where real videos lie, recall the share of real videos that
lie where fakes do (Kynkäänniemi et al. 2019, 3 neighbours). Intervals, from 32 videos a side on,
say where the share would fall with other videos, and as many.
"""
LEVERAGE = """Which videos move the FVD most: its exact change as each video is left out.

Shows the ten largest of either side; --json has all. Above 0: without the video FVD is larger.
"""
SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    for metric, row in DISTANCES.items():
        about = f"{row.title}\n\nThe 95 % interval says {covers(metric)}.\n"
        app.command(metric, help=about + EXAMPLES.format(metric=metric))(_verb(metric, _record))
    for name, title, act in (
        ("precision", PRECISION, _precision),
        ("leverage", LEVERAGE, _leverage),
    ):
        app.command(name, help=title + "\n" + EXAMPLES.format(metric=name))(_verb("fvd", act))
    app.command("features")(features)


def _verb(metric: str, act: Act) -> Callable[..., None]:
    """A command on two sides: its options as a request for `metric`, and `act` on that."""

    def command(
        frames: Frames,
        dataset: Dataset = None,
        real: Real = None,
        fake: Fake = None,
        protocol: Protocol = None,
        resolution: Resolution = None,
        clips: Annotated[
            int | None,
            typer.Option(max=MANY, help="Clips a side; absent: the protocol's own number."),
        ] = None,
        repeats: Annotated[
            int | None,
            typer.Option(max=TIMES, help="Repeats with other clips; absent: the protocol's."),
        ] = None,
        seed: Seed = 0,
        real_stride: RealStride = None,
        fake_stride: FakeStride = None,
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
            Path | None,
            typer.Option(help="Write the record here, as one JSON object; -: to stdout."),
        ] = None,
        records: Records = None,
    ) -> None:
        from leo_bench.benchmarks.cli.screen import resources
        from leo_bench.benchmarks.scores.plan import ScoreRequest
        from leo_bench.evaluation.files.kinds import RECORD, RECORDS
        from leo_bench.evaluation.files.targets import Target, check_targets

        check_targets(Target("--json", json, RECORD), Target("--records", records, RECORDS))
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
            float_range=float_range,
            frames_glob=frames_glob,
            limit=limit,
        )
        how = resources(workers=workers, batch=batch, keep=not no_cache)
        act(request, how, json, records)

    return command


def _record(
    request: "ScoreRequest", resources: "Resources", json: Path | None, records: Path | None
) -> None:
    from leo_bench.benchmarks.cli.screen import document, out_beside, say, show_record
    from leo_bench.benchmarks.scores.plan import plan
    from leo_bench.benchmarks.scores.score import keep, scored
    from leo_bench.evaluation.files.targets import STDOUT, file_of
    from leo_bench.evaluation.records.distance import make_room, record_path

    found = scored(plan(request), resources)
    in_tree = None if records is None else make_room(record_path(records, found.record))
    for path in (file_of(json), in_tree):
        if path is not None:
            keep(found, path)
    show_record(found.record, out_beside(json))
    if in_tree is not None:
        say(f"record: {in_tree}")
    if json == STDOUT:
        document(found.record.to_json())


def _precision(
    request: "ScoreRequest", resources: "Resources", json: Path | None, records: Path | None
) -> None:
    from leo_bench.benchmarks.cli.screen import out_beside, show_record
    from leo_bench.benchmarks.scores.precision import measure_precision

    report = measure_precision(request, resources)
    shares, out = report.found, out_beside(json)
    with _kept(report.document, report.record, json, records):
        for name, share in (("precision", shares.precision), ("recall", shares.recall)):
            interval = "no interval"
            if share.interval is not None:
                interval = "95 % interval {:.3f} to {:.3f}".format(*share.interval)
            out(f"{name:9} = {share.value:.3f}   ({shares.neighbours} neighbours; {interval})")
        show_record(report.record, out)


def _leverage(
    request: "ScoreRequest", resources: "Resources", json: Path | None, records: Path | None
) -> None:
    from leo_bench.benchmarks.cli.screen import out_beside, show_record, table
    from leo_bench.benchmarks.scores.leverage import measure_leverage

    report = measure_leverage(request, resources)
    found = report.found
    rows = [
        [
            side,
            v.video,
            str(v.clips),
            "" if v.change is None else f"{v.change:+.4g}",
            "" if v.change is None else f"{100 * v.change / found.value:+.2f} %",
        ]
        for side, videos in (("real", found.real), ("fake", found.fake))
        for v in videos[:SHOWN]
    ]
    columns = ["side", "video", "clips", "FVD changes by", "of FVD"]
    out = out_beside(json)
    with _kept(report.document, report.record, json, records):
        show_record(report.record, out)
        table(f"largest changes from {found.value:.6g}, one video left out", columns, rows, out)


@contextmanager
def _kept(
    made: "Document", record: "Record", json: Path | None, records: Path | None
) -> Iterator[None]:
    """Write a document to the places asked for, then let it be shown.

    Under `records` it lies beside its distance's record.
    """
    from leo_bench.benchmarks.cli.screen import document, say
    from leo_bench.evaluation.files.targets import STDOUT, file_of
    from leo_bench.evaluation.records.distance import make_room, record_path, write_record

    in_tree = None
    if records is not None:
        in_tree = make_room(record_path(records, record).with_stem(made.kind))
    for path in (file_of(json), in_tree):
        if path is not None:
            write_record(made, path)
    yield
    if in_tree is not None:
        say(f"{made.kind}: {in_tree}")
    if json == STDOUT:
        document(made.to_json())


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
    float_range: FloatRange = None,
    frames_glob: FramesGlob = None,
    limit: Limit = None,
    workers: Workers = 2,
    batch: Batch = None,
    no_cache: NoCache = False,
) -> None:
    """Features of a source's clips: `features` float32 [N,D] and `videos` [N], in an .npz.

    Takes all clips that the protocol allows, whatever number it would draw; where every start
    gives a clip (tats, of video files), the number that it draws.

    Examples:

      leo-bench features my_samples/ --frames 16 --protocol stylegan-v --out features.npz

      leo-bench features toy-faces/test --frames 16 --protocol digan --extractor i3d-toy --out f.npz
    """
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.cli.screen import resources, say
    from leo_bench.benchmarks.scores.features_file import FeaturesRequest, write_features
    from leo_bench.evaluation.files.kinds import FEATURES
    from leo_bench.evaluation.files.targets import Target, check_targets

    check_targets(Target("--out", out, FEATURES))
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
        float_range=float_range,
        frames_glob=frames_glob,
        limit=limit,
    )
    how = resources(workers=workers, batch=batch, keep=not no_cache)
    count, size = write_features(request, out, how)
    for note in how.news():
        say(f"note: {note}")
    show(f"{out}: {count} clip{'s' * (count != 1)} x {size} features")
