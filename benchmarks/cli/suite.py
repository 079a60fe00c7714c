"""The verb that fills the paper's tables: run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leo_bench.benchmarks.cli.options import (
    MANY,
    TIMES,
    DataRoot,
    Device,
    Extractor,
    FloatRange,
    FramesGlob,
    OnError,
    Seed,
    Workers,
)

if TYPE_CHECKING:
    from leo_bench.benchmarks.suites.run import Done


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command("run")(run)


def run(
    suite: Annotated[str, typer.Argument(help="short, long, ucf101, toy, or a .toml of your own.")],
    records: Annotated[Path, typer.Option(help="Folder that the records are kept in.")],
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=SOURCE, or NAME@BENCHMARK=SOURCE; may be given again. In SOURCE stand "
            "{dataset}, {split}, {benchmark}, {frames} and {resolution}."
        ),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=authors-checkpoint, authors-samples, trained, known or given: the mark of "
            "its numbers in tables, where the source does not tell."
        ),
    ] = None,
    benchmark: Annotated[
        list[str] | None, typer.Option(help="Only this benchmark; may be given again.")
    ] = None,
    clips: Annotated[
        int | None,
        typer.Option(min=2, max=MANY, help="Clips a side; absent: the suite's or protocol's."),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(min=1, max=TIMES, help="Repeats; absent: the suite's or protocol's."),
    ] = None,
    seed: Seed = 0,
    extractor: Extractor = None,
    device: Device = None,
    data_root: DataRoot = None,
    on_error: OnError = "fail",
    float_range: FloatRange = None,
    frames_glob: FramesGlob = None,
    workers: Workers = 2,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Clips through the network at once.")
    ] = None,
) -> None:
    """Run every benchmark of a suite for some models, and keep a record of each number.

    The same line again goes on where it stopped: a record stands as long as request, videos,
    weights and protocol are the same. A number that fails does not lose the others; all failures
    are listed at the end, and the run exits 3. `leo-bench table` shows the records.

    Examples:

      leo-bench run toy --records records

      leo-bench run short --model leo=leo:runs/{dataset} --model digan=digan:out/{benchmark}
      --records records

      leo-bench run long --model leo=leo:runs/{dataset} --benchmark taichihd-128-128
      --records records
    """
    from leo_bench.benchmarks.cli.screen import resources, say, table
    from leo_bench.benchmarks.suites import load_suite
    from leo_bench.benchmarks.suites.models import names, parse_models, parse_origins
    from leo_bench.benchmarks.suites.run import SuiteSettings, declare_origins, run_suite
    from leo_bench.evaluation.files.kinds import RECORDS
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.evaluation.metrics import ALL_COVER
    from leo_bench.reports.layouts import list_layouts

    chosen = load_suite(suite)
    models = parse_models(model or [], chosen)
    origins = parse_origins(origin or [], models)
    check_targets(Target("--records", records, RECORDS))
    declare_origins(records, origins)
    settings = SuiteSettings(
        records=records,
        only=tuple(benchmark or ()),
        clips=clips,
        repeats=repeats,
        seed=seed,
        extractor=extractor,
        device=device,
        data_root=data_root,
        on_error=on_error,
        float_range=float_range,
        frames_glob=frames_glob,
    )
    numbers: list[Done] = []
    for done in run_suite(
        chosen,
        models,
        settings,
        lambda what: resources(workers=workers, keep=True, batch=batch, what=what),
    ):
        numbers.append(done)
        say(f"{done.benchmark}, {done.model}, {done.number}: {_words(done)}")
    rows = [[d.benchmark, d.model, d.number, _value(d), d.state] for d in numbers]
    table("", ["benchmark", "model", "number", "value [95 % interval]", "state"], rows)
    say(ALL_COVER)
    filled = [
        layout.id.removeprefix("table") for layout in list_layouts() if layout.suite == chosen.id
    ]
    for name in filled:
        say(f"leo-bench table {name} --records {records}")
    failed = [done for done in numbers if done.state == "failed"]
    for why in dict.fromkeys(done.why for done in failed):
        which = [f"{d.benchmark}, {d.model}, {d.number}" for d in failed if d.why == why]
        say(f"not measured: {'; '.join(which)}: {why}")
    without = set(names(models)) - {done.model for done in numbers}
    for name in sorted(without):
        say(f"no video of {name} was asked for: it has none for these benchmarks")
    if failed:
        raise typer.Exit(3)


def _words(done: "Done") -> str:
    if done.state == "failed":
        return f"failed: {done.why}"
    return _value(done) + (", stands as it was" if done.state == "stands" else "")


def _value(done: "Done") -> str:
    if done.record is None:
        return "-"
    interval = (
        "" if done.record.interval is None else " [{:.4g}, {:.4g}]".format(*done.record.interval)
    )
    return f"{done.record.value:.4g}{interval}"
