"""docs/ci/github.yml, step by step: on main and on pull requests, from the first run to a crash."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ci_github import WORKFLOW, run_workflow
from ci_repository import RECORDS, Repository, make_records, make_repository
from ci_server import Server, serving


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_records(folder)
    return folder


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def repository(tmp_path: Path, made: Path, server: Server) -> Repository:
    return make_repository(tmp_path, made, server)


def value(record: str) -> float:
    return float(json.loads(record)["value"])


def test_from_the_first_run_on(repository: Repository, server: Server) -> None:
    """Before there are records; then a better, an equal and a worse change, and a crash."""
    first = repository.push("old")
    change = repository.push("worse", "change")
    early = run_workflow(repository, server, change, "pull_request")
    assert early.results == {"gate": "success", "comment": "success", "renew": "skipped"}
    (comment,) = server.comments
    assert comment["body"].startswith("### leo-bench: nothing to compare with yet\n")
    assert not repository.has_records()

    run = run_workflow(repository, server, first)
    assert run.results == {"gate": "success", "comment": "skipped", "renew": "success"}
    assert repository.records() == (f"Records of {first}", {"made-16f", "made-32f"})

    titles = {
        "better": "0 of 2 numbers got worse, 2 better",
        "equal": "0 of 2 numbers got worse",
        "worse": "2 of 2 numbers got worse",
        "crash": "1 of 2 numbers not measured",
    }
    for model, title in titles.items():
        commit = repository.push(model, "change")
        run = run_workflow(repository, server, commit, "pull_request")
        good = model in ("better", "equal")
        assert run.results["gate"] == ("success" if good else "failure"), run.log
        assert run.results["comment"] == "success", run.log
        (comment,) = server.comments  # the one comment, renewed
        assert comment["body"].splitlines()[0] == f"### leo-bench: {title}"
        assert comment["body"].endswith(f"\nCommit {commit}\n")
        assert f"### leo-bench: {title}" in run.summary
        assert (run.artifact / "junit.xml").exists()
    assert server.tokens == {"Bearer a-token"}
    assert repository.records()[0] == f"Records of {first}"


def test_main_renews_what_a_merge_accepted_and_nothing_partial(
    repository: Repository, server: Server
) -> None:
    run_workflow(repository, server, repository.push("old"))
    before = value(repository.kept())
    worse = repository.push("worse")
    run = run_workflow(repository, server, worse)
    assert run.results == {"gate": "success", "comment": "skipped", "renew": "success"}, run.log
    assert "2 of 2 numbers got worse" in run.summary
    assert "the merge accepted them" in run.summary
    assert value(repository.kept()) > before
    assert repository.git("rev-list", "--count", RECORDS) == "2"

    crashed = run_workflow(repository, server, repository.push("crash"))
    assert crashed.results == {"gate": "failure", "comment": "skipped", "renew": "skipped"}
    assert "the records of main stay as they were" in crashed.log
    assert repository.records() == (f"Records of {worse}", {"made-16f", "made-32f"})


def test_a_crash_before_there_are_records_makes_none(
    repository: Repository, server: Server
) -> None:
    run = run_workflow(repository, server, repository.push("crash"))
    assert run.results == {"gate": "failure", "comment": "skipped", "renew": "skipped"}
    assert not repository.has_records()


def test_a_change_whose_samples_fail_gets_no_comment(
    repository: Repository, server: Server
) -> None:
    run = run_workflow(repository, server, repository.push("broken"), "pull_request")
    assert run.results == {"gate": "failure", "comment": "success", "renew": "skipped"}
    assert "nothing was compared" in run.log
    assert server.comments == []


def test_only_records_reach_the_branch(repository: Repository, server: Server) -> None:
    """Nothing else that code has left beside them; and a tag of the branch's name is no branch."""
    first = repository.push("littered")
    assert run_workflow(repository, server, first).results["renew"] == "success"
    assert repository.records()[1] == {"made-16f", "made-32f"}
    repository.git("tag", RECORDS, first)
    change = run_workflow(repository, server, repository.push("partial", "next"), "pull_request")
    assert "0 of 2 numbers got worse" in change.summary
    assert change.results["gate"] == "failure"  # a number that main has not was not measured


def test_a_fork_has_its_comment_in_the_summary(repository: Repository, server: Server) -> None:
    run_workflow(repository, server, repository.push("old"))
    commit = repository.push("worse", "change")
    run = run_workflow(repository, server, commit, "pull_request", fork=True)
    assert run.results == {"gate": "failure", "comment": "skipped", "renew": "skipped"}
    assert "2 of 2 numbers got worse" in run.summary
    assert server.comments == []
    by_hand = run_workflow(repository, server, commit, "workflow_dispatch")  # on a branch
    assert by_hand.results == {"gate": "failure", "comment": "skipped", "renew": "skipped"}


def test_comments_of_others_are_left_alone(repository: Repository, server: Server) -> None:
    server.add("### leo-bench: as somebody quoted it", author=1, kind="User")
    server.add("coverage is 97 %")
    run_workflow(repository, server, repository.push("old"), "pull_request")
    first, second, third = (comment["body"] for comment in server.comments)
    assert (first, second) == ("### leo-bench: as somebody quoted it", "coverage is 97 %")
    assert third.startswith("### leo-bench: nothing to compare with yet")


def test_of_two_merges_the_newer_one_stays(repository: Repository, server: Server) -> None:
    """The run of the newer commit ends first; then a push that somebody else overtakes."""
    older, newer = repository.push("old"), repository.push("worse")
    run_workflow(repository, server, newer)
    late = run_workflow(repository, server, older)
    assert late.results["renew"] == "success"
    assert f"of a newer commit, {newer}: they stay" in late.log
    assert repository.records()[0] == f"Records of {newer}"

    rival = repository.git("commit-tree", f"{RECORDS}^{{tree}}", "-p", RECORDS, "-m", "by hand")
    newest = repository.push("equal", "next")
    hook = repository.remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/bash\nrm {hook}\nunset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY\n"
        f"git update-ref refs/heads/{RECORDS} {rival}\nexit 1\n"
    )
    hook.chmod(0o755)
    run = run_workflow(repository, server, newest)
    assert run.results["renew"] == "success", run.log
    assert repository.git("log", "-2", "--format=%s", RECORDS).splitlines() == [
        f"Records of {newest}",
        "by hand",
    ]


def test_rights_are_few_and_actions_are_githubs() -> None:
    text = WORKFLOW.read_text()
    workflow = yaml.safe_load(text)
    assert "pull_request_target" not in text
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "gate": {"contents": "read"},
        "comment": {"pull-requests": "write"},
        "renew": {"contents": "write"},
    }
    used = [s["uses"] for job in workflow["jobs"].values() for s in job["steps"] if "uses" in s]
    assert all(name.startswith(("actions/", "./.github/actions/")) for name in used)
    scripts = [s["run"] for job in workflow["jobs"].values() for s in job["steps"] if "run" in s]
    assert not any("${{" in script for script in scripts)  # values come by env: nothing is injected
