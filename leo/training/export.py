"""Exports a training run as a model without what only training needs, in float16.

OUT/config.toml   MODEL_CARD.md   STAGE.safetensors (float16)
OUT/STAGE.log.jsonl   scores.json (where they are there)
"""

import shutil
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.known_names import did_you_mean
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.leo.checkpoint import Model, load_model, save_model
from leo_bench.leo.data.encode import ANIMATOR
from leo_bench.leo.sampling.model import LeoModel
from leo_bench.leo.stages import STAGES
from leo_bench.leo.training.model_card import CARD, model_card
from leo_bench.leo.training.run_folder import BEST

SCORES = "scores.json"


def export(run: Path, out: Path, best: Collection[str] = (), data: str | None = None) -> list[Path]:
    """Write the trained stages to `out`, atomically; return all files there.

    Args:
        run: folder of the training run.
        out: a folder that does not exist yet, or is empty.
        best: stages whose best weights are taken (`StageFolder.best`), not the last ones.
        data: the training data, for the card; None: not known.

    Raises:
        InputError: no run, nothing trained yet, a stage of another animator, something else in
            `out`, or a disk that is full or may not be written to; of `best`: no such stage, not
            trained, or the animator where stages were trained on codes of its last weights.
    """
    whole = LeoModel.open(run)
    trained = [s for s in STAGES if (run / s / "model.safetensors").is_file()]
    if "animator" not in trained:
        raise InputError(f"{run}: no trained animator; `leo-bench train animator` comes first")
    _check_best(run, trained, best)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(f"{out}: is there already; remove it, or give another --out")
    copied = {f"{stage}.log.jsonl": run / stage / "log.jsonl" for stage in trained}
    copied["config.toml"] = run / "config.toml"
    if not best:  # the scores are of the last weights
        copied[SCORES] = run / SCORES
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # Beside `out`, so that the last step is a rename.
        with tempfile.TemporaryDirectory(prefix=".exporting-", dir=out.parent) as scratch:
            unfinished = Path(scratch) / "model"
            unfinished.mkdir()
            steps: dict[str, int] = {}
            for stage in trained:  # the animator first
                model = whole.load(stage)
                if stage in best:  # trained on the codes of the same animator
                    model = load_model(run / stage / BEST)
                model = _of_animator(model, unfinished / "animator.safetensors")
                steps[stage] = int(model.metadata.get("step", "0"))
                save_model(unfinished / f"{stage}.safetensors", model, torch.float16)
            for name, source in copied.items():
                if source.is_file():
                    shutil.copyfile(source, unfinished / name)
            card = model_card(whole.config, steps, data)
            (unfinished / CARD).write_text(card, encoding="utf-8")
            unfinished.replace(out)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror or error}") from None
    return sorted(out.iterdir())


def _check_best(run: Path, trained: Sequence[str], best: Collection[str]) -> None:
    for stage in best:
        if stage not in trained:
            raise InputError(
                f"--best {stage}: {did_you_mean(stage, trained)}{run} has trained "
                f"{', '.join(trained)}"
            )
        if not (run / stage / BEST).is_file():
            raise InputError(f"{run / stage / BEST}: is not there; leave --best {stage} out")
    if "animator" in best and len(trained) > 1:
        raise InputError(
            f"--best animator: {trained[1]} was trained on codes of the animator's last weights; "
            "leave it out"
        )


def _of_animator(model: Model, animator: Path) -> Model:
    """The model; its metadata, if they name an animator's file, name the float16 one."""
    if ANIMATOR not in model.metadata:
        return model
    return replace(model, metadata={**model.metadata, ANIMATOR: file_sha256(animator)})
