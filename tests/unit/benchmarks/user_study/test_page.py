"""The page as HTML: what is in it, what is not, and texts that look like markup."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from made_studies import answers_to, made_study

from leo_bench.benchmarks.user_study.answers import completion_code
from leo_bench.benchmarks.user_study.page import page, policy
from leo_bench.benchmarks.user_study.page_data import Ending, PageData, page_data
from leo_bench.benchmarks.user_study.study import Study

SCRIPT = "</script><script>alert('x')</script>"


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return made_study(tmp_path, with_clips=False)


def embedded(html: str) -> PageData:
    found = re.search(r'<script id="study" type="application/json">(.*?)</script>', html, re.S)
    assert found is not None
    return PageData.model_validate(json.loads(found[1]))


def test_the_data_comes_back_out_of_the_page(study: Study) -> None:
    for given in (
        page_data(study, range(study.raters), "site"),
        page_data(study, [2], "server", rater="0" * 32, answers=answers_to(study, 2)),
    ):
        assert embedded(page(given, "")) == given


def test_texts_of_the_study_are_never_markup(study: Study) -> None:
    hostile = study.model_copy(update={"text": SCRIPT, "contact": SCRIPT, "kept": SCRIPT})
    given = page_data(hostile, [0], "site")
    html = page(given, "")
    assert "<script>alert" not in html
    assert html.count("<script") == 2
    assert unescape(html).count(SCRIPT) >= 4  # contact twice, kept, the question
    assert embedded(html).text == SCRIPT


def test_the_page_asks_for_nothing_from_outside(study: Study) -> None:
    html = page(page_data(study, [0], "site"), "")
    assert "http" not in html.replace("http-equiv", "")
    assert " style=" not in html
    assert " onclick=" not in html


def test_the_consent_of_a_site_says_that_its_host_may_keep_a_log(study: Study) -> None:
    said = "<li>The web host of this page may log IP addresses"  # and not as data
    assert said in page(page_data(study, [0], "site"), "")
    assert said not in page(page_data(study, [0], "server", rater="0" * 32), "/")


def test_the_consent_of_a_site_says_that_it_cannot_check_who_answers(study: Study) -> None:
    said = "<li>This page cannot check who you are."
    assert said in page(page_data(study, [0], "site"), "")
    assert said not in page(page_data(study, [0], "server", rater="0" * 32), "/")


def test_the_consent_says_by_what_answers_are_found_to_be_deleted(study: Study) -> None:
    """The link of a crowd-working site has no token in it; the address and the file have."""
    on_server = page(page_data(study, [0], "server", rater="0" * 32), "/")
    on_site = page(page_data(study, [0], "site"), "")
    for html, by in ((on_server, "the address of this page"), (on_site, "the file that the last")):
        assert [by in line for line in html.splitlines() if line.startswith("<li>")].count(
            True
        ) == 1


def test_the_address_of_style_and_script_is_the_base(study: Study) -> None:
    html = page(page_data(study, [0], "server", rater="0" * 32), "/")
    assert 'href="/study.css"' in html
    assert 'src="/study.js"' in html


def test_the_policy_names_the_post_address_alone(study: Study) -> None:
    given = page_data(study, [0], "site")
    assert "connect-src 'self';" in policy(given)
    posted = Ending(post="https://example.org:8443/answers?study=1")
    assert "connect-src 'self' https://example.org:8443;" in policy(
        given.model_copy(update={"ending": posted})
    )


def test_a_completion_code_follows_from_study_and_rater() -> None:
    # printf 'abc 00112233445566778899aabbccddeeff' | sha256sum
    assert completion_code("abc", "00112233445566778899aabbccddeeff") == "79b1cbeec7"
    assert completion_code("abd", "00112233445566778899aabbccddeeff") != "79b1cbeec7"
