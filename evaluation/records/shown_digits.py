"""Digits of a number for people: as many as its interval warrants. Records keep all of them."""

import math
from collections.abc import Sequence

SIGNIFICANT = 4  # digits of a number without an interval
SMALL, LARGE = 1e-4, 1e9  # below and from there on, numbers are shown with an exponent
MOST = 12  # decimals
NEAR_ZERO = 2  # decimals more, at most, that tell an end of the interval from 0


def decimals(interval: Sequence[float] | None, *values: float) -> int | None:
    """Decimals that tell two digits of the interval's width; None: an exponent is clearer.

    Args:
        interval: low and high end; None if there is none.
        values: the numbers that are shown with these decimals, such as the value.

    Returns:
        for [23.0, 58.9] 0, for [-0.73, 5.66] 1, for [0.0213, 0.0304] 4; never below 0, so that
        whole numbers keep all of their digits. Up to `NEAR_ZERO` more where an end would else be
        shown as 0 and is not, so that it is seen whether the interval contains 0: for
        [0.4, 58.9] 1. Without an interval, or where its ends are equal, those that show the
        largest of `values` with `SIGNIFICANT` digits; of whole numbers 0.
    """
    ends = () if interval is None else tuple(interval)
    largest = max((abs(one) for one in (*values, *ends) if math.isfinite(one)), default=0.0)
    if 0 < largest < SMALL or largest >= LARGE:
        return None
    width = max(ends) - min(ends) if ends else 0.0
    if 0 < width < math.inf:
        # Rounded first: 16.000000000000004 - 6 is 10 wide for a reader, and 9.99... is, too.
        digits = 1 - math.floor(math.log10(float(f"{width:.6g}")))
    elif all(float(one).is_integer() for one in (*values, *ends)):
        digits = 0
    else:
        digits = SIGNIFICANT - 1 - (math.floor(math.log10(largest)) if largest else 0)
    least = min(max(digits, 0), MOST)
    enough = (
        more
        for more in range(least, least + NEAR_ZERO + 1)
        if all(end == 0 or float(f"{end:.{more}f}") != 0 for end in ends)
    )
    return next(enough, least)  # what more decimals do not show is the rounding error of a 0


def number_text(value: float, interval: Sequence[float] | None = None, sign: str = "") -> str:
    """A number with the digits that its interval warrants: "35", "1.5", "1.23e-05".

    Args:
        value: the number.
        interval: low and high end; None: four digits, without zeros at their end.
        sign: "+" shows the sign of positive numbers too.
    """
    shown = fixed_text(value, decimals(interval, value), sign)
    return _short(shown) if interval is None else shown


def interval_text(
    interval: Sequence[float] | None, value: float | None = None, sign: str = ""
) -> str:
    """An interval with the digits of its number, as "[23, 59]"; "" if there is none.

    Args:
        interval: low and high end.
        value: the number that is shown beside it, for the same digits.
        sign: "+" shows the sign of positive ends too.
    """
    if interval is None:
        return ""
    shared = decimals(interval, *(() if value is None else (value,)))
    return f"[{', '.join(fixed_text(end, shared, sign) for end in interval)}]"


def measured_text(value: float, interval: Sequence[float] | None, sign: str = "") -> str:
    """A number and its interval, as "35 [23, 59]"; without one, the number alone."""
    return f"{number_text(value, interval, sign)} {interval_text(interval, value, sign)}".rstrip()


def width_text(width: float) -> str:
    """A width or an error, with two digits: "36", "2.3"."""
    return number_text(width, (0.0, width))


def spread_text(spread: float | None) -> str:
    """A standard deviation over repeats, as " ± 2.3"; "" if there is none."""
    return "" if spread is None else f" ± {width_text(spread)}"


def fixed_text(value: float, shared: int | None, sign: str = "") -> str:
    """A number with as many decimals as others: those that `decimals` gives; 0 has no sign."""
    if shared is None:
        return f"{value:{sign}.3g}"
    shown = f"{value:{sign}.{shared}f}"
    return shown.lstrip("+-") if float(shown) == 0 else shown


def _short(shown: str) -> str:
    """Without zeros at the end of decimals."""
    return shown.rstrip("0").rstrip(".") if "." in shown and "e" not in shown else shown
