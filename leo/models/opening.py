"""From model files to networks and statistics, or to one line that says what does not fit."""

import json
from dataclasses import MISSING, fields
from typing import TypeVar

from torch import nn

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.weights.state_dicts import misfit
from leo_bench.leo.checkpoint import Model
from leo_bench.leo.config import FrameDmConfig, LmdmConfig, TransitionConfig
from leo_bench.leo.diffusion.codes import CodeStats, FrameStats, TransitionStats

ConfigT = TypeVar("ConfigT", LmdmConfig, FrameDmConfig, TransitionConfig)
StatsT = TypeVar("StatsT", CodeStats, FrameStats, TransitionStats)
NetworkT = TypeVar("NetworkT", bound=nn.Module)


def table_in(model: Model, stage: str, kind: type[ConfigT]) -> ConfigT:
    """The stage's table of the config, from the metadata of its model.

    Raises:
        InputError: the model is another stage's; the table is of another version.
    """
    if stage not in model.metadata:
        raise InputError(f"a model of stage {model.metadata.get('stage')!r} was given as {stage!r}")
    return parse(kind, json.loads(model.metadata[stage]), where=f"{_named(model)}: {stage}")


def stats_in(model: Model, kind: type[StatsT]) -> StatsT:
    """The statistics of a model.

    Raises:
        InputError: one is missing, or not known.
    """
    known = {field.name for field in fields(kind)}
    needed = {field.name for field in fields(kind) if field.default is MISSING}
    problems = dict.fromkeys(sorted(needed - model.stats.keys()), "missing")
    problems |= dict.fromkeys(sorted(model.stats.keys() - known), "not known")
    for name, problem in problems.items():
        raise InputError(f"{_named(model)}: the statistic {name!r} is {problem}; {_advice(model)}")
    return kind(**model.stats)


def filled(network: NetworkT, model: Model) -> NetworkT:
    """The network with the weights of a model, in evaluation mode.

    Raises:
        InputError: they are those of another network; the message names the first difference.
    """
    problem = misfit(network, model.network)
    if problem is not None:
        raise InputError(
            f"{_named(model)}: does not fit the stage's config: {problem}; {_advice(model)}"
        )
    network.load_state_dict(model.network)
    return network.eval()


def _named(model: Model) -> str:
    stage = model.metadata.get("stage")
    return f"a model of stage {stage!r}" if model.path is None else str(model.path)


def _advice(model: Model) -> str:
    stage = model.metadata.get("stage")
    return f"train {stage} anew, or take config and files of one version from one model"
