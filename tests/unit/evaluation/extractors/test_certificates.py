import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import (
    ExtractorRequest,
    build_extractor,
    certificates,
    i3d_extractor,
)
from leo_bench.evaluation.extractors.certificates import (
    check,
    moving_patterns,
    write_toy_certificate,
)
from leo_bench.evaluation.extractors.i3d import I3D
from leo_bench.evaluation.extractors.i3d_extractor import I3DExtractor


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that stands for the shipped one, with its certificate beside it."""
    net = I3D(classes=4, width=0.125)
    for seed, (name, tensor) in enumerate(net.state_dict().items()):
        if name.endswith("conv3d.weight"):
            generator = torch.Generator().manual_seed(seed)
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * tensor[0].numel() ** -0.5)
    path = tmp_path_factory.mktemp("weights") / "i3d_toy.safetensors"
    shape = json.dumps({"classes": 4, "width": 0.125})
    save_file(net.state_dict(), path, metadata={"i3d": shape})
    with pytest.MonkeyPatch.context() as patch:
        install(patch, path)
        write_toy_certificate()
    return path


def install(patch: pytest.MonkeyPatch, path: Path) -> None:
    patch.setattr(certificates, "TOY_WEIGHTS", path)
    patch.setattr(certificates, "TOY_CERTIFICATE", path.with_suffix(".certificate.json"))
    patch.setattr(i3d_extractor, "TOY_WEIGHTS", path)


@pytest.fixture
def toy(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], I3DExtractor]:
    install(monkeypatch, shipped)

    def build(bn_eps: float) -> I3DExtractor:
        extractor = build_extractor(ExtractorRequest("i3d-toy", bn_eps))
        assert isinstance(extractor, I3DExtractor)
        return extractor

    return build


@pytest.mark.parametrize("bn_eps", [1e-5, 1e-3])
def test_the_toys_features_are_those_stored(
    toy: Callable[[float], I3DExtractor], bn_eps: float
) -> None:
    found = check(toy(bn_eps))
    assert found.ok
    assert found.error < 1e-5
    assert f"epsilon {bn_eps:g}" in found.expected


def test_an_epsilon_of_no_protocol_shows(toy: Callable[[float], I3DExtractor]) -> None:
    found = check(toy(0.05))
    assert not found.ok
    assert found.error > found.tolerance == 1e-4


@pytest.mark.parametrize("damage", [lambda x: x * 1.001, lambda x: x * float("nan")])
def test_a_wrong_network_shows(
    toy: Callable[[float], I3DExtractor], damage: Callable[[Tensor], Tensor]
) -> None:
    right = toy(1e-3)
    wrong = replace(right, network=lambda clips: damage(right.network(clips)))
    assert not check(wrong).ok


def test_a_certificate_of_other_weights_is_refused(toy: Callable[[float], I3DExtractor]) -> None:
    with pytest.raises(InputError, match="its certificate is of weights"):
        check(replace(toy(1e-3), weights="0" * 64))


def test_the_published_distance_from_black_to_white_is_checked() -> None:
    def network(clips: Tensor) -> Tensor:
        return clips.mean(dim=(1, 2, 3, 4))[:, None] * (152.92**0.5 / 2)

    right = I3DExtractor("i3d-kinetics400", 1, "0" * 64, True, "fp32", "cpu", network)
    assert check(right).error < 1e-3
    assert check(right).ok
    assert not check(replace(right, network=lambda clips: network(clips) * 1.01)).ok


def test_pixels_have_no_certificate() -> None:
    with pytest.raises(InputError, match="pixels: has no certificate"):
        check(build_extractor(ExtractorRequest("pixels", 1e-3)))


def test_the_patterns_move_and_use_all_levels() -> None:
    clips = moving_patterns()
    assert clips.shape == (2, 3, 16, 224, 224)
    assert (clips.min(), clips.max()) == (-1, 1)
    assert all(not torch.equal(clips[:, :, t], clips[:, :, t + 1]) for t in range(15))


def test_the_shipped_toy_gives_its_certified_features() -> None:
    found = check(build_extractor(ExtractorRequest("i3d-toy", bn_eps=1e-3)))
    assert found.ok, found
