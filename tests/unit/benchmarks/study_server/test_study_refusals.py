"""Hostile requests: one plain line for each, nothing leaked, and one line of the log."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served_study import Served, served

from leo_bench.benchmarks.study_server.database import answers_in
from leo_bench.benchmarks.study_server.forgetting import forget_rater
from leo_bench.benchmarks.study_server.guard import LARGEST
from leo_bench.benchmarks.study_server.raters import Rater
from leo_bench.benchmarks.study_server.refusals import LINES, RefusalLog

SCRIPT = "<script>alert(1)</script>"
FORGED = "0123456789abcdef" * 2


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def rater(site: Served) -> Rater:
    return site.raters.invite(1)[0]


def refused(site: Served, reply: Any, status: int, line: str, *secrets: str) -> None:
    """See that a reply is one line, that the log has one, and that neither holds a secret."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.text == f"{line}\n"
    assert reply.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert reply.headers["cache-control"] == "no-store"
    assert len(site.log) == 1, site.log
    assert site.log[0].startswith("refused: ")
    for secret in (*secrets, str(site.folder), "Traceback", "script>"):
        assert secret not in site.log[0]
        assert secret not in reply.text
    site.log.clear()


TOKENS = (
    FORGED,
    FORGED.upper(),
    "0" * 31,
    "..",
    "%2e%2e",
    "..%2fstudy.toml",
    SCRIPT,
    "' OR 1=1",
    "é",
)


def test_a_token_that_nobody_was_given_is_unknown(site: Served) -> None:
    vote = {"item": "i0", "choice": "left", "ms": 1, "turn": 0}
    for token in TOKENS:
        for path in ("", "/begin", "/votes", "/finish"):
            address = f"/r/{token}{path}"
            reply = site.browser.post(address, json=vote) if path else site.browser.get(address)
            lines = ("unknown token\n", "unknown page\n", "method not allowed\n")
            is_told = reply.text in lines or "<h1>This link does not work</h1>" in reply.text
            assert (reply.status_code in (404, 405), is_told) == (True, True), address
            assert len(site.log) == 1
            assert token not in site.log.pop()
    assert answers_in(site.folder) == []


def test_tokens_of_one_kind_open_nothing_of_another(site: Served, rater: Rater) -> None:
    for token in (site.raters.operator, site.raters.entrance):
        refused(site, site.browser.post(f"/r/{token}/begin"), 404, "unknown token", token)
    for token in (rater.token, site.raters.entrance, FORGED, "é", ""):
        reply = site.browser.get(f"/run/{token}")
        refused(site, reply, 404, "unknown token" if token else "unknown page", token or "/run/")
    for token in (rater.token, site.raters.operator, FORGED):
        reply = site.browser.get(f"/join/{token}?PROLIFIC_PID=p&STUDY_ID=s&SESSION_ID=x")
        refused(site, reply, 404, "unknown token", token)
    assert len(site.raters.all()) == 1


BAD_VOTES = [
    {"item": "i00000000"},
    {"item": "../study.toml"},
    {"item": SCRIPT},
    {"choice": "a"},
    {"choice": "yes"},
    {"choice": SCRIPT},
    {"choice": None},
    {"ms": -1},
    {"ms": 90_000_000},
    {"ms": "12"},
    {"ms": 1.5},
    {"ms": True},
    {"turn": -1},
    {"turn": 10**30},
    {"replays": 10**9},
    {"name": "Ada"},
]


def test_a_vote_that_the_slot_does_not_have_is_refused(site: Served, rater: Rater) -> None:
    good = site.vote(rater, site.items(rater)[0], 0)
    for changed in BAD_VOTES:
        reply = site.send(rater, {**good, **changed})
        refused(site, reply, 422, "no vote of this rater's slot", rater.token)
    assert answers_in(site.folder) == []


def test_items_of_another_slot_and_practice_are_refused(tmp_path: Path) -> None:
    with served(tmp_path) as site:
        (rater,) = site.raters.invite(1)
        study = site.study.model_copy(update={"slots": ((), *site.study.slots[1:])})
        (practice,) = (name for name, item in study.item.items() if item.role == "practice")
        line = "no vote of this rater's slot"
        refused(site, site.send(rater, site.vote(rater, practice, 0)), 422, line)
        site.raters._study = study  # the first slot has no item any more
        for item in site.study.item:
            refused(site, site.send(rater, site.vote(rater, item, 0)), 422, line, item)


def test_another_answer_of_a_used_turn_gets_the_answers_that_are_kept(
    site: Served, rater: Rater
) -> None:
    """One link in two browsers: the page takes the answers over."""
    item = site.items(rater)[0]
    first = site.vote(rater, item, 3)
    assert site.send(rater, first).status_code == 200
    used, older = "two answers with one turn", "an answer older than that kept"
    for changed, what in (
        ({"choice": "right"}, used),
        ({"ms": 5}, used),
        ({"replays": 1}, used),
        ({"turn": 2, "choice": "right"}, older),
        ({"turn": 2}, older),
    ):
        reply = site.send(rater, {**first, **changed})
        (found,) = answers_in(site.folder)
        assert [vote.model_dump() for vote in found.votes] == [first]
        assert (reply.status_code, reply.json()) == (
            409,
            {"answers": found.model_dump(mode="json")},
        )
        assert site.log == [f"refused: vote: {what}"]
        site.log.clear()


BAD_BODIES = [
    b"",
    b"{",
    b"[]",
    b'"vote"',
    b"null",
    b"\xff\xfe",
    b'{"ms": NaN}',
    b'{"ms": 1e999}',
    b'{"item": "i", "item": "j"}',
    b'{"item": "\\ud800"}',
    b'{"ms": ' + b"9" * 2000 + b"}",
    b"[" * 2000 + b"]" * 2000,
    b'{"a":' * 300 + b"1" + b"}" * 300,
]


def test_what_is_no_json_of_a_vote_is_refused(site: Served, rater: Rater) -> None:
    kind = {"Content-Type": "application/json"}
    for body in BAD_BODIES:
        reply = site.browser.post(f"/r/{rater.token}/votes", content=body, headers=kind)
        is_json = body in (b"[]", b'"vote"', b"null")
        line = "no vote of this rater's slot" if is_json else "no JSON, or JSON that is not allowed"
        refused(site, reply, 422, line, rater.token)


def test_bodies_are_bounded_whether_their_length_is_declared_or_not(
    site: Served, rater: Rater
) -> None:
    asked = 0

    def endless() -> Iterator[bytes]:
        nonlocal asked
        for _ in range(100):
            asked += 1
            yield b" " * 1024

    kind = {"Content-Type": "application/json"}
    line = f"a body of more than {LARGEST:,} bytes"
    for path in ("votes", "begin", "finish"):
        address = f"/r/{rater.token}/{path}"
        large = b" " * (LARGEST + 1)
        refused(site, site.browser.post(address, content=large, headers=kind), 413, line)
        reply = site.browser.post(address, content=endless(), headers=kind)
        assert reply.headers["connection"] == "close"
        refused(site, reply, 413, line)
        lying = {**kind, "Content-Length": "1000000000000"}
        refused(site, site.browser.post(address, content=b"{}", headers=lying), 413, line)
    vote = json.dumps(site.vote(rater, site.items(rater)[0], 0)).encode()
    padded = vote + b" " * (LARGEST - len(vote))
    assert site.browser.post(f"/r/{rater.token}/votes", content=padded, headers=kind).is_success


def test_only_json_is_a_vote(site: Served, rater: Rater) -> None:
    vote = json.dumps(site.vote(rater, site.items(rater)[0], 0))
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        reply = site.browser.post(
            f"/r/{rater.token}/votes", content=vote, headers={"Content-Type": kind}
        )
        refused(site, reply, 415, "a content type other than application/json")
    kind = "Application/JSON; charset=utf-8"
    reply = site.browser.post(
        f"/r/{rater.token}/votes", content=vote, headers={"Content-Type": kind}
    )
    assert reply.status_code == 200


def test_pages_of_other_sites_cannot_send(site: Served, rater: Rater) -> None:
    item = site.items(rater)[0]
    address = f"/r/{rater.token}/votes"
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"},
        {"Sec-Fetch-Site": "none"},
    ):
        reply = site.browser.post(address, json=site.vote(rater, item, 0), headers=headers)
        refused(site, reply, 403, "sent by a page of another site")
    for turn, headers in enumerate(
        (
            {"Origin": "http://testserver"},
            {"Sec-Fetch-Site": "same-origin"},
            # A proxy with TLS may change the host that the server sees.
            {"Sec-Fetch-Site": "same-origin", "Origin": "https://study.example.org"},
        )
    ):
        vote = site.vote(rater, item, turn)
        assert site.browser.post(address, json=vote, headers=headers).status_code == 200


NAMES = (
    "study.toml", "../study.toml", "..%2fstudy.toml", "%2e%2e%2fvotes.sqlite", "..%5cstudy.toml",
    "....//study.toml", "%00.mp4", "x.mp4", f"{SCRIPT}.mp4", "/etc/passwd", "",
)  # fmt: skip


def test_clips_are_those_of_the_study_and_nothing_else(site: Served) -> None:
    for name in NAMES:
        reply = site.browser.get(f"/clips/{name}")
        assert reply.status_code == 404, name
        assert reply.text in ("no clip of this study\n", "unknown page\n")
        assert len(site.log) == 1
        assert "/" not in site.log.pop()


def test_other_paths_and_methods_are_refused(site: Served, rater: Rater) -> None:
    for path in ("/", "/r", "/r/", "/study.toml", "/votes.sqlite", "/docs", f"/r/{rater.token}/"):
        refused(site, site.browser.get(path), 404, "unknown page", rater.token)
    for method, path in (
        ("PUT", f"/r/{rater.token}/votes"),
        ("GET", f"/r/{rater.token}/votes"),
        ("POST", f"/r/{rater.token}"),
        ("DELETE", f"/r/{rater.token}"),
        ("OPTIONS", f"/r/{rater.token}/votes"),
        ("TRACE", "/study.css"),
    ):
        refused(site, site.browser.request(method, path), 405, "method not allowed", rater.token)


def test_links_for_everybody_need_identifiers_that_are_plain(site: Served) -> None:
    link = f"/join/{site.raters.entrance}"
    good = {"PROLIFIC_PID": "p", "STUDY_ID": "s", "SESSION_ID": "x"}
    line = "identifiers that are missing or malformed"
    for changed in ({"PROLIFIC_PID": ""}, {"STUDY_ID": SCRIPT}, {"SESSION_ID": "x" * 129}):
        refused(site, site.browser.get(link, params={**good, **changed}), 400, line)
    refused(site, site.browser.get(link), 400, line)
    refused(site, site.browser.get(link, params={"PROLIFIC_PID": "{{%PROLIFIC_PID%}}"}), 400, line)
    assert site.raters.all() == []


def test_a_link_for_everybody_does_not_fill_the_disk(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leo_bench.benchmarks.study_server.raters.MOST", 1)
    link = f"/join/{site.raters.entrance}?STUDY_ID=s&SESSION_ID=x&PROLIFIC_PID="
    assert site.browser.get(f"{link}first").status_code == 303
    reply = site.browser.get(f"{link}second")
    refused(site, reply, 503, "a rater more than the study takes", "second")
    assert site.browser.get(f"{link}first").status_code == 303
    assert len(site.raters.all()) == 1


def test_without_open_there_is_no_link_for_everybody(tmp_path: Path) -> None:
    with served(tmp_path, is_open=False) as site:
        reply = site.browser.get(f"/join/{site.raters.entrance}?PROLIFIC_PID=p")
        refused(site, reply, 404, "unknown token", site.raters.entrance)


def test_a_removed_rater_gets_no_page_and_cannot_vote(site: Served, rater: Rater) -> None:
    vote = site.vote(rater, site.items(rater)[0], 0)
    assert site.send(rater, vote).status_code == 200
    assert forget_rater(site.folder, rater.token) == 1
    line = "the answers of this rater were removed"
    refused(site, site.send(rater, vote), 410, line, rater.token)
    refused(site, site.browser.post(f"/r/{rater.token}/begin"), 410, line, rater.token)
    refused(site, site.browser.post(f"/r/{rater.token}/finish"), 410, line, rater.token)
    assert answers_in(site.folder) == []


def test_a_failure_of_the_server_tells_nothing(
    site: Served, rater: Rater, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError(f"{rater.token} in {site.folder}")

    monkeypatch.setattr(site.raters, "answers", broken)
    reply = site.browser.get(f"/r/{rater.token}")
    assert (reply.status_code, reply.text) == (500, "the server failed; try again\n")
    (line,) = site.log
    assert line.startswith("failed: rater_page: ValueError at test_study_refusals.py:")
    assert rater.token not in line


def test_a_vote_that_cannot_be_saved_is_not_acknowledged(site: Served, rater: Rater) -> None:
    site.raters._database.execute("PRAGMA query_only = ON")  # as a disk that is full
    line = "the database cannot be written now; try again"
    reply = site.send(rater, site.vote(rater, site.items(rater)[0], 0))
    refused(site, reply, 503, line, rater.token)
    refused(site, site.browser.post(f"/r/{rater.token}/begin"), 503, line, rater.token)


def test_a_flood_of_refusals_does_not_fill_the_log() -> None:
    said: list[str] = []
    now = 0.0
    log = RefusalLog(said.append, lambda: now)
    for _ in range(1000):
        log("refused: vote: unknown token")
    assert len(said) == LINES
    now = 61.0
    log("refused: clip: no clip of this study")
    assert said[LINES:] == [
        f"{1000 - LINES} more lines were left out",
        "refused: clip: no clip of this study",
    ]
    log.close()
    assert len(said) == LINES + 2
