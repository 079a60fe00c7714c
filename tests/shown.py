"""What a document says that code shows, beside what it shows."""

import re
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker

import pytest

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
SIGNED = re.compile(rf"\+?{NUMBER.pattern}")
TOLERANCE = 5e-3  # other machines sum in another order, and numbers are shown with three digits


def agree(shown: str, said: str, where: str) -> None:
    """The same words, and numbers within the tolerance; their lengths may move columns."""
    words, expected_words = (NUMBER.sub("#", text).split() for text in (shown, said))
    assert words == expected_words, where
    numbers, expected = (list(map(float, NUMBER.findall(text))) for text in (shown, said))
    assert numbers == pytest.approx(expected, rel=TOLERANCE, abs=1e-4), where


def same_shape(shown: str, said: str, where: str) -> None:
    """The same words and columns, whatever the numbers, paths and rules; "..." stands for any."""
    got, want = (_without_numbers(text) for text in (shown, said))
    flags = ELLIPSIS | NORMALIZE_WHITESPACE
    assert OutputChecker().check_output(want, got, flags), f"{where}\n{shown}"


def _without_numbers(text: str) -> str:
    text = re.sub(r"(?<![\w.])(?:/[\w.~-]+){2,}", "PATH", text)
    return re.sub(r"-{2,}", "--", SIGNED.sub("#", text))
