"""The file `provenance.json` that `leo-bench adapt` writes beside a method's videos."""

import json
from pathlib import Path
from typing import Literal

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.json_files import read_json
from leo_bench.evaluation.files.kinds import made_by
from leo_bench.evaluation.files.schema import Data, parse

NAME = "provenance.json"
ADAPTED = made_by("adapt", NAME)

State = Literal["running", "done", "crashed", "timed out", "stopped", "wrong output"]


class Checkout(Data):
    """The state of the method's code when it ran.

    Args:
        commit: git's HEAD; None if the code is no git checkout.
        dirty: whether tracked files differ from it; None if unknown.
        diff_sha256: hex SHA-256 of `git diff HEAD`, if dirty.
    """

    commit: str | None
    dirty: bool | None
    diff_sha256: str | None = None


class CheckpointFile(Data):
    """A file or folder of weights.

    Args:
        name: name of the file or folder.
        bytes: size of all files.
        sha256: of the file; for a folder, of its files' names and digests, in order.
    """

    name: str
    bytes: int
    sha256: str


class Part(Data):
    """One run of the sampler.

    Args:
        folder: name of its folder in OUT, given to the sampler as {out}.
        seed: given to the sampler; None if it takes none.
        count: videos asked for.
        videos: videos that can be read.
        frames: fewest and most frames of these.
        exit_code: of the sampler; None if it was ended.
        said: what was wrong, or "".
    """

    folder: str
    seed: int | None
    count: int
    state: State
    videos: int = 0
    frames: tuple[int, int] | None = None
    exit_code: int | None = None
    seconds: float = 0.0
    said: str = ""


class Adaptation(Data):
    """How a method's videos were made.

    Args:
        method: its id.
        method_sha256: digest of its file's content.
        command: the command of that file, with its holes.
        layout: which of the method's layouts was read; None: the first.
        commit_expected: the commit that the method's file describes.
        interpreter: versions of the method's Python and of its packages.
        notes: what a reader of a number should know.
    """

    schema_version: Literal[1] = 1
    method: str
    method_sha256: str
    command: tuple[str, ...]
    layout: str | None
    checkout: Checkout
    commit_expected: str | None
    checkpoints: dict[str, CheckpointFile]
    interpreter: dict[str, str]
    settings: dict[str, str]
    count: int
    frames: int | None
    seed: int | None
    chunk: int
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()
    created: str = ""
    leo_bench: str = ""

    @property
    def request(self) -> dict[str, object]:
        """The fields that must be the same to continue a stopped run."""
        kept = {"parts", "created", "leo_bench", "notes"}
        return self.model_dump(mode="json", exclude=kept)


def read_adaptation(folder: Path) -> Adaptation | None:
    """Read what `adapt` wrote in a folder; None if the folder is not of `adapt`.

    Raises:
        InputError: the file is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: a JSON object is expected")
    if "method_sha256" not in content:
        return None  # another tool's file of that name
    return parse(Adaptation, content, where=str(path))


def write_adaptation(folder: Path, made: Adaptation) -> None:
    """Write `provenance.json` atomically.

    Raises:
        InputError: the folder cannot be written to.
    """
    content = json.dumps(made.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"
    write_atomically(folder / NAME, content.encode())
