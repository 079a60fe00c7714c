"""A stage that trains longer, and settings that may change while it trains.

A stage's `training` table states its steps in all, and `extended_from`, the steps that it was to
end after before each extension. The learning rate of a step follows from the steps in all.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.checkpoint import read_metadata, trained_with
from leo_bench.leo.config import Config
from leo_bench.leo.data.encode import CODES
from leo_bench.leo.stages import STAGES, table_of
from leo_bench.leo.training_config import CADENCES, Training

OPTION = "--extend"
Table = dict[str, Any]


def comparable(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Table, Table]:
    """Two tables of a stage, without what may differ where `new` goes on with `old`.

    That is all of `CADENCES`, and the steps if `new` extends `old`.
    """
    one, other = dict(old), dict(new)
    if not (isinstance(one.get("training"), dict) and isinstance(other.get("training"), dict)):
        return one, other
    free: tuple[str, ...] = CADENCES
    if _totals(other["training"])[: len(_totals(one["training"]))] == _totals(one["training"]):
        free = (*CADENCES, "steps", "extended_from")
    for table in (one, other):
        table["training"] = {k: v for k, v in table["training"].items() if k not in free}
    return one, other


def with_extension(asked: Training, before: Training) -> Training:
    """What is asked for, with the extensions that a begun stage has had if it states none.

    So that the command that began a stage continues it after an extension, too.
    """
    if asked.extended_from or asked.steps not in (*before.extended_from, before.steps):
        return asked
    known = {"steps": before.steps, "extended_from": before.extended_from}
    return asked.model_copy(update=known)


def is_shorter(model: Mapping[str, str], steps: int | None) -> bool:
    """Whether a model with these metadata was trained for fewer than `steps` in all."""
    done = trained_with(model).get("steps")
    return done is not None and steps is not None and done < steps


def extended(config: Config, before: Config, root: Path, stage: str, steps: int) -> Config:
    """The config of a run in which a stage trains `steps` more than it was to.

    The same again goes on with an extension that is not finished: it adds no further steps.

    Args:
        config: the one that is asked for.
        before: the run's own.
        root: folder of the run.
        stage: which.
        steps: more; at least 1.

    Raises:
        InputError: the stage has no checkpoint to go on from, or is not trained; other steps are
            asked for, too; codes were made with the animator already.
    """
    name = table_of(stage)
    table, known = getattr(config, name), getattr(before, name)
    if known is None or known.training is None:
        raise InputError(f"{OPTION}: {root} does not train {stage}, so it cannot train it longer")
    training, there = table.training, known.training
    if training.steps not in (*there.extended_from, there.steps):
        raise InputError(
            f"{OPTION} {steps}: {name}.training.steps is {there.steps} in {root} and "
            f"{training.steps} in what is asked for; leave the latter out"
        )
    if not any((root / stage / "checkpoints").glob("step-*.safetensors")):
        raise InputError(
            f"{root / stage}: has no checkpoint to go on from, which {OPTION} needs; of a stage "
            f"that has not begun, change the steps: --set {name}.training.steps=N"
        )
    model = root / stage / "model.safetensors"
    finished = model.is_file() and not is_shorter(read_metadata(model), there.steps)
    under_way = there.extended_from and there.steps - there.extended_from[-1] == steps
    total, earlier = there.steps, there.extended_from
    if finished or not under_way:
        _check_animator(root, stage)
        total, earlier = there.steps + steps, (*there.extended_from, there.steps)
    longer = training.model_copy(update={"steps": total, "extended_from": earlier})
    return config.model_copy(update={name: table.model_copy(update={"training": longer})})


def _check_animator(root: Path, stage: str) -> None:
    """Refuse another animator where something was made with this one."""
    if stage != STAGES[0]:
        return
    later = [CODES] * (root / CODES).exists()
    later += [name for name in STAGES[1:] if any((root / name).glob("*"))]
    if later:
        raise InputError(
            f"{OPTION}: {', '.join(later)} in {root} follow from the animator as it is: delete "
            "them to train it longer, or begin another run"
        )


def _totals(training: Mapping[str, Any]) -> list[Any]:
    """The steps that a stage was to end after, at first and after each extension."""
    return [*training.get("extended_from", ()), training["steps"]]
