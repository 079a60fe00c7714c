"""What `leo-bench study create` was asked for, and the videos of its methods, opened."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from leo_bench.benchmarks.datasets import load_dataset
from leo_bench.benchmarks.scores.plan import source_options
from leo_bench.benchmarks.scores.requests import VideoOptions
from leo_bench.benchmarks.sources.locations import paths_in
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.benchmarks.user_study.drawing import MethodVideos
from leo_bench.benchmarks.user_study.showing import LEAST_FRAMES
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.known_names import did_you_mean, known_are
from leo_bench.evaluation.videos.write import check_fps

REAL = "real"  # the name of the real videos
QUESTIONS = ("realism", "coherence", "repetition")  # the paper's: Tables 3 and 5
LONGEST = 200  # characters of a question
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


class StudyRequest(VideoOptions):
    """The options of `leo-bench study create`, as study.toml stores them.

    Args:
        pairs: the methods, as NAME=SOURCE; "real" are the real videos.
        question: "realism", "coherence", "repetition", or a question of one's own.
        check_right, check_wrong: of a question of one's own: sources that its checks show.
        videos: pairs of each two methods; of "repetition", clips of each method.
        per_rater: rated items that a rater sees; None: all.
        against: the method that each other one is compared with; None: every two are.
    """

    pairs: tuple[str, ...]
    question: str
    check_right: str | None = None
    check_wrong: str | None = None
    raters: int = 20
    videos: int = 20
    per_rater: int | None = None
    against: str | None = None
    checks: int = 4
    practice: int = 2
    frames: int | None = None
    fps: float | None = None
    size: int | None = None
    real_stride: int | None = None
    fake_stride: int | None = None
    most_failed: int = 1
    fewest_answered: float = 0.5
    shortest_median: float = 0.0
    dataset: str | None = None
    contact: str = ""
    kept: str = ""
    language: str = "en"
    seed: int = 0

    @property
    def is_single(self) -> bool:
        """Whether raters see one clip at a time."""
        return self.question == "repetition"

    def stride(self, is_real: bool) -> int:
        """Every n-th frame of a video is taken."""
        return (self.real_stride if is_real else self.fake_stride) or 1


def check_request(request: StudyRequest) -> None:
    """Check what can be checked before videos are opened.

    Raises:
        InputError: they cannot be used.
    """
    own = request.question not in QUESTIONS
    sources = (request.check_right, request.check_wrong)
    if own and " " not in request.question.strip():
        raise InputError(
            f"--question {request.question}: {did_you_mean(request.question, QUESTIONS)}give "
            f"{', '.join(QUESTIONS)}, or a question of your own, as a sentence"
        )
    if len(request.question) > LONGEST:
        raise InputError(f"--question: {len(request.question)} characters; {LONGEST} at most")
    if own and None in sources:
        raise InputError(
            "a question of your own needs --check-right and --check-wrong: two sources, of which "
            "the first is plainly the right answer"
        )
    if not own and sources != (None, None):
        raise InputError(
            f"--check-right and --check-wrong are for a question of your own; {request.question} "
            "has checks"
        )
    _check_numbers(request, given_methods(request))
    if 0 < request.checks <= request.most_failed:
        raise InputError(
            f"--most-failed {request.most_failed}: of {request.checks} checks no rater can fail "
            "more; give more --checks, or a lower --most-failed"
        )
    if request.dataset is not None:
        load_dataset(request.dataset)
    if request.is_single and request.against is not None:
        raise InputError("--against: repetition shows one clip at a time; leave it out")


def _check_numbers(request: StudyRequest, methods: Mapping[str, str]) -> None:
    if request.fps is not None:
        check_fps(request.fps)
    if request.frames is not None and request.frames < LEAST_FRAMES:
        raise InputError(f"--frames {request.frames}: a clip needs {LEAST_FRAMES} frames or more")
    if request.against is not None and request.against not in methods:
        raise InputError(
            f"--against {request.against}: no method of the study; "
            f"{known_are(request.against, methods)}"
        )
    count = len(methods)
    pairs = count - 1 if request.against is not None else count * (count - 1) // 2
    items = request.videos * (count if request.is_single else pairs)
    if request.per_rater is not None and request.per_rater > items:
        raise InputError(f"--per-rater {request.per_rater}: the study has {items} rated items")


def check_place(request: StudyRequest, out: Path) -> None:
    """Check that a study is not written among the videos that it shows, nor they lie in it.

    Raises:
        InputError: a source lies in `out`, or `out` in a source.
    """
    place = Path(os.path.realpath(out))
    sources = [*given_methods(request).values(), request.check_right, request.check_wrong]
    for spec in filter(None, sources):
        for path in paths_in(spec):
            source = Path(os.path.realpath(path))
            if place.is_relative_to(source):
                raise InputError(f"--out {out}: lies in the source {spec}; give another folder")
            if source.is_relative_to(place):
                raise InputError(f"--out {out}: the source {spec} lies in it; give another folder")


def options_of(request: StudyRequest, resources: Resources) -> SourceOptions:
    """How the sources of a study are opened."""
    options = source_options(request, request.size, None, resources)
    count = request.videos + request.practice + request.checks
    return replace(options, frames=request.frames, count=count)


def given_methods(request: StudyRequest) -> dict[str, str]:
    """The sources by the names of the methods.

    Raises:
        InputError: no NAME=SOURCE, two of one name or source, or too few.
    """
    given: dict[str, str] = {}
    for text in request.pairs:
        name, equals, spec = text.partition("=")
        if not (equals and spec and _NAME.fullmatch(name)):
            raise InputError(
                f"{text}: NAME=SOURCE is expected, the name of letters, digits, - and _"
            )
        if name.lower() in map(str.lower, given):
            raise InputError(f"{text}: {name} is there twice")
        if spec in given.values():
            raise InputError(f"{text}: {spec} is there twice; two methods need different videos")
        given[name] = spec
    if request.is_single and not given:
        raise InputError("give a method or more, as ours=SOURCE real=SOURCE")
    if not request.is_single and len(given) < 2:
        raise InputError("give two methods or more, as ours=SOURCE real=SOURCE")
    return given


def open_methods(request: StudyRequest, options: SourceOptions) -> list[MethodVideos]:
    """The methods, opened.

    Raises:
        InputError: as `given_methods`, or a source cannot be opened.
    """
    return [
        open_method(name, spec, options, request.stride(name.lower() == REAL))
        for name, spec in given_methods(request).items()
    ]


def left_out(methods: Iterable[MethodVideos]) -> list[str]:
    """Notes on the broken videos that --on-error skip left out."""
    return [
        f"{method.name}: {broken.name} is left out: {broken.reason}"
        for method in methods
        for broken in method.source.skipped
    ]


def open_method(name: str, spec: str, options: SourceOptions, stride: int) -> MethodVideos:
    """Open one method's videos; errors begin with its name.

    Args:
        name: of the method.
        spec: the source.
        options: `frames` of them are of a clip.
        stride: every n-th frame is taken.

    Raises:
        InputError: the source cannot be opened.
    """
    frames = None if options.frames is None else options.frames * stride
    with _named(name):
        source = open_source(spec, replace(options, frames=frames))
    return MethodVideos(name, spec, source, name.lower() == REAL, stride)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Put the method's name in front of errors of its videos."""
    try:
        yield
    except BadVideoError as error:
        raise error.placed(name) from None
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
