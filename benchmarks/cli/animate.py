"""The verb that moves a picture as a video moves: animate."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command()(animate)


def animate(
    checkpoint: Annotated[
        str,
        typer.Option(
            help="LIA's vox.pt, taichi.pt or ted.pt; or a run, or leo:NAME, a shipped one."
        ),
    ],
    source: Annotated[Path, typer.Option(help="Picture of who is to move.")],
    driving: Annotated[Path, typer.Option(help="Video file, or folder of frames, of the motion.")],
    out: Annotated[
        Path,
        typer.Option(
            help="New: .npy keeps floats, float32 [T,3,H,W]; .mkv, .mp4, .gif, or a folder."
        ),
    ],
    relative: Annotated[
        bool,
        typer.Option("--relative", help="Take over only motion since the first driving frame."),
    ] = False,
    fps: Annotated[
        float | None, typer.Option(help="Frames a second; absent: as --driving has; else 25.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, cuda:1 ...; absent: cuda where there is one.")
    ] = None,
) -> None:
    """Animate a picture by a video (LIA: absolute motion, or relative as in its vox demo).

    Picture and video are stretched to the model's square by Pillow's bicubic; crop them to a square
    around the person first, as the model's training data was. LIA's demo does so with the picture
    alone, and scales what it writes by each video's own darkest and brightest value; here -1 to 1
    become 0 to 255, whatever the video.

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
