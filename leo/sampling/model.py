"""A trained LEO, opened for sampling: a training run, or a shipped model.

    RUN/config.toml  RUN/animator/model.safetensors  RUN/lmdm/model.safetensors  ...    a run
    leo/trained/NAME/config.toml  animator.safetensors  lmdm.safetensors  ...           shipped

A stage is loaded when it is first needed, so a run without a cDDPM can sample from given frames.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.numerics import chosen_device, usual_device
from leo_bench.evaluation.files.known_names import did_you_mean
from leo_bench.evaluation.files.schema import load_toml
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.leo.checkpoint import Model, load_model, read_metadata, trained_with
from leo_bench.leo.config import CddpmConfig, Config
from leo_bench.leo.data.encode import ANIMATOR, CODES, CodeBook, read_codes
from leo_bench.leo.models.animator import ImageAnimator
from leo_bench.leo.models.animator_files import generator_from_file
from leo_bench.leo.models.motion_models import CodeModel, MotionModel, TransitionModel
from leo_bench.leo.models.starting_frame import FrameModel, StartingFrames
from leo_bench.leo.stages import ENTRIES
from leo_bench.leo.training_config import Training

SHIPPED = Path(__file__).parents[1] / "trained"


def model_file(root: Path, stage: str) -> Path:
    """Path of a stage's model: in its folder of a run, or flat as in a shipped model."""
    flat = root / f"{stage}.safetensors"
    return flat if flat.is_file() else root / stage / "model.safetensors"


def shipped_models() -> list[str]:
    """Names of the shipped models."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/config.toml"))


def find_model(where: str) -> Path:
    """The folder of a run (a path) or of a shipped model (its name, or `leo:NAME`).

    Raises:
        InputError: there is neither; the message lists what is shipped.
    """
    text = where.removeprefix("leo:")
    for folder in (Path(text).expanduser(), SHIPPED / text):
        if text and (folder / "config.toml").is_file():
            return folder
    shipped = shipped_models()
    guess = did_you_mean(text, shipped, "leo:{}".format)
    raise InputError(
        f"{where}: no run of leo-bench train (it has no config.toml), and no shipped model; "
        f"{guess}shipped are: {', '.join(shipped) or 'none'}"
    )


@dataclass(frozen=True)
class LeoModel:
    """The stages of one LEO.

    Args:
        root: folder of the run or of the shipped model.
        config: it was trained with.
        device: of its networks.
        bf16: compute motion (LMDM and Transition DM) in bfloat16, which is approximate.
    """

    root: Path
    config: Config
    device: str = "cpu"
    bf16: bool = False

    @classmethod
    def open(cls, root: Path, device: str = "cpu") -> "LeoModel":
        """The run or shipped model in `root`; no stage is loaded yet.

        Raises:
            InputError: there is no config.toml.
        """
        if not (root / "config.toml").is_file():
            raise InputError(f"{root}: no run of leo-bench train (it has no config.toml)")
        return cls(root, load_toml(Config, root / "config.toml"), device)

    @property
    def name(self) -> str:
        """The name or path by which `find_model` finds it, after "leo:"."""
        return f"leo:{self.root.name if self.root.parent == SHIPPED else self.root}"

    def has(self, stage: str) -> bool:
        """Whether a stage is trained."""
        return model_file(self.root, stage).is_file()

    def file(self, stage: str) -> Path:
        """Path of a trained stage's model.

        Raises:
            InputError: it is not trained; the message says what to do.
        """
        path = model_file(self.root, stage)
        if path.is_file():
            return path
        if self._is_flat:
            raise InputError(f"{self.name}: has no {stage}; {ENTRIES[stage].without}")
        raise InputError(
            f"{path}: not trained yet; make it with `leo-bench train {stage} --run {self.root}`"
        )

    def load(self, stage: str) -> Model:
        """The content of a trained stage's model file.

        Raises:
            InputError: it is not trained, or was on codes of another animator than the one here.
        """
        model = load_model(self.file(stage))
        if self._is_of_animator(model.metadata.get(ANIMATOR)):
            return model
        advice = (
            "take all files from one model"
            if self._is_flat
            else f"run `leo-bench encode --run {self.root}` again, delete {self.root / stage} and "
            "train it anew"
        )
        raise InputError(
            f"{self.file(stage)}: trained on codes of another animator than "
            f"{self.file('animator')}; {advice}"
        )

    def codes(self) -> CodeBook:
        """Codes of the run's training videos.

        Raises:
            InputError: there are none, or they are of another animator than the one here.
        """
        book = read_codes(self.root / CODES)
        if self._is_of_animator(book.animator):
            return book
        raise InputError(
            f"{self.root / CODES}: codes of another animator than {self.file('animator')}; "
            f"remove the file and run `leo-bench encode --run {self.root}` again"
        )

    def digest(self, stages: Sequence[str]) -> str:
        """Hex SHA-256 of these stages' files and config tables, which are as they were trained.

        Tables without defaults: a key that a later version adds changes no digest.

        Raises:
            InputError: one of them is not trained.
        """
        known = {"resolution", *(ENTRIES[stage].table for stage in stages)}
        config = self.config
        for stage in stages:  # a run's cadences and steps may have changed since
            config = _trained_as(config, stage, self.file(stage))
        settings = config.model_dump_json(include=known, exclude_defaults=True)
        digest = hashlib.sha256(settings.encode())
        for stage in stages:
            digest.update(bytes.fromhex(file_sha256(self.file(stage))))
        return digest.hexdigest()

    @cached_property
    def animator(self) -> ImageAnimator:
        """The image animator."""
        return ImageAnimator(generator_from_file(self.file("animator")).to(self.device))

    @cached_property
    def motion(self) -> MotionModel:
        """The LMDM."""
        return MotionModel.of(self.load("lmdm"), self.device, self.bf16)

    @cached_property
    def first_codes(self) -> CodeModel:
        """The frame-wise DM."""
        return CodeModel.of(self.load("frame-dm"), self.device)

    @cached_property
    def transitions(self) -> TransitionModel:
        """The Transition DM."""
        return TransitionModel.of(self.load("transition-dm"), self.device, self.bf16)

    @cached_property
    def pictures(self) -> StartingFrames:
        """The cDDPM, with super-resolution if there is any."""
        finer = self.config.super_resolution
        return StartingFrames(
            self._frame_model("cddpm", self.config.cddpm),
            None if finer is None else self._frame_model("super-resolution", finer),
        )

    def _is_of_animator(self, digest: str | None) -> bool:
        """Whether a file with this digest of its animator belongs here; older files have none."""
        return digest is None or not self.has("animator") or digest == self._animator_digest

    @cached_property
    def _animator_digest(self) -> str:
        return file_sha256(self.file("animator"))

    @property
    def _is_flat(self) -> bool:
        """Whether it is shipped or exported, so that no stage can be added to it."""
        return (self.root / "animator.safetensors").is_file()

    def _frame_model(self, stage: str, config: CddpmConfig) -> FrameModel:
        found = FrameModel.of(self.load(stage), config)
        found.network.to(self.device)
        return found


def _trained_as(config: Config, stage: str, model: Path) -> Config:
    """The config with a stage's `training` as its model's file states it, if it states any."""
    found, name = trained_with(read_metadata(model)), ENTRIES[stage].table
    table = getattr(config, name)
    if not found or table is None:
        return config
    update = {"training": Training.model_validate(found)}
    return config.model_copy(update={name: table.model_copy(update=update)})


def device_named(name: str | None) -> str:
    """The device of this name; None: the usual one.

    Raises:
        InputError: there is no such device here; the message names those that are.
    """
    if name is None:
        return usual_device()
    return str(chosen_device(name))
