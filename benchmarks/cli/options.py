"""Options that several commands share: each is written once, here.

Options that go together are a group, a dataclass. `with_groups` makes typer show a command's groups
option by option, and `fields_of` hands them on to a request. Nothing heavy is imported.
"""

import functools
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from leo_bench.benchmarks.cli.headings import (
    clips_option,
    effort_option,
    main_option,
    network_option,
    reading_option,
    sampling_option,
)
from leo_bench.leo.diffusion import SamplerKind

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from leo_bench.evaluation.features.of_clips import Resources

# Larger values are typing errors, and would fill the memory.
SIDE = 16_384  # pixels
TIMES = 10_000  # repeats of a measurement
MANY = 10_000_000  # clips, videos or frames

# Parameters of commands that look up data sets or suites by id.
LOOKS_UP = {"data_root", "kind"}

Frames = Annotated[int, main_option(max=MANY, help="Frames in a clip; I3D needs at least 9.")]
Protocol = Annotated[
    str | None,
    main_option(help="Protocol id, or a .toml file.", show_default="the data set's"),
]
Resolution = Annotated[
    int | None,
    clips_option(
        max=SIDE,
        help="Resize frames to R x R as the protocol does.",
        show_default="the data set's size, or as stored",
    ),
]
Seed = Annotated[
    int, clips_option(help="Seed of every random choice; videos are drawn by seed and name.")
]
Extractor = Annotated[
    str | None,
    network_option(
        help="Feature extractor in place of the protocol's: a name (i3d-toy, ...), or "
        "FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION, which is run and returns a module from clips "
        "to features."
    ),
]
Embedder = Annotated[
    str | None,
    network_option(help="Embedder of fid, acd and drift in place of the protocol's."),
]
Weights = Annotated[
    Path | None,
    network_option(help="Weights file.", show_default="the registered one, if it is here"),
]
AllowUnverified = Annotated[
    bool,
    network_option(
        "--allow-unverified", help="Accept weights of unknown digest; the record says so."
    ),
]
Device = Annotated[
    str | None,
    network_option(help="cpu, cuda, cuda:1 and so on.", show_default="cuda if there is one"),
]
DataRoot = Annotated[
    Path | None, reading_option(envvar="LEO_BENCH_DATA", help="Folder of the prepared data sets.")
]
Include = Annotated[
    list[Path] | None,
    reading_option(
        help="Folder with TOML files of data sets and suites of your own, known by their ids.",
        show_default="those in LEO_BENCH_INCLUDE",
    ),
]
Workers = Annotated[
    int | None,
    effort_option(
        min=1,
        max=1024,
        help="Threads that read and resize, or processes where there is a GPU; no effect on any "
        "number.",
        show_default="2; with a GPU as many as cores",
    ),
]
Batch = Annotated[
    int | None,
    effort_option(min=1, help="Clips in one batch of the network; no effect on any number."),
]
Limit = Annotated[
    int | None, clips_option(help="Use only the first n videos of a side; not for publication.")
]
NoCache = Annotated[
    bool, effort_option("--no-cache", help="Neither read nor write cached features.")
]
Sampler = Annotated[
    SamplerKind,
    sampling_option(help="Diffusion sampler; the paper uses ddpm with --steps 1000."),
]
Json = Annotated[
    Path | None, main_option(help="Write the results to this JSON file; -: to standard output.")
]
Records = Annotated[
    Path | None, main_option(help="Also write every record into this folder of records.")
]


OfDataset = Annotated[
    str | None,
    main_option(help="Real videos: a data set, as ID, ID/SPLIT or FILE.toml/SPLIT."),
]
Real = Annotated[str | None, main_option(help="Real videos: a folder, video file, zip or npy.")]
Clips = Annotated[
    int | None,
    clips_option(max=MANY, help="Clips of each side.", show_default="the protocol's number"),
]
Repeats = Annotated[
    int | None,
    clips_option(
        max=TIMES, help="Repeats with other random clips.", show_default="the protocol's number"
    ),
]


@dataclass(frozen=True)
class TwoSides:
    """The real and the fake videos of a comparison."""

    dataset: OfDataset = None
    real: Real = None
    fake: Annotated[
        str | None,
        main_option(
            help="Fake videos.", show_default="samples of the LEO run in runs/ID for --dataset ID"
        ),
    ] = None


@dataclass(frozen=True)
class Strides:
    """Which frames of a video a clip takes."""

    real_stride: Annotated[
        int | None, clips_option(help="Take every n-th frame of the real (or training) videos.")
    ] = None
    fake_stride: Annotated[
        int | None, clips_option(help="Take every n-th frame of the fake videos.")
    ] = None


@dataclass(frozen=True)
class ClipNetwork:
    """The network that turns clips into features."""

    extractor: Extractor = None
    weights: Weights = None
    allow_unverified: AllowUnverified = False
    trust_torchscript: Annotated[
        bool,
        network_option(
            "--trust-torchscript", help="Allow a TorchScript file to run the program inside it."
        ),
    ] = False
    precision: Annotated[
        Literal["fp32", "bf16"],
        network_option(
            "--dtype", help="Number format of the network; bf16 is not for publication."
        ),
    ] = "fp32"
    device: Device = None


@dataclass(frozen=True)
class FrameNetwork:
    """The protocol of a score of frames, and the network that embeds them."""

    protocol: Annotated[
        str | None,
        main_option(help="Frame protocol id, or a .toml file.", show_default="the data set's"),
    ] = None
    embedder: Annotated[
        str | None,
        network_option(help="Embedder in place of the protocol's (mean-colour, ...)."),
    ] = None
    weights: Annotated[
        Path | None,
        network_option(help="Weights file of the embedder.", show_default="the registered one"),
    ] = None
    allow_unverified: AllowUnverified = False
    resolution: Annotated[
        int | None,
        clips_option(
            max=SIDE, help="Resize frames to R x R first.", show_default="the protocol's size"
        ),
    ] = None
    seed: Seed = 0
    device: Device = None


@dataclass(frozen=True)
class Reading:
    """Where videos are and how they are read."""

    data_root: DataRoot = None
    on_error: Annotated[
        Literal["fail", "skip"],
        reading_option(help="skip: leave out broken videos, and list each in the record."),
    ] = "fail"
    float_range: Annotated[
        Literal["01", "11"] | None,
        reading_option(
            help="Range of float arrays: 01 is [0,1], 11 is [-1,1]. Needed if all values of the "
            "side lie in [0,1].",
            show_default="11",
        ),
    ] = None
    frames_glob: Annotated[
        str | None,
        reading_option(
            help="File names of the frames in a folder or zip ('*_rgb.png').",
            show_default="all pictures, if they form one series",
            metavar="PATTERN",
        ),
    ] = None
    only: Annotated[
        str | None,
        reading_option(
            help="Media to read where a folder holds several kinds: suffixes, frames (all "
            "pictures) or videos, with commas (mp4,zip). A side without any of them is read whole.",
            metavar="KINDS",
        ),
    ] = None
    decoder: Annotated[
        Literal["pyav", "torchcodec"],
        reading_option(
            help="Decoder of video files; torchcodec has to be installed. Levels may differ, and "
            "the record names it."
        ),
    ] = "pyav"


@dataclass(frozen=True)
class Effort:
    """Threads and cache."""

    workers: Workers = None
    no_cache: NoCache = False

    def resources(
        self, what: str = "features", batch: int | None = None, unit: str = "clips"
    ) -> "Resources":
        """Cache, threads and progress for a piece of work of this name."""
        from leo_bench.benchmarks.cli.screen import resources

        keep = not self.no_cache
        return resources(workers=self.workers, batch=batch, keep=keep, what=what, unit=unit)


def fields_of(*groups: "DataclassInstance") -> dict[str, Any]:
    """The options of groups by name, as requests take them: paths as text."""
    values = {field.name: getattr(group, field.name) for group in groups for field in fields(group)}
    return {name: str(v) if isinstance(v, Path) else v for name, v in values.items()}


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each parameter that is a group replaced by the options of the group.

    Args:
        command: its parameters are options of typer's, or dataclasses of such options.
    """
    given = inspect.signature(command).parameters.values()
    groups = {one.name: one.annotation for one in given if _is_group(one.annotation)}
    if not groups:
        return command

    @functools.wraps(command)
    def flat(**options: Any) -> None:
        for name, group in groups.items():
            options[name] = group(**{each.name: options.pop(each.name) for each in fields(group)})
        command(**options)

    parameters = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for one in given
        for each in _parameters_of(one)
    ]
    vars(flat)["__signature__"] = inspect.Signature(parameters, return_annotation=None)
    flat.__annotations__ = {each.name: each.annotation for each in parameters}
    return flat


def with_include(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the option --include, if it looks up data sets or suites by id.

    The folders are included while the command runs (`benchmarks.datasets.definitions`).

    Args:
        command: of `with_groups`.
    """
    signature = inspect.signature(command)
    if not LOOKS_UP & signature.parameters.keys():
        return command

    @functools.wraps(command)
    def including(include: list[Path] | None = None, **options: Any) -> None:
        from leo_bench.benchmarks.datasets.definitions import included

        if not include:
            command(**options)
            return
        with included(include):
            command(**options)

    option = inspect.Parameter(
        "include", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Include
    )
    parameters = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in signature.parameters.values()
    ]
    vars(including)["__signature__"] = signature.replace(parameters=[*parameters, option])
    including.__annotations__ = {**command.__annotations__, "include": Include}
    return including


def _is_group(annotation: object) -> bool:
    return isinstance(annotation, type) and is_dataclass(annotation)


def _parameters_of(given: inspect.Parameter) -> Iterable[inspect.Parameter]:
    """The parameter itself, or of a group one a field."""
    if not _is_group(given.annotation):
        return [given]
    return inspect.signature(given.annotation).parameters.values()
