"""The commands run (a suite for some models) and demo."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leo_bench.benchmarks.cli.headings import clips_option, effort_option, main_option
from leo_bench.benchmarks.cli.options import (
    MANY,
    TIMES,
    Batch,
    Device,
    Extractor,
    Reading,
    Seed,
    Workers,
    fields_of,
)
from leo_bench.benchmarks.cli.tracking import Track

if TYPE_CHECKING:
    from leo_bench.benchmarks.suites.run import Done


def run(
    *,
    suite: Annotated[
        str, typer.Argument(help="short, long, ucf101, toy, a .toml file, or its id (--include).")
    ],
    records: Annotated[Path, main_option(help="Folder of the records.")],
    model: Annotated[
        list[str] | None,
        main_option(
            help="A model, or as NAME@BENCHMARK=SOURCE for one benchmark. SOURCE may hold "
            "{dataset}, {split}, {benchmark}, {frames}, {resolution} and {real} (the real side).",
            metavar="NAME=SOURCE",
        ),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            help="How a model's videos came about, as tables mark them: authors-checkpoint, "
            "authors-samples, trained, known or given.",
            metavar="NAME=ORIGIN",
        ),
    ] = None,
    benchmark: Annotated[
        list[str] | None, main_option(help="Run only this benchmark.", metavar="BENCHMARK")
    ] = None,
    clips: Annotated[
        int | None,
        clips_option(
            min=2, max=MANY, help="Clips of each side.", show_default="the suite's or protocol's"
        ),
    ] = None,
    repeats: Annotated[
        int | None,
        clips_option(min=1, max=TIMES, help="Repeats.", show_default="the suite's or protocol's"),
    ] = None,
    seed: Seed = 0,
    extractor: Extractor = None,
    device: Device = None,
    reading: Reading,
    workers: Workers = None,
    batch: Batch = None,
    track: Track = None,
) -> None:
    """Run every benchmark of a suite for some models, and write a record of each number.

    The same command continues where it stopped: a record is reused while request, videos, weights
    and protocol are the same. If a number fails the others are still measured; failures are listed
    at the end, with exit code 3. `leo-bench table` shows the records.

    Examples:

      leo-bench run toy --records records

      leo-bench run short --model leo=leo:runs/{dataset} --model digan=digan:out/{benchmark}
      --records records

      leo-bench run long --model leo=leo:runs/{dataset} --benchmark taichihd-128-128
      --records records
    """
    from leo_bench.benchmarks.cli.next_step import say_next
    from leo_bench.benchmarks.cli.screen import resources, say, table
    from leo_bench.benchmarks.suites import load_suite
    from leo_bench.benchmarks.suites.models import names, parse_models, parse_origins
    from leo_bench.benchmarks.suites.run import SuiteSettings, declare_origins, run_suite
    from leo_bench.benchmarks.suites.tracked_suite import TrackedSuite
    from leo_bench.evaluation.errors import InfrastructureError
    from leo_bench.evaluation.files.kinds import RECORDS
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.evaluation.metrics import ALL_COVER
    from leo_bench.evaluation.processes.torchrun import this_team
    from leo_bench.reports.layouts import list_layouts

    chosen = load_suite(suite)
    models = parse_models(model or [], chosen)
    origins = parse_origins(origin or [], models)
    check_targets(Target("--records", records, RECORDS))
    team = this_team()
    if team.rank == 0:
        declare_origins(records, origins)
    settings = SuiteSettings(
        records=records,
        benchmarks=tuple(benchmark or ()),
        clips=clips,
        repeats=repeats,
        seed=seed,
        extractor=extractor,
        device=device,
        **fields_of(reading),
    )
    tracked = TrackedSuite(track or (), records, say)
    numbers: list[Done] = []
    for done in run_suite(
        chosen,
        models,
        settings,
        lambda what: resources(workers=workers, keep=True, batch=batch, what=what),
    ):
        if team.rank:
            continue
        numbers.append(done)
        tracked.take(done)
        say(f"{done.benchmark}, {done.model}, {done.number}: {_words(done)}")
    team.first_only()
    tracked.close()
    rows = [[d.benchmark, d.model, d.number, _value(d), d.state] for d in numbers]
    table("", ["benchmark", "model", "number", "value [95 % interval]", "state"], rows)
    say(ALL_COVER)
    filled = [
        layout.id.removeprefix("table") for layout in list_layouts() if layout.suite == chosen.id
    ]
    failed = [done for done in numbers if done.state == "failed"]
    for why in dict.fromkeys(done.why for done in failed):
        which = [f"{d.benchmark}, {d.model}, {d.number}" for d in failed if d.why == why]
        say(f"not measured: {'; '.join(which)}: {why}")
    without = set(names(models)) - {done.model for done in numbers}
    for name in sorted(without):
        say(f"{name} has no source for any of these benchmarks")
    if failed:
        raise typer.Exit(InfrastructureError.exit_code)
    if len(filled) > 1:  # the suite fills several tables of the paper
        say_next("tables", "--records", records, "--out", f"{records}-tables")
    else:
        say_next("table", *filled, "--records", records)


def _words(done: "Done") -> str:
    if done.state == "failed":
        return f"failed: {done.why}"
    return _value(done) + (", reused" if done.state == "stands" else "")


def _value(done: "Done") -> str:
    if done.record is None:
        return "-"
    from leo_bench.reports.records import published

    return published(done.record).text


def demo(
    out: Annotated[Path, main_option(help="Folder for the records and pictures.")] = Path("demo"),
    workers: Annotated[
        int, effort_option(help="Threads that render videos; no effect on any number.")
    ] = 2,
) -> None:
    """Measure LEO's samples and damaged videos of the two embedded worlds, by both protocols.

    Needs no download. Exit 1 if a metric misses one of the damages.

    Example: leo-bench demo --out demo
    """
    from leo_bench.benchmarks.cli.next_step import say_next
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.cli.screen import resources, say, table
    from leo_bench.benchmarks.demo import Cell, run_demo
    from leo_bench.evaluation.files.kinds import made_by
    from leo_bench.evaluation.files.targets import Target, check_targets, claimed
    from leo_bench.evaluation.metrics import ALL_COVER
    from leo_bench.evaluation.records.shown_digits import number_text
    from leo_bench.reports.records import published

    def text(cell: Cell) -> str:
        value = published(cell.record).text
        if cell.worse_by is None:
            return value
        ends = (cell.worse_by.low, cell.worse_by.high)
        low, high = (number_text(end, ends, "+") for end in ends)
        return f"{value}\n{low} to {high}{'' if cell.noticed else ' ?'}"

    check_targets(Target("--out", out, made_by("demo")))
    lines = []
    with claimed(out, "demo"):
        for line in run_demo(out, lambda what: resources(workers=workers, keep=True, what=what)):
            lines.append(line)
            say(f"{line.world}, {line.fake}: {published(line.cells[0].record).value_text}")
    records = [cell.record for cell in lines[0].cells]
    heads = [f"{r.metric.upper()}{r.frames} {r.protocol}" for r in records]
    rows = [[f"{line.world}, {line.label}", *map(text, line.cells)] for line in lines]
    title = f"{records[0].extractor}, {records[0].n_real} clips a side; value [95 % interval]"
    table(f"{title}; below it: how much worse than the other half", ["fake", *heads], rows)
    show(f"pictures: {out / 'clips.png'}, {out / 'motions.png'}   records: {out / 'records'}")
    show(ALL_COVER)
    show("?: this metric cannot tell the row from untouched video (the interval contains 0).")
    show("These numbers use i3d-toy and are not comparable with published ones.")
    missed = [line for line in lines if line.missed]
    for line in missed:
        say(f"not every metric tells this from untouched video: {line.world}, {line.fake}")
    if missed:
        raise typer.Exit(1)
    say_next("report", "--records", out / "records", "--out", out / "report.html")
