"""Contrast of the pages' colours in both themes, from the style's custom properties."""

import re

import pytest

from leo_bench.benchmarks.user_study.page_data import PAGES

STYLE = (PAGES / "study.css").read_text()
GROUNDS = ("ground", "panel", "chosen", "notice")
# What is read, and on what: WCAG 2.2, 1.4.3 (AA) asks for 4.5:1.
TEXTS = [
    *[("text", ground) for ground in GROUNDS],
    *[("soft", ground) for ground in ("ground", "panel")],
    *[(state, "ground") for state in ("good", "bad")],
    ("on-accent", "accent"),
]
# Borders of controls, and the ring of what has the focus: 1.4.11 asks for 3:1.
MARKS = [
    *[(mark, ground) for mark in ("line", "accent", "focus") for ground in ("ground", "panel")],
    ("accent", "chosen"),
    ("line", "notice"),
]


def theme(name: str) -> dict[str, str]:
    """Colours of a theme by name."""
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    part = light if name == "light" else dark.split("}")[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    values = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.2), 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_and_marks_stand_out(name: str) -> None:
    colours = theme(name)
    low = [pair for pair in TEXTS if contrast(colours[pair[0]], colours[pair[1]]) < 4.5]
    low += [pair for pair in MARKS if contrast(colours[pair[0]], colours[pair[1]]) < 3]
    assert low == []


def test_both_themes_have_every_colour_that_the_style_uses() -> None:
    used = set(re.findall(r"var\(--([a-z-]+)\)", STYLE)) - {"shape", "widest"}
    assert theme("light").keys() == theme("dark").keys() == used
    # No colour outside the themes but that of a clip that is not there yet.
    outside = re.sub(r":root \{[^}]*\}", "", STYLE)
    assert re.findall(r"#[0-9a-f]{3,6}\b|rgb", outside) == ["#808080"]
