"""Keywords that several functions of the API share, and what they become in a request.

A keyword has the name of its option on the command line; defaults are those of the command. Each is
written once, here: `takes` shows them in the signature of every function that has them.
"""

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypedDict, TypeVar, get_type_hints

from leo_bench.benchmarks.api.sides import GivenSides, ValueRange, Videos, float_range, given_side
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.of_clips import Progress, Resources
from leo_bench.evaluation.files.places import cache_root
from leo_bench.evaluation.files.printable import printable
from leo_bench.evaluation.videos.layouts import DecoderName

P = ParamSpec("P")
R = TypeVar("R")

WORKERS = 2


class VideoKeywords(TypedDict, total=False):
    """How videos are read, by which machine, and how long it may take.

    Args:
        value_range: range of floats: (0, 1) or (-1, 1); without it floats in memory are refused.
        real_name, fake_name: of videos in memory, in the record and in its path.
        limit: only the first videos of a side; not for publication.
        seed: of every random choice.
        device: "cpu", "cuda", ...; None: a GPU where there is one.
        data_root: folder of the prepared data sets; None: that of the environment, or the usual.
        on_error: "skip" leaves broken files out, and the record lists them.
        frames_glob: file names of the frames in a folder or zip.
        only: media to read where a folder holds several kinds: "mp4", "frames", "mp4,zip".
        decoder: of video files, "pyav" or "torchcodec"; levels may differ, and the record names it.
        workers: threads that read and resize; no effect on any number.
        cache: whether features are kept and read on disk.
        progress: called with (done, to do) after every clip or batch; None: nothing is shown.
    """

    value_range: ValueRange | None
    real_name: str
    fake_name: str
    limit: int | None
    seed: int
    device: str | None
    data_root: str | Path | None
    on_error: Literal["fail", "skip"]
    frames_glob: str | None
    only: str | None
    decoder: DecoderName
    workers: int
    cache: bool
    progress: Progress | None


class NetworkKeywords(VideoKeywords, total=False):
    """Besides `VideoKeywords`, the data set, the resolution and the network's weights.

    Args:
        dataset: the real videos as a data set, "ID" or "ID/SPLIT", in the place of `real`.
        resolution: side in pixels that frames are brought to; None: the data set's, or as stored.
        weights: file of the network; None: the registered one.
        allow_unverified: accept weights of unknown digest; the record says so.
    """

    dataset: str | None
    resolution: int | None
    weights: str | Path | None
    allow_unverified: bool


class StrideKeywords(NetworkKeywords, total=False):
    """Besides `NetworkKeywords`, the strides.

    Args:
        real_stride, fake_stride: take every n-th frame; None: the data set's, or the protocol's.
    """

    real_stride: int | None
    fake_stride: int | None


class DistanceKeywords(StrideKeywords, total=False):
    """Besides `StrideKeywords`, what fixes a distance.

    Args:
        clips: of each side; None: the protocol's number.
        repeats: with other random clips; None: the protocol's number.
        trust_torchscript: allow a TorchScript file to run the program inside it.
        precision: number format of the network; bf16 is not for publication.
        batch: clips in one batch of the network on a GPU; no effect on any number.
    """

    clips: int | None
    repeats: int | None
    trust_torchscript: bool
    precision: Literal["fp32", "bf16"]
    batch: int | None


DEFAULTS: Mapping[str, Any] = {
    "real_name": "real",
    "fake_name": "fake",
    "seed": 0,
    "on_error": "fail",
    "decoder": "pyav",
    "workers": WORKERS,
    "cache": True,
    "allow_unverified": False,
    "trust_torchscript": False,
    "precision": "fp32",
}
# Keywords that are no fields of a request.
_NOT_ASKED = {"value_range", "real_name", "fake_name", "workers", "cache", "progress", "batch"}
# Options of the command line whose keyword has another name.
_RENAMED = {"float-range": "value_range", "dtype": "precision", "calibrate": "real"}


def takes(
    keywords: type, defaults: Mapping[str, Any] = DEFAULTS
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Show the keywords of a `TypedDict` in a function's signature, and speak its language.

    The function is declared with `**keywords: Unpack[...]`. Its docstring gets a line for each. An
    unknown keyword is a TypeError, as Python's own, and errors name keywords where the command line
    has options.
    """

    def with_signature(function: Callable[P, R]) -> Callable[P, R]:
        own = inspect.signature(function)
        named = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
        shared = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=defaults.get(name), annotation=hint
            )
            for name, hint in get_type_hints(keywords).items()
        ]
        signature = own.replace(parameters=[*named, *shared])

        @functools.wraps(function)
        def checked(*args: P.args, **given: P.kwargs) -> R:
            try:
                signature.bind(*args, **given)
            except TypeError as error:
                raise TypeError(f"{function.__name__}() {error}") from None
            with said_in_keywords(signature.parameters):
                return function(*args, **given)

        vars(checked)["__signature__"] = signature
        checked.__doc__ = f"{inspect.getdoc(function)}\n\n{_about(keywords)}\n"
        return checked

    return with_signature


@contextmanager
def said_in_keywords(names: Iterable[str]) -> Iterator[None]:
    """Let errors name these keywords where the command line has options."""
    words = {name.replace("_", "-"): name for name in names} | _RENAMED
    try:
        yield
    except InputError as error:
        said = _in_keywords(str(error), words)
        if said == str(error):
            raise
        raise InputError(said) from None


def fields(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords as a request has them: paths as text, the range of floats by its name.

    Raises:
        InputError: a range that is none.
    """
    kept = {name: value for name, value in keywords.items() if name not in _NOT_ASKED}
    kept["float_range"] = float_range(keywords.get("value_range"))
    return {name: str(v) if isinstance(v, Path) else v for name, v in kept.items()}


def sides(real: Videos | None, fake: Videos | None, keywords: VideoKeywords) -> GivenSides:
    """Both sides as a caller gave them.

    Raises:
        InputError: videos that cannot be used, or names that are none.
    """
    floats = float_range(keywords.get("value_range"))
    names = [keywords.get("real_name", "real"), keywords.get("fake_name", "fake")]
    for side, name in zip(("real", "fake"), names, strict=True):
        if not isinstance(name, str) or not name or name != printable(name):
            raise InputError(f"{side}_name={name!r}: expected text of one line")
    if names[0] == names[1]:
        raise InputError(f"real_name and fake_name are both {names[0]!r}; give two names")
    return GivenSides(
        None if real is None else given_side(real, "real", names[0], floats),
        None if fake is None else given_side(fake, "fake", names[1], floats),
    )


def resources(keywords: Mapping[str, Any]) -> Resources:
    """Cache, threads and progress; nothing is shown unless the caller does.

    Raises:
        InputError: one of the numbers is not 1 or more.
    """
    workers, batch = keywords.get("workers", WORKERS), keywords.get("batch")
    for name, count in (("workers", workers), ("batch", 1 if batch is None else batch)):
        if not isinstance(count, int) or count < 1:
            raise InputError(f"{name}={count!r}: must be 1 or more")
    return Resources(
        store=FeatureStore(cache_root()) if keywords.get("cache", True) else None,
        workers=workers,
        batch=batch,
        progress=keywords.get("progress"),
    )


def _about(keywords: type) -> str:
    """The lines of a `TypedDict` and of those that it extends, as a section of a docstring."""
    every = (keywords, DistanceKeywords, StrideKeywords, NetworkKeywords, VideoKeywords)
    taken = get_type_hints(keywords).keys()
    texts = [
        inspect.cleandoc(kind.__doc__ or "").partition("Args:\n")[2]
        for kind in dict.fromkeys(every)
        if get_type_hints(kind).keys() <= taken
    ]
    return "Keywords:\n" + "\n".join(texts)


def _in_keywords(message: str, words: Mapping[str, str]) -> str:
    """A message of the command line with keywords: "--real PATH" as "real=PATH"."""

    def keyword(option: re.Match[str]) -> str:
        name = words.get(option["name"])
        if name is None:
            return option[0]
        value = option["value"] or ""
        is_word = value.lower() == value and not value.isdigit() and value
        return f'{name}="{value}"' if is_word else f"{name}={value}"

    # A number, FILE, a name such as i3d-toy, or a word at the end of its clause.
    value = r"\d+|[A-Z]{2,}|[a-z0-9]+-[a-z]+|[a-z0-9]+(?=,)"
    return re.sub(rf"--(?P<name>[a-z][a-z-]*)(?: (?P<value>{value})\b)?", keyword, message)
