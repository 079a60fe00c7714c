"""Runs a GitHub workflow: its jobs, steps and conditions, with the few expressions it uses."""

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ci_repository import Repository
from ci_server import Server
from places import ROOT

WORKFLOW = ROOT / "docs" / "ci" / "github.yml"
EXPRESSION = re.compile(r"\$\{\{ (.+?) \}\}")
Contexts = dict[str, Any]


def evaluated(expression: str, contexts: Contexts) -> str | bool:
    """`a.b.c`, 'text', `x == y`, `x != y`, `!cancelled()`, and these with `&&` between them."""
    terms = [term.strip() for term in expression.split("&&")]
    if len(terms) > 1:
        return all(evaluated(term, contexts) for term in terms)
    (term,) = terms
    if term == "!cancelled()":
        return True
    for sign, wanted in ((" == ", True), (" != ", False)):
        if sign in term:
            left, right = (evaluated(side, contexts) for side in term.split(sign))
            return (left == right) is wanted
    if re.fullmatch(r"'[^']*'", term):
        return term[1:-1]
    if not re.fullmatch(r"[a-z]+(\.[\w-]+)+", term):
        raise ValueError(f"not an expression that is known here: {term}")
    found: Any = contexts
    for part in term.split("."):
        found = found.get(part, "") if isinstance(found, dict) else ""
    return found if isinstance(found, bool) else str(found)


def substituted(text: object, contexts: Contexts) -> str:
    """Text with the values of its expressions."""

    def value(match: re.Match[str]) -> str:
        found = evaluated(match[1], contexts)
        return str(found).lower() if isinstance(found, bool) else found

    return EXPRESSION.sub(value, str(text))


def holds(step: Contexts, contexts: Contexts, failed: bool) -> bool:
    """Whether a job or a step runs; a condition without a status function implies success."""
    condition = str(step.get("if", "")).removeprefix("${{ ").removesuffix(" }}")
    if failed and "cancelled()" not in condition:
        return False
    return not condition or bool(evaluated(condition, contexts))


@dataclass
class Run:
    """One run of the workflow: how its jobs ended, and what they wrote."""

    repository: Repository
    server: Server
    event: str
    contexts: Contexts
    place: Path
    shell_of_all: str = ""
    results: dict[str, str] = field(default_factory=dict)
    log: str = ""

    @property
    def summary(self) -> str:
        path = self.place / "summary"
        return path.read_text() if path.exists() else ""

    @property
    def artifact(self) -> Path:
        return self.place / "artifacts" / "leo-bench-gate"

    def job(self, name: str, job: Contexts, environment: dict[str, str]) -> None:
        needed = [self.results[other] for other in [job["needs"]]] if "needs" in job else []
        if not holds(job, self.contexts, failed=any(result != "success" for result in needed)):
            self.results[name] = "skipped"
            return
        workspace = self.place / name
        workspace.mkdir()
        self.results[name] = self.steps(job["steps"], workspace, self.contexts, environment)

    def steps(
        self, steps: list[Contexts], workspace: Path, outer: Contexts, environment: dict[str, str]
    ) -> str:
        """Run steps in order; "success" or "failure"."""
        results: Contexts = {}
        contexts, failed = outer | {"steps": results}, False
        for step in steps:
            if not holds(step, contexts, failed):
                continue
            outputs: dict[str, str] = {}
            step = {"shell": self.shell_of_all} | step
            code = self.step(step, workspace, contexts, environment, outputs)
            results[step.get("id", "")] = {"outputs": outputs}
            accepted = substituted(step.get("continue-on-error", ""), contexts) in ("true", "True")
            failed |= code != 0 and not accepted
        contexts["steps"] = results
        outer["last"] = results
        return "failure" if failed else "success"

    def step(
        self,
        step: Contexts,
        workspace: Path,
        contexts: Contexts,
        environment: dict[str, str],
        outputs: dict[str, str],
    ) -> int:
        settings = {k: substituted(v, contexts) for k, v in step.get("with", {}).items()}
        if "run" in step:
            own = {k: substituted(v, contexts) for k, v in step.get("env", {}).items()}
            assert step["shell"] == "bash"  # for which GitHub sets pipefail; without, it does not
            return self.shell(step["run"], workspace, environment | own, outputs)
        match step["uses"].partition("@")[0]:
            case "actions/checkout":
                self.checkout(workspace, settings.get("fetch-depth") != "0")
            case "actions/upload-artifact":
                if any(path.is_file() for path in (workspace / settings["path"]).rglob("*")):
                    shutil.copytree(workspace / settings["path"], self.artifact)
            case "actions/download-artifact":
                if not self.artifact.exists():
                    return 1
                shutil.copytree(self.artifact, workspace / settings["path"])
            case "actions/cache":
                pass
            case "./.github/actions/regress":
                return self.composite(workspace, settings, contexts, environment, outputs)
            case other:
                raise ValueError(f"not an action that is known here: {other}")
        return 0

    def checkout(self, workspace: Path, shallow: bool) -> None:
        git = self.repository.git
        git("init", "--quiet", of=workspace)
        git("remote", "add", "origin", f"file://{self.repository.remote}", of=workspace)
        depth = ["--depth", "1"] if shallow else []
        git("fetch", "--quiet", *depth, "origin", self.contexts["github"]["sha"], of=workspace)
        git("checkout", "--quiet", "--detach", "FETCH_HEAD", of=workspace)

    def composite(
        self,
        workspace: Path,
        settings: dict[str, str],
        contexts: Contexts,
        environment: dict[str, str],
        outputs: dict[str, str],
    ) -> int:
        action = yaml.safe_load((workspace / ".github/actions/regress/action.yml").read_text())
        assert settings.keys() <= action["inputs"].keys()
        inputs = {name: settings.get(name, str(i.get("default", ""))) for name, i in
                  action["inputs"].items()}  # fmt: skip
        inner = {"github": contexts["github"], "runner": {"os": "Linux"}, "inputs": inputs}
        ended = self.steps(action["runs"]["steps"], workspace, inner, environment)
        inner["steps"] = inner.pop("last")
        for name, output in action["outputs"].items():
            outputs[name] = substituted(output["value"], inner)
        return 0 if ended == "success" else 1

    def shell(
        self, script: str, workspace: Path, environment: dict[str, str], outputs: dict[str, str]
    ) -> int:
        written = self.place / "output"
        written.write_text("")
        temporary = self.place / "temporary"
        temporary.mkdir(exist_ok=True)
        own = {"GITHUB_OUTPUT": str(written), "GITHUB_STEP_SUMMARY": str(self.place / "summary"),
               "GITHUB_WORKSPACE": str(workspace), "RUNNER_TEMP": str(temporary)}  # fmt: skip
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=workspace, env=environment | own, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.log += ended.stdout
        outputs.update(line.split("=", 1) for line in written.read_text().splitlines())
        return ended.returncode


def run_workflow(
    repository: Repository, server: Server, commit: str, event: str = "push", fork: bool = False
) -> Run:
    """Run docs/ci/github.yml for a commit of main, or for a pull request.

    The two steps that are the user's are another user's: `sample` copies model.txt, and leo-bench
    is there already, on PATH.
    """
    number = len(list(repository.place.glob("run*")))
    place = repository.place / f"run{number}"
    place.mkdir()
    workflow = yaml.safe_load(WORKFLOW.read_text())
    steps = {step["name"]: step for step in workflow["jobs"]["gate"]["steps"]}
    steps["sample"]["run"] = "mkdir samples; cp model.txt samples; ! grep broken model.txt"
    del steps["gate"]["with"]["install"]
    steps["gate"]["with"]["command"] = "leo-bench"
    head = {"sha": commit, "repo": {"full_name": "them/model" if fork else "us/model"}}
    github = {
        "sha": commit,
        "event_name": event,
        "ref_name": {"pull_request": "7/merge", "workflow_dispatch": "change"}.get(event, "main"),
        "repository": "us/model",
        "actor": "somebody",
        "token": "a-token",
        "event": {
            "repository": {"default_branch": "main"},
            "pull_request": {"number": 7, "head": head} if event == "pull_request" else {},
        },
    }
    shell = workflow["defaults"]["run"]["shell"]
    run = Run(repository, server, event, {"github": github}, place, shell)
    own = {name: substituted(value, run.contexts) for name, value in workflow["env"].items()}
    run.contexts["env"] = own
    environment = {
        **repository.environment,
        **own,
        "GITHUB_SHA": commit,
        "GITHUB_REF_NAME": github["ref_name"],
        "GITHUB_REPOSITORY": "us/model",
        "GITHUB_API_URL": server.url,
    }
    for name, job in workflow["jobs"].items():
        run.job(name, job, environment)
    return run
