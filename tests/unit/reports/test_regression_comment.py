"""The comment on a pull request: what is worse first, folded rest, length, and hostile names."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_records import features, keep_fvd
from markdown_it import MarkdownIt

from leo_bench.evaluation.records.influences import ErrorOfDifference
from leo_bench.reports.comparing import Change, State, compare, load_settings
from leo_bench.reports.regression_comment import LIMIT, code, markdown
from leo_bench.reports.regression_text import in_order, verdict

OLD, NEW = Path("gate/main"), Path("gate/change")

# What a name in a pull request from a fork could try.
HOSTILE = [
    "@everyone",
    "`@everyone`",
    "a`` ` ``@everyone",
    "x|y@everyone",
    "x\\|`@everyone|\\",
    "](https://evil.example)",
    "[a](https://evil.example)",
    "www.evil.example",
    "<img src=x onerror=alert(1)>",
    "</details><script>alert(1)</script>",
    "<!-- -->",
    "a\n\n/close\n# big",
    "$`\\evil`$",
    "#1",
    "\\`@everyone",
]


def change(name: str, state: State, **fields: Any) -> Change:
    key, error = f"faces-16/{name}/fvd", ErrorOfDifference(2.5, 60.0)
    chance = 1e-6 if state == "worse" else 0.5
    made = Change(key, "fvd", 35.2, 48.1, error, chance, 0.7, state, detectable=8.14)
    return replace(made, **fields)


def rendered(text: str) -> list[tuple[str, str]]:
    """Type and content of every inline token, code spans apart from text."""
    reader = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    return [
        (token.type, token.content)
        for block in reader.parse(text)
        for token in (block, *(block.children or ()))
        if token.type not in ("inline", "softbreak")
    ]


def test_what_is_worse_is_first_and_the_rest_is_folded() -> None:
    changes = [
        change("a", "same", new=35.4),
        change("b", "better", new=20.0),
        change("c", "missing", new=None, error=None, detectable=None, why="not there"),
        change("ours", "worse"),
        change("most", "worse", p=1e-9, new=60.0),
    ]
    text = markdown(changes, OLD, NEW)
    title, _, first, *_ = text.splitlines()
    assert title == "### leo-bench: 2 of 5 numbers got worse, 1 not measured, 1 better"
    assert first == "`FVD` of `most` on `faces-16`: **35 -> 60**, change +25 [+20, +30]"
    shown, folded = text.split("<details>", 1)
    above = [key for key in ("most", "ours", "a", "b", "c") if f"/{key}/" in shown]
    assert above == ["most", "ours", "c"]
    assert folded.startswith("\n<summary>The other numbers: 1 better, 1 no change</summary>\n\n|")
    assert "- `faces-16/c/fvd`: `not there`" in shown
    assert [c.state for c in in_order(changes)] == ["worse", "worse", "missing", "better", "same"]


def test_nothing_worse_is_one_line_and_folds() -> None:
    text = markdown([change("a", "same"), change("b", "same")], OLD, NEW)
    assert text.startswith("### leo-bench: 0 of 2 numbers got worse\n\n<details>\n")
    assert verdict([change("a", "same")]) == "0 of 1 number got worse"


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("state", ["worse", "same", "unjudged"])
def test_a_name_is_never_more_than_code(name: str, state: State) -> None:
    hostile = change(name, state, why=name, provenance=(f"device: cpu -> {name}",))
    tokens = rendered(markdown([hostile], Path(name), Path(name)))
    blocks = [content.strip() for kind, content in tokens if kind == "html_block"]
    assert set(blocks) <= {
        "<details>\n<summary>All numbers: 1 no change</summary>",
        "<details>\n<summary>Also changed, and not judged</summary>",
        "<details>\n<summary>What the columns mean</summary>",
        "</details>",
    }
    kinds = {kind for kind, _ in tokens}
    assert not kinds & {"link_open", "image", "html_inline", "fence", "code_block", "hr"}
    text = " ".join(content for kind, content in tokens if kind == "text")
    assert not any(sign in text for sign in ("@", "evil", "<", "|", "close", "#"))
    cells = [kind for kind, _ in tokens if kind == "td_open"]
    assert len(cells) == 7  # one row of all columns: no name made another


def test_text_in_code_is_cut_and_comes_through() -> None:
    assert code("plain name") == "`plain name`"
    assert code("a`b") == "`` a`b ``"
    assert code("") == "`-`"
    assert code("x" * 1000) == f"`{'x' * 299}…`"


def test_a_command_is_quoted_for_the_shell(tmp_path: Path) -> None:
    folders = [tmp_path / f"$(touch {name})" for name in ("old", "new")]
    keep_fvd(folders[0], features(1, 96), features(2, 96, 0.4))
    keep_fvd(folders[1], features(1, 96), features(2, 96, 0.9))
    text = markdown(compare(*folders, load_settings()), *folders)
    assert f"`leo-bench explain '{folders[0]}/made-16f/model/fvd.json' '{folders[1]}/" in text


@pytest.mark.parametrize("state", ["same", "worse", "unjudged"])
def test_a_long_comment_stays_below_the_limit(state: State) -> None:
    changes = [change(f"model-{i:04}", state, why="é" * 400) for i in range(800)]
    changes.append(change("first", "worse", p=0.0))
    text = markdown(changes, OLD, NEW)
    assert 0.5 * LIMIT < len(text.encode()) <= LIMIT
    assert "`faces-16/first/fvd`" in text
    left = 800 + (state == "worse") - text.count("/fvd` |") + (state != "worse")
    assert f"{left} more: this comment is full" in text
    assert text.count("<details>") == text.count("</details>")
