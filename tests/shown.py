"""What a document says that code shows, beside what it shows."""

import re
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker

import pytest

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
SIGNED = re.compile(rf"\+?{NUMBER.pattern}")
TOLERANCE = 5e-3  # other machines sum in another order


def agree(shown: str, said: str, where: str) -> None:
    """The same words, and numbers within the tolerance; their lengths may move columns."""
    words, expected_words = (NUMBER.sub("#", text).split() for text in (shown, said))
    assert words == expected_words, where
    numbers, expected = (NUMBER.findall(text) for text in (shown, said))
    for one, other in zip(numbers, expected, strict=True):
        wanted = pytest.approx(float(other), rel=TOLERANCE, abs=_last_digit(other))
        assert float(one) == wanted, f"{where}: {one} where the page has {other}"


def same_shape(shown: str, said: str, where: str) -> None:
    """The same words and columns, whatever the numbers, paths and rules; "..." stands for any."""
    got, want = (_without_numbers(text) for text in (shown, said))
    flags = ELLIPSIS | NORMALIZE_WHITESPACE
    assert OutputChecker().check_output(want, got, flags), f"{where}\n{shown}"


def _without_numbers(text: str) -> str:
    text = re.sub(r"(?<![\w.])(?:/[\w.~-]+){2,}", "PATH", text)
    return re.sub(r"-{2,}", "--", SIGNED.sub("#", text))


def _last_digit(number: str) -> float:
    """The place value of the last decimal, in which rounding may differ; none of whole numbers."""
    decimals = number.partition("e")[0].partition(".")[2]
    return float(f"1.001e-{len(decimals)}") if decimals else 1e-4
