"""Links that open nothing: a page in the language of the study, and nothing else of the study."""

from html import unescape
from pathlib import Path

import pytest
from served_study import served

from leo_bench.benchmarks.study_server.forgetting import forget_rater
from leo_bench.benchmarks.user_study.page_data import words_of


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_link_that_opens_nothing_shows_a_page(tmp_path: Path, language: str) -> None:
    with served(tmp_path) as site:
        object.__setattr__(site.study, "language", language)
        rater, other = site.raters.invite(2)
        forget_rater(tmp_path, rater.token)
        unknown, removed = "unknown token", "the answers of this rater were removed"
        for token, status, what in (
            (rater.token, 410, removed),
            (other.token[:20], 404, unknown),
            (f"{other.token}.", 404, unknown),
            ("0123456789abcdef" * 2, 404, unknown),
            (site.raters.operator, 404, unknown),
            (site.raters.entrance, 404, unknown),
            ("<script>", 404, unknown),
        ):
            reply = site.browser.get(f"/r/{token}")
            html = unescape(reply.text)
            assert (reply.status_code, reply.headers["cache-control"]) == (status, "no-store")
            assert reply.headers["content-type"] == "text/html; charset=utf-8"
            words = words_of(language)
            assert f"<h1>{words['problem_title']}</h1>" in html
            assert f"<p>{words['problem_token']}</p>" in html
            assert f'<html lang="{language}">' in html
            assert 'href="../study.css"' in html
            assert "script-src" not in reply.headers["content-security-policy"]
            assert "style-src 'self'" in reply.headers["content-security-policy"]
            for hidden in (token, site.study.id, site.study.text, site.study.contact, "<script"):
                assert hidden not in html
            assert site.log == [f"refused: rater_page: {what}"]
            site.log.clear()
