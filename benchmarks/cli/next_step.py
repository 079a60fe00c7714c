"""The next step after long work: a command on standard error that can be pasted as it is.

Logs have it too: of a job on a cluster, the log is what its owner reads. It is no result, so that
standard output is as it was; where a document goes there (`--json -`), a program reads it, and
nothing is said.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leo_bench.leo.config import Config

CLIP = 16  # frames of the clips that samples are scored on


def say_next(*words: object) -> None:
    """Name the command that comes next; every word is quoted for a POSIX shell."""
    from leo_bench.benchmarks.cli.screen import say

    say(f"next: {shlex.join(['leo-bench', *map(str, words)])}")


def step_of_run(
    run: Path, config: "Config", data_root: Path | None, *, cpu: bool
) -> Sequence[object]:
    """The command that comes next in a run: codes, the first stage without a model, or samples.

    Args:
        run: its folder.
        config: its config, which says what stages it has.
        data_root: the option --data-root, which the next command takes too.
        cpu: the option --cpu, likewise.
    """
    from leo_bench.leo.data.encode import CODES
    from leo_bench.leo.sampling.model import model_file
    from leo_bench.leo.stages import STAGES, table_of

    options: list[object] = ["--run", run]
    options += [] if data_root is None else ["--data-root", data_root]
    options += ["--cpu"] if cpu else []
    for stage in STAGES:
        if getattr(config, table_of(stage)) is None or model_file(run, stage).is_file():
            continue
        if stage != STAGES[0] and not (run / CODES).is_file():
            return "encode", *options
        return "train", stage, *options
    device = ["--device", "cpu"] if cpu else []
    return "sample", "--run", run, "--out", f"{run}-samples", *device


def step_of_samples(
    run: str, out: Path, frames: int, count: int, data_root: Path | None
) -> Sequence[object] | None:
    """The command that compares samples with the videos that their model learned from.

    Args:
        run: the option --run.
        out: the samples.
        frames: of each.
        count: of samples.
        data_root: the option --data-root, which the next command takes too.

    Returns:
        None where samples are too short, where it is not known what the model learned from, or
        where it learned from crops, which `score` does not make.
    """
    from leo_bench.benchmarks.datasets import load_dataset, names_dataset, parted
    from leo_bench.benchmarks.sources.training_data import remembered
    from leo_bench.evaluation.protocols.of_clips import load_protocol
    from leo_bench.leo.sampling.model import SHIPPED, LeoModel, find_model

    model = find_model(run)
    training = None if model.parent == SHIPPED else remembered(model)
    data = model.name if training is None else training.data
    known = model.parent == SHIPPED if training is None else not training.has_other_framing
    if not known or frames < CLIP:
        return None
    real: list[object] = ["--real", data, "--resolution", LeoModel.open(model).config.resolution]
    if names_dataset(data):
        dataset = load_dataset(parted(data)[0])
        clips = load_protocol(dataset.evaluation.protocol).fake
        needs = clips.count if clips.enough == "exact" and clips.count is not None else 0
        real = ["--dataset", parted(data)[0], *(["--clips", count] if count < needs else [])]
    root: list[object] = [] if data_root is None else ["--data-root", data_root]
    return "score", *real, "--fake", out, "--metrics", f"fvd{CLIP}", *root
