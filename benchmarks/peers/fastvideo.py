"""FastVideo: the metric `common.fvd` of `fastvideo.eval`, with StyleGAN-V's archive of I3D."""

import importlib.util
import os
import sys
from types import ModuleType
from typing import Any

import torch

from leo_bench.benchmarks.peers.called import archive_remark, peer_module
from leo_bench.benchmarks.peers.parts import Inputs, Prepared

_METRIC = "fastvideo.eval.metrics.common.fvd.metric"
_REMARK = "fastvideo/__init__.py, which loads its generators, is left out"


def network(inputs: Inputs) -> Prepared:
    """Its extractor `i3d`, one clip a call as its evaluator runs it."""
    _without_generators(inputs)
    clips = (inputs.network_clips().movedim(1, 2) + 1) / 2
    extractor = _extractors(inputs).load_extractor("i3d", torch.device("cpu"))

    def run() -> float:
        squares = (float((extractor.forward(clip[None]) ** 2).sum()) for clip in clips)
        return float(sum(squares) ** 0.5)

    return Prepared(run, len(clips), _remark())


def statistic(inputs: Inputs) -> Prepared:
    """Its mean and covariance (over N - 1, with 1e-6 on the diagonal), and their distance."""
    _without_generators(inputs)
    metric = peer_module(_METRIC)
    real, fake = (side.numpy() for side in inputs.features())

    def run() -> float:
        fitted = [*metric._gaussian_params(fake), *metric._gaussian_params(real)]
        return float(metric._frechet_distance(*fitted))

    return Prepared(run, remark=_REMARK)


def videos(inputs: Inputs) -> Prepared:
    """`create_evaluator` and `evaluate` of two folders; it reads whole files itself."""
    _without_generators(inputs)
    evaluation = peer_module("fastvideo.eval")
    _extractors(inputs)

    def run() -> float:
        evaluator = evaluation.create_evaluator(metrics=["common.fvd"], device="cpu")
        samples = evaluation.samples_from(video=str(inputs.fake), reference=str(inputs.real))
        return float(evaluator.evaluate(samples=samples).corpus["common.fvd"].score)

    return Prepared(run, 2 * inputs.videos, _remark())


def _remark() -> str:
    return "; ".join(filter(None, [_REMARK, archive_remark()]))


def _without_generators(inputs: Inputs) -> None:
    """Make `fastvideo` importable without running its `__init__`; keep its caches in the folder."""
    os.environ["FASTVIDEO_EVAL_CACHE"] = str(inputs.folder / "fastvideo")
    spec = importlib.util.find_spec("fastvideo")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("fastvideo is no package")
    package = ModuleType("fastvideo")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["fastvideo"] = package


def _extractors(inputs: Inputs) -> Any:
    """Its module of extractors, which takes a path in the place of a repository on the Hub."""
    module = peer_module("fastvideo.eval.metrics.common.fvd.extractors")
    module._I3D_REPO_ID = str(inputs.torchscript)
    return module
