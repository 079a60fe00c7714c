"""What a stage's files were made from, and messages where that differs from what is asked."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.data.encode import CODES
from leo_bench.leo.stages import STAGES
from leo_bench.leo.stages.perceptual import how_to_go_on
from leo_bench.leo.training.extending import OPTION, comparable
from leo_bench.leo.training_config import CADENCES


@dataclass(frozen=True)
class Origin:
    """What a stage's files were made from: stage, its part of the config, and the data.

    Args:
        stage: its name.
        config: its table without defaults, and the settings that all stages share. Files do not
            state its `CADENCES`.
        data: the fingerprint of the training data.
        perceptual: name of an animator's perceptual loss, which depends on the weights that are
            here; None: any is accepted, as of a finished animator.
    """

    stage: str
    config: dict[str, Any]
    data: str
    perceptual: str | None = None

    @property
    def seed(self) -> int:
        """The seed of the training run."""
        return int(self.config.get("seed", 0))

    @property
    def steps(self) -> int | None:
        """The steps of training in all; None: of a taken animator."""
        return (self.config.get("training") or {}).get("steps")

    def metadata(self) -> dict[str, str]:
        """Metadata for a file."""
        settings = dict(self.config)
        if isinstance(training := settings.get("training"), dict):
            settings["training"] = {k: v for k, v in training.items() if k not in CADENCES}
        config = json.dumps(settings, sort_keys=True)
        digest = hashlib.sha256(config.encode()).hexdigest()
        return {
            "stage": self.stage,
            "config": config,
            "config_digest": digest,
            "data": self.data if self.perceptual is None else f"{self.data} {self.perceptual}",
        }

    def check(self, path: Path, metadata: Mapping[str, str]) -> None:
        """Check that a file was made from the same; cadences may differ, and extensions follow.

        Raises:
            InputError: it was not; the message names the first difference.
        """
        data, _, perceptual = metadata.get("data", "").partition(" ")
        their_config, our_config = comparable(json.loads(metadata.get("config", "{}")), self.config)
        theirs = {"stage": metadata.get("stage"), "config": their_config, "data": data}
        ours = {"stage": self.stage, "config": our_config, "data": self.data}
        if (key := first_difference(theirs, ours)) is not None:
            raise InputError(
                f"{path}: was made from something else: {key}{why_kept(key)}; give another --run, "
                f"or {to_train_anew(self.stage)}"
            )
        if self.perceptual not in (None, perceptual):
            raise InputError(f"{path}: {how_to_go_on(perceptual)}; or {to_train_anew(self.stage)}")


def to_train_anew(stage: str) -> str:
    """Advice; with an animator, the stages that are trained on its codes must go, too."""
    if stage == STAGES[0]:
        later = ", ".join(STAGES[1:])
        return f"delete this stage's folder, {CODES} and {later} to train all anew"
    return "delete this stage's folder to train it anew"


def why_kept(difference: str) -> str:
    """Why a stage that has begun cannot take a difference; "" where that is obvious."""
    if re.search(r"training\.(steps|extended_from) is ", difference):
        return f" ({OPTION} STEPS trains longer)"
    if ".training." in difference or "optimiser." in difference:
        return " (the weights follow from it)"
    return ""


def first_difference(old: Any, new: Any, at: str = "") -> str | None:
    """The first key whose values differ, as "KEY is OLD there and NEW now"; None if none does."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            found = first_difference(old.get(key), new.get(key), f"{at}.{key}" if at else key)
            if found is not None:
                return found
        return None
    return None if old == new else f"{at} is {old!r} there and {new!r} now"
