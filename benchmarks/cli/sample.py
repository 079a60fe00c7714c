"""Verbs that draw from a LEO model: sample, edit."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Run = Annotated[
    str, typer.Option(help="Folder of a run, or leo:NAME of a shipped model (leo:toy-faces).")
]
Mode = Annotated[
    Literal["unconditional", "conditional"],
    typer.Option(help="conditional: begin with --start-frames; else draw first frames too."),
]
StartFrames = Annotated[
    str, typer.Option(help="A picture, a folder of pictures, or videos whose frames begin samples.")
]
Sampler = Annotated[
    Literal["ddpm", "ddim", "dpm"], typer.Option(help="ddpm --steps 1000 is the paper's.")
]
Steps = Annotated[int, typer.Option(help="Of the sampler; must divide those of training.")]
Seed = Annotated[int, typer.Option(help="Sample i depends on this and on i alone.")]
FirstFrame = Annotated[
    Literal["source", "recon"],
    typer.Option(help="Frame 1: the given or drawn picture itself, or its rendering."),
]
Format = Annotated[
    Literal["mkv", "mp4", "frames", "npy"],
    typer.Option(help="mkv keeps every pixel; mp4 is for people."),
]
Fps = Annotated[float, typer.Option(min=0.1, help="Frames a second, written into the files.")]
DataRoot = Annotated[
    Path | None, typer.Option(envvar="LEO_BENCH_DATA", help="Where prepared data sets lie.")
]
Device = Annotated[
    str | None, typer.Option(help="cpu, cuda, cuda:1 ...; absent: cuda where there is one.")
]
Out = Annotated[Path, typer.Option(help="Folder for the videos.")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command()(sample)


def sample(
    run: Run,
    out: Out,
    mode: Mode = "unconditional",
    frames: Annotated[int, typer.Option(help="Of every sample; there is no limit.")] = 128,
    count: Annotated[int, typer.Option(help="Samples; in a grid, motions or faces.")] = 8,
    start_frames: StartFrames = "",
    start_frame: Annotated[
        Literal["first", "random"], typer.Option(help="Which frame of a video in --start-frames.")
    ] = "first",
    steps: Steps = 50,
    sampler: Sampler = "ddim",
    transitions: Annotated[
        bool, typer.Option("--transitions", help="Between runs, lead over to a newly drawn code.")
    ] = False,
    seed: Seed = 0,
    first_frame: FirstFrame = "source",
    format: Format = "mkv",
    fps: Fps = 25.0,
    grid: Annotated[
        Literal["motions", "faces"] | None,
        typer.Option(help="One face in several motions, or one motion on several faces."),
    ] = None,
    data_root: DataRoot = None,
    device: Device = None,
) -> None:
    """Sample videos: OUT/sample-000000.mkv and on, and a strip to look at, OUT.png.

    The same line again goes on where it stopped. More processes: torchrun --nproc-per-node N
    --no-python leo-bench sample ...; they write the same files.

    Examples:

      leo-bench sample --run leo:toy-faces --count 16 --out samples/

      leo-bench sample --run runs/ff --mode conditional --start-frames faces/ --frames 1024 --out s/

      leo-bench sample --run leo:toy-faces --grid motions --count 6 --frames 64 --out grids/
    """
    from benchmarks.cli.screen import Bar
    from benchmarks.cli.screen import out as show
    from benchmarks.sampling import (
        Place,
        SampleRequest,
        sampling_of,
        share_of_environment,
        strip_of,
        write_grid,
        write_samples,
    )

    sampling = sampling_of(
        mode=mode,
        frames=frames,
        count=count,
        seed=seed,
        sampler=sampler,
        steps=steps,
        transitions=transitions,
        first_frame=first_frame,
        start_frame=start_frame,
    )
    request = SampleRequest(run=run, sampling=sampling, start=start_frames, format=format, fps=fps)
    share, own_device = share_of_environment()
    progress = Bar("sampling", "frames") if share.part == 0 else None
    place = Place(out, share, data_root, device or own_device, progress)
    if grid is not None:
        for path in write_grid(request, grid, place):
            show(str(path))
        return
    written = write_samples(request, place)
    if share.part == 0:
        show(f"{out}: {written} samples written, {count} asked for; to look at: {strip_of(out)}")
