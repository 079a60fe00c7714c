"""Commands on two sets of videos: fvd, kvd, fid, precision, leverage, nearest."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from leo_bench.benchmarks.cli.headings import main_option
from leo_bench.benchmarks.cli.options import (
    Batch,
    ClipNetwork,
    Clips,
    Effort,
    Frames,
    Json,
    Limit,
    Protocol,
    Reading,
    Records,
    Repeats,
    Resolution,
    Seed,
    Strides,
    TwoSides,
    fields_of,
)
from leo_bench.benchmarks.cli.tracking import Track
from leo_bench.evaluation.metrics import DISTANCES, covers

if TYPE_CHECKING:
    from leo_bench.benchmarks.cli.screen import Out
    from leo_bench.benchmarks.scores.plan import Plan
    from leo_bench.benchmarks.scores.score import DistanceReport
    from leo_bench.evaluation.features.of_clips import Resources


@dataclass(frozen=True)
class _Places:
    """Where the numbers go: the options --json, --records and --track."""

    json: Path | None
    records: Path | None
    track: list[str] | None


Act = Callable[["Plan", "Resources", _Places], None]

EXAMPLES = """
Examples:

  leo-bench {verb} --dataset taichihd --frames 16 --fake my_samples/

  leo-bench {verb} --real real/ --fake fake/ --frames 16 --protocol digan --json out.json

  leo-bench {verb} --dataset toy-faces --fake damaged:blur:toy-faces/test --frames 16 --clips 64
"""

PRECISION = """Precision and recall of fake videos, on the features that FVD uses.

Precision is the share of fake clips that lie among the real ones, recall the share of real clips
that lie among the fake ones (Kynkäänniemi et al. 2019, 3 nearest neighbours). An interval needs at
least 32 videos a side.
"""
LEVERAGE = """How FVD changes when one video is left out, for every video.

Shows the ten largest changes of each side; --json has all. A change above 0: FVD is larger without
the video.
"""
SHOWN = 10


def two_sided() -> dict[str, Callable[..., None]]:
    """The commands that share all options, by name."""
    verbs: dict[str, Callable[..., None]] = {
        name: _command(
            name, _distance, f"{metric.title}\n\nThe 95 % interval says {covers(name)}.\n"
        )
        for name, metric in DISTANCES.items()
    }
    verbs["precision"] = _command("fvd", _precision, PRECISION)
    verbs["leverage"] = _command("fvd", _leverage, LEVERAGE)
    for verb, command in verbs.items():
        command.__doc__ = f"{command.__doc__}{EXAMPLES.format(verb=verb)}"
    return verbs


def _command(metric: str, act: Act, about: str) -> Callable[..., None]:
    """A command that plans `metric` for its options and hands the plan to `act`."""

    def command(
        *,
        frames: Frames,
        sides: TwoSides,
        protocol: Protocol = None,
        resolution: Resolution = None,
        clips: Clips = None,
        repeats: Repeats = None,
        seed: Seed = 0,
        strides: Strides,
        network: ClipNetwork,
        reading: Reading,
        limit: Limit = None,
        effort: Effort,
        batch: Batch = None,
        json: Json = None,
        records: Records = None,
        track: Track = None,
    ) -> None:
        from leo_bench.benchmarks.scores.plan import plan
        from leo_bench.benchmarks.scores.requests import ScoreRequest
        from leo_bench.evaluation.files.kinds import RECORD, RECORDS
        from leo_bench.evaluation.files.targets import Target, check_targets

        check_targets(Target("--json", json, RECORD), Target("--records", records, RECORDS))
        request = ScoreRequest(
            metric=metric,
            frames=frames,
            protocol=protocol,
            resolution=resolution,
            clips=clips,
            repeats=repeats,
            seed=seed,
            limit=limit,
            **fields_of(sides, strides, network, reading),
        )
        places = _Places(json, records, track)
        act(plan(request), effort.resources(batch=batch), places)

    command.__doc__ = about
    return command


def _distance(chosen: "Plan", resources: "Resources", places: _Places) -> None:
    from leo_bench.benchmarks.cli.results import show_record, written
    from leo_bench.benchmarks.scores.score import scored
    from leo_bench.evaluation.records.distance import record_path
    from leo_bench.evaluation.records.documents import document_of

    found = scored(chosen, resources)
    record = found.record
    tree = places.records
    in_tree = [] if tree is None else [(record_path(tree, record), found.keep)]
    made = document_of(record.metric, [record])
    with written(made, places.json, found.keep, in_tree, places.track, tree) as show:
        show_record(record, show)


def _precision(chosen: "Plan", resources: "Resources", places: _Places) -> None:
    from leo_bench.benchmarks.cli.results import show_record
    from leo_bench.benchmarks.scores.precision import precision_of
    from leo_bench.evaluation.records.shown_digits import measured_text

    report = precision_of(chosen, resources)
    with _reported(report, places) as show:
        shares = report.extra
        for name, share in (("precision", shares.precision), ("recall", shares.recall)):
            said = measured_text(share.value, share.interval)
            show(f"{name:9} = {said}   ({shares.neighbours} neighbours)")
        show_record(report.record, show)


def _leverage(chosen: "Plan", resources: "Resources", places: _Places) -> None:
    from leo_bench.benchmarks.cli.results import show_record
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.benchmarks.scores.leverage import leverage_of
    from leo_bench.evaluation.records.shown_digits import number_text

    report = leverage_of(chosen, resources)
    found = report.extra
    rows = [
        [
            side,
            v.video,
            str(v.clips),
            "" if v.change is None else number_text(v.change, sign="+"),
            "" if v.change is None else f"{100 * v.change / found.value:+.2f} %",
        ]
        for side, videos in (("real", found.real), ("fake", found.fake))
        for v in videos[:SHOWN]
    ]
    with _reported(report, places) as show:
        show_record(report.record, show)
        columns = ["side", "video", "clips", "FVD changes by", "of FVD"]
        title = "largest changes of FVD when one video is left out"
        table(title, columns, rows, show)


def _reported(report: "DistanceReport[Any]", places: _Places) -> AbstractContextManager["Out"]:
    """As `written`; in the folder of records the document lies beside its distance's record."""
    from leo_bench.benchmarks.cli.results import written
    from leo_bench.evaluation.records.distance import record_path, write_record

    made = report.document
    write, tree = partial(write_record, made), places.records
    in_tree = []
    if tree is not None:
        in_tree.append((record_path(tree, report.record).with_stem(made.kind), write))
    in_table = tree if made.kind == "precision" else None  # tables have no changes by single videos
    return written(made, places.json, write, in_tree, places.track, in_table)


def nearest(
    *,
    fake: Annotated[str, main_option(help="Samples: a folder, video file, zip, npy, or leo:RUN.")],
    train: Annotated[str, main_option(help="Training videos: ID/SPLIT, or a path.")],
    frames: Frames,
    held_out: Annotated[
        str | None,
        main_option(
            help="Real videos that were not trained on.", show_default="ID/test for ID/train"
        ),
    ] = None,
    protocol: Protocol = None,
    resolution: Resolution = None,
    seed: Seed = 0,
    strides: Strides,
    network: ClipNetwork,
    reading: Reading,
    limit: Limit = None,
    effort: Effort,
    batch: Batch = None,
    json: Json = None,
    out: Annotated[
        Path | None,
        main_option(help="Write a picture of the nearest pairs here (PNG).", metavar="FILE"),
    ] = None,
) -> None:
    """Find the training video nearest to each sample, to see whether the model copies.

    Distances are in the extractor's feature space. The same distances of held-out real videos show
    what is usual: of samples that copy nothing, 5 % lie nearer than the nearest 5 % of those.

    Examples:

      leo-bench nearest --fake my_samples/ --train ucf101/train --held-out other/ --frames 16

      leo-bench nearest --fake leo:toy-faces?mode=conditional&start=toy-faces/test
      --train toy-faces/train --frames 16 --out pairs.png
    """
    from leo_bench.benchmarks.cli.results import written
    from leo_bench.benchmarks.cli.screen import say, table
    from leo_bench.benchmarks.scores.nearest import NearestRequest, find_nearest
    from leo_bench.evaluation.distances.neighbours import NEAR
    from leo_bench.evaluation.files.kinds import DOCUMENT, PICTURE
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.evaluation.records.distance import write_record
    from leo_bench.evaluation.records.documents import document_of
    from leo_bench.evaluation.records.shown_digits import number_text

    check_targets(Target("--json", json, DOCUMENT), Target("--out", out, PICTURE))
    request = NearestRequest(
        fake=fake,
        train=train,
        held_out=held_out,
        frames=frames,
        protocol=protocol,
        resolution=resolution,
        seed=seed,
        limit=limit,
        **fields_of(strides, network, reading),
    )
    report = find_nearest(request, effort.resources(batch=batch), out)
    rows = [
        [p.sample, p.train, str(p.start), number_text(p.distance), f"{100 * p.percentile:.1f}"]
        for p in report.pairs[:SHOWN]
    ]
    columns = ["sample", "nearest training video", "at frame", "distance", "percentile"]
    made = document_of("nearest", [], report)
    with written(made, json, partial(write_record, made)) as show:
        table(f"nearest of {len(report.pairs)} samples", columns, rows, show)
        show(
            f"{100 * report.share_near:.1f} % of samples are nearer to the training videos than "
            f"the nearest {100 * NEAR:g} % of {len(report.held_out_distances)} held-out videos; "
            f"{100 * report.closer_than_all:.1f} % are nearer than all of those"
        )
        show(f"C_T = {report.z:+.2f} (p = {report.p:.2g} for no copying; far below 0: copies)")
        if out is not None:
            show(f"picture: {out}")
        for note in report.notes:
            say(f"note: {note}")
