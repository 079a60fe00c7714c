"""Both forms of the animator give the original's numbers, from Python and from the command line.

Provenance (shared/golden/README.md): wyhsirius/LIA b9f15fb, run in float64 on two real frames, with
weights that follow from names and shapes by its `rule_weights.animator`.
"""

import argparse
import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from places import SHARED_FOLDER
from torch import Tensor

from conftest import Run
from leo_bench.leo.checkpoint import LICENCE, load_model
from leo_bench.leo.config import load_config
from leo_bench.leo.networks.fast_encoder import FoldedEncoder
from leo_bench.leo.networks.fast_generator import reconstruct
from leo_bench.leo.networks.generator import Generator
from leo_bench.leo.training.run_folder import RunFolder
from leo_bench.leo.training.taken_animator import take, with_checkpoint

GOLDEN = SHARED_FOLDER / "golden"
pytestmark = pytest.mark.skipif(
    not (GOLDEN / "animator256.npz").exists(), reason="shared/golden is not here"
)
Form = Callable[[Generator, Tensor, Tensor], Tensor]


@cache
def golden() -> dict[str, Tensor]:
    with np.load(GOLDEN / "animator256.npz") as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays}


@cache
def official_state() -> dict[str, Tensor]:
    spec = importlib.util.spec_from_file_location("shared_rules", GOLDEN / "rule_weights.py")
    assert spec is not None
    assert spec.loader is not None
    rules: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rules)
    with torch.device("meta"):
        shapes = {name: tuple(t.shape) for name, t in Generator(256).state_dict().items()}
    values = {name: rules.animator(name, shape) for name, shape in shapes.items()}
    return {name: torch.from_numpy(value) for name, value in values.items() if value is not None}


@cache
def network(dtype: torch.dtype) -> Generator:
    net = Generator(256)
    problems = net.load_state_dict(official_state(), strict=False)
    assert not problems.unexpected_keys
    assert all(name.endswith("kernel") for name in problems.missing_keys)
    return net.to(dtype).requires_grad_(False)


def numbers(name: str, dtype: torch.dtype) -> Tensor:
    return golden()[name][None].to(dtype) / 255 * 2 - 1


def plain(net: Generator, source: Tensor, driving: Tensor) -> Tensor:
    picture: Tensor = net(source, driving)
    return picture


def error(picture: Tensor) -> Tensor:
    return (picture[0].double() - golden()["image"]).abs()


def test_names_and_shapes_are_those_of_the_official_checkpoint() -> None:
    expected = (GOLDEN / "animator256_state_dict.txt").read_text().splitlines()
    with torch.device("meta"):
        state = Generator(256).state_dict()
    assert sorted(f"{name} {tuple(t.shape)}" for name, t in state.items()) == sorted(expected)


def test_a_run_with_the_config_of_lias_checkpoints_takes_every_number(tmp_path: Path) -> None:
    torch.save({"gen": official_state()}, tmp_path / "vox.pt")
    config, file = with_checkpoint(load_config("lia-vox256"), tmp_path / "run", tmp_path / "vox.pt")
    model, _ = take(RunFolder.create(tmp_path / "run", config), file)
    found = load_model(model)
    assert all(torch.equal(found.network[name], value) for name, value in official_state().items())
    assert found.metadata[LICENCE] == "CC-BY-NC-4.0 (LIA)"


def test_in_float64_the_picture_is_the_originals() -> None:
    source, driving = numbers("source", torch.float64), numbers("driving", torch.float64)
    assert error(plain(network(torch.float64), source, driving)).max() < 1e-7


def test_in_float64_the_folded_form_is_the_original_in_every_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Codes, appearance and directions, too: what `reconstruct` computes on the way."""
    seen: dict[str, Any] = {}

    def watch(name: str) -> None:
        method = getattr(FoldedEncoder, name)

        def watched(self: FoldedEncoder, pictures: Tensor) -> Any:
            found = method(self, pictures)
            seen.setdefault(name, found)  # the codes' own appearance is the second
            return found

        monkeypatch.setattr(FoldedEncoder, name, watched)

    watch("appearance")
    watch("codes")
    net = network(torch.float64)
    source, driving = numbers("source", torch.float64), numbers("driving", torch.float64)
    assert error(reconstruct(net, source, driving)).max() < 1e-7
    exact: dict[str, Any] = {"rtol": 0, "atol": 1e-7}
    appearance, basis = seen["appearance"].vector[0], net.dec.direction.basis()
    torch.testing.assert_close(seen["codes"][0], golden()["code"].double(), **exact)
    torch.testing.assert_close(appearance, golden()["appearance"].double(), **exact)
    torch.testing.assert_close(basis, golden()["directions"].double(), **exact)


@pytest.mark.parametrize("form", [plain, reconstruct])
def test_in_float32_the_picture_is_the_originals_on_average(form: Form) -> None:
    source, driving = numbers("source", torch.float32), numbers("driving", torch.float32)
    assert error(form(network(torch.float32), source, driving)).mean() < 2e-5


def test_the_command_gives_the_originals_picture(tmp_path: Path, leo_bench: Run) -> None:
    checkpoint, source, out = tmp_path / "lia.pt", tmp_path / "source.png", tmp_path / "out.npy"
    torch.save({"gen": official_state(), "args": argparse.Namespace(size=256)}, checkpoint)
    Image.fromarray(golden()["source"].permute(1, 2, 0).numpy()).save(source)
    driving = tmp_path / "driving" / "video"
    driving.mkdir(parents=True)
    Image.fromarray(golden()["driving"].permute(1, 2, 0).numpy()).save(driving / "000000.png")
    outcome = leo_bench(
        "animate", "--checkpoint", checkpoint, "--source", source, "--driving", driving,
        "--out", out,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    frames = torch.from_numpy(np.load(out))
    assert (frames.shape, frames.dtype) == ((1, 3, 256, 256), torch.float32)
    assert error(frames).mean() < 2e-5
