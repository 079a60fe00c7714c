"""Options that several verbs share; each verb names its own beside them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

SIDE = 16_384  # pixels: what is larger is a slip of the finger, and fills a machine
TIMES = 10_000  # repeats of a measurement
MANY = 10_000_000  # clips, videos or frames

Frames = Annotated[int, typer.Option(max=MANY, help="Frames in a clip; I3D needs 9 or more.")]
Protocol = Annotated[
    str | None,
    typer.Option(help="Protocol id, or a .toml of your own; chosen by --dataset when absent."),
]
Resolution = Annotated[
    int | None,
    typer.Option(
        max=SIDE,
        help="Bring frames to R x R as the protocol does; absent: as stored, or as a data set says",
    ),
]
Seed = Annotated[int, typer.Option(help="All chance comes from this and the videos' names.")]
Extractor = Annotated[
    str | None,
    typer.Option(
        help="Another extractor than the protocol's: i3d-toy, ..., or FILE.py:FUNCTION or "
        "PACKAGE.MODULE:FUNCTION, which is run and gives a module from clips to features."
    ),
]
Weights = Annotated[
    Path | None, typer.Option(help="Weights file; absent: the registered one, if it is there.")
]
AllowUnverified = Annotated[
    bool,
    typer.Option("--allow-unverified", help="Use weights of unknown digest; marks the record."),
]
TrustTorchScript = Annotated[
    bool, typer.Option("--trust-torchscript", help="Run the TorchScript file's own program.")
]
Precision = Annotated[
    Literal["fp32", "bf16"], typer.Option(help="bf16 is for quick looks, not tables.")
]
Device = Annotated[
    str | None, typer.Option(help="cpu, cuda, cuda:1 ...; absent: cuda where there is one.")
]
DataRoot = Annotated[
    Path | None, typer.Option(envvar="LEO_BENCH_DATA", help="Where prepared data sets lie.")
]
OnError = Annotated[
    Literal["fail", "skip"],
    typer.Option(help="skip: leave broken videos out and list each in the record."),
]
FloatRange = Annotated[
    Literal["01", "11"] | None,
    typer.Option(
        help="What floats of arrays are in: 01 is [0,1], 11 is [-1,1]; absent: [-1,1] if all "
        "values of the side bear it out."
    ),
]
FramesGlob = Annotated[
    str | None,
    typer.Option(
        help="Which pictures of a folder or zip are frames, by name ('*_rgb.png'); absent: all, "
        "if they are one series."
    ),
]
Limit = Annotated[
    int | None, typer.Option(help="Only the first so many videos; not for publication.")
]
Workers = Annotated[
    int, typer.Option(min=1, max=1024, help="Threads that read and resize; changes no number.")
]
Batch = Annotated[
    int | None, typer.Option(min=1, help="Clips through the network at once; changes no number.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither read nor keep features.")]

Dataset = Annotated[str | None, typer.Option(help="Real side: a data set, as ID or ID/SPLIT.")]
Real = Annotated[str | None, typer.Option(help="Real side: folder, file, zip, npy.")]
Fake = Annotated[
    str | None,
    typer.Option(help="Fake side; absent: samples of the LEO run for --dataset, if any."),
]
RealStride = Annotated[
    int | None, typer.Option(help="Real frames from one clip frame to the next.")
]
FakeStride = Annotated[
    int | None, typer.Option(help="Fake frames from one clip frame to the next.")
]
FrameProtocol = Annotated[
    str | None, typer.Option(help="Frame protocol, or a .toml of your own; --dataset has one.")
]
Embedder = Annotated[
    str | None, typer.Option(help="Another embedder than the protocol's (mean-colour, ...).")
]
EmbedderWeights = Annotated[
    Path | None, typer.Option(help="The embedder's weights file; absent: the registered one.")
]
FrameResolution = Annotated[
    int | None,
    typer.Option(max=SIDE, help="Bring frames to R x R first; absent: as the protocol says."),
]
Records = Annotated[Path | None, typer.Option(help="Keep every record under this folder, too.")]
