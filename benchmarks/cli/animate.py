"""The command animate: a picture moved by a video."""

from pathlib import Path
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.headings import main_option
from leo_bench.benchmarks.cli.options import Device


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
    relative: Annotated[
        bool,
        typer.Option("--relative", help="Transfer only the motion since the first driving frame."),
    ] = False,
    fps: Annotated[
        float | None,
        typer.Option(help="Frames per second.", show_default="that of --driving, or 25"),
    ] = None,
    device: Device = None,
) -> None:
    """Animate a picture with the motion of a video (LIA, absolute or relative motion).

    Picture and video are resized to the model's square size (Pillow, bicubic), so crop both to a
    square around the person first, as in the training data. LIA's demo resizes only the picture
    this way, and stretches each video's values to its own range; here [-1, 1] becomes 0 to 255.

    Example: leo-bench animate --checkpoint vox.pt --source me.png --driving talk.mp4 --out me.mp4
    """
    from leo_bench.evaluation.files.kinds import NEW
    from leo_bench.evaluation.files.targets import Target, check_free, check_targets, started

    check_free(out)
    check_targets(Target("--out", out, NEW))
    from leo_bench.benchmarks.cli.screen import Bar, say
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.runs.animation import open_animation, write_floats
    from leo_bench.evaluation.videos.write import check_fps, write_video
    from leo_bench.leo.networks.layers import to_pixels
    from leo_bench.leo.sampling.model import device_named

    if fps is not None:
        check_fps(fps)
    animation = open_animation(
        checkpoint, source, driving, relative=relative, device=device_named(device)
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
    show(f"{out}: {count} frames")
