"""A repository of somebody's model with a bare remote, and a leo-bench whose numbers are made up.

`model.txt` says how good the model is: old, equal, better, worse, or crash. `leo-bench run` copies
the records of that name, where a crash leaves one of two; `leo-bench regress` is the real one.
Of `partial`, a number that is new was not measured; `littered` leaves more than records.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ci_server import Server
from made_records import features, keep_fvd
from places import ROOT

RECORDS = "leo-bench-records"
LITTER = (".git/config", ".gitattributes", ".github/workflows/x.yml", "x/.git/HEAD", "x/run.sh")
SHIFTS = {"old": 0.4, "equal": 0.4, "better": 0.2, "worse": 0.8, "crash": 0.4}

LEO_BENCH = """#!/bin/bash
if [ "$1" = regress ]; then
  answer=$(printf '%s\\0' "$PWD" "$GITHUB_STEP_SUMMARY" "$@" |
    curl --silent --fail --data-binary @- "$SERVER/leo-bench")
  exec {python} -S -c 'import json, sys
answer = json.loads(sys.argv[1])
print(answer["said"])
sys.exit(answer["code"])' "$answer"
fi
[ "$1" = run ] || exit 2
model=$(cat samples/model.txt)
while [ "$1" != --records ]; do shift; done
cp -r "{made}/$model/." "$2"
[ "$model" != crash ] && [ "$model" != partial ] || exit 3
"""


def make_records(folder: Path) -> None:
    """Records of two benchmarks for each name of SHIFTS."""
    real = features(1, 96)
    for name, shift in SHIFTS.items():
        keep_fvd(folder / name, real, features(2, 96, shift))
        if name != "crash":
            shutil.copytree(folder / name / "made-16f", folder / name / "made-32f")
    for name in ("partial", "littered"):
        shutil.copytree(folder / "equal", folder / name)
    for path in LITTER:
        file = folder / "littered" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[filter]")


@dataclass(frozen=True)
class Repository:
    """The remote of a model's code."""

    place: Path
    environment: Mapping[str, str]

    @property
    def remote(self) -> Path:
        return self.place / "remote.git"

    def git(self, *arguments: str, of: Path | None = None) -> str:
        """What git says, of the remote or of a checkout."""
        where = ["-C", str(of or self.remote)]
        ended = subprocess.run(
            ["git", *where, *arguments], env=self.environment, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def push(self, model: str, branch: str = "main") -> str:
        """Commit a model to a branch, on top of main; the commit."""
        work = self.place / "work"
        if not work.exists():
            self.git("clone", "--quiet", str(self.remote), str(work))
            action = Path(".github/actions/regress/action.yml")
            (work / action).parent.mkdir(parents=True)
            shutil.copy(ROOT / action, work / action)
            self.git("checkout", "--quiet", "-B", "main", of=work)
        else:
            self.git("checkout", "--quiet", "-B", branch, "main", of=work)
        (work / "model.txt").write_text(model)
        self.git("add", ".", of=work)
        self.git("commit", "--quiet", "--allow-empty", "-m", model, of=work)
        self.git("push", "--quiet", "--force", "origin", f"HEAD:{branch}", of=work)
        return self.git("rev-parse", "HEAD", of=work)

    def has_records(self) -> bool:
        return f"refs/heads/{RECORDS}" in self.git("for-each-ref")

    def records(self) -> tuple[str, set[str]]:
        """Subject of the newest commit of records, and the names of their folders."""
        subject = self.git("log", "-1", "--format=%s", RECORDS)
        return subject, set(self.git("ls-tree", "--name-only", RECORDS).split())

    def kept(self, path: str = "made-16f/model/fvd.json") -> str:
        """One record of the main branch."""
        return self.git("show", f"{RECORDS}:{path}")


def make_repository(place: Path, made: Path, server: Server) -> Repository:
    """An empty remote, and an environment in which `leo-bench` is the one above."""
    programs = place / "bin"
    programs.mkdir()
    program = programs / "leo-bench"
    program.write_text(LEO_BENCH.replace("{python}", sys.executable).replace("{made}", str(made)))
    program.chmod(0o755)
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    who = {f"GIT_{role}_{what}": "us@example.org" for role in ("AUTHOR", "COMMITTER")
           for what in ("NAME", "EMAIL")}  # fmt: skip
    environment = {
        **kept,
        **who,
        "PATH": f"{programs}:{kept['PATH']}",
        "HOME": str(place),
        "GIT_CONFIG_NOSYSTEM": "1",
        "SERVER": server.url,
    }
    repository = Repository(place, environment)
    repository.remote.mkdir()
    repository.git("init", "--quiet", "--bare", "--initial-branch", "main")
    return repository
