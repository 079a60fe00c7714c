"""The commands `leo-bench ablate ...`: the ablations lmc and transition, and their table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from leo_bench.benchmarks.cli.headings import (
    clips_option,
    main_option,
    network_option,
    repeats_option,
    sampling_option,
)
from leo_bench.benchmarks.cli.options import (
    MANY,
    TIMES,
    AllowUnverified,
    DataRoot,
    Device,
    Effort,
    Extractor,
    Limit,
    Reading,
    Sampler,
    Weights,
    fields_of,
)

if TYPE_CHECKING:
    from leo_bench.benchmarks.ablations.record import AblationRecord

Out = Annotated[Path, main_option(help="Folder of all results; the same command continues in it.")]
Steps = Annotated[
    int, sampling_option(min=1, help="Sampler steps; must divide the training steps of diffusion.")
]


def lmc(
    *,
    out: Out,
    run: Annotated[
        str | None,
        main_option(help="A run with an animator, or leo:NAME of a shipped model."),
    ] = None,
    config: Annotated[
        str | None, main_option(help="Instead of --run: train everything by this config.")
    ] = None,
    data: Annotated[
        str | None, main_option(help="Training videos.", show_default="those of the run")
    ] = None,
    real: Annotated[
        str | None,
        main_option(
            help="Real videos to measure against.", show_default="the data set's test split"
        ),
    ] = None,
    variants: Annotated[
        str,
        main_option(
            help="Comma-separated: with, without, cat, concat-abs, replace.",
            show_default="with,without",
            metavar="VARIANTS",
        ),
    ] = "",
    seeds: Annotated[
        int, main_option(max=TIMES, help="Training seeds of each variant; at least 3.")
    ] = 3,
    changes: Annotated[
        list[str] | None,
        main_option("--set", help="Change the config of all variants: lmdm.training.steps=1500."),
    ] = None,
    mode: Annotated[
        Literal["unconditional", "conditional"],
        main_option(
            help="conditional: start from first frames of --real; compares replace and with."
        ),
    ] = "unconditional",
    start: Annotated[
        Literal["given", "drawn"],
        sampling_option(
            help="First frames: the training frames nearest to the drawn codes, or the cDDPM's."
        ),
    ] = "given",
    frames: Annotated[int, main_option(min=1, max=MANY, help="Frames in a clip of FVD.")] = 16,
    protocol: Annotated[
        str | None, main_option(help="Protocol of FVD.", show_default="the data set's")
    ] = None,
    clips: Annotated[
        int | None,
        clips_option(
            min=2, max=MANY, help="Clips of each side.", show_default="the protocol's number"
        ),
    ] = None,
    acd: Annotated[
        str | None,
        main_option(
            help="Frame protocol of the ACD, or none.",
            show_default="one that needs no download, if any",
        ),
    ] = None,
    sampler: Sampler = "ddim",
    steps: Steps = 50,
    extractor: Extractor = None,
    weights: Weights = None,
    allow_unverified: AllowUnverified = False,
    device: Device = None,
    reading: Reading,
    vgg: Annotated[
        Path | None, network_option(help="With --config: VGG-19 weights to train the animator.")
    ] = None,
    limit: Limit = None,
    effort: Effort,
) -> None:
    """Table 4: train the LMDM with and without the Linear Motion Condition, and compare.

    Variants share seeds, so differences are taken in pairs. Writes OUT/lmc.json and OUT/lmc.md;
    each variant and seed is a run below OUT. Exit 3 if a part failed: finished parts are kept, and
    the same command continues.

    Examples:

      leo-bench ablate lmc --run leo:toy-faces --data toy-faces/train --clips 256 --out lmc-faces

      leo-bench ablate lmc --run runs/ff --start drawn --seeds 5 --out lmc-ff
    """
    from leo_bench.benchmarks.ablations.lmc import ablate_lmc
    from leo_bench.benchmarks.ablations.lmc_bench import LmcRequest, Surroundings
    from leo_bench.benchmarks.cli.screen import say
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
        limit=limit,
        **fields_of(reading),
    )
    around = Surroundings(
        out=out,
        resources=effort.resources,
        watchers=[TrainingScreen()],
        say=say,
        vgg=vgg,
    )
    with claimed(out, "ablate lmc"):
        record = ablate_lmc(request, around)
    _finish(record, out)


def transition(
    *,
    run: Annotated[
        str, main_option(help="A run with a Transition DM, or leo:NAME (leo:toy-bodies).")
    ],
    out: Out,
    real: Annotated[
        str,
        main_option(
            help="Real videos to calibrate on; videos of worlds are rendered at this length."
        ),
    ],
    frames: Annotated[int, main_option(min=1, max=MANY, help="Frames of each sample.")] = 512,
    count: Annotated[int, main_option(max=MANY, help="Samples of each variant.")] = 64,
    join: Annotated[
        bool, clips_option("--join", help="Join real videos end to end if they are shorter.")
    ] = False,
    real_count: Annotated[
        int | None,
        clips_option(
            help="Use at most so many real videos.", show_default="as many as samples, or as needed"
        ),
    ] = None,
    segment: Annotated[int, repeats_option(help="Length of a repeated segment in frames.")] = 24,
    null: Annotated[
        Literal["real", "strangers"],
        repeats_option(
            help="What a repeat must exceed: repeats within real videos, or likeness between two."
        ),
    ] = "real",
    false_alarms: Annotated[
        float, repeats_option(help="Share of videos that may be flagged under the null.")
    ] = 0.05,
    seed: Annotated[int, sampling_option(help="Seed; sample i depends only on it and on i.")] = 0,
    sampler: Sampler = "ddim",
    steps: Steps = 50,
    device: Device = None,
    data_root: DataRoot = None,
    effort: Effort,
) -> None:
    """Table 5: compare repeated motion in long samples with and without the Transition DM.

    Draws the same samples both ways, in pairs, and compares motion codes: no frame is rendered.
    Writes OUT/transition.json and OUT/transition.md.

    Example:

      leo-bench ablate transition --run leo:toy-bodies --real toy-bodies/test --out transition
    """
    from leo_bench.benchmarks.ablations.transition import TransitionRequest, ablate_transition
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

    with claimed(out, "ablate transition"):
        record = ablate_transition(request, out, effort.resources)
    _finish(record, out)


def ablation_table(
    records: Annotated[
        list[Path],
        typer.Argument(help="Files OUT/lmc.json of one or more data sets.", metavar="FILE"),
    ],
    markdown: Annotated[Path | None, main_option(help="Also write the table to this file.")] = None,
) -> None:
    """Show several records of one ablation as the paper's table, one column for each.

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
        say(f"{len(record.unfinished)} parts failed; run the same command again to continue")
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
