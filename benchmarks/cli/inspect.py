"""The commands list, doctor, verify and explain."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from leo_bench.benchmarks.cli.headings import main_option, network_option, reading_option
from leo_bench.benchmarks.cli.options import Effort, Workers
from leo_bench.evaluation.errors import InputError

if TYPE_CHECKING:
    from leo_bench.benchmarks.verify_and_explain.plan_of_record import Given
    from leo_bench.evaluation.records.documents import MeasuredRecord


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
    """List metrics, data sets, suites, protocols, networks, configs of LEO, methods or tables.

    Example: leo-bench list protocols
    """
    from leo_bench.benchmarks.cli.screen import out, table
    from leo_bench.benchmarks.listing import LISTINGS

    listing = LISTINGS[kind]()
    table(kind, listing.columns, listing.rows)
    for name, path in listing.files.items():
        out(f"{name}: {path}")


def doctor(
    metrics: Annotated[
        bool,
        main_option("--metrics", help="Instead: how each metric responds to graded damage."),
    ] = False,
    videos: Annotated[
        int | None, main_option(help="With --metrics: videos of each side.", show_default="48")
    ] = None,
) -> None:
    """Check the installation: versions, weights, devices, shadowed packages, extractors.

    Exit 1 if something is wrong. --metrics takes some minutes; a metric is wrong if it does not
    grow with damage that it should see, or moves with damage that it should not see.

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
    title = f"responses to graded damage, {count} videos of each side"
    table(title, [*columns, f"largest less none, {100 * LEVEL:g} %", "response"], rows)
    out("grows: the largest amount differs from no damage, and no step clearly decreases")
    out(
        "still: no amount differs from no damage, or by at most "
        f"{100 * STILL:g} % of the metric's largest growth here"
    )
    out("identity-swap: the frame of 128 at which the person changes; smaller is more damage")
    if wrong:
        say(f"{wrong} of {len(rows)} responses are wrong")
        if count < VIDEOS:
            say(f"{count} videos may be too few to see small effects; the default is {VIDEOS}")
        raise typer.Exit(1)


def _signed(value: float) -> str:
    """With three digits; without an exponent from 100 on."""
    return f"{value:+.0f}" if abs(value) >= 100 else f"{value:+.3g}"


@dataclass(frozen=True)
class Permitted:
    """What a record may not decide itself: its weights, permissions, and where data sets are."""

    weights: Annotated[
        Path | None,
        network_option(
            help="The network's weights file.", show_default="found by the record's digest"
        ),
    ] = None
    allow_unverified: Annotated[
        bool, network_option("--allow-unverified", help="Accept weights of unknown digest.")
    ] = False
    trust_torchscript: Annotated[
        bool,
        network_option(
            "--trust-torchscript", help="Allow a TorchScript file to run the program inside it."
        ),
    ] = False
    extractor: Annotated[
        str | None,
        network_option(
            help="FILE.py:FUNCTION of a record that was made with one; the function is run."
        ),
    ] = None
    data_root: Annotated[
        Path | None,
        reading_option(help="Folder of the prepared data sets.", show_default="as recorded"),
    ] = None

    def given(self, real: str | None = None, fake: str | None = None) -> "Given":
        """These, and where the videos are now."""
        from leo_bench.benchmarks.verify_and_explain.plan_of_record import Given

        return Given(
            real=real,
            fake=fake,
            weights=self.weights,
            allow_unverified=self.allow_unverified,
            trust_torchscript=self.trust_torchscript,
            data_root=self.data_root,
            extractor=self.extractor,
        )


def verify(
    *,
    record: Annotated[
        Path,
        typer.Argument(
            help="A file that leo-bench wrote with --json, or a folder of them.",
            metavar="RECORD|FOLDER",
        ),
    ],
    real: Annotated[
        str | None,
        main_option(help="Where the real (training, calibration) videos are now."),
    ] = None,
    fake: Annotated[str | None, main_option(help="Where the fake videos are now.")] = None,
    permitted: Permitted,
    effort: Effort,
) -> None:
    """Compute every number of a record again; exit 1 if one differs, with what changed.

    Videos are read from their recorded place, or from --real and --fake, and compared by digest. A
    record cannot allow anything: only the command line accepts unverified weights or programs.

    Examples:

      leo-bench verify records/taichihd-train-stored-16f-s4-digan/mine/fvd.json

      leo-bench verify records

      leo-bench verify fvd.json --real /data/real --fake /data/samples
    """
    from leo_bench.benchmarks.cli.screen import out
    from leo_bench.benchmarks.verify_and_explain.verify import compare_document
    from leo_bench.evaluation.records.documents import read_documents

    given = permitted.given(real, fake)
    if record.is_dir():
        _verify_folder(record, given, effort)
        return
    found = compare_document(read_documents(record), effort.resources(), given)
    for comparison in found:
        for line in comparison.lines:
            out(line)
    if not all(comparison.same for comparison in found):
        raise typer.Exit(1)


def _verify_folder(folder: Path, given: "Given", effort: Effort) -> None:
    """A table of all records; exit 1 if one differs, else 2 if one cannot be computed again."""
    from leo_bench.benchmarks.cli.screen import say, table
    from leo_bench.benchmarks.verify_and_explain.verify import verify_folder

    rows, differs, unable = [], False, False
    for one in verify_folder(folder, effort.resources, given):
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
    *,
    a: Annotated[Path, typer.Argument(help="A record.")],
    b: Annotated[Path, typer.Argument(help="Another record.")],
    real: Annotated[str | None, main_option(help="Where A's real videos are now.")] = None,
    fake: Annotated[str | None, main_option(help="Where A's fake videos are now.")] = None,
    permitted: Permitted,
    workers: Workers = None,
) -> None:
    """Show what differs between two records, and how much each setting moves the number.

    A is measured again as it is, then with each setting of B in turn; settings of scores (acd,
    drift, repetition) are listed but not measured. A second table lists what else differs:
    versions, commit, decoder, device, digests. Files of several records (acd, drift) are compared
    record by record.

    Example: leo-bench explain digan.json stylegan-v.json
    """
    from leo_bench.benchmarks.verify_and_explain.explain import record_pairs

    for first, second in record_pairs(a, b):
        _explain_pair(a, first, b, second, permitted.given(real, fake), workers)


def _explain_pair(
    a: Path,
    first: "MeasuredRecord",
    b: Path,
    second: "MeasuredRecord",
    given: "Given",
    workers: int | None,
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
        columns = ["setting", "A", "B", "A with B's", "moves by"]
    else:
        rows = [list(row) for row in listed_settings(first, second)]
        columns = ["setting", "A", "B"]
        if rows:
            out(f"settings of {first.metric} are listed; their effects are not measured")
    others = [list(row) for row in other_facts(first, second)]
    if rows:
        table("settings that differ", columns, rows)
    if others:
        table("other recorded differences", ["what", "A", "B"], others)
    if not rows and not others:
        words = ", though the numbers do" if numbers_differ(first, second) else ""
        out(f"nothing that is recorded differs{words}")
