"""`leo-bench plan`: how many videos a side needs, from records or from features of a few videos."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from leo_bench.benchmarks.planning.of_features import FeaturePilots, subject_of_features
from leo_bench.benchmarks.planning.of_records import (
    difference_of_records,
    one_record,
    records_in,
    subject_of_record,
)
from leo_bench.benchmarks.planning.subjects import Subject, alike
from leo_bench.benchmarks.scores.distance_record import FEW_FREEDOM
from leo_bench.benchmarks.scores.stamp import seconds_since
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.records.circumstances import circumstances
from leo_bench.evaluation.records.planned import PlanExtra, PlannedNumber, PlanRow
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS
from leo_bench.evaluation.uncertainty.pilots import Pilot, extremes
from leo_bench.evaluation.uncertainty.planning import expect, least, power
from leo_bench.evaluation.uncertainty.variance import check_level
from leo_bench.reports.records import read_sound

# Beyond this multiple of the pilot a plan is called rough, and so is any from fewer videos.
FAR, FEW = 10, 16

ROWS = 6  # of a table, besides the pilot and what is needed


class PlanRequest(Data):
    """Options of plan, word for word.

    Args:
        records: records of numbers, or one folder of them.
        real, fake: files of features.
        width, difference: "20", or "10%" of the pilot's number.
        real_videos: how many there are; None: as many as fakes.
    """

    records: tuple[str, ...] = ()
    real: str | None = None
    fake: tuple[str, ...] = ()
    metric: str | None = None
    protocol: str | None = None
    seed: int = 0
    width: str | None = None
    difference: str | None = None
    power: float = 0.8
    level: float = 0.95
    real_videos: int | None = None


@dataclass(frozen=True)
class Goal:
    """What is asked of one number.

    Args:
        target: width of its interval, or size of the difference, in units of the number.
        power: to find the difference; None: a width is asked for.
        level: of the interval.
        real_videos: fixed; None: as many as fakes.
    """

    target: float
    power: float | None
    level: float
    real_videos: int | None

    def reached(self, subject: Subject, pilot: Pilot, videos: float) -> bool:
        """Whether so many videos suffice, were `pilot` the subject's."""
        real, fake = self.counts(videos)
        if self.power is None:
            return subject.expect(pilot, real, fake, self.level).width <= self.target
        return power(pilot, self.target, real, fake, self.level) >= self.power

    def counts(self, videos: float) -> tuple[float, float]:
        """Real and fake videos."""
        return (videos if self.real_videos is None else self.real_videos), videos


def plan_videos(request: PlanRequest) -> PlanExtra:
    """How many videos are needed.

    Raises:
        InputError: records or features cannot be used; options are missing or contradict each
            other.
    """
    began = time.monotonic()
    _check(request)
    refused: list[tuple[str, str]] = []
    numbers = []
    for subject in _subjects(request, refused):
        try:
            goal = _goal(request, subject)
            if goal.power is not None and not subject.is_difference:
                subject = alike(subject, goal.target)
            numbers.append(planned(subject, goal))
        except InputError as error:
            refused.append((subject.name, str(error)))
    if not numbers:
        raise InputError(refused[0][1])
    return PlanExtra(
        level=request.level,
        power=None if request.difference is None else request.power,
        numbers=tuple(numbers),
        refused=tuple(refused),
        dataset=None,
        comparable=True,
        caveats=(),
        notes=(),
        seconds=seconds_since(began),
        **circumstances(),
        request=request.model_dump(mode="json"),
    )


def planned(subject: Subject, goal: Goal) -> PlannedNumber:
    """The smallest number of videos that reaches a goal, and what is expected around it."""
    pilot = subject.pilot
    if goal.real_videos is not None and len(pilot.sides) < 2:
        raise InputError(
            f"--real-videos: {subject.name} has one side: its number is what is planned"
        )

    def needed_by(one: Pilot) -> int | None:
        return least(lambda videos: goal.reached(subject, one, videos), MIN_VIDEOS)

    needed = needed_by(pilot)
    between = None
    if subject.expect is expect:
        small, large = (needed_by(one) for one in extremes(pilot, goal.level))
        between = None if small is None else (small, large)
    now = _row(subject, goal, *_pilots_counts(pilot))
    answer = None if needed is None else _row(subject, goal, *goal.counts(needed))
    real, fake = goal.counts(math.inf)
    best = subject.expect(pilot, real, fake, goal.level).width
    if goal.power is not None:
        best = power(pilot, goal.target, real, fake, goal.level)
    return PlannedNumber(
        name=subject.name,
        label=subject.label,
        metric=subject.metric,
        target=goal.target,
        infinity=None if subject.unsure or not pilot.bias else pilot.value - pilot.bias,
        now=now,
        needed=answer,
        between=between,
        best=best,
        rows=tuple(_rows(subject, goal, now, answer)),
        assumes=tuple(_assumptions(subject, goal)),
        notes=(*_notes(subject, answer), *_on_protocol(subject, goal, answer)),
    )


def _check(request: PlanRequest) -> None:
    """Refuse options that are missing or contradict each other."""
    of_features = request.real is not None or bool(request.fake)
    if of_features == bool(request.records):
        raise InputError("give records, or features as --real FILE.npz and --fake FILE.npz")
    if of_features and not (request.real and request.fake and request.metric and request.protocol):
        raise InputError("features need all of --real, --fake, --metric and --protocol")
    if not of_features and (request.metric or request.protocol):
        raise InputError("--metric and --protocol go with --real and --fake; records have theirs")
    if (request.width is None) == (request.difference is None):
        raise InputError("give either --width or --difference")
    _asked(request)
    if max(len(request.records), len(request.fake)) > 2:
        raise InputError("give one record or two; more as a folder of them")
    check_level(request.level)
    if not 0 < request.power < 1:
        raise InputError(f"--power {request.power}: a number between 0 and 1, such as 0.8")
    if request.real_videos is not None and request.real_videos < MIN_VIDEOS:
        raise InputError(
            f"--real-videos {request.real_videos}: an interval needs at least {MIN_VIDEOS}"
        )


def _subjects(request: PlanRequest, refused: list[tuple[str, str]]) -> Iterator[Subject]:
    """What is planned for; records of a folder that cannot be are added to `refused`."""
    if request.real is not None:
        fakes = tuple(map(Path, request.fake))
        yield subject_of_features(
            FeaturePilots(
                real=Path(request.real),
                fakes=fakes,
                metric=str(request.metric),
                protocol=str(request.protocol),
                seed=request.seed,
            )
        )
        return
    paths = [Path(record) for record in request.records]
    if len(paths) == 2:
        yield difference_of_records(*map(one_record, paths))
    elif not paths[0].is_dir():
        for stored in records_in(paths[0]):
            yield subject_of_record(stored)
    else:
        found = read_sound(paths[0])
        if not found:
            raise InputError(f"{paths[0]}: no record is in there")
        for key, stored in found.items():
            try:
                yield replace(subject_of_record(stored), name=key)
            except InputError as error:
                refused.append((key, str(error)))


def _goal(request: PlanRequest, subject: Subject) -> Goal:
    option, target, is_share = _asked(request)
    if is_share:
        value = abs(subject.pilot.value)
        if value == 0 or subject.is_difference:
            raise InputError(f"{option} {target:g}%: {subject.name} has no scale; give a number")
        target = target / 100 * value
    return Goal(
        target=target,
        power=None if request.difference is None else request.power,
        level=request.level,
        real_videos=request.real_videos,
    )


def _asked(request: PlanRequest) -> tuple[str, float, bool]:
    """The option, its number, and whether that is a share in % of the pilot's number."""
    option = "--width" if request.difference is None else "--difference"
    text = str(request.width if request.difference is None else request.difference)
    try:
        amount = float(text.removesuffix("%"))
    except ValueError:
        amount = math.nan
    if not (math.isfinite(amount) and amount > 0):
        raise InputError(
            f"{option} {text}: a number above 0, or a share of the pilot's number such as 10%"
        )
    return option, amount, text.endswith("%")


def _pilots_counts(pilot: Pilot) -> tuple[float, float]:
    return (pilot.real.videos or pilot.fake.videos), (pilot.fake.videos or pilot.real.videos)


def _row(subject: Subject, goal: Goal, real: float, fake: float) -> PlanRow:
    pilot = subject.pilot
    found = subject.expect(pilot, real, fake, goal.level)
    times = max(
        count / side.videos
        for side, count in ((pilot.real, real), (pilot.fake, fake))
        if side.videos
    )
    return PlanRow(
        real=int(real) if pilot.real.videos else None,
        fake=int(fake) if pilot.fake.videos else None,
        value=found.value,
        bias=found.bias,
        standard_error=found.error,
        width=found.width,
        power=None if goal.power is None else power(pilot, goal.target, real, fake, goal.level),
        rough=times > FAR or pilot.fewest < FEW,
    )


def _rows(subject: Subject, goal: Goal, now: PlanRow, needed: PlanRow | None) -> list[PlanRow]:
    """`now` and `needed`, and the pilot's videos times powers of two from the one to the other."""
    first = subject.pilot.fewest
    last = first * 4**ROWS if needed is None else max(_size(needed))
    doublings = math.ceil(abs(math.log2(last / first))) + 1
    step = math.ceil(doublings / ROWS)
    factor = 2.0**step if last >= first else 2.0**-step
    sizes = {max(round(first * factor**i), MIN_VIDEOS) for i in range(doublings // step + 1)}
    rows = {_size(row): row for row in (_row(subject, goal, *goal.counts(n)) for n in sizes)}
    rows |= {_size(row): row for row in (now, needed) if row is not None}
    return [rows[size] for size in sorted(rows)]


def _size(row: PlanRow) -> tuple[int, int]:
    return row.fake or 0, row.real or 0


def _assumptions(subject: Subject, goal: Goal) -> Iterator[str]:
    yield from subject.assumes
    if subject.pilot.bias:
        yield "the bias of few videos falls as 1/n, as much of it from each side"
    if goal.power is not None:
        yield (
            f"power: the chance that the {100 * goal.level:g} % interval of a true difference of "
            f"{goal.target:.4g} lies on its side of 0"
        )
    elif subject.expect is not expect:
        yield "the share stays as it is in the pilot; the interval is Wilson's"
    if subject.is_difference:
        yield "the interval of the difference is symmetric"
    if len(subject.pilot.sides) == 2 and goal.real_videos is None:
        yield "both sides have as many videos"


def _notes(subject: Subject, needed: PlanRow | None) -> Iterator[str]:
    """What makes the plan rough, and what the protocol allows."""
    pilot = subject.pilot
    if pilot.fewest < FEW:
        yield f"rough: the pilot has {pilot.fewest} videos; {FEW} are the least for a plan"
    elif needed is not None and needed.rough:
        yield f"rough: more than {FAR} times the pilot's videos"
    if pilot.cautious and pilot.freedom < FEW_FREEDOM:
        yield (
            f"rough: {subject.metric.upper()} rests on few videos of the pilot "
            f"({pilot.freedom:.0f} degrees of freedom); heavy tails may be missing from it"
        )
    if subject.unsure:
        yield f"rough: the expected value at other numbers of videos ({subject.unsure})"


def _on_protocol(subject: Subject, goal: Goal, needed: PlanRow | None) -> Iterator[str]:
    """What the protocol says of the needed numbers of clips, and what its own number gives."""
    if needed is None or subject.protocol is None:
        return
    sides = (
        ("real", subject.protocol.real, needed.real, subject.clips[0]),
        ("fake", subject.protocol.fake, needed.fake, subject.clips[1]),
    )
    said: dict[tuple[str, str, int], list[str]] = {}
    for side, choice, videos, each in sides:
        if choice.count is None or videos is None:
            continue
        clips = round(videos * each)
        if clips == choice.count:
            continue
        if choice.enough != "fewer" or clips > choice.count:
            row = _row(subject, goal, *goal.counts(max(round(choice.count / each), MIN_VIDEOS)))
            gives = f"width {row.width:.4g}" if row.power is None else f"power {row.power:.3g}"
            limit = "at most" if choice.enough == "fewer" else "exactly"
            said.setdefault((f"{limit} {choice.count:,}", gives, clips), []).append(side)
    for (count, gives, clips), names in said.items():
        yield (
            f"protocol {subject.protocol.id} takes {count} clips of the {' and the '.join(names)} "
            f"side ({gives}), not {clips:,}: with --clips the number is not comparable with "
            "published ones"
        )
