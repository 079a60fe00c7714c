"""The commands train, encode and export: from videos to a LEO model."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from leo_bench.benchmarks.cli.headings import effort_option, main_option, network_option
from leo_bench.benchmarks.cli.options import DataRoot
from leo_bench.benchmarks.cli.tracking import Track

Config = Annotated[
    str | None, main_option(help="A shipped config (leo-bench list configs), or a .toml file.")
]
Data = Annotated[
    str | None, main_option(help="Training videos: a data set (toy-faces/train) or a path.")
]
Run = Annotated[
    Path, main_option(help="Folder of the run; the same command continues in it.", metavar="FOLDER")
]
Changes = Annotated[
    list[str] | None,
    main_option("--set", help="Change a key of the config: lmdm.training.steps=100."),
]
Cpu = Annotated[bool, network_option("--cpu", help="Use the CPU even if there is a GPU.")]
Pack = Annotated[
    float,
    effort_option(
        min=0,
        help="Cache at most so many GiB of decoded frames on disk; others are decoded each time. "
        "No effect on any result.",
    ),
]


Crop = Annotated[
    Literal["face", "person", "square", "none"] | None,
    main_option(
        help="Crop each video around its largest face or person, as the config's [framing] says, "
        "or to the middle square. The run keeps it.",
        show_default="as the run was begun, or none",
    ),
]


def train(
    stage: Annotated[
        str,
        typer.Argument(
            help="animator, lmdm, frame-dm, transition-dm, cddpm, super-resolution, or all."
        ),
    ],
    run: Run,
    config: Config = None,
    data: Data = None,
    changes: Changes = None,
    crop: Crop = None,
    data_root: DataRoot = None,
    vgg: Annotated[
        Path | None,
        network_option(
            help="Weights file of VGG-19.", show_default="where `weights fetch` puts it"
        ),
    ] = None,
    animator: Annotated[
        Path | None,
        main_option(
            help="Take the animator from this file, as LIA's vox.pt, and do not train it.",
            metavar="FILE",
        ),
    ] = None,
    extend: Annotated[
        int | None,
        main_option(
            min=1,
            help="Train a stage that has begun so many steps more. The same command again goes on "
            "with an extension that was stopped; after its end, it extends once more.",
            metavar="STEPS",
        ),
    ] = None,
    cpu: Cpu = False,
    pack: Pack = 16,
    track: Track = None,
    dry_run: Annotated[
        bool, main_option("--dry-run", help="Print the resolved config and stop.")
    ] = False,
) -> None:
    """Train one stage of LEO, or all in order; the same command continues, bit for bit.

    --config and --data are needed once: the run keeps them. To use several processes or GPUs:
    torchrun --nproc-per-node N --no-python -- leo-bench train ...

    --animator takes a checkpoint of LIA, or a RUN/animator/model.safetensors, in place of training
    an animator; the run keeps a copy, and everything made from it has its licence.

    --extend goes on from the last checkpoint, with Adam's state and the average of the weights. The
    learning rate of each further step is that of a training of all the steps: with a constant rate
    the weights are those of one training of all the steps, bit for bit. With a rate that falls at
    the end (`falling`), it rises again first, and the weights differ from such a training. The
    model is replaced at the end; `leo-bench export` keeps it before.

    Of a stage that has begun, --set may change *_every, keep_best and evaluation of its training.

    Examples:

      leo-bench train all --config toy64 --data toy-faces/train --run runs/toy-faces

      leo-bench train animator --config faceforensics256 --data faceforensics/train --run runs/ff

      leo-bench train all --config lia-vox256 --animator vox.pt --data videos/ --run runs/vox
    """
    from leo_bench.benchmarks.cli.next_step import say_next, step_of_run
    from leo_bench.benchmarks.cli.screen import Bar, out, say
    from leo_bench.benchmarks.cli.train_screen import TrainingScreen
    from leo_bench.benchmarks.runs.config_changes import config_lines
    from leo_bench.benchmarks.runs.shared_folder import share_of_environment
    from leo_bench.benchmarks.runs.training import (
        RunRequest,
        check_loss,
        open_job,
        resolved_config,
    )
    from leo_bench.benchmarks.sources.training_data import remembered
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.files.targets import Target, check_targets, started
    from leo_bench.evaluation.files.toml_text import to_toml
    from leo_bench.leo.stages import STAGES
    from leo_bench.leo.training.job import check_stage, train_all, train_stage
    from leo_bench.leo.training.run_folder import RUN, SLIGHT
    from leo_bench.leo.training.tracking import Tracking
    from leo_bench.leo.training.watching import Watcher

    if stage != "all":
        check_stage(stage)
    elif extend is not None:
        raise InputError("--extend: give one stage, as in leo-bench train lmdm --extend 1000")
    request = RunRequest(
        run,
        config,
        data,
        changes or (),
        data_root,
        vgg,
        cpu,
        animator,
        crop,
        extend=None if extend is None else (stage, extend),
    )
    if not dry_run:
        check_targets(Target("--run", run, RUN))
    config_asked, _ = resolved_config(request)
    if dry_run:
        say(to_toml(config_asked.model_dump(mode="json")))
        return
    check_loss(request, config_asked, stage)
    is_first = share_of_environment()[0].part == 0  # one of torchrun's processes prints
    watchers: list[Watcher] = [TrainingScreen()] if is_first else []
    with started(run, *SLIGHT):
        begun = open_job(request)
        if is_first:
            say("\n".join(config_lines(config_asked, request)))
            facts = {"data": str(remembered(run) or "")}
            tracking = Tracking(track or (), run, config_asked, facts, watchers[0])
            for name in STAGES if stage == "all" else (stage,):
                tracking.catch_up(name)
            watchers.append(tracking)
        job = replace(
            begun,
            watchers=watchers,
            progress=Bar("videos", "videos"),
            pack_bytes=int(pack * 2**30),
        )
        models = train_all(job) if stage == "all" else [train_stage(job, stage)]
    if is_first:
        for model in models:
            out(str(model))
        say_next(*step_of_run(run, config_asked, data_root, cpu=cpu))


def encode(
    run: Run,
    data: Data = None,
    crop: Crop = None,
    data_root: DataRoot = None,
    cpu: Cpu = False,
    pack: Pack = 16,
) -> None:
    """Write the motion codes of all training frames, by the run's animator.

    Several processes divide the videos: torchrun --nproc-per-node N --no-python -- leo-bench encode
    ...
    """
    from leo_bench.benchmarks.cli.next_step import say_next, step_of_run
    from leo_bench.benchmarks.cli.screen import Bar, out
    from leo_bench.benchmarks.cli.train_screen import TrainingScreen
    from leo_bench.benchmarks.runs.training import RunRequest, open_job
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.processes.torchrun import this_team
    from leo_bench.leo.training.job import encode_run

    if not (run / "config.toml").is_file():
        raise InputError(
            f"{run}: no run yet; `leo-bench train animator --run {run}` comes first, with --config "
            "and --data"
        )
    job = replace(
        open_job(RunRequest(run, data=data, data_root=data_root, cpu=cpu, crop=crop)),
        watchers=[TrainingScreen()],
        progress=Bar("encoding", "videos"),
        pack_bytes=int(pack * 2**30),
    )
    book = encode_run(job, this_team())
    out(f"{run / 'codes.safetensors'}: {len(book.codes)} codes of {len(book.lengths)} videos")
    say_next(*step_of_run(run, job.run.config, data_root, cpu=cpu))


def export(
    run: Run,
    out: Annotated[Path, main_option(help="Folder to create; `leo:OUT` samples from it.")],
    best: Annotated[
        list[str] | None,
        main_option(
            help="Take this stage's best weights (lowest held-out loss, or as keep_best says), not "
            "the last ones.",
        ),
    ] = None,
) -> None:
    """Export a trained run for sampling: in float16, without the state of training.

    MODEL_CARD.md there says what the model was made from, and its licence.

    Examples:

      leo-bench export --run runs/toy-faces --out toy-faces

      leo-bench export --run runs/toy-faces --out toy-faces --best cddpm
    """
    from leo_bench.benchmarks.cli.next_step import say_next
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.sources.training_data import remembered
    from leo_bench.evaluation.files.kinds import NEW
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.leo.sampling.model import model_file
    from leo_bench.leo.training.export import export as write

    check_targets(Target("--out", out, NEW))
    data = remembered(run)
    for path in write(run, out, best or (), None if data is None else str(data)):
        show(f"{path}  {path.stat().st_size / 1e6:.1f} MB")
    if model_file(out, "cddpm").is_file():  # without it, samples need first frames
        say_next("sample", "--run", out, "--out", f"{out}-samples")
