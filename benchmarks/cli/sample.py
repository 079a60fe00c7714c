"""The commands sample and edit: videos by a LEO model."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

import typer

from leo_bench.benchmarks.cli.headings import main_option, sampling_option
from leo_bench.benchmarks.cli.options import MANY, DataRoot, Device, Sampler
from leo_bench.leo.diffusion import SamplerKind

Run = Annotated[str, main_option(help="Folder of a run, or a shipped model (leo:toy-faces).")]
Mode = Annotated[
    Literal["unconditional", "conditional"],
    main_option(
        help="conditional: start from --start-frames; unconditional: draw first frames, too."
    ),
]
StartFrames = Annotated[
    str, main_option(help="First frames of samples: a picture, a folder of pictures, or videos.")
]
Steps = Annotated[
    int, sampling_option(help="Sampler steps; must divide the training steps of diffusion.")
]
Seed = Annotated[int, sampling_option(help="Seed; sample i depends only on it and on i.")]
FirstFrame = Annotated[
    Literal["source", "recon"],
    sampling_option(
        help="Frame 1 of a sample: the given or drawn picture (source), or its rendering (recon)."
    ),
]
Format = Annotated[
    Literal["mkv", "mp4", "frames", "npy"],
    main_option(help="File format: mkv, frames and npy are lossless, mp4 is not."),
]
Fps = Annotated[float, typer.Option(help="Frames per second of the files.")]
Out = Annotated[Path, main_option(help="Folder for the videos.")]


def sample(
    run: Run,
    out: Out,
    mode: Mode = "unconditional",
    frames: Annotated[
        int, main_option(max=MANY, help="Frames of each sample; the model sets no limit.")
    ] = 128,
    count: Annotated[
        int, main_option(max=MANY, help="Number of samples; with --grid, of motions or faces.")
    ] = 8,
    start_frames: StartFrames = "",
    start_frame: Annotated[
        Literal["first", "random"],
        sampling_option(help="Which frame of a video in --start-frames to use."),
    ] = "first",
    steps: Steps = 50,
    sampler: Sampler = "ddim",
    transitions: Annotated[
        bool,
        sampling_option(
            "--transitions", help="Join windows by the Transition DM, to a newly drawn code."
        ),
    ] = False,
    transition_every: Annotated[int, sampling_option(help="Windows before each transition.")] = 1,
    guidance: Annotated[
        float,
        sampling_option(
            help="Guidance scale of the cDDPM for drawn first frames; above 1 follows their codes "
            "more closely. Needs training with condition_dropout."
        ),
    ] = 1.0,
    first_frame_sampler: Annotated[
        str,
        sampling_option(
            help="Sampler of drawn first frames, such as ddpm-250.",
            show_default="that of motion",
            metavar="SAMPLER",
        ),
    ] = "",
    dtype: Annotated[
        Literal["fp32", "bf16"],
        sampling_option(help="Number format of motion's networks; bf16 is approximate."),
    ] = "fp32",
    seed: Seed = 0,
    first_frame: FirstFrame = "source",
    format: Format = "mkv",
    fps: Fps = 25.0,
    reencode: Annotated[
        Literal["off", "start", "runs", "frames"],
        sampling_option(
            help="Encode generated frames again: the drawn first frame (start), the last frame of "
            "each window (runs), or every frame (frames), as frame-by-frame generators do."
        ),
    ] = "off",
    grid: Annotated[
        Literal["motions", "faces"] | None,
        main_option(
            help="Instead of samples: one face in several motions, or one motion on several faces."
        ),
    ] = None,
    data_root: DataRoot = None,
    device: Device = None,
) -> None:
    """Sample videos into OUT/sample-000000.mkv and so on, with a preview in OUT.png.

    If first frames are drawn, OUT.first-codes.json says how far their codes lie from those they
    were drawn for. --grid writes only OUT/grid-KIND.mkv, .png and .json. Files of other settings
    are not replaced.

    The same command continues where it stopped. To use several processes: torchrun
    --nproc-per-node N --no-python -- leo-bench sample ...; the files are the same.

    Examples:

      leo-bench sample --run leo:toy-faces --count 16 --out samples/

      leo-bench sample --run runs/ff --mode conditional --start-frames faces/ --frames 1024 --out s/

      leo-bench sample --run leo:toy-faces --grid motions --count 6 --frames 64 --out grids/
    """
    from leo_bench.benchmarks.cli.next_step import say_next, step_of_samples
    from leo_bench.benchmarks.cli.screen import Bar, say
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.runs.grids import write_grid
    from leo_bench.benchmarks.runs.sampling import (
        Place,
        SampleRequest,
        sampling_of,
        strip_of,
        write_samples,
    )
    from leo_bench.benchmarks.runs.shared_folder import share_of_environment
    from leo_bench.evaluation.files.kinds import made_by
    from leo_bench.evaluation.files.targets import Target, check_targets, started

    sampling = sampling_of(
        mode=mode,
        frames=frames,
        count=count,
        seed=seed,
        sampler=sampler,
        steps=steps,
        transitions=transitions,
        transition_every=transition_every,
        guidance=guidance,
        first_frame_sampler=first_frame_sampler,
        dtype=dtype,
        first_frame=first_frame,
        start_frame=start_frame,
        reencode=reencode,
    )
    request = SampleRequest(run=run, sampling=sampling, start=start_frames, format=format, fps=fps)
    marks = ("sample.json", "grid-motions.json", "grid-faces.json")
    check_targets(Target("--out", out, made_by("sample", *marks)))
    share, own_device = share_of_environment()
    progress = Bar("sampling", "frames") if share.part == 0 else None
    place = Place(out, share, data_root, device or own_device, progress)
    if grid is not None:
        if share.part == 0:  # a grid is one file, made by one process
            with started(out, *marks):
                made = write_grid(request, grid, place)
            for note in made.notes:
                say(f"note: {note}")
            if not made.drawn:
                say("video and picture of these settings exist already; nothing is drawn")
            for path in (made.video, made.picture):
                show(str(path))
        return
    with started(out, *marks):
        written = write_samples(request, place)
    if share.part == 0:
        for note in written.notes:
            say(f"note: {note}")
        if written.gap is not None:
            say(written.gap)
        done = f"{written.samples} samples written, {count} asked for"
        show(f"{out}: {done}; preview: {strip_of(out)}")
        step = step_of_samples(run, out, frames, count, data_root)
        if step is not None:
            say_next(*step)


def edit(
    out: Out,
    sample_from: Annotated[
        Path | None, main_option(help="Folder of samples written by leo-bench sample.")
    ] = None,
    source: Annotated[
        Path | None,
        main_option(
            help="A picture; one conditional sample of --run is drawn from it.", metavar="FILE"
        ),
    ] = None,
    run: Annotated[str | None, main_option(help="With --source: a run, or leo:NAME.")] = None,
    edited: Annotated[
        Path | None,
        main_option(
            help="An edited first frame, or a folder of them (sample-000003.png, ...).",
            metavar="FILE|FOLDER",
        ),
    ] = None,
    command: Annotated[
        str | None,
        main_option(
            help='A program that edits a frame: "magick {in} -negate {out}".', metavar="COMMAND"
        ),
    ] = None,
    controlnet: Annotated[
        str | None, main_option(help="A ControlNet of edges (extra: controlnet); needs --prompt.")
    ] = None,
    prompt: Annotated[str, typer.Option(help="With --controlnet: the text prompt.")] = "",
    base: Annotated[
        str | None,
        typer.Option(help="With --controlnet: the Stable Diffusion model that it steers."),
    ] = None,
    repose: Annotated[
        bool,
        typer.Option(
            "--repose",
            help="The edit changed the pose: start the motion at the edited frame's code.",
        ),
    ] = False,
    index: Annotated[
        list[int] | None, typer.Option(help="Index of a sample.", show_default="all")
    ] = None,
    first_frames: Annotated[
        bool,
        main_option("--first-frames", help="Only write the first frames to OUT, for editing."),
    ] = False,
    frames: Annotated[int | None, main_option(help="With --source: frames of the sample.")] = None,
    steps: Annotated[int | None, sampling_option(help="With --source: sampler steps.")] = None,
    sampler: Annotated[
        SamplerKind | None,
        sampling_option(help="With --source: diffusion sampler."),
    ] = None,
    seed: Annotated[
        int | None, sampling_option(help="With --source or --controlnet: seed of the noise.")
    ] = None,
    format: Annotated[
        Literal["mkv", "mp4", "frames", "npy"] | None,
        main_option(help="File format.", show_default="that of the samples, or mkv"),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(help="Frames per second.", show_default="that of the samples, or 25"),
    ] = None,
    data_root: DataRoot = None,
    device: Device = None,
) -> None:
    """Edit the first frame of samples and keep their motion; OUT.png shows before and after.

    Draws the samples of --sample-from again with the same settings, or one sample of --source.

    Examples:

      leo-bench edit --sample-from samples/ --first-frames --out frames/

      leo-bench edit --sample-from samples/ --edited frames/ --out edited/

      leo-bench edit --run leo:toy-faces --source face.png --edited blond.png --out edited/

      leo-bench edit --sample-from samples/ --command "magick {in} -negate {out}" --out edited/
    """
    from leo_bench.benchmarks.cli.next_step import say_next
    from leo_bench.benchmarks.cli.screen import Bar, say
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.runs.editing import (
        EditRequest,
        samples_of,
        write_edits,
        write_first_frames,
    )
    from leo_bench.benchmarks.runs.sampling import Place, SampleRequest, sampling_of
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.files.kinds import NEW, made_by
    from leo_bench.evaluation.files.targets import Target, check_targets, claimed, started
    from leo_bench.leo.sampling.edit import BASE, ControlNet
    from leo_bench.leo.sampling.model import device_named

    first = made_by("edit --first-frames")
    check_targets(Target("--out", out, first if first_frames else NEW))
    options = {"frames": frames, "steps": steps, "sampler": sampler, "seed": seed}
    given = {name: value for name, value in options.items() if value is not None}
    if sample_from is not None and source is None and run is None:
        without_use = given.keys() - ({"seed"} if controlnet is not None else set())
        _refuse(without_use, "the samples of --sample-from keep their settings")
        samples, indices = samples_of(sample_from, index or [])
    elif sample_from is None and source is not None and run is not None:
        _refuse({"index"} if index else set(), "--source gives one sample")
        sampling = sampling_of(mode="conditional", count=1, **given)
        samples = SampleRequest(run=run, sampling=sampling, start=str(source))
        indices = [0]
    else:
        raise InputError("give --sample-from FOLDER, or --run RUN with --source PICTURE")
    if controlnet is None:
        texts = {"prompt": prompt, "base": base}
        _refuse({name for name, text in texts.items() if text}, "it is for --controlnet")
    elif not prompt.strip():
        raise InputError("--controlnet needs --prompt, a text")
    place = Place(out, data_root=data_root, device=device, progress=Bar("editing", "samples"))
    if first_frames:
        editing = {"edited": edited, "command": command, "controlnet": controlnet}
        storing = {"format": format, "fps": fps, "repose": repose or None}
        unused = {name for name, value in (editing | storing).items() if value is not None}
        _refuse(unused, "--first-frames writes pictures")
        with claimed(out, "edit --first-frames"):
            paths = write_first_frames(samples, indices, place)
    else:
        steering = None
        if controlnet is not None:
            steering = ControlNet(controlnet, prompt, base or BASE, seed or 0, device_named(device))
        request = EditRequest(
            samples,
            indices,
            index or [],
            format or samples.format,
            samples.fps if fps is None else fps,
            sample_from,
            edited,
            command,
            steering,
            repose,
        )
        with started(out):
            made = write_edits(request, place)
        paths = made.paths
        for note in made.notes:
            say(f"note: {note}")
        if without := len(indices) - len(paths):
            say(f"note: {edited}: no edited picture for {without} of {len(indices)} samples")
    for path in paths:
        show(str(path))
    if first_frames and sample_from is not None:  # once the pictures are edited
        say_next("edit", "--sample-from", sample_from, "--edited", out, "--out", f"{out}-edited")


def _refuse(options: Collection[str], why: str) -> None:
    """Reject options that have no effect here."""
    from leo_bench.evaluation.errors import InputError

    if options:
        raise InputError(f"--{min(options)}: {why}; leave it out")
