"""The page of the one who runs a study: how many, how far, which checks failed; no results."""

import re
from html import unescape
from pathlib import Path

from made_studies import answers_to
from served_study import Served, served

from leo_bench.benchmarks.study_results.exclusion import set_apart
from leo_bench.benchmarks.study_server.watching import Watch
from leo_bench.benchmarks.user_study.study import Study


def rows_of(html: str) -> list[list[str]]:
    """Cells of the table of raters."""
    body = html.rpartition("<tbody data-live>")[2].partition("</tbody>")[0]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in body.split("</tr>")]
    return [[unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in row] for row in cells[:-1]]


def counts_of(html: str) -> dict[str, str]:
    return dict(re.findall(r"<div><dt>(.*?)</dt><dd>(.*?)</dd></div>", html))


def fails_checks(study: Study, slot: int, item: str) -> str:
    return "b" if study.item[item].right else "a"


def page_of(site: Served) -> str:
    reply = site.browser.get(f"/run/{site.raters.operator}")
    assert reply.status_code == 200
    return str(reply.text)


def test_it_counts_raters_and_says_how_far_each_is(tmp_path: Path) -> None:
    with served(tmp_path) as site:
        assert "Nobody is invited yet" in page_of(site)
        good, bad, early, begun, idle = site.raters.invite(6)[:5]
        site.browser.post(f"/r/{begun.token}/begin")
        for rater, chooses, last in (
            (good, None, None),
            (bad, fails_checks, None),
            (early, None, 3),
        ):
            given = {} if chooses is None else {"chooses": chooses}
            for vote in answers_to(site.study, rater.slot, **given).votes[:last]:
                assert site.send(rater, vote.model_dump()).status_code == 200
        site.browser.post(f"/r/{good.token}/finish")
        site.browser.post(f"/r/{bad.token}/finish")
        html = page_of(site)
        asked = len(site.items(good))
        rated = 2 * (asked - 2) + 2  # of the first three votes of a rater, one is on a check
        left_of = f"left clip chosen, of {rated} rated votes"
        left = counts_of(html)[left_of]
        assert re.fullmatch(r"\d+ %", left)
        assert counts_of(html) == {
            "invited": "6",
            "begun": "4",
            "finished": "2",
            "set apart so far": "1",
            "votes": str(2 * asked + 3),
            left_of: left,
        }
        rows = rows_of(html)
        assert [row[:4] for row in rows] == [
            ["1", "0", "finished", f"{asked} of {asked}"],
            ["2", "1", "finished", f"{asked} of {asked}"],
            ["3", "2", "begun", f"3 of {asked}"],
            ["4", "3", "begun", f"0 of {asked}"],
            ["2 raters are invited and have not begun"],
        ]
        assert [row[4] for row in rows[:2]] == ["0 of 2", "2 of 2"]
        assert re.fullmatch(r"\d\.\d s", rows[0][5])
        assert [row[6] for row in rows[:4]] == [
            "no",
            "failed 2 of 2 checks; at most 1 is allowed",
            "unfinished",  # may still answer the rest
            "unfinished",
        ]
        for rater in (good, bad, early, begun, idle):
            assert rater.token not in html
        assert "theirs" not in html
        assert idle.number == 5


def test_the_side_of_single_clips_is_their_answer_and_is_not_shown(tmp_path: Path) -> None:
    with served(tmp_path, kind="single") as site:
        site.answer_all(site.raters.invite(1)[0])
        counts = counts_of(page_of(site))
        assert counts["votes"] == str(len(site.items(site.raters.all()[0])))
        assert not any("left clip chosen" in label for label in counts)


def test_results_are_shown_where_they_are_asked_for(tmp_path: Path) -> None:
    with served(tmp_path) as site:
        assert "Results so far" not in page_of(site)
        watch = Watch(tmp_path, site.study, site.raters, set_apart, lambda: [("<ours>", "61 %")])
        html = watch("../")
        assert '<th scope="row">&lt;ours&gt;</th><td>61 %</td>' in html
        assert "change with every vote" in html
