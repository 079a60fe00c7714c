"""A run without what only training needs: the form in which models are shipped and published.

OUT/config.toml   STAGE.safetensors (float16)   STAGE.log.jsonl
"""

import shutil
from pathlib import Path

import torch

from evaluation.atomic import write_atomically
from evaluation.errors import InputError
from leo.checkpoint import load_model, save_model
from leo.config import STAGES
from leo.run_folder import RunFolder


def export(run: Path, out: Path) -> list[Path]:
    """Write the run's trained stages to `out`; -> their files.

    Raises:
        InputError: no run, nothing trained yet, or something else in `out`.
    """
    folder = RunFolder.open(run)
    trained = [s for s in STAGES if (run / s / "model.safetensors").is_file()]
    if "animator" not in trained:
        raise InputError(f"{run}: no trained animator; `leo-bench train animator` comes first")
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out}: is there already; remove it, or give another --out")
    files = []
    for stage in trained:
        model = load_model(folder.stage(stage).model)
        files.append(out / f"{stage}.safetensors")
        save_model(files[-1], model, torch.float16)
        shutil.copyfile(run / stage / "log.jsonl", out / f"{stage}.log.jsonl")
    write_atomically(out / "config.toml", (run / "config.toml").read_bytes())
    return files
