"""The paper's ablations: ablate lmc, ablate transition, ablate table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from leo_bench.benchmarks.cli.options import (
    MANY,
    TIMES,
    AllowUnverified,
    DataRoot,
    Device,
    Extractor,
    FloatRange,
    FramesGlob,
    Limit,
    NoCache,
    OnError,
    Weights,
    Workers,
)

if TYPE_CHECKING:
    from leo_bench.benchmarks.ablations.record import AblationRecord
    from leo_bench.evaluation.features.of_clips import Resources

app = typer.Typer(
    help="The paper's ablations (Tables 4 and 5) on any data, measured and compared in pairs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Out = Annotated[Path, typer.Option(help="Folder of everything; the same line again goes on there.")]
Sampler = Annotated[
    Literal["ddpm", "ddim", "dpm", "dpm-lu"], typer.Option(help="ddpm --steps 1000 is the paper's.")
]
Steps = Annotated[int, typer.Option(min=1, help="Of the sampler; must divide those of training.")]


@app.command()
def lmc(
    out: Out,
    run: Annotated[
        str | None,
        typer.Option(help="A run with an animator, or leo:NAME of a shipped model: is taken over."),
    ] = None,
    config: Annotated[
        str | None, typer.Option(help="In place of --run: train everything by this config.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Training videos; absent: as the run remembers.")
    ] = None,
    real: Annotated[
        str | None, typer.Option(help="Real videos to measure against; absent: the set's test.")
    ] = None,
    variants: Annotated[
        str, typer.Option(help="Of with,without,cat,concat-abs,replace; absent: the table's two.")
    ] = "",
    seeds: Annotated[
        int, typer.Option(max=TIMES, help="Trainings of each variant; 3 or more.")
    ] = 3,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="For all variants alike: lmdm.training.steps=1500."),
    ] = None,
    mode: Annotated[
        Literal["unconditional", "conditional"],
        typer.Option(help="conditional: from first frames of --real; replace against with."),
    ] = "unconditional",
    start: Annotated[
        Literal["given", "drawn"],
        typer.Option(help="First frames: real training frames nearest to code 1, or the cDDPM's."),
    ] = "given",
    frames: Annotated[int, typer.Option(min=1, max=MANY, help="Of FVD's clips.")] = 16,
    protocol: Annotated[str | None, typer.Option(help="Of FVD; absent: the data set's.")] = None,
    clips: Annotated[
        int | None,
        typer.Option(min=2, max=MANY, help="Clips a side; absent: the protocol's own number."),
    ] = None,
    acd: Annotated[
        str | None,
        typer.Option(
            help="Frame protocol of the ACD, or none; absent: where it needs no download."
        ),
    ] = None,
    sampler: Sampler = "ddim",
    steps: Steps = 50,
    extractor: Extractor = None,
    weights: Weights = None,
    allow_unverified: AllowUnverified = False,
    device: Device = None,
    data_root: DataRoot = None,
    vgg: Annotated[
        Path | None, typer.Option(help="With --config: VGG-19's weights for the animator.")
    ] = None,
    on_error: OnError = "fail",
    float_range: FloatRange = None,
    frames_glob: FramesGlob = None,
    limit: Limit = None,
    workers: Workers = 2,
    no_cache: NoCache = False,
) -> None:
    """Table 4: the LMDM with and without the Linear Motion Condition, trained by seeds in pairs.

    Writes OUT/lmc.json and OUT/lmc.md; every variant and seed is a run of its own below OUT.
    Exit 3 where a part failed; what is finished is kept, and the same line goes on.

    Examples:

      leo-bench ablate lmc --run leo:toy-faces --data toy-faces/train --clips 256 --out lmc-faces

      leo-bench ablate lmc --run runs/ff --start drawn --seeds 5 --out lmc-ff
    """
    from leo_bench.benchmarks.ablations.lmc import ablate_lmc
    from leo_bench.benchmarks.ablations.lmc_bench import LmcRequest, Surroundings
    from leo_bench.benchmarks.cli.screen import resources, say
    from leo_bench.benchmarks.cli.train_screen import TrainingScreen
    from leo_bench.evaluation.files.kinds import made_by
    from leo_bench.evaluation.files.targets import Target, check_targets, claimed

    marks = ("lmc.json", "shared/config.toml")
    check_targets(Target("--out", out, made_by("ablate lmc", *marks)))
    request = LmcRequest(
        run=run,
        config=config,
        data=data,
        changes=tuple(changes or ()),
        real=real,
        variants=tuple(name.strip() for name in variants.split(",") if name.strip()),
        seeds=seeds,
        mode=mode,
        start=start,
        frames=frames,
        protocol=protocol,
        clips=clips,
        acd=acd,
        sampler=sampler,
        steps=steps,
        extractor=extractor,
        weights=None if weights is None else str(weights),
        allow_unverified=allow_unverified,
        device=device,
        data_root=None if data_root is None else str(data_root),
        on_error=on_error,
        float_range=float_range,
        frames_glob=frames_glob,
        limit=limit,
    )
    around = Surroundings(
        out=out,
        resources=lambda what: resources(workers=workers, keep=not no_cache, what=what),
        watchers=[TrainingScreen()],
        say=say,
        vgg=vgg,
    )
    with claimed(out, "ablate lmc"):
        record = ablate_lmc(request, around)
    _finish(record, out)


@app.command()
def transition(
    run: Annotated[
        str, typer.Option(help="A run with a Transition DM, or leo:NAME (leo:toy-bodies).")
    ],
    out: Out,
    real: Annotated[
        str, typer.Option(help="Real videos to calibrate on; worlds are rendered as long.")
    ],
    frames: Annotated[int, typer.Option(min=1, max=MANY, help="Of each sample.")] = 512,
    count: Annotated[int, typer.Option(max=MANY, help="Samples, with and without.")] = 64,
    join: Annotated[
        bool, typer.Option("--join", help="Real videos are shorter: join different ones.")
    ] = False,
    real_count: Annotated[
        int | None,
        typer.Option(help="Real videos at most; absent: as samples, or as are needed."),
    ] = None,
    segment: Annotated[int, typer.Option(help="Frames that have to come back.")] = 24,
    null: Annotated[
        Literal["real", "strangers"],
        typer.Option(help="A repeat is closer than real videos' own, or than two strangers'."),
    ] = "real",
    false_alarms: Annotated[
        float, typer.Option(help="Share that may be flagged where the null holds.")
    ] = 0.05,
    seed: Annotated[int, typer.Option(help="Sample i depends on this and on i alone.")] = 0,
    sampler: Sampler = "ddim",
    steps: Steps = 50,
    device: Device = None,
    data_root: DataRoot = None,
    workers: Workers = 2,
    no_cache: NoCache = False,
) -> None:
    """Table 5: repeated motion in long samples with and without the Transition DM.

    The same samples twice, in pairs; from motion codes, no frame is rendered. Writes
    OUT/transition.json and OUT/transition.md.

    Example:

      leo-bench ablate transition --run leo:toy-bodies --real toy-bodies/test --out transition
    """
    from leo_bench.benchmarks.ablations.transition import TransitionRequest, ablate_transition
    from leo_bench.benchmarks.cli.screen import resources
    from leo_bench.evaluation.files.kinds import made_by
    from leo_bench.evaluation.files.schema import parse
    from leo_bench.evaluation.files.targets import Target, check_targets, claimed

    check_targets(Target("--out", out, made_by("ablate transition", "transition.json")))
    options = {
        "run": run,
        "real": real,
        "frames": frames,
        "count": count,
        "join": join,
        "real_count": real_count,
        "seed": seed,
        "sampler": sampler,
        "steps": steps,
        "repetition": {"segment": segment, "null": null, "false_alarms": false_alarms},
        "data_root": None if data_root is None else str(data_root),
        "device": device,
    }
    request = parse(TransitionRequest, options, where="ablate transition")

    def own(what: str) -> "Resources":
        return resources(workers=workers, keep=not no_cache, what=what)

    with claimed(out, "ablate transition"):
        record = ablate_transition(request, out, own)
    _finish(record, out)


@app.command()
def table(
    records: Annotated[list[Path], typer.Argument(help="OUT/lmc.json of one or more ablations.")],
    markdown: Annotated[Path | None, typer.Option(help="Write it here too.")] = None,
) -> None:
    """The paper's table with a column a record: one ablation on several data sets.

    Example: leo-bench ablate table lmc-faces/lmc.json lmc-bodies/lmc.json --markdown table4.md
    """
    from leo_bench.benchmarks.ablations.record import read_ablation
    from leo_bench.evaluation.files.kinds import MARKDOWN
    from leo_bench.evaluation.files.targets import Target, check_targets

    check_targets(Target("--markdown", markdown, MARKDOWN))
    _show([read_ablation(path) for path in records], markdown)


def _finish(record: "AblationRecord", out: Path) -> None:
    from leo_bench.benchmarks.cli.screen import say
    from leo_bench.evaluation.errors import InfrastructureError

    _show([record], out / f"{record.ablation}.md")
    say(f"record: {out / record.ablation}.json")
    if record.unfinished:
        say(f"{len(record.unfinished)} parts failed; the same line again goes on with them")
        raise typer.Exit(InfrastructureError.exit_code)


def _show(found: "list[AblationRecord]", markdown: Path | None) -> None:
    from leo_bench.benchmarks.ablations.ablation import load_ablation
    from leo_bench.benchmarks.ablations.table import all_measures, as_markdown, paper_table, remarks
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.cli.screen import table as show_table
    from leo_bench.evaluation.files.atomic import write_atomically

    ablation = load_ablation(found[0].ablation)
    if markdown is not None:
        write_atomically(markdown, as_markdown(ablation, found).encode())
    grids = [paper_table(ablation, found), *map(all_measures, found)]
    for grid in grids:
        show_table(grid.title, grid.columns, grid.rows)
    for record in found:
        for line in remarks(record):
            show(line)
