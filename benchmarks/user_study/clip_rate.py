"""The frame rate of clips: the one that all videos state, or the one that is given."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from leo_bench.benchmarks.user_study.drawing import MethodVideos
from leo_bench.benchmarks.user_study.showing import Footage
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.source import frame_rates
from leo_bench.evaluation.videos.write import check_fps

USUAL_RATE = 25.0  # frames per second where no video states any
SAME_RATE = 0.01  # relative difference of frame rates that count as one


def slowest_rate(methods: Sequence[MethodVideos]) -> float:
    """The lowest frame rate that any video states, or USUAL_RATE.

    A method of which every n-th frame is taken counts with an n-th of its rate.
    """
    stated = (
        rate / method.stride
        for method in methods
        for rate in frame_rates(method.source)
        if rate is not None
    )
    return min(stated, default=USUAL_RATE)


def rate_of(shown: Sequence[Footage], fps: float | None) -> tuple[float, list[str]]:
    """Frames per second of clips, and notes: as given, or as all videos that are shown state.

    Rates that differ by no more than SAME_RATE are one.

    Raises:
        InputError: the rate that is given cannot be written; or the videos state several.
    """
    methods = {one.spec: one.method for one in shown if one.method}
    rates = {
        spec: frame_rates(source) for spec, source in {f.spec: f.source for f in shown}.items()
    }
    stated: dict[str, dict[str, _Stated]] = {}
    silent = []
    for one in shown:
        name, rate = methods.get(one.spec, one.spec), rates[one.spec][one.index]
        if rate is not None:
            stated.setdefault(name, {})[one.video] = _Stated(one.video, rate, one.stride)
        elif one.method and name not in silent:
            silent.append(name)
    if fps is not None:
        check_fps(fps)
    every = Counter(one.played for videos in stated.values() for one in videos.values())
    usual = every.most_common(1)[0][0] if every else USUAL_RATE
    rate = usual if fps is None else fps
    others = {
        name: [one for one in videos.values() if not _is_same(one.played, rate)]
        for name, videos in stated.items()
    }
    if fps is None and any(others.values()):
        listed = "; ".join(f"{name}: {_each_rate(videos)}" for name, videos in stated.items())
        raise InputError(
            f"frame rates differ: {listed}: give --fps, at which every clip then plays"
        )
    notes = [
        note
        for name, videos in others.items()
        for note in _other_speeds(name, videos, len(stated[name]), rate)
    ]
    if silent:
        notes.append(f"{', '.join(silent)}: videos state no frame rate; clips play {rate:g}")
    return rate, notes


@dataclass(frozen=True)
class _Stated:
    """A video's frame rate, as its file states it, and how many of its frames are taken."""

    video: str
    rate: float
    stride: int

    @property
    def played(self) -> float:
        """Frames per second at which its clip has the speed of the video."""
        return self.rate / self.stride

    def __str__(self) -> str:
        at_stride = f" at stride {self.stride}" if self.stride > 1 else ""
        return f"{self.video} {self.rate:g}{at_stride}"


def _is_same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME_RATE * other


def _each_rate(videos: Mapping[str, _Stated]) -> str:
    """The first video of each frame rate."""
    first: list[_Stated] = []
    for one in videos.values():
        if not any(_is_same(one.played, other.played) for other in first):
            first.append(one)
    return _first_three(list(map(str, first)))


def _other_speeds(name: str, videos: Sequence[_Stated], count: int, rate: float) -> Iterator[str]:
    """Notes on videos of a method, `count` of which state a rate, that play at another speed."""
    faster = [one for one in videos if one.played < rate]
    slower = [one for one in videos if one.played > rate]
    for how, found in (("faster", faster), ("slower", slower)):
        if found:
            listed = _first_three(
                [f"{one.video} {rate / one.played:.3g} times as fast" for one in found]
            )
            many = f"{len(found)} of {count} videos play {how} than their files say"
            yield f"{name}: {many}: {listed}"


def _first_three(texts: Sequence[str]) -> str:
    return ", ".join([*texts[:3], *(["..."] if len(texts) > 3 else [])])
