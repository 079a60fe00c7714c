"""What the server of a study answers to raters: pages, clips, votes, and the end."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_studies import answers_to
from served_study import Served, served

from leo_bench.benchmarks.study_server.database import answers_in
from leo_bench.benchmarks.user_study.answers import check_answers
from leo_bench.benchmarks.user_study.page_data import words_of
from leo_bench.benchmarks.user_study.study import clip_path


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        yield found
        assert found.log == []  # these tests are of what is not refused


def data_of(html: str) -> dict[str, object]:
    found = re.search(r'<script id="study" type="application/json">(.*?)</script>', html)
    assert found is not None
    content: dict[str, object] = json.loads(found[1])
    return content


def test_a_rater_gets_one_slot_and_no_method(site: Served) -> None:
    (rater,) = site.raters.invite(1)
    reply = site.browser.get(f"/r/{rater.token}")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    data = data_of(reply.text)
    assert (data["way"], data["rater"]) == ("server", rater.token)
    assert data["slots"].keys() == {str(rater.slot)}  # type: ignore[attr-defined]
    first = data["slots"][str(rater.slot)][0]["clips"][0]  # type: ignore[index]
    assert re.fullmatch(r"\.\./clips/[0-9a-f]{16}\.mp4", first)
    for secret in ("theirs", "ours/", site.raters.operator, site.raters.entrance, "C0DE"):
        assert secret not in reply.text


def test_every_reply_forbids_what_the_pages_do_not_need(site: Served) -> None:
    (rater,) = site.raters.invite(1)
    for path, kept in (
        (f"/r/{rater.token}", "no-store"),
        (f"/run/{site.raters.operator}", "no-store"),
        ("/study.css", "no-cache"),
        ("/study.js", "no-cache"),
    ):
        headers = site.browser.get(path).headers
        assert headers["cache-control"] == kept, path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "set-cookie" not in headers


def test_votes_are_kept_as_they_come_and_the_rater_sees_where_it_was(site: Served) -> None:
    rater = site.raters.invite(2)[1]
    items = site.items(rater)
    assert site.browser.post(f"/r/{rater.token}/begin", json={}).status_code == 200
    first = site.vote(rater, items[0], 0, ms=900, replays=2)
    assert site.send(rater, first).json() == {"saved": 1}
    assert site.send(rater, first).json() == {"saved": 1}  # the reply was lost: sent again
    assert site.send(rater, site.vote(rater, items[1], 1)).json() == {"saved": 2}
    changed = site.vote(rater, items[0], 2, choice="right", ms=1500, changes=1)
    assert site.send(rater, changed).json() == {"saved": 2}
    (found,) = answers_in(site.folder)
    check_answers(found, site.study, "database")
    assert [vote.model_dump() for vote in found.votes] == [
        site.vote(rater, items[1], 1),
        changed,
    ]
    data = data_of(site.browser.get(f"/r/{rater.token}").text)
    assert data["answers"] == found.model_dump(mode="json")


def test_the_end_comes_when_nothing_is_missing(tmp_path: Path) -> None:
    with served(tmp_path) as site:
        (rater,) = site.raters.invite(1)
        items = site.items(rater)
        for turn, item in enumerate(items[:-1]):
            site.send(rater, site.vote(rater, item, turn))
        early = site.browser.post(f"/r/{rater.token}/finish", json={})
        assert (early.status_code, early.json()) == (409, {"missing": 1})
        assert site.send(rater, site.vote(rater, items[-1], 99)).status_code == 200
        for _ in range(2):  # the reply was lost: sent again
            done = site.browser.post(f"/r/{rater.token}/finish", json={})
            assert (done.status_code, done.json()) == (200, {"completion": "", "code": ""})
        late = site.send(rater, site.vote(rater, items[0], 100, choice="right"))
        (found,) = answers_in(tmp_path)
        assert (late.status_code, late.json()) == (409, {"answers": found.model_dump(mode="json")})
        assert found.finished
        assert {vote.choice for vote in found.votes} == {"left"}
        check_answers(found, site.study, "database")
        data = data_of(site.browser.get(f"/r/{rater.token}").text)
        assert data["answers"]["finished"] is True  # type: ignore[index]
        assert site.log == [
            "refused: finish: the end with answers missing",
            "refused: vote: a vote after the end",
        ]


def test_a_single_clip_is_answered_yes_or_no(tmp_path: Path) -> None:
    with served(tmp_path, kind="single") as site:
        (rater,) = site.raters.invite(1)
        site.answer_all(rater)
        assert {vote.choice for vote in answers_in(tmp_path)[0].votes} == {"no"}
        assert site.send(rater, {}).status_code == 422


def test_answers_are_those_that_a_static_site_would_give(site: Served) -> None:
    (rater,) = site.raters.invite(1)
    wanted = answers_to(site.study, rater.slot)
    for vote in wanted.votes:
        assert site.send(rater, vote.model_dump()).status_code == 200
    site.browser.post(f"/r/{rater.token}/finish", json={})
    (found,) = answers_in(site.folder)
    assert found == wanted.model_copy(update={"rater": rater.token, "way": "server"})


def test_clips_come_whole_and_in_parts(tmp_path: Path) -> None:
    with served(tmp_path, with_clips=True, methods=("a", "b"), videos=1) as site:
        name = next(iter(site.study.clip))
        content = clip_path(tmp_path, name).read_bytes()
        whole = site.browser.get(f"/clips/{name}.mp4")
        assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
        assert whole.content == content
        assert "immutable" in whole.headers["cache-control"]
        part = site.browser.get(f"/clips/{name}.mp4", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, content[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{len(content)}"
        head = site.browser.head(f"/clips/{name}.mp4")
        assert (head.content, head.headers["content-length"]) == (b"", str(len(content)))


def test_slots_are_used_equally_and_again_when_all_are_used(site: Served) -> None:
    slots = [rater.slot for rater in (*site.raters.invite(3), *site.raters.invite(6))]
    assert slots == [0, 1, 2, 3, 0, 1, 2, 3, 0]
    assert [rater.number for rater in site.raters.all()] == list(range(1, 10))
    assert len({rater.token for rater in site.raters.all()}) == 9


def test_identifiers_come_back_to_the_same_rater_and_serve_the_end_alone(site: Served) -> None:
    link = f"/join/{site.raters.entrance}"
    who = {"PROLIFIC_PID": "worker-Q7", "STUDY_ID": "s1", "SESSION_ID": "x1", "extra": "<b>"}
    first = site.browser.get(link, params=who)
    assert first.status_code == 303
    again = site.browser.get(link, params={**who, "SESSION_ID": "x2"})
    other = site.browser.get(link, params={**who, "PROLIFIC_PID": "worker-Z1"})
    assert first.headers["location"] == again.headers["location"] != other.headers["location"]
    assert len(site.raters.all()) == 2
    rater = site.raters.all()[0]
    assert first.headers["location"] == f"../r/{rater.token}"
    before = site.browser.get(f"/r/{rater.token}").text
    assert "C0DE" not in before
    consent = f"<li>{words_of('en')['kept_identifiers']}</li>"
    assert consent in before
    (invited,) = site.raters.invite(1)
    assert consent not in site.browser.get(f"/r/{invited.token}").text
    site.answer_all(rater)
    address = "https://example.org/done?cc=C0DE&who=worker-Q7"
    done = site.browser.post(f"/r/{rater.token}/finish", json={}).json()
    assert done == {"completion": address, "code": "C0DE"}
    data = data_of(site.browser.get(f"/r/{rater.token}").text)
    assert data["ending"]["completion"] == address  # type: ignore[index]
    assert b"worker-Q7" not in (site.folder / "votes.sqlite").read_bytes()
    assert b"worker-Q7" not in (site.folder / "votes.sqlite-wal").read_bytes()
