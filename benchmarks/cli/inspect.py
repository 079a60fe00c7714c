"""Verbs that look: list, doctor, verify, explain."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from leo_bench.evaluation.errors import InputError

if TYPE_CHECKING:
    from leo_bench.benchmarks.verify_and_explain.plan_again import Given
    from leo_bench.evaluation.records.documents import AnyRecord


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command("list")(list_kind)
    app.command()(doctor)
    app.command()(verify)
    app.command()(explain)


def list_kind(
    kind: Annotated[
        Literal[
            "metrics",
            "datasets",
            "protocols",
            "suites",
            "frame-protocols",
            "extractors",
            "embedders",
            "configs",
            "methods",
            "tables",
        ],
        typer.Argument(help="What to list."),
    ],
) -> None:
    """Metrics, data sets, suites, configs of LEO; protocols, networks, methods, tables.

    Example: leo-bench list protocols
    """
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.benchmarks.listing import LISTINGS

    listing = LISTINGS[kind]()
    table(kind, listing.columns, listing.rows)


def doctor(
    metrics: Annotated[
        bool,
        typer.Option("--metrics", help="Instead: what each metric answers to graded damage."),
    ] = False,
    videos: Annotated[
        int | None, typer.Option(help="With --metrics: videos a side; absent: 48.")
    ] = None,
) -> None:
    """Versions, weights, devices, shadowed packages, and certificates of the extractors.

    Exit 1 where something is wrong. With --metrics: a metric that does not grow with damage that it
    should see, or moves with damage that it should not, is wrong; some minutes.

    Examples:

      leo-bench doctor

      leo-bench doctor --metrics
    """
    if metrics:
        _doctor_of_metrics(videos)
        return
    if videos is not None:
        raise InputError("--videos goes with --metrics")
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.benchmarks.doctor.installation import examine

    findings = examine()
    table("doctor", ["check", "state", "what"], [[f.check, f.state, f.what] for f in findings])
    if any(f.state == "wrong" for f in findings):
        raise typer.Exit(1)


def _doctor_of_metrics(videos: int | None) -> None:
    from leo_bench.benchmarks.cli.screen import out, resources, say, table
    from leo_bench.benchmarks.doctor.metric_readings import LEVEL
    from leo_bench.benchmarks.doctor.sensitivity import STILL, VIDEOS, WRONG, examine_metrics

    rows, wrong = [], 0
    count = VIDEOS if videos is None else videos
    for found, verdict in examine_metrics(
        lambda what: resources(workers=2, keep=True, what=what), videos=count
    ):
        change = found.changes[-1]
        moved = "" if change is None else f"{_signed(change.low)} to {_signed(change.high)}"
        values = "  ".join(f"{value:.4g}" for value in (found.untouched, *found.values))
        amounts = "  ".join(f"{amount:.3g}" for amount in found.amounts)
        rows.append([found.world, found.metric, found.damage, amounts, values, moved, verdict])
        wrong += verdict in WRONG
    columns = ["world", "metric", "damage", "amounts", "value: no damage, then each amount"]
    title = f"answers to graded damage, {count} videos a side"
    table(title, [*columns, f"largest less none, {100 * LEVEL:g} %", "answer"], rows)
    out("grows: the largest amount is told from none, and no step surely goes down")
    out(
        "still: no amount is told from none, but for what moves the number by at most "
        f"{100 * STILL:g} % of the metric's largest growth here"
    )
    out("identity-swap: where in 128 frames the other person comes in, so less is more damage")
    if wrong:
        say(f"{wrong} of {len(rows)} answers are not as they should be")
        if count < VIDEOS:
            say(f"{count} videos may be too few for small answers; {VIDEOS} are the usual number")
        raise typer.Exit(1)


def _signed(value: float) -> str:
    """Three digits, and no power of ten where the number is large."""
    return f"{value:+.0f}" if abs(value) >= 100 else f"{value:+.3g}"


Workers = Annotated[int, typer.Option(help="Threads that read and resize; changes no number.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Extract everything again.")]
Weights = Annotated[
    Path | None,
    typer.Option(help="The network's weights; absent: found by the record's digest."),
]
OwnExtractor = Annotated[
    str | None,
    typer.Option(
        "--extractor", help="FILE.py:FUNCTION of a record that was made with one; is run."
    ),
]
AllowUnverified = Annotated[
    bool,
    typer.Option("--allow-unverified", help="Use weights that nothing vouches for."),
]
TrustTorchScript = Annotated[
    bool,
    typer.Option("--trust-torchscript", help="Run a TorchScript archive's own program."),
]
DataRoot = Annotated[
    Path | None, typer.Option(help="Where prepared data sets lie; absent: as recorded.")
]


def verify(
    record: Annotated[
        Path, typer.Argument(help="A file that leo-bench wrote with --json, or a folder of them.")
    ],
    real: Annotated[
        str | None, typer.Option(help="Where the real (training, calibration) videos are now.")
    ] = None,
    fake: Annotated[str | None, typer.Option(help="Where the fake videos are now.")] = None,
    weights: Weights = None,
    allow_unverified: AllowUnverified = False,
    trust_torchscript: TrustTorchScript = False,
    extractor: OwnExtractor = None,
    data_root: DataRoot = None,
    workers: Workers = 2,
    no_cache: NoCache = False,
) -> None:
    """Compute all numbers of a record again; exit 1 where one differs, with what changed.

    The videos are taken from where they were, or from --real and --fake; their digests decide. A
    record gives no leave: only this command line can trust a program or unverified weights.

    Examples:

      leo-bench verify records/taichihd-train-stored-16f-s4-digan/mine/fvd.json

      leo-bench verify records

      leo-bench verify fvd.json --real /data/real --fake /data/samples
    """
    from leo_bench.benchmarks.cli.screen import out, resources
    from leo_bench.benchmarks.verify_and_explain.plan_again import Given
    from leo_bench.benchmarks.verify_and_explain.verify import compare_document
    from leo_bench.evaluation.records.documents import read_documents

    given = Given(real, fake, weights, allow_unverified, trust_torchscript, data_root, extractor)
    if record.is_dir():
        _verify_folder(record, given, workers, keep=not no_cache)
        return
    document = read_documents(record)
    found = compare_document(document, resources(workers=workers, keep=not no_cache), given)
    for comparison in found:
        for line in comparison.lines:
            out(line)
    if not all(comparison.same for comparison in found):
        raise typer.Exit(1)


def _verify_folder(folder: Path, given: "Given", workers: int, *, keep: bool) -> None:
    """A table of all records; exit 1 where one differs, else 2 where one cannot be made again."""
    from leo_bench.benchmarks.cli.screen import resources, say, table
    from leo_bench.benchmarks.verify_and_explain.verify import verify_folder

    rows, differs, unable = [], False, False
    for one in verify_folder(
        folder, lambda what: resources(workers=workers, keep=keep, what=what), given
    ):
        if one.why:
            unable = True
            say(f"{one.key}: {one.why}")
            rows.append([one.key, "-", "-", "cannot be verified"])
        for found in one.found:
            differs = differs or not found.same
            verdict = "the same" if found.same else f"DIFFERS: {', '.join(found.differing[:4])}"
            then, now = (
                "-" if number is None else f"{number:.6g}" for number in (found.then, found.now)
            )
            rows.append([one.key, then, now, verdict])
    table(str(folder), ["record", "recorded", "again", ""], rows)
    if differs or unable:
        raise typer.Exit(1 if differs else 2)


def explain(
    a: Annotated[Path, typer.Argument(help="A record.")],
    b: Annotated[Path, typer.Argument(help="Another record.")],
    weights: Weights = None,
    allow_unverified: AllowUnverified = False,
    trust_torchscript: TrustTorchScript = False,
    extractor: OwnExtractor = None,
    data_root: DataRoot = None,
    workers: Workers = 2,
) -> None:
    """What differs between two records, and how far each setting moves the number.

    Files of several records (acd, drift) are compared record by record, in their order.

    Every setting of B is put into A alone, and A is measured again; settings of scores (acd, drift,
    repetition) are listed and not measured. Below stands what else differs: versions, commit,
    decoder, device, digests.

    Example: leo-bench explain digan.json stylegan-v.json
    """
    from leo_bench.benchmarks.verify_and_explain.explain import record_pairs
    from leo_bench.benchmarks.verify_and_explain.plan_again import Given

    given = Given(None, None, weights, allow_unverified, trust_torchscript, data_root, extractor)
    for first, second in record_pairs(a, b):
        _explain_pair(a, first, b, second, given, workers)


def _explain_pair(
    a: Path, first: "AnyRecord", b: Path, second: "AnyRecord", given: "Given", workers: int
) -> None:
    """Show what differs between two records of the files `a` and `b`."""
    from leo_bench.benchmarks.cli.screen import out, resources, table
    from leo_bench.benchmarks.verify_and_explain.explain import (
        differences,
        listed_settings,
        numbers_differ,
        other_facts,
    )
    from leo_bench.benchmarks.verify_and_explain.verify import exact_of
    from leo_bench.evaluation.records.distance import Record

    out(f"A {a}: {exact_of(first):.6g} ({first.protocol})")
    out(f"B {b}: {exact_of(second):.6g} ({second.protocol})")
    if isinstance(first, Record) and isinstance(second, Record):
        found = differences(first, second, resources(workers=workers, keep=True), given)
        rows = [[d.setting, d.a, d.b, d.value, d.moves] for d in found]
        columns = ["setting", "A", "B", "A with B's", "moves A by"]
    else:
        rows = [list(row) for row in listed_settings(first, second)]
        columns = ["setting", "A", "B"]
        if rows:
            out(f"settings of {first.metric} are listed; what each does to it is not measured")
    others = [list(row) for row in other_facts(first, second)]
    if rows:
        table("settings that differ", columns, rows)
    if others:
        table("what else is recorded and differs", ["what", "A", "B"], others)
    if not rows and not others:
        words = ", though the numbers do" if numbers_differ(first, second) else ""
        out(f"nothing that is recorded differs{words}")
