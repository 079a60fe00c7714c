"""What a document says that code shows, beside what it shows."""

import re

import pytest

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
TOLERANCE = 5e-3  # other machines sum in another order, and numbers are shown with three digits


def agree(shown: str, said: str, where: str) -> None:
    """The same words, and numbers within the tolerance; their lengths may move columns."""
    words, expected_words = (NUMBER.sub("#", text).split() for text in (shown, said))
    assert words == expected_words, where
    numbers, expected = (list(map(float, NUMBER.findall(text))) for text in (shown, said))
    assert numbers == pytest.approx(expected, rel=TOLERANCE, abs=1e-4), where
