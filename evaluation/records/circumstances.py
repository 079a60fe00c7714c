"""The time, package versions and commit that a record states."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any


def circumstances() -> dict[str, Any]:
    """The fields `created`, `versions`, `commit` and `dirty` of a new record."""
    commit, dirty = code_state()
    return {"created": now(), "versions": versions(), "commit": commit, "dirty": dirty}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers may depend on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in ("leo-bench", "torch", "numpy", "pillow", "av"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def code_state() -> tuple[str, bool]:
    """Commit of the checkout, and whether files differ from it; ("", False) without a checkout."""
    root = Path(__file__).resolve().parents[2]  # also through the links of `leo_bench/`
    if not (root / ".git").exists():
        return "", False
    try:
        commit = _git(root, "rev-parse", "HEAD")
        dirty = bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return "", False
    return commit, dirty


def now() -> str:
    """The current time, UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
