"""The folder of a training run: config; log, checkpoints, pictures, model of each stage.

    RUN/config.toml                                      the resolved config
    RUN/STAGE/log.jsonl                                  one JSON object a report, validation or
                                                         evaluation
    RUN/STAGE/checkpoints/step-00000500.safetensors      all that resuming needs; the last two
    RUN/STAGE/best.safetensors                           the model with the lowest held-out loss,
                                                         or as `keep_best` says
    RUN/STAGE/pictures/step-00000500.png
    RUN/STAGE/model.safetensors                          the model after the last step

A stage's files carry the part of the config and the fingerprint of the data that they were made
from; files made from others are refused, not overwritten.
"""

import contextlib
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from PIL import Image
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.kinds import FolderKind
from leo_bench.evaluation.files.schema import load_toml
from leo_bench.evaluation.files.toml_text import to_toml
from leo_bench.leo.checkpoint import DamagedFileError, read_tensors, write_tensors
from leo_bench.leo.config import Config
from leo_bench.leo.data.encode import CODES
from leo_bench.leo.stages import ENTRIES, STAGES, table_of
from leo_bench.leo.training.extending import comparable, with_extension
from leo_bench.leo.training.origin import Origin, first_difference, to_train_anew, why_kept

BEST = "best.safetensors"
SLIGHT = ("config.toml", "data.json", ".lock")  # all that is in a run that has made nothing
KEPT = 2  # checkpoints: the newest, and one to fall back to


@dataclass(frozen=True)
class RunFolder:
    """A training run with its config."""

    root: Path
    config: Config

    @classmethod
    def create(cls, root: Path, config: Config) -> "RunFolder":
        """The run at `root`, new or begun; writes `config.toml`.

        Of a run that has begun, `about`, `sampling`, `framing` and the tables of stages that have
        not may change, and the cadences of those that have; a stage may be extended. `sampling` and
        `framing` stay where the config has none, and extensions where it states none.

        Raises:
            InputError: the run was begun with another config.
        """
        path = root / "config.toml"
        if path.exists() and has_begun(root):
            before = load_toml(Config, path)
            for kept in ("sampling", "framing"):  # nothing is trained with them
                if getattr(config, kept) is None:
                    config = config.model_copy(update={kept: getattr(before, kept)})
            begun = _begun_stages(root)
            config = _with_extensions(config, before, begun)
            if before == config:
                return cls(root, config)
            old, new = _as_asked(before), _as_asked(config)
            for table in (table_of(stage) for stage in begun):
                if old[table] is not None and new[table] is not None:
                    old[table], new[table] = comparable(old[table], new[table])
            unbegun = (e.table for e in ENTRIES.values() if e.name not in begun)
            for free in ("about", "sampling", "framing", *unbegun):
                old.pop(free, None)
                new.pop(free, None)
            if (key := first_difference(old, new)) is not None:
                folders = {ENTRIES[stage].table: root / stage for stage in begun}
                folder = folders.get(key.partition(".")[0])
                anew = "" if folder is None else f"; to train it anew, delete {folder}"
                raise InputError(
                    f"{path}: this run was begun with another config: {key}{why_kept(key)}; "
                    f"give another --run, or the config it was begun with{anew}"
                )
        write_atomically(path, to_toml(_plain(config)).encode())
        return cls(root, config)

    @classmethod
    def open(cls, root: Path) -> "RunFolder":
        """The existing run at `root`.

        Raises:
            InputError: there is none.
        """
        if not (root / "config.toml").is_file():
            raise InputError(f"{root}: no run of leo-bench train (it has no config.toml)")
        return cls(root, load_toml(Config, root / "config.toml"))

    def stage(self, name: str, data: str = "", perceptual: str | None = None) -> "StageFolder":
        """The folder of a stage; `data` and `perceptual` as in `Origin`."""
        whole = _plain(self.config)
        shared = {key: whole[key] for key in ("resolution", "seed", "held_out")}
        # Without defaults, so that a key that a later version adds does not invalidate older files.
        settings = self.config.model_dump(mode="json", exclude_defaults=True)
        table = settings.get(table_of(name), {})
        if table.get("perceptual") == "auto":  # the loss that was chosen is compared: `perceptual`
            del table["perceptual"]
        return StageFolder(self.root / name, Origin(name, {**shared, **table}, data, perceptual))


@dataclass(frozen=True)
class Checkpoint:
    """The content of a checkpoint."""

    step: int
    tensors: dict[str, Tensor]
    metadata: dict[str, str]


@dataclass(frozen=True)
class StageFolder:
    """The folder of one stage."""

    path: Path
    origin: Origin

    @property
    def model(self) -> Path:
        """The model after the last step."""
        return self.path / "model.safetensors"

    @property
    def best(self) -> Path:
        """The best model, as `keep_best` says."""
        return self.path / BEST

    def checkpoints(self) -> list[Path]:
        """Paths, oldest first."""
        return sorted((self.path / "checkpoints").glob("step-*.safetensors"))

    def save(self, step: int, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
        """Write a checkpoint, then delete all but the last two.

        Raises:
            InputError: the disk is full; older checkpoints are intact.
        """
        path = self.path / "checkpoints" / f"step-{step:08d}.safetensors"
        about = {**metadata, **self.origin.metadata(), "step": str(step)}
        write_tensors(path, tensors, about)
        for old in self.checkpoints()[:-KEPT]:
            old.unlink()

    def newest(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest intact checkpoint, or None; and a line for each damaged one.

        Raises:
            InputError: it is of another config or other data; there is none, but a model.
        """
        damaged: list[str] = []
        for path in reversed(self.checkpoints()):
            try:
                tensors, metadata = read_tensors(path)
            except DamagedFileError as error:
                damaged.append(f"{error}; the checkpoint before it is taken")
                continue
            self.origin.check(path, metadata)
            return Checkpoint(int(metadata["step"]), tensors, metadata), damaged
        if self.model.exists():
            raise InputError(
                f"{self.path}: is to be trained longer, and has no intact checkpoint to go on "
                f"from; {to_train_anew(self.origin.stage)}"
            )
        return None, damaged

    def log(self, line: Mapping[str, object]) -> None:
        """Add a line to the log; numbers that are not finite become null.

        Raises:
            InputError: the disk is full.
        """
        path = self.path / "log.jsonl"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(_finite(line), allow_nan=False) + "\n")
        except OSError as error:
            raise InputError(
                f"{path}: cannot be written ({error.strerror}); the last checkpoint is intact: "
                "make room and run the same command again"
            ) from None

    def read_log(self) -> list[dict[str, Any]]:
        """The lines of the log, without one that was cut short."""
        path = self.path / "log.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        found = []
        for text in lines:
            try:
                found.append(json.loads(text))
            except json.JSONDecodeError:
                continue
        return found

    def cut_log(self, step: int) -> None:
        """Remove the lines after `step`."""
        path = self.path / "log.jsonl"
        if path.exists():
            kept = [json.dumps(line) + "\n" for line in self.read_log() if line["step"] <= step]
            write_atomically(path, "".join(kept).encode())

    def write_picture(self, step: int, picture: Tensor) -> None:
        """Write uint8 [3,H,W] as `pictures/step-….png`."""
        content = io.BytesIO()
        Image.fromarray(picture.permute(1, 2, 0).cpu().numpy()).save(content, "PNG")
        path = self.path / "pictures" / f"step-{step:08d}.png"
        write_atomically(path, content.getvalue())

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Lock the folder against other processes; the lock ends with the process.

        Raises:
            InputError: another process does, or the folder cannot be made.
        """
        lock = FileLock(self.path / ".lock")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"{self.path}: another process is training here; wait for it, or end it"
            ) from None
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written to ({error.strerror})") from None
        try:
            yield
        finally:
            lock.release()

    def forget_parts(self) -> None:
        """Delete files that a killed process left unfinished."""
        for part in self.path.rglob(".*.part"):
            part.unlink(missing_ok=True)


def has_begun(root: Path) -> bool:
    """Whether a run has made anything; until then another config or data may be given."""
    return bool(_begun_stages(root)) or (root / CODES).exists()


def _begun_stages(root: Path) -> list[str]:
    """Stages whose folders are not empty."""
    return [stage for stage in STAGES if any((root / stage).glob("*"))]


def _with_extensions(config: Config, before: Config, begun: Sequence[str]) -> Config:
    """The config with the extensions of the stages that have begun, as `with_extension`."""
    update = {}
    for name in (table_of(stage) for stage in begun):
        table, known = getattr(config, name), getattr(before, name)
        if table is None or known is None or None in (table.training, known.training):
            continue
        training = with_extension(table.training, known.training)
        update[name] = table.model_copy(update={"training": training})
    return config.model_copy(update=update)


def _plain(config: Config) -> dict[str, Any]:
    found: dict[str, Any] = config.model_dump(mode="json")
    return found


def _as_asked(config: Config) -> dict[str, Any]:
    """The config for comparison, where perceptual "auto" equals "vgg19"."""
    found = _plain(config)
    if found["animator"].get("perceptual") == "auto":
        found["animator"]["perceptual"] = "vgg19"
    return found


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_run(root: Path) -> bool:
    """Whether a folder is a run: a config.toml of something else does not make it one."""
    path = root / "config.toml"
    if not path.is_file():
        return False
    try:
        load_toml(Config, path)
    except InputError:
        return has_begun(root)
    return True


RUN = FolderKind("run of leo-bench train", _is_run)
