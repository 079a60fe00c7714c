"""The pages' texts: every language has the texts that the pages use, and fills in the same."""

import json
import re

import pytest

from leo_bench.benchmarks.user_study.page_data import PAGES, WORDS, words_of

LANGUAGES = sorted(path.stem for path in WORDS.glob("*.json"))
# Keys that the script, and `study create`, put together from parts.
COMPOSED = {f"{kind}_place" for kind in ("practice", "pair", "single")}
COMPOSED |= {f"question_{name}" for name in ("realism", "coherence", "repetition")}
COMPOSED |= {"left", "right", "yes", "no"}


def used() -> set[str]:
    """Keys that the template and the script name."""
    template = (PAGES / "index.html").read_text()
    script = (PAGES / "study.js").read_text()
    in_template = set(re.findall(r"words\.(\w+)", template))
    return in_template | set(re.findall(r'"([a-z]+(?:_[a-z]+)*)"', script)) | COMPOSED


def test_every_text_is_used() -> None:
    assert words_of("en").keys() <= used()


def test_every_text_that_the_template_or_say_names_is_there() -> None:
    named = set(re.findall(r"words\.(\w+)", (PAGES / "index.html").read_text()))
    named |= set(re.findall(r'say\("(\w+)"', (PAGES / "study.js").read_text()))
    assert named | COMPOSED <= words_of("en").keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_the_same_texts_with_the_same_placeholders(language: str) -> None:
    def placeholders(words: dict[str, str]) -> dict[str, set[str]]:
        return {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in words.items()}

    assert placeholders(words_of(language)) == placeholders(words_of("en"))
    assert all(text.strip() for text in words_of(language).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_of_a_language_are_single_and_distinct(language: str) -> None:
    words = words_of(language)
    keys = [words[key] for key in ("key_yes", "key_no", "key_replay", "key_pause", "key_back")]
    assert all(len(key) == 1 and key == key.lower() for key in keys)
    assert len(set(keys) | {"1", "2"}) == len(keys) + 2


def test_a_file_of_words_is_one_object_of_texts() -> None:
    for path in WORDS.glob("*.json"):
        content = json.loads(path.read_text())
        assert all(type(text) is str for text in content.values())
