"""The command animate: a picture moved by a video."""

from pathlib import Path
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.cropping import Crop
from leo_bench.benchmarks.cli.headings import main_option, sampling_option
from leo_bench.benchmarks.cli.options import MANY, Device
from leo_bench.leo.diffusion import SamplerKind


def animate(
    checkpoint: Annotated[
        str,
        main_option(
            help="LIA's vox.pt, taichi.pt or ted.pt; or a run, or a shipped model (leo:NAME).",
            metavar="FILE|RUN",
        ),
    ],
    source: Annotated[Path, main_option(help="Picture of the person to animate.", metavar="FILE")],
    driving: Annotated[
        Path,
        main_option(
            help="Video file or folder of frames that gives the motion.", metavar="FILE|FOLDER"
        ),
    ],
    out: Annotated[
        Path,
        main_option(
            help="New file (.npy is float32 [T,3,H,W]; .mkv, .mp4, .gif) or new folder of frames.",
            metavar="FILE|FOLDER",
        ),
    ],
    cropping: Crop,
    relative: Annotated[
        bool,
        typer.Option("--relative", help="Transfer only the motion since the first driving frame."),
    ] = False,
    fps: Annotated[
        float | None,
        typer.Option(help="Frames per second.", show_default="that of --driving, or 25"),
    ] = None,
    going_on: Annotated[
        int | None,
        main_option(
            "--continue",
            min=1,
            max=MANY,
            help="Frames of drawn motion after the video; needs a run, or a shipped model.",
        ),
    ] = None,
    seed: Annotated[
        int | None, sampling_option(help="With --continue: seed.", show_default="0")
    ] = None,
    steps: Annotated[
        int | None, sampling_option(help="With --continue: sampler steps.", show_default="50")
    ] = None,
    sampler: Annotated[
        SamplerKind | None,
        sampling_option(help="With --continue: diffusion sampler.", show_default="ddim"),
    ] = None,
    device: Device = None,
) -> None:
    """Animate a picture with the motion of a video (LIA, absolute or relative motion).

    Picture and video are resized to the model's square size (Pillow, bicubic). --crop face first
    crops both around the face, as in the training data; without it they are stretched. --face is
    for the picture. OUT.crops.png and OUT.crops.json say what was cropped.

    LIA's demo resizes only the picture this way, and stretches each video's values to its own
    range; here [-1, 1] becomes 0 to 255.

    With --continue, the LMDM of the same model draws motion that goes on from the driven motion.

    Examples:

      leo-bench animate --checkpoint vox.pt --source me.png --driving talk.mp4 --out me.mp4

      leo-bench animate --checkpoint runs/ff --source me.png --driving talk.mp4 --continue 250 --out
      long.mp4

      leo-bench animate --checkpoint vox.pt --source me.jpg --driving me.mov --crop face --out m.mp4
    """
    from leo_bench.evaluation.files.kinds import NEW
    from leo_bench.evaluation.files.targets import Target, check_free, check_targets, started

    check_free(out)
    check_targets(Target("--out", out, NEW))
    from leo_bench.benchmarks.cli.screen import Bar, say
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.runs.animation import write_floats
    from leo_bench.benchmarks.runs.crops import (
        choice_of,
        crops_picture,
        crops_record,
        write_picture,
        write_record,
    )
    from leo_bench.benchmarks.runs.opened_animation import open_animation, open_continuation
    from leo_bench.benchmarks.runs.sampling import sampling_of
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.videos.write import check_fps, write_video
    from leo_bench.leo.networks.layers import to_pixels
    from leo_bench.leo.sampling.model import device_named

    if fps is not None:
        check_fps(fps)
    choice = choice_of(cropping.given())
    if choice.crop != "none":
        check_free(crops_picture(out), crops_record(out))
    drawing = {"seed": seed, "steps": steps, "sampler": sampler}
    given = {name: value for name, value in drawing.items() if value is not None}
    place, continuation = device_named(device), None
    if going_on is not None:
        sampling = sampling_of(frames=going_on, **given)
        continuation = open_continuation(checkpoint, place, sampling)
    elif given:
        raise InputError(f"--{min(given)}: it is for --continue; leave it out")
    animation = open_animation(
        checkpoint,
        source,
        driving,
        relative=relative,
        device=place,
        continuation=continuation,
        cropping=choice,
    )
    for note in animation.notes:
        say(f"note: {note}")
    bar = Bar("animating", "frames")
    with started(out.parent):
        if out.suffix.lower() == ".npy":
            count = write_floats(out, animation, bar)
        else:
            count = write_video(
                out, map(to_pixels, animation.frames(bar)), animation.fps if fps is None else fps
            )
    if animation.crops:
        write_record(animation.crops, crops_record(out))
        write_picture([(one, 0) for one in animation.crops], crops_picture(out))
        say(f"what was cropped: {crops_picture(out)}")
    show(f"{out}: {count} frames")
