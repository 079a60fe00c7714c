"""Codes of made-up videos, and models of them small enough to train in seconds."""

from collections.abc import Sequence

import torch
from torch import Tensor

from leo_bench.leo.checkpoint import Model
from leo_bench.leo.config import FrameDmConfig, LmdmConfig, TransitionConfig
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.stage import Stage

CODE, LENGTH = 4, 16

_NETWORK = {"channels": 32, "multipliers": (1, 2), "blocks": 1, "attention": (2,), "heads": 2}
_SHARED = {
    "training": {"steps": 10, "batch": 8},
    "optimiser": {"learning_rate": 1e-3},
    "diffusion": {"prediction": "v"},
}


def lmdm_config(**changes: object) -> LmdmConfig:
    return LmdmConfig.model_validate(_SHARED | {"network": _NETWORK, "length": LENGTH} | changes)


def frame_config(**changes: object) -> FrameDmConfig:
    return FrameDmConfig.model_validate(_SHARED | {"width": 32, "blocks": 2} | changes)


def transition_config(**changes: object) -> TransitionConfig:
    own = {"network": _NETWORK, "length": LENGTH, "strides": (1, 2, 3)}
    return TransitionConfig.model_validate(_SHARED | own | changes)


def waves(frames: int, phase: float) -> Tensor:
    """A smooth sequence [T,4]: sines of different sizes around different means."""
    time = torch.arange(frames)[:, None] / 10
    sizes, means = torch.tensor([0.1, 1.0, 2.0, 5.0]), torch.tensor([0.0, 3.0, -1.0, 10.0])
    return sizes * torch.sin(time * torch.tensor([1.0, 0.7, 0.5, 0.3]) + phase) + means


def book(lengths: Sequence[int] = (40,) * 12, held_out: Sequence[int] = (0, 1)) -> CodeBook:
    sequences = [waves(length, phase=float(i)) for i, length in enumerate(lengths)]
    names = [str(i) for i in range(len(lengths))]
    return CodeBook(torch.cat(sequences), list(lengths), names, list(held_out), digest="made up")


def saved(stage: Stage, noise: float = 0.0) -> Model:
    """The stage's model as its file would be; with noise, its weights are anything but zero."""
    chance = torch.Generator().manual_seed(0)
    network = {
        name: tensor + noise * torch.randn(tensor.shape, generator=chance)
        for name, tensor in stage.players[0].module.network.state_dict().items()
    }
    return Model(network, stage.tensors, {"stage": stage.name} | stage.metadata)
