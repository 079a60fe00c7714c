"""What must hold between the numbers of a record, whoever wrote it. Knows nothing of torch.

Records are files, and anybody can change a file. Each check here is a relation that every honest
record obeys; a record that breaks one raises ValueError, which names the two fields that contradict
one another. The models of records (`evaluation.records.distance`, `evaluation.records.score`,
`evaluation.records.documents`) call them as validators, so that no reader can go round them.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist, fmean, pstdev
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BeforeValidator, Field

from leo_bench.evaluation.files.schema import settings_digest

# Strict: JSON's true is no number, and "1" is none. NaN and the infinities are none either.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[int, Field(strict=True, ge=1)]
Whole = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
NotNegative = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Level = Annotated[float, Field(strict=True, gt=0, lt=1)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Version1 = Annotated[Literal[1], BeforeValidator(lambda given: "true" if given is True else given)]

# How an interval was made: every way that a version of leo-bench has had.
Method = Literal["influence", "squared influences", "jackknife", "wilson"]

# Numbers are written with all their digits, so two forms of one number agree to rounding.
RELATIVE = 1e-9

# Two roads to one distance in float64 (eigenvalues, singular values) agree to so much, relative to
# the largest distance at hand and absolute: a distance of 0 comes out as 1e-14, or as -1e-10.
TWO_ROADS = 1e-6

# How far float32 may move a distance: absolute, and relative to it. It moves I3D's FVD by 1 to 3,
# and FVD of 24 clips in 400 dimensions at a value of 1,600 by 0.3.
FLOAT32_ABSOLUTE, FLOAT32_RELATIVE = 10.0, 0.05

# Student's t of an interval has so many degrees of freedom or more.
FEWEST_FREEDOM = 2

# Growth of a standard error by growth of its number (`evaluation.uncertainty.intervals.MAX_SKEW`).
MAX_SKEW = 1.0

# Slack for the quantiles' own approximation.
SLACK = 0.01

# The methods whose intervals are `standard_error` times a quantile, on a skewed scale.
OF_AN_ERROR = frozenset({"influence", "squared influences", "jackknife"})

# Curves of drift that have one number a time, and which of two lies below the other.
BY_TIME = frozenset({"mean", "low", "high", "all_low", "all_high", "survival"})
ORDERED = (("all_low", "low"), ("low", "mean"), ("mean", "high"), ("high", "all_high"))


def check_mean(name: str, value: float, of: str, values: Sequence[float]) -> None:
    """`value` is the mean of `values`."""
    if not values:
        raise ValueError(f"{of} is empty: {name} is the mean of it")
    if not is_close(value, fmean(values), *values):
        contradict(name, value, of, f"whose mean is {fmean(values):.6g}")


def check_forms(values: Sequence[float], exact: Sequence[float], *, in_float64: bool) -> None:
    """Each repeat's number as published is that in float64, but for rounding to float32."""
    for i, (value, other) in enumerate(zip(values, exact, strict=True)):
        limit = FLOAT32_ABSOLUTE + FLOAT32_RELATIVE * abs(other)
        if in_float64:
            limit = rounding(value, other)
        if abs(value - other) > limit:
            contradict(f"values[{i}]", value, f"values_float64[{i}]", f"which is {other:.6g}")


def check_spread(spread: float | None, values: Sequence[float]) -> None:
    """`spread` is the standard deviation of `values` (ddof 0); None for one."""
    if len(values) == 1:
        if spread is not None:
            contradict("spread", spread, "values", "which holds one repeat and has no spread")
    elif spread is None:
        contradict("spread", spread, "values", f"which holds {len(values)} repeats")
    elif not is_close(spread, pstdev(values), *values):
        contradict("spread", spread, "values", f"whose standard deviation is {pstdev(values):.6g}")


def check_equal(name: str, value: object, other: str, of_other: object) -> None:
    """Two fields that say the same thing say the same."""
    if value != of_other:
        contradict(name, value, other, f"which says {shown(of_other)}")


def check_close(name: str, value: float, other: str, of_other: float, *scale: float) -> None:
    """Two fields hold the same number, but for rounding relative to the largest of `scale`."""
    if not is_close(value, of_other, *scale):
        contradict(name, value, other, f"which says {of_other:.6g}")


def check_at_most(name: str, value: float, other: str, of_other: float) -> None:
    """One field is not larger than another."""
    if value > of_other:
        contradict(name, value, other, f"which says {shown(of_other)}")


def check_all_or_none(**fields: object) -> None:
    """Fields that go together are all there, or none is."""
    there = [name for name, value in fields.items() if value is not None]
    if there and len(there) < len(fields):
        absent = next(name for name, value in fields.items() if value is None)
        contradict(there[0], fields[there[0]], absent, "which is null")


def check_around(name: str, interval: tuple[float, float], of: str, value: float) -> None:
    """The interval holds its value."""
    low, high = interval
    noise = rounding(low, high, value) + TWO_ROADS
    if not low - noise <= value <= high + noise:
        ends = f"[{low:.6g}, {high:.6g}]"
        raise ValueError(f"{name} is {ends} and contradicts {of}, which is {value:.6g}")


def check_error(
    name: str,
    interval: tuple[float, float],
    value: float,
    error: float,
    level: float,
    widest: float = 1.0,
) -> None:
    """An interval is its standard error times a quantile of Student's t, on a skewed scale.

    With e the error, r the quantile and s the skew the ends are e (exp(+-r s) - 1) / s beside the
    value (`uncertainty.intervals`): both ends give r and s, and r lies between the normal quantile
    and Student's with `FEWEST_FREEDOM`.

    Args:
        name: of the interval's field.
        interval: around `value`.
        value: what it is the interval of.
        error: the standard error.
        level: of the interval.
        widest: how much larger the interval's own error may be than `error`.
    """
    down, up = value - interval[0], interval[1] - value
    noise = 10 * rounding(*interval, value) + TWO_ROADS
    if max(down, up) <= noise and error <= noise:
        return
    if error <= noise or min(down, up) <= noise:
        if max(down, up, error) > 1e3 * noise:
            _contradict_error(name, interval, error)
        return
    reach, skew = reach_and_skew(down, up, error)
    slack = SLACK + noise / min(down, up)
    fewest, most = quantile_range(level)
    fits = fewest * (1 - slack) <= reach <= most * widest * (1 + slack)
    if not fits or abs(skew) > MAX_SKEW * (1 + slack):
        _contradict_error(name, interval, error)


def reach_and_skew(down: float, up: float, error: float) -> tuple[float, float]:
    """The quantile and the skew of an interval that reaches so far beside its value."""
    turned = math.log(up / down)
    if abs(turned) < 1e-6:
        return (down + up) / 2 / error, 0.0
    reach = turned * up / (error * math.expm1(turned))
    return reach, turned / reach


def quantile_range(level: float) -> tuple[float, float]:
    """Student's quantile with infinitely many, and with `FEWEST_FREEDOM` degrees of freedom."""
    p = (1 + level) / 2
    # Of two degrees of freedom in closed form (Abramowitz and Stegun 26.7.4, inverted).
    return NormalDist().inv_cdf(p), (2 * p - 1) / math.sqrt(2 * p * (1 - p))


def check_line(
    value: float, counts: Sequence[float], values: Sequence[float], r_squared: float | None
) -> None:
    """`value` is where the line through (1 / counts, values) meets 0, held to the first point.

    In that way it was found up to STATISTICS_VERSION 1. `r_squared` is the share of the values'
    variance that the line explains.
    """
    if len(values) < 2 or min(counts) <= 0:
        raise ValueError("values holds fewer than the two points of a line, or n_real a 0")
    sizes = [counts[0] / count for count in counts]
    steps = sum(size - 1 for size in sizes)
    if steps <= 0:
        raise ValueError(f"n_real[0] is {counts[0]:g} and contradicts n_real, where it is largest")
    slope = sum(each - values[0] for each in values) / steps
    line = values[0] - slope
    if not is_close(value, line, *(each * 10 for each in values)):
        contradict("value", value, "values", f"whose line meets 1/N = 0 at {line:.6g}")
    total = sum((each - fmean(values)) ** 2 for each in values)
    left = sum((e - line - slope * size) ** 2 for e, size in zip(values, sizes, strict=True))
    explained = 1 - left / total if total > 0 else 1.0
    told = math.sqrt(total) > TWO_ROADS * (1 + max(map(abs, values)))  # else it is rounding's
    far = r_squared is not None and abs(r_squared - explained) > TWO_ROADS * (1 + abs(explained))
    if told and far:
        contradict("r_squared", r_squared, "values", f"of which a line explains {explained:.6g}")


def check_same_shape(
    interval: tuple[float, float],
    value: float,
    other: tuple[float, float],
    of_other: float,
    widest: float,
) -> None:
    """An interval has the other's shape, and is at most `widest` times as wide, and not narrower.

    So lies that of a line's end beside that of the number: both come from one spread, and the line
    adds the chance of the dealing.
    """
    down, up = value - interval[0], interval[1] - value
    less, more = of_other - other[0], other[1] - of_other
    if min(less, more) <= 1e3 * TWO_ROADS:
        return
    is_alike = abs(down / less - up / more) <= SLACK
    if not (is_alike and 1 - SLACK <= up / more <= widest):
        ends = [round(end, 6) for end in interval]
        says = f"beside which it has the same shape and 1 to {widest:g} times the width"
        contradict("extrapolation.interval", ends, "interval", says)


def check_protocol(
    protocol: str, version: int, digest: str, settings: Mapping[str, Any], *, of_both: bool = False
) -> None:
    """The protocol's name, version and digest are those of its settings.

    Args:
        protocol: its id.
        version: its version.
        digest: hex SHA-256.
        settings: the protocol, all of it.
        of_both: whether the digest may be over version and settings, where these lack a version.
    """
    right = {settings_digest(settings)}
    if of_both:
        right.add(settings_digest([version, settings]))
    if digest not in right:
        raise ValueError(
            f"protocol_digest is {digest[:12]!r} and contradicts protocol_settings, whose digest "
            f"is {settings_digest(settings)[:12]!r}"
        )
    for name, value, key in (
        ("protocol", protocol, "id"),
        ("protocol_version", version, "version"),
    ):
        if key in settings:
            check_equal(name, value, f"protocol_settings.{key}", settings[key])


def check_request(request: Mapping[str, Any], **fields: object) -> None:
    """What was asked for is what was measured."""
    for name, value in fields.items():
        if request.get(name) is not None:
            check_equal(name, value, f"request.{name}", request[name])


def is_close(value: float, other: float, *scale: float) -> bool:
    """Whether two numbers agree, but for rounding relative to the largest of all given."""
    return abs(value - other) <= rounding(value, other, *scale)


def rounding(*numbers: float) -> float:
    """What rounding may move numbers of this size by."""
    return RELATIVE * max(map(abs, numbers))


def contradict(name: str, value: object, other: str, says: str) -> NoReturn:
    """Refuse a record.

    Raises:
        ValueError: always; it names both fields.
    """
    raise ValueError(f"{name} is {shown(value)} and contradicts {other}, {says}")


def shown(value: object) -> str:
    """A field's value in a message: six digits, or at most 40 letters."""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _contradict_error(name: str, interval: tuple[float, float], error: float) -> NoReturn:
    contradict(
        name,
        [round(end, 6) for end in interval],
        "standard_error",
        f"which is {error:.6g}: the interval is not of that width",
    )


def check_drift(
    value: float,
    curves: Mapping[str, Sequence[float]],
    diagnostics: Mapping[str, float],
    videos_used: int,
    *,
    complete: bool,
) -> None:
    """The curves of identity drift lie as they must, and its numbers are theirs.

    Args:
        value: the mean distance over the times behind the first frame.
        curves: by name, as `benchmarks.scores.drift` writes them.
        diagnostics: likewise.
        videos_used: videos behind them.
        complete: whether every video has a distance at every time.
    """
    for name in BY_TIME & curves.keys():
        check_equal(f"curves.{name}", len(curves[name]), "curves.time", len(curves.get("time", ())))
    for lower, upper in ORDERED:
        if lower in curves and upper in curves:
            for place, (low, high) in enumerate(zip(curves[lower], curves[upper], strict=True)):
                if low > high + rounding(low, high):
                    name = f"curves.{lower}[{place}]"
                    contradict(name, low, f"curves.{upper}", f"which is {high:.6g} there")
    mean = curves.get("mean", ())
    if complete and len(mean) > 1:
        check_mean("value", value, "curves.mean behind the first time", mean[1:])
    if mean and "at_the_end" in diagnostics:
        check_close("diagnostics.at_the_end", diagnostics["at_the_end"], "curves.mean", mean[-1])
    broken = diagnostics.get("broken")
    if broken is not None and "break_frames" in curves:
        count = float(len(curves["break_frames"]))
        check_equal("diagnostics.broken", broken, "curves.break_frames", count)
    if broken is not None and "survived" in diagnostics and videos_used:
        whole = 1 - broken / videos_used
        check_close("diagnostics.survived", diagnostics["survived"], "broken", whole, 1.0)
