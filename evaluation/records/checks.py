"""Relations that must hold between the fields of a record; used by the models' validators.

Records are files that anybody can edit. Each function checks one relation that every correct record
satisfies, and raises ValueError naming the two fields that contradict each other. This module does
not import torch.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist, fmean, pstdev
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BeforeValidator, Field

from leo_bench.evaluation.files.schema import settings_digest

# Strict: neither JSON's true, nor "1", nor NaN or an infinity is taken for a number.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[int, Field(strict=True, ge=1)]
Whole = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
NotNegative = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Level = Annotated[float, Field(strict=True, gt=0, lt=1)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Version1 = Annotated[Literal[1], BeforeValidator(lambda given: "true" if given is True else given)]

# How an interval was computed: all methods of all versions of leo-bench.
Method = Literal["influence", "squared influences", "jackknife", "wilson"]

# Numbers are written with all digits, so two forms of one number agree up to rounding.
RELATIVE = 1e-9

# Two algorithms for one distance in float64 (eigenvalues, singular values) agree up to this,
# relative to the largest distance and absolute: a distance of 0 may come out as 1e-14 or -1e-10.
TWO_ROADS = 1e-6

# By how much a distance in float32 may differ: absolute, and relative to it. I3D's FVD differs by
# 1 to 3; FVD of 24 clips in 400 dimensions, of value 1,600, by 0.3.
FLOAT32_ABSOLUTE, FLOAT32_RELATIVE = 10.0, 0.05

# Least degrees of freedom of an interval's Student t.
FEWEST_FREEDOM = 2

# Largest growth of a standard error with its number, as in `evaluation.uncertainty.variance`;
# stated again so that SciPy is not imported.
MAX_SKEW = 1.0

# Tolerance for the approximation of the quantiles.
SLACK = 0.01

# The methods whose intervals are `standard_error` times a quantile, on a skewed scale.
OF_AN_ERROR = frozenset({"influence", "squared influences", "jackknife"})


def check_mean(name: str, value: float, of: str, values: Sequence[float]) -> None:
    """`value` is the mean of `values`."""
    if not values:
        raise ValueError(f"{of} is empty: {name} is the mean of it")
    if not is_close(value, fmean(values), *values):
        contradict(name, value, of, f"whose mean is {fmean(values):.6g}")


def check_forms(values: Sequence[float], exact: Sequence[float], *, in_float64: bool) -> None:
    """Each repeat's published value equals that in float64, up to rounding to float32."""
    for i, (value, other) in enumerate(zip(values, exact, strict=True)):
        limit = FLOAT32_ABSOLUTE + FLOAT32_RELATIVE * abs(other)
        if in_float64:
            limit = rounding(value, other)
        if abs(value - other) > limit:
            contradict(f"values[{i}]", value, f"values_float64[{i}]", f"which is {other:.6g}")


def check_spread(spread: float | None, values: Sequence[float]) -> None:
    """`spread` is the standard deviation of `values` (ddof 0); None for a single value."""
    if len(values) == 1:
        if spread is not None:
            contradict("spread", spread, "values", "which holds one repeat and has no spread")
    elif spread is None:
        contradict("spread", spread, "values", f"which holds {len(values)} repeats")
    elif not is_close(spread, pstdev(values), *values):
        contradict("spread", spread, "values", f"whose standard deviation is {pstdev(values):.6g}")


def check_equal(name: str, value: object, other: str, of_other: object) -> None:
    """Two fields that describe the same quantity are equal."""
    if value != of_other:
        contradict(name, value, other, f"which says {shown(of_other)}")


def check_close(name: str, value: float, other: str, of_other: float, *scale: float) -> None:
    """Two fields hold the same number, up to rounding relative to the largest of `scale`."""
    if not is_close(value, of_other, *scale):
        contradict(name, value, other, f"which says {of_other:.6g}")


def check_at_most(name: str, value: float, other: str, of_other: float) -> None:
    """One field is at most as large as another."""
    if value > of_other:
        contradict(name, value, other, f"which says {shown(of_other)}")


def check_all_or_none(**fields: object) -> None:
    """Fields that belong together are all given, or all None."""
    there = [name for name, value in fields.items() if value is not None]
    if there and len(there) < len(fields):
        absent = next(name for name, value in fields.items() if value is None)
        contradict(there[0], fields[there[0]], absent, "which is null")


def check_around(name: str, interval: tuple[float, float], of: str, value: float) -> None:
    """The interval contains its value."""
    low, high = interval
    noise = rounding(low, high, value) + TWO_ROADS
    if not low - noise <= value <= high + noise:
        ends = f"[{low:.6g}, {high:.6g}]"
        raise ValueError(f"{name} is {ends} and contradicts {of}, which is {value:.6g}")


def check_error(interval: tuple[float, float], value: float, error: float, level: float) -> None:
    """An interval is its standard error times a quantile of Student's t, on a skewed scale.

    With e the error, r the quantile and s the skew, the ends are e (exp(+-r s) - 1) / s from the
    value (`uncertainty.intervals`). Both ends give r and s; r lies between the normal quantile and
    Student's with `FEWEST_FREEDOM`.

    Args:
        interval: around `value`.
        value: the value that it is the interval of.
        error: the standard error.
        level: of the interval.
    """
    down, up = value - interval[0], interval[1] - value
    noise = 10 * rounding(*interval, value) + TWO_ROADS
    if max(down, up) <= noise and error <= noise:
        return
    if error <= noise or min(down, up) <= noise:
        if max(down, up, error) > 1e3 * noise:
            _contradict_error(interval, error)
        return
    reach, skew = reach_and_skew(down, up, error)
    slack = SLACK + noise / min(down, up)
    fewest, most = quantile_range(level)
    fits = fewest * (1 - slack) <= reach <= most * (1 + slack)
    if not fits or abs(skew) > MAX_SKEW * (1 + slack):
        _contradict_error(interval, error)


def check_interval(
    of: str,
    value: float,
    interval: tuple[float, float] | None,
    level: float | None,
    method: str | None,
    error: float | None,
) -> None:
    """An interval lies around its value, and has a level and the standard error it follows from.

    Args:
        of: name of the field that it is the interval of.
        value: of that field.
        interval: the field `interval`.
        level: the field `interval_level`.
        method: the field `interval_method`.
        error: the field `standard_error`.
    """
    if interval is None or level is None:
        check_all_or_none(interval=interval, interval_level=level)
        if error is not None:
            check_all_or_none(standard_error=error, interval=interval)
        return
    check_around("interval", interval, of, value)
    if method in OF_AN_ERROR:
        check_all_or_none(interval=interval, standard_error=error)
        if error is not None:
            check_error(interval, value, error, level)


def reach_and_skew(down: float, up: float, error: float) -> tuple[float, float]:
    """The quantile and the skew of an interval that reaches `down` and `up` from its value."""
    turned = math.log(up / down)
    if abs(turned) < 1e-6:
        return (down + up) / 2 / error, 0.0
    reach = turned * up / (error * math.expm1(turned))
    return reach, turned / reach


def quantile_range(level: float) -> tuple[float, float]:
    """Student's quantile with infinitely many and with `FEWEST_FREEDOM` degrees of freedom."""
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
    """An interval has the shape of another, and 1 to `widest` times its width.

    This holds for the interval of a line's end and that of the number: both come from the same
    influences, and the line adds the variance of dealing the videos into parts.
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
    """The options of the request are those of the measurement."""
    for name, value in fields.items():
        if request.get(name) is not None:
            check_equal(name, value, f"request.{name}", request[name])


def is_close(value: float, other: float, *scale: float) -> bool:
    """Whether two numbers agree, up to rounding relative to the largest of all given."""
    return abs(value - other) <= rounding(value, other, *scale)


def rounding(*numbers: float) -> float:
    """The largest rounding error of numbers of this size."""
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


def _contradict_error(interval: tuple[float, float], error: float) -> NoReturn:
    contradict(
        "interval",
        [round(end, 6) for end in interval],
        "standard_error",
        f"which is {error:.6g}: the interval is not of that width",
    )
