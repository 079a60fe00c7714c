"""Options of a study's end: what is taken, and what is refused in one line."""

from typing import Any

import pytest

from leo_bench.benchmarks.user_study.ending import ending_of
from leo_bench.benchmarks.user_study.page_data import Ending
from leo_bench.evaluation.errors import InputError

NONE: dict[str, Any] = {"post": "", "completion": "", "code": "", "identifiers": ("WHO",)}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"post": "https://example.org/answers?study=1"},
        {"post": "http://localhost:8000/"},
        {"post": "http://127.0.0.1:8000/"},
        {"post": "http://[::1]:8000/"},
        {"completion": "https://app.example.org/complete?cc={CODE}&who={WHO}"},
        {"code": "C1A2B3"},
        {"identifiers": ()},
        {"identifiers": ("PROLIFIC_PID", "session.id", "x-1")},
    ],
)
def test_what_is_taken_comes_back(given: dict[str, Any]) -> None:
    assert ending_of(**(NONE | given)) == Ending(**(NONE | given))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"post": "http://example.org/"}, "https://... is expected"),
        ({"post": "http://localhost.example.org/"}, "https://... is expected"),
        ({"post": "javascript:alert(1)"}, "https://... is expected"),
        ({"post": "data:text/html,x"}, "https://... is expected"),
        ({"post": "file:///etc/passwd"}, "https://... is expected"),
        ({"post": "/answers"}, "https://... is expected"),
        ({"post": "https://"}, "https://... is expected"),
        ({"post": "https://[::1"}, "not an address"),
        ({"post": "https://example.org:port/"}, "not an address"),
        ({"post": "https://me:secret@example.org/"}, "password in an address"),
        ({"post": "https://example.org/a b"}, "no blanks"),
        ({"post": "https://example.org/\n"}, "no blanks"),
        ({"post": "https://example.org;script-src *"}, "the host's name"),
        ({"post": "https://example.org/" + "a" * 2000}, "at most 2,000"),
        ({"completion": "https://{WHO}@example.org/"}, "password in an address"),
        ({"completion": "https://example.org/?{PROLIFIC_PID}"}, "nothing fills {PROLIFIC_PID}"),
        ({"completion": "https://{WHO}.example.org/"}, "a host's name"),
        ({"completion": "javascript:{CODE}"}, "https://... is expected"),
        ({"code": "a" * 101}, "at most 100"),
        ({"code": "a\nb"}, "printable"),
        ({"identifiers": ("slot",)}, "'slot' cannot be"),
        ({"identifiers": ("CODE",)}, "'CODE' cannot be"),
        ({"identifiers": ("",)}, "'' cannot be"),
        ({"identifiers": ("a b",)}, "'a b' cannot be"),
        ({"identifiers": ("A", "A")}, "twice"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(given: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError) as refused:
        ending_of(**(NONE | given))
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
