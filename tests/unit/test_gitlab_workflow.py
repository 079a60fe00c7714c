"""docs/ci/gitlab.yml, the whole script: on main and for merge requests, from first run to crash."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from ci_repository import RECORDS, Repository, make_records, make_repository
from ci_server import Server, serving
from places import ROOT

JOB: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "ci" / "gitlab.yml").read_text())["leo-bench"]


class Ended(NamedTuple):
    code: int
    log: str
    folder: Path


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


def script() -> str:
    """All steps; leo-bench is on PATH already, and the user's step copies model.txt."""
    steps = []
    for step in JOB["script"]:
        if "sample.py" in step:
            steps.append("mkdir -p samples; cp model.txt samples")
        elif '"$INSTALL"' not in step:
            steps.append(step)
    assert len(steps) == len(JOB["script"]) - 1
    return "\n".join(steps)


def run(
    repository: Repository, server: Server, commit: str, request: bool = False, **more: str
) -> Ended:
    """The job on main, or for merge request 7 of project 1."""
    folder = repository.place / f"run{len(list(repository.place.glob('run*')))}"
    repository.git("clone", "--quiet", str(repository.remote), str(folder))
    repository.git("checkout", "--quiet", "--detach", commit, of=folder)
    of_request = {
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_PROJECT_URL": str(repository.remote).removesuffix(".git"),
        "LEO_BENCH_TOKEN": "a-token",
    }
    environment = {
        **repository.environment,
        **{name: str(value) for name, value in JOB["variables"].items()},
        "CI_PROJECT_DIR": str(folder),
        "CI_PROJECT_ID": "1",
        "CI_REPOSITORY_URL": str(repository.remote),
        "CI_API_V4_URL": f"{server.url}/api/v4",
        "CI_COMMIT_SHA": commit,
        "CI_DEFAULT_BRANCH": "main",
        "GITLAB_USER_NAME": "Us",
        "GITLAB_USER_EMAIL": "us@example.org",
        "TMPDIR": str(repository.place),
        **(of_request if request else {"CI_COMMIT_BRANCH": "main"}),
        **more,
    }
    ended = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script()],
        cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return Ended(ended.returncode, ended.stdout, folder / "leo-bench-gate")


def test_from_the_first_run_on(repository: Repository, server: Server) -> None:
    server.add("### leo-bench: as somebody quoted it", author=1)
    first = repository.push("old")
    early = run(repository, server, first, request=True)
    assert early.code == 0, early.log
    assert server.comments[1]["body"].startswith("### leo-bench: nothing to compare with yet")
    assert not repository.has_records()
    assert run(repository, server, first).code == 0
    subject = f"Records of {first} [skip ci]"
    assert repository.records() == (subject, {"made-16f", "made-32f"})
    for model, code, title in (
        ("better", 0, "0 of 2 numbers got worse, 2 better"),
        ("equal", 0, "0 of 2 numbers got worse"),
        ("worse", 1, "2 of 2 numbers got worse"),
        ("crash", 3, "1 of 2 numbers not measured"),
    ):
        commit = repository.push(model, "change")
        ended = run(repository, server, commit, request=True)
        assert ended.code == code, ended.log
        quoted, comment = (note["body"] for note in server.comments)  # one of ours, renewed
        assert quoted == "### leo-bench: as somebody quoted it"
        assert comment.splitlines()[0] == f"### leo-bench: {title}"
        assert comment.endswith(f"\nCommit {commit}\n")
        assert 'name="leo-bench regress"' in (ended.folder / "junit.xml").read_text()
    assert server.tokens == {"a-token"}
    assert repository.records()[0] == subject


def test_main_renews_what_a_merge_accepted_and_nothing_partial(
    repository: Repository, server: Server
) -> None:
    older, worse = repository.push("old"), repository.push("worse")
    assert run(repository, server, older).code == 0
    accepted = run(repository, server, worse)
    assert accepted.code == 0
    assert "worse ones too: the merge accepted them" in accepted.log
    assert repository.git("rev-list", "--count", RECORDS) == "2"
    crashed = run(repository, server, repository.push("crash"))
    assert crashed.code == 3
    assert "the records of main stay as they were" in crashed.log
    late = run(repository, server, older)
    assert late.code == 0
    assert f"of a newer commit, {worse}: they stay" in late.log
    assert repository.records()[0] == f"Records of {worse} [skip ci]"


def test_only_records_reach_the_branch(repository: Repository, server: Server) -> None:
    assert run(repository, server, repository.push("littered")).code == 0
    assert repository.records()[1] == {"made-16f", "made-32f"}
    change = run(repository, server, repository.push("partial", "next"), request=True)
    assert change.code == 3, change.log
    assert server.comments[0]["body"].startswith("### leo-bench: 0 of 2 numbers got worse")


def test_a_fork_is_compared_with_the_project_that_it_goes_to(
    repository: Repository, server: Server
) -> None:
    run(repository, server, repository.push("old"))
    fork = repository.place / "fork.git"
    shutil.copytree(repository.remote, fork)
    repository.git("update-ref", "-d", f"refs/heads/{RECORDS}", of=fork)
    worse = repository.push("worse", "change")
    here = {"CI_PROJECT_ID": "2", "CI_REPOSITORY_URL": str(fork), "LEO_BENCH_TOKEN": ""}
    ended = run(repository, server, worse, request=True, **here)
    assert ended.code == 1, ended.log
    assert server.comments == []


def test_the_job_installs_and_keeps_what_the_page_says() -> None:
    assert JOB["artifacts"]["reports"]["junit"] in str(JOB["script"])
    assert JOB["artifacts"]["when"] == "always"
    install = next(step for step in JOB["script"] if '"$INSTALL"' in step)
    assert "python3 -m venv" in install
    assert '--index-url "$TORCH_INDEX" torch torchvision' in install
