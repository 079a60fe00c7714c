"""Inspects a method's code, environment and weights before its sampler runs.

Nothing of it is imported: the facts come from git, the method's interpreter and the files' bytes.
"""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from leo_bench.baselines.provenance import Checkout, CheckpointFile
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.digests import file_sha256

ASKING_SECONDS = 120.0  # time limit for git and the interpreter; networked disks are slow
_NOT_CODE = frozenset({".git", ".venv", "venv", "site-packages", "node_modules", "__pycache__"})

# These systems may run Python 3.7, which has no importlib.metadata.
_VERSIONS = """
import json, platform
try:
    from importlib.metadata import version
except ImportError:
    from pkg_resources import get_distribution
    def version(name):
        return get_distribution(name).version
found = {"python": platform.python_version()}
for name in ("torch", "torchvision", "numpy", "scipy", "pillow", "imageio"):
    try:
        found[name] = version(name)
    except Exception:
        pass
print(json.dumps(found))
"""


def checkout_state(folder: Path) -> Checkout:
    """The commit of a checkout, and whether its tracked files were changed.

    Both are None for a folder that is no git checkout of its own, such as an unpacked archive.

    Raises:
        InputError: no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; --checkout is a clone of the method's code")
    if _git(folder, "rev-parse", "--show-prefix") != b"":
        return Checkout(commit=None, dirty=None)
    commit = _git(folder, "rev-parse", "HEAD")
    diff = _git(folder, "diff", "HEAD", "--no-ext-diff", "--no-textconv", "--binary")
    if not commit or diff is None:
        return Checkout(commit=None, dirty=None)
    digest = hashlib.sha256(diff).hexdigest() if diff else None
    return Checkout(commit=commit.decode(), dirty=bool(diff), diff_sha256=digest)


def unknown_options(folder: Path, options: Sequence[str]) -> list[str]:
    """The `options`, such as "--outdir", that no Python file of a checkout mentions."""
    missing = {o: re.compile(re.escape(o).encode() + rb"(?![\w-])") for o in options}
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _NOT_CODE]
        for name in files:
            if missing and name.endswith(".py"):
                code = Path(parent, name).read_bytes()
                missing = {o: p for o, p in missing.items() if not p.search(code)}
    return [option for option in options if option in missing]


def find_interpreter(given: Path | None, checkout: Path) -> Path:
    """The Python of the method's own environment.

    Raises:
        InputError: none is given, and the checkout has no .venv.
    """
    own = checkout / ".venv" / "bin" / "python"
    if given is None and not own.exists():
        raise InputError(
            f"{own}: no such file; give --python, the interpreter of the method's environment"
        )
    return Path(os.path.abspath(given or own))  # noqa: PTH100 - resolve() would leave the venv


def interpreter_versions(python: Path) -> dict[str, str]:
    """Versions of an interpreter and of the packages that a sampler may use, by name.

    Raises:
        InputError: it is no Python interpreter that runs.
    """
    try:
        run = subprocess.run(
            [python, "-I", "-c", _VERSIONS],
            capture_output=True,
            timeout=ASKING_SECONDS,
            check=True,
            env=clean_environment(),
        )
        found: dict[str, str] = json.loads(run.stdout)
    except subprocess.CalledProcessError as error:
        why = f"it ended with exit code {error.returncode}"
    except subprocess.TimeoutExpired:
        why = f"no answer in {ASKING_SECONDS:g} s"
    except OSError as error:
        why = error.strerror or str(error)
    except ValueError:
        why = "its answer makes no sense"
    else:
        return found
    raise InputError(f"--python {python}: is no interpreter of Python that runs: {why}")


def clean_environment() -> dict[str, str]:
    """This process's environment without variables that lead another Python to our packages."""
    ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONSTARTUP")
    return {key: value for key, value in os.environ.items() if key not in ours}


def checkpoint_file(name: str, path: Path) -> CheckpointFile:
    """Size and digest of a file or folder of weights.

    Raises:
        InputError: no such file or folder, or it cannot be read.
    """
    try:
        if path.is_file():
            size, sha256 = path.stat().st_size, file_sha256(path)
            return CheckpointFile(name=path.name, bytes=size, sha256=sha256)
        files = sorted(inner for inner in path.rglob("*") if inner.is_file())
        if not files:
            raise InputError(f"--checkpoint {name}={path}: no such file, nor a folder of files")
        digest = hashlib.sha256()
        for inner in files:
            digest.update(f"{inner.relative_to(path).as_posix()}\0{file_sha256(inner)}\n".encode())
        size = sum(inner.stat().st_size for inner in files)
        return CheckpointFile(name=path.name, bytes=size, sha256=digest.hexdigest())
    except OSError as error:
        raise InputError(f"--checkpoint {name}={path}: {error.strerror}") from None


def _git(folder: Path, *words: str) -> bytes | None:
    """Output of git without its last newline; None if it fails or is not installed."""
    # Run no program that the checkout's own settings name.
    safe = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
    try:
        run = subprocess.run(
            ["git", *safe, "-C", folder, *words],
            capture_output=True,
            timeout=ASKING_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return run.stdout.removesuffix(b"\n")
