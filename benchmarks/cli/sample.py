"""The command sample: videos by a LEO model."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from leo_bench.benchmarks.cli.cropping import Crop
from leo_bench.benchmarks.cli.headings import direction_option, main_option, sampling_option
from leo_bench.benchmarks.cli.options import MANY, DataRoot, Device, Sampler

Run = Annotated[str, main_option(help="Folder of a run, or a shipped model (leo:toy-faces).")]
Mode = Annotated[
    Literal["unconditional", "conditional"] | None,
    main_option(
        help="conditional: start from --start-frames; unconditional: draw first frames, too.",
        show_default="conditional with --start-frames, else as the model states",
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
    Literal["source", "recon"] | None,
    sampling_option(
        help="Frame 1 of a sample: the given or drawn picture (source), or its rendering (recon).",
        show_default="as the model states, or source",
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
    cropping: Crop,
    mode: Mode = None,
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
    first_frame: FirstFrame = None,
    format: Format = "mkv",
    fps: Fps = 25.0,
    reencode: Annotated[
        Literal["off", "start", "runs", "frames"],
        sampling_option(
            help="Encode generated frames again: the drawn first frame (start), the last frame of "
            "each window (runs), or every frame (frames), as frame-by-frame generators do."
        ),
    ] = "off",
    motion_scale: Annotated[
        float, direction_option(help="Motion as wide as drawn, times this; 0 gives a still.")
    ] = 1.0,
    speed: Annotated[
        float,
        direction_option(help="Frames of drawn motion in a frame of the video; 0.5 is half speed."),
    ] = 1.0,
    loop: Annotated[
        Literal["off", "transition", "there-and-back"],
        direction_option(
            help="Make the frame after the last frame 1: by the Transition DM, or by motion "
            "backwards."
        ),
    ] = "off",
    to: Annotated[
        str,
        direction_option(
            help="End in the pose of a picture, by the Transition DM; a folder gives one a sample."
        ),
    ] = "",
    to_frame: Annotated[
        int, direction_option(help="Which frame of a video in --to to use, from 1.")
    ] = 1,
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

    A model can state in its config which samples it is for; a note says what is taken from there.

    The same command continues where it stopped. To use several processes: torchrun
    --nproc-per-node N --no-python -- leo-bench sample ...; the files are the same.

    Examples:

      leo-bench sample --run leo:toy-faces --mode unconditional --count 16 --out samples/

      leo-bench sample --run runs/ff --mode conditional --start-frames faces/ --frames 1024 --out s/

      leo-bench sample --run leo:toy-faces --grid motions --count 6 --frames 64 --out grids/
    """
    from leo_bench.benchmarks.cli.next_step import say_next, step_of_samples
    from leo_bench.benchmarks.cli.screen import Bar, say
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.runs.crops import choice_of, crops_picture
    from leo_bench.benchmarks.runs.grids import write_grid
    from leo_bench.benchmarks.runs.sampling import (
        Place,
        request_of,
        strip_of,
        write_samples,
    )
    from leo_bench.benchmarks.runs.shared_folder import share_of_environment
    from leo_bench.evaluation.files.kinds import made_by
    from leo_bench.evaluation.files.targets import Target, check_targets, started

    options = {
        "mode": mode,
        "frames": frames,
        "count": count,
        "seed": seed,
        "sampler": sampler,
        "steps": steps,
        "transitions": transitions,
        "transition_every": transition_every,
        "guidance": guidance,
        "first_frame_sampler": first_frame_sampler,
        "dtype": dtype,
        "first_frame": first_frame,
        "start_frame": start_frame,
        "reencode": reencode,
        "motion_scale": motion_scale,
        "speed": speed,
        "loop": loop,
        "to_frame": to_frame,
    }
    given = {name: value for name, value in options.items() if value is not None}
    crop = choice_of(cropping.given())
    storing = {"format": format, "fps": fps, "to": to, "cropping": crop}
    request, chosen = request_of(run, given, start_frames, storing)
    marks = ("sample.json", "grid-motions.json", "grid-faces.json")
    check_targets(Target("--out", out, made_by("sample", *marks)))
    share, own_device = share_of_environment()
    progress = Bar("sampling", "frames") if share.part == 0 else None
    place = Place(out, share, data_root, device or own_device, progress)
    if grid is not None:
        if share.part == 0:  # a grid is one file, made by one process
            with started(out, *marks):
                made = write_grid(request, grid, place)
            for note in (*chosen, *made.notes):
                say(f"note: {note}")
            if not made.drawn:
                say("video and picture of these settings exist already; nothing is drawn")
            for path in (made.video, made.picture):
                show(str(path))
        return
    with started(out, *marks):
        written = write_samples(request, place)
    if share.part == 0:
        for note in (*chosen, *written.notes):
            say(f"note: {note}")
        if written.gap is not None:
            say(written.gap)
        done = f"{written.samples} samples written, {count} asked for"
        show(f"{out}: {done}; preview: {strip_of(out)}")
        if crop.crop != "none":
            say(f"what was cropped: {crops_picture(out)}")
        step = step_of_samples(run, out, frames, count, data_root)
        if step is not None:
            say_next(*step)
