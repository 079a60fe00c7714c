"""Digits of numbers for people."""

import math

import pytest

from leo_bench.evaluation.records.shown_digits import (
    decimals,
    interval_text,
    measured_text,
    number_text,
    spread_text,
)


@pytest.mark.parametrize(
    ("value", "interval", "shown"),
    [
        (35.0, (23.0, 58.9), "35 [23, 59]"),
        (1.4629, (-0.734, 5.66), "1.5 [-0.7, 5.7]"),
        (10.48, (6.000000000000004, 16.0), "10 [6, 16]"),
        (105.4, (82.8, 133.0), "105 [83, 133]"),
        (1003.2, (917.2, 1101.0), "1003 [917, 1101]"),
        (0.02571, (0.0213, 0.0304), "0.0257 [0.0213, 0.0304]"),
        (-0.0912, (-0.944, 1.8), "-0.1 [-0.9, 1.8]"),
        (0.03, (-2.04, 3.0), "0.0 [-2.0, 3.0]"),
        (-0.03, (-2.04, 3.0), "0.0 [-2.0, 3.0]"),
        (1.234e-5, (1.1e-5, 1.4e-5), "1.23e-05 [1.1e-05, 1.4e-05]"),
        (-0.00045, (-0.000479, -0.000299), "-0.00045 [-0.00048, -0.00030]"),
        (0.0, (0.0, 0.0), "0 [0, 0]"),
        (23.0, (0.4, 58.9), "23.0 [0.4, 58.9]"),
        (2.31, (0.031, 5.66), "2.31 [0.03, 5.66]"),
        (-2.31, (-5.66, -0.004), "-2.310 [-5.660, -0.004]"),
        (2.31, (-1e-17, 5.66), "2.3 [0.0, 5.7]"),
        (2.31, (0.0, 5.66), "2.3 [0.0, 5.7]"),
    ],
)
def test_an_interval_says_how_many_digits(
    value: float, interval: tuple[float, float], shown: str
) -> None:
    assert f"{number_text(value, interval)} {interval_text(interval, value)}" == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (123.456, "123.5"),
        (1234567.0, "1234567"),
        (3.0, "3"),
        (3.2e14, "3.2e+14"),
        (0.0625, "0.0625"),
        (2.5e-7, "2.5e-07"),
        (2.5e-10, "2.5e-10"),
    ],
)
def test_without_an_interval_there_are_four_digits(value: float, shown: str) -> None:
    assert number_text(value) == shown


def test_a_sign_and_no_interval() -> None:
    assert measured_text(3.21, (-1.0, 5.0), "+") == "+3.2 [-1.0, +5.0]"
    assert measured_text(0.01, (-1.0, 5.0), "+") == "0.0 [-1.0, +5.0]"
    assert measured_text(3.21, None) == "3.21"
    assert interval_text(None) == ""


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_shown_as_such(value: float) -> None:
    assert number_text(value) == str(value)
    assert decimals((0.0, math.inf), 1.0) is not None


def test_a_spread_has_two_digits() -> None:
    assert [spread_text(one) for one in (None, 0.0, 0.0231, 12.34)] == [
        "",
        " ± 0",
        " ± 0.023",
        " ± 12",
    ]
