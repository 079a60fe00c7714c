"""Both forms of I3D give the original networks' numbers. Provenance: rule_weights.py."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rule_weights
import torch
from numpy.typing import NDArray
from torch import Tensor

from leo_bench.evaluation.extractors.i3d import I3D
from leo_bench.evaluation.extractors.i3d_fast import FastI3D
from leo_bench.evaluation.preprocess import shorter_side_224_center_crop, squash_224

DATA = Path(__file__).parent / "data"
Rule = Callable[[str, tuple[int, ...]], NDArray[np.generic]]
Form = Callable[[I3D], Callable[[Tensor], Tensor]]


def network(rule: Rule, bn_eps: float) -> I3D:
    net = I3D(bn_eps=bn_eps).eval().requires_grad_(False)
    state = {
        name: torch.from_numpy(np.array(rule(name, tuple(tensor.shape)))).to(tensor.dtype)
        for name, tensor in net.state_dict().items()
    }
    net.load_state_dict(state)
    return net


def golden(key: str) -> Tensor:
    with np.load(DATA / "i3d.npz") as arrays:
        return torch.from_numpy(arrays[key])


def clips(name: str) -> Tensor:
    return golden(f"clip/{name}").permute(0, 3, 1, 2)[None]


def relative_l2(value: Tensor, expected: Tensor) -> float:
    return float((value - expected).norm() / expected.norm())


def test_names_and_shapes_are_those_of_the_official_checkpoint() -> None:
    expected = (DATA / "i3d_state_dict.txt").read_text().splitlines()
    with torch.device("meta"):
        state = I3D().state_dict()
    assert sorted(f"{name} {tuple(t.shape)}" for name, t in state.items()) == sorted(expected)


def plain(net: I3D) -> Callable[[Tensor], Tensor]:
    return net


def fast(net: I3D) -> Callable[[Tensor], Tensor]:
    return FastI3D(net, torch.device("cpu"), torch.float32)


@pytest.mark.parametrize("form", [plain, fast])
@pytest.mark.parametrize("name", ["face16_128", "taichi16_128"])
def test_features_equal_digans(name: str, form: Form) -> None:
    run = form(network(rule_weights.i3d, bn_eps=1e-5))
    features = run(shorter_side_224_center_crop(clips(name)))[0]
    assert relative_l2(features, golden(f"digan/{name}")) < 1e-5


@pytest.mark.parametrize("form", [plain, fast])
@pytest.mark.parametrize("name", ["face16_128", "taichi16_128"])
def test_features_equal_the_tfhub_graphs(name: str, form: Form) -> None:
    run = form(network(rule_weights.i3d_tfhub, bn_eps=1e-3))
    features = run(squash_224(clips(name)))[0]
    assert relative_l2(features, golden(f"tfhub/{name}")) < 1e-5


def test_the_other_epsilon_is_another_network() -> None:
    net = network(rule_weights.i3d, bn_eps=1e-3)
    features = net(shorter_side_224_center_crop(clips("face16_128")))[0]
    assert 1e-3 < relative_l2(features, golden("digan/face16_128")) < 1e-1
