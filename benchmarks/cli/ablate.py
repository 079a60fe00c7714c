"""The commands `leo-bench ablate lmc`, `history` and `transition`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from leo_bench.benchmarks.cli.ablation_tables import finish
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
    from leo_bench.benchmarks.ablations.parts import Surroundings

Out = Annotated[Path, main_option(help="Folder of all results; the same command continues in it.")]
Steps = Annotated[
    int, sampling_option(min=1, help="Sampler steps; must divide the training steps of diffusion.")
]
Seeds = Annotated[int, main_option(max=TIMES, help="Training seeds of each variant; at least 3.")]
Changes = Annotated[
    list[str] | None,
    main_option("--set", help="Change the config of all variants: lmdm.training.steps=1500."),
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
    seeds: Seeds = 3,
    changes: Changes = None,
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
    from leo_bench.benchmarks.ablations.lmc_bench import LmcRequest
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
        variants=_names(variants),
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
    around = _surroundings(out, effort, vgg)
    with claimed(out, "ablate lmc"):
        record = ablate_lmc(request, around)
    finish(record, out)


def history(
    *,
    run: Annotated[
        str, main_option(help="A run with an animator, or leo:NAME of a shipped model.")
    ],
    out: Out,
    data: Annotated[
        str | None, main_option(help="Training videos.", show_default="those of the run")
    ] = None,
    real: Annotated[
        str | None,
        main_option(
            help="Real videos that samples begin with, one each, and are compared with; videos of "
            "worlds are rendered at this length.",
            show_default="the data set's test split",
        ),
    ] = None,
    variants: Annotated[
        str,
        main_option(
            help="Comma-separated: paper, history, anchor, both, motion-noise.",
            show_default="all",
            metavar="VARIANTS",
        ),
    ] = "",
    seeds: Seeds = 3,
    changes: Changes = None,
    frames: Annotated[int, main_option(min=3, max=MANY, help="Frames of each sample.")] = 1024,
    count: Annotated[int, main_option(min=1, max=MANY, help="Samples of each training.")] = 64,
    sampler: Sampler = "ddim",
    steps: Steps = 50,
    device: Device = None,
    data_root: DataRoot = None,
    effort: Effort,
) -> None:
    """Train LMDMs that are told more than the first code of a window, and compare long motion.

    Variants set lmdm.history, lmdm.anchor and lmdm.noise. Variants share seeds, so differences are
    taken in pairs. Compares motion codes: no frame is rendered. Writes OUT/history.json and
    OUT/history.md; each variant and seed is a run below OUT. Exit 3 if a part failed: finished
    parts are kept, and the same command continues.

    Example:

      leo-bench ablate history --run leo:toy-faces --data toy-faces/train --out history-faces
    """
    from leo_bench.benchmarks.ablations.history import HistoryRequest, ablate_history
    from leo_bench.evaluation.files.kinds import made_by
    from leo_bench.evaluation.files.targets import Target, check_targets, claimed

    marks = ("history.json", "shared/config.toml")
    check_targets(Target("--out", out, made_by("ablate history", *marks)))
    request = HistoryRequest(
        run=run,
        data=data,
        changes=tuple(changes or ()),
        real=real,
        variants=_names(variants),
        seeds=seeds,
        frames=frames,
        count=count,
        sampler=sampler,
        steps=steps,
        data_root=None if data_root is None else str(data_root),
        device=device,
    )
    around = _surroundings(out, effort)
    with claimed(out, "ablate history"):
        record = ablate_history(request, around)
    finish(record, out)


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
    finish(record, out)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _surroundings(out: Path, effort: Effort, vgg: Path | None = None) -> "Surroundings":
    from leo_bench.benchmarks.ablations.parts import Surroundings
    from leo_bench.benchmarks.cli.screen import say
    from leo_bench.benchmarks.cli.train_screen import TrainingScreen

    return Surroundings(
        out=out, resources=effort.resources, watchers=[TrainingScreen()], say=say, vgg=vgg
    )
