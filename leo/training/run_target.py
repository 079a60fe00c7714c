"""Folders that a run may be written to: new or empty ones, and runs."""

from pathlib import Path

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.kinds import FolderKind
from leo_bench.evaluation.files.schema import load_toml
from leo_bench.leo.config import Config
from leo_bench.leo.training.run_folder import has_begun

SLIGHT = ("config.toml", "data.json", ".lock")  # in a run that was begun and has made nothing


def _is_run(root: Path) -> bool:
    """Whether a folder is a run: somebody else's config.toml does not make it one."""
    path = root / "config.toml"
    if not path.is_file():
        return False
    try:
        load_toml(Config, path)
    except InputError:
        return has_begun(root)
    return True


RUN = FolderKind("run of leo-bench train", _is_run)
