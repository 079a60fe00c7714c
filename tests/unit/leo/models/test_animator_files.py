"""Animators out of files, and at work: official checkpoints, our own, and everything else."""

import argparse
import datetime
import json
import zipfile
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.checkpoint import Model, save_model
from leo_bench.leo.models.animator import ImageAnimator, relative
from leo_bench.leo.models.animator_files import generator_from_file, read_animator
from leo_bench.leo.networks.generator import Generator
from leo_bench.leo.networks.layers import to_pixels
from leo_bench.leo.stages.animator import shape

State = dict[str, Tensor]


def generator(*, align_corners: bool = False) -> Generator:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Generator(16, channel_cap=8, style=12, directions=5, align_corners=align_corners)


def frames(count: int, side: int = 16) -> Tensor:
    random = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8, generator=random)


def official(path: Path, state: State) -> Path:
    """As LIA's trainer saves: with an argparse.Namespace, and optimisers beside the networks."""
    others = {"dis": {}, "g_optim": {"state": {}}, "d_optim": {"state": {}}}
    torch.save({"gen": state, "args": argparse.Namespace(size=16), **others}, path)
    return path


def test_an_official_checkpoint_is_read_strictly_and_its_shape_inferred(tmp_path: Path) -> None:
    net = generator()
    found = read_animator(official(tmp_path / "vox.pt", net.state_dict()))
    assert (found.generator.size, found.generator.style, found.generator.directions) == (16, 12, 5)
    assert not found.generator.align_corners
    for name, value in net.state_dict().items():
        assert torch.equal(found.generator.state_dict()[name], value), name
    assert not any(parameter.requires_grad for parameter in found.generator.parameters())
    assert found.notes == ["8 tensors are unused by design (noise.weight, to_rgb1)"]


def test_what_nothing_reads_may_be_absent(tmp_path: Path) -> None:
    net = generator()
    state = {
        name: value
        for name, value in net.state_dict().items()
        if not name.endswith((".kernel", "noise.weight")) and "to_rgb1" not in name
    }
    found = read_animator(official(tmp_path / "vox.pt", state))
    assert found.notes == []
    source, driving = torch.rand(2, 1, 3, 16, 16)
    torch.testing.assert_close(found.generator(source, driving), net(source, driving))


def without(name: str) -> Callable[[State], State]:
    return lambda state: {key: value for key, value in state.items() if key != name}


def changed(name: str, value: Tensor) -> Callable[[State], State]:
    return lambda state: state | {name: value}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("dec.conv1.conv.weight"), "missing: dec.conv1.conv.weight$"),
        (without("dec.direction.weight"), "'dec.direction.weight' is missing; found dec.conv1"),
        (changed("dec.direction.weight", torch.zeros(3)), r"is \[3\], not of 2 dimensions$"),
        (
            lambda state: {f"dec.to_flows.{i}.conv.weight": torch.zeros(1) for i in range(999)},
            "999 flows; it has 1024 pixels at most",
        ),
        (changed("dec.extra", torch.zeros(1)), "unexpected: dec.extra$"),
        (changed("module.a", torch.zeros(1)), "unexpected: module.a$"),
        (changed("enc.fc.0.bias", torch.zeros(3)), "of another shape: enc.fc.0.bias$"),
        (changed("dec.to_rgbs.0.upsample.kernel", torch.ones(4, 4)), "another FIR filter"),
        (lambda _: {}, "is missing"),
        (lambda state: {**state, 7: torch.zeros(1)}, "under 'gen', no texts are the keys 7$"),
        (lambda state: {**state, 7: 1, ("a", 2): 1}, r"no texts are the keys 7, \('a', 2\)$"),
    ],
)
def test_a_state_that_is_not_a_generators_is_refused_by_name(
    tmp_path: Path, change: Callable[[State], State], message: str
) -> None:
    path = official(tmp_path / "vox.pt", change(generator().state_dict()))
    with pytest.raises(InputError, match=message) as caught:
        generator_from_file(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) - len(str(path)) < 210


class Ran:
    """Leaves a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.mark,))


@pytest.mark.parametrize("zipped", [True, False])
def test_odd_objects_beside_the_state_are_passed_over_and_nothing_runs(
    zipped: bool, tmp_path: Path
) -> None:
    net, mark = generator(), tmp_path / "ran"
    args = argparse.Namespace(
        path=Path("/data"), rate=np.float32(0.1), seeds=np.arange(3), kinds={"a"}, ran=Ran(mark),
        when=datetime.date(2026, 1, 1), dtype=torch.float16, fraction=Fraction(1, 3),
        words=Counter("abba"), queue=deque([1, 2]), run=print, table=defaultdict(list, a=[1]),
    )  # fmt: skip
    path = tmp_path / "vox.pt"
    torch.save(
        {"args": args, "gen": net.state_dict(), "d_optim": Ran(mark)},
        path,
        _use_new_zipfile_serialization=zipped,
    )
    found = read_animator(path).generator.state_dict()
    assert all(torch.equal(found[name], value) for name, value in net.state_dict().items())
    assert not mark.exists()
    torch.load(path, weights_only=False)  # that the file would have run it
    assert mark.exists()


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda state: state,
        lambda state: {"g_ema": state, "step": 7},
        lambda state: {"state_dict": state, "epoch": np.int64(3)},
        lambda state: {"state_dict": {"gen": state}},
        lambda state: {"gen": {}, "g_ema": state},
        lambda state: {"gen": {f"module.{key}": value for key, value in state.items()}},
        lambda state: {f"module.{key}": value for key, value in state.items()},
        lambda state: {"gen": {f"module._orig_mod.{k}": v for k, v in state.items()}},
        lambda state: {"gen": {k: v.half() for k, v in state.items()}},
        lambda state: {"gen": {k: nn.Parameter(v) for k, v in state.items()}},
    ],
)
def test_copies_of_a_checkpoint_load_as_it_does(
    wrapped: Callable[[State], object], tmp_path: Path
) -> None:
    net = generator()
    torch.save(wrapped(net.state_dict()), tmp_path / "copy.pt")
    found = generator_from_file(tmp_path / "copy.pt").state_dict()
    assert found.keys() == net.state_dict().keys()
    for name, value in net.state_dict().items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-3)


def test_other_files_are_refused_in_one_line(tmp_path: Path) -> None:
    text, other, code, cut, keys, program, loop = (
        tmp_path / f"{name}.pt"
        for name in ("text", "other", "code", "cut", "keys", "program", "loop")
    )
    text.write_text("no checkpoint")
    torch.save({"g_ema": {}, "epoch": 3}, other)
    torch.save({"gen": generator()}, code)
    torch.save({f"{'long' * 60} {i}": i for i in range(400)}, keys)
    with zipfile.ZipFile(program, "w") as archive:
        archive.writestr("program/code/__torch__.py", "def forward(self): ...")
    itself: dict[str, object] = {}
    itself["gen"] = itself
    torch.save(itself, loop)
    torch.save({"gen": {"a": torch.zeros(9)}}, cut, _use_new_zipfile_serialization=False)
    cut.write_bytes(cut.read_bytes()[:37])
    for path, message in [
        (tmp_path / "none.pt", "no such file"),
        (text, "no PyTorch checkpoint.*give LIA's vox.pt"),
        (other, "'enc.net_app.convs.1.weight' is missing; found nothing"),
        (cut, "a damaged one"),
        (code, "'gen' is a .*Generator, no state dict; give LIA's"),
        (keys, "looked for a state dict under 'gen', 'g_ema', 'state_dict', or alone; found the "),
        (program, "a TorchScript program, no checkpoint"),
        (loop, "no checkpoint of LIA|no tensors are"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            generator_from_file(path)
        assert "\n" not in str(caught.value)
        assert "weights_only" not in str(caught.value)
        assert len(str(caught.value)) - len(str(tmp_path)) < 230


def model_file(path: Path, net: Generator, stage: str = "animator") -> Path:
    about = {
        "size": 16, "channel_cap": 8, "style": 12, "directions": 5,
        "align_corners": net.align_corners,
    }  # fmt: skip
    save_model(path, Model(net.state_dict(), {}, {"stage": stage, stage: json.dumps(about)}))
    return path


def test_a_model_may_be_narrower_where_maps_are_large(tmp_path: Path) -> None:
    net = Generator(16, channel_cap=8, channel_base=64, style=12, directions=5)
    assert [net.widths.at(side) for side in (4, 8, 16)] == [8, 8, 4]
    path = tmp_path / "model.safetensors"
    about = json.dumps(shape(net))
    save_model(path, Model(net.state_dict(), {}, {"stage": "animator", "animator": about}))
    found = generator_from_file(path)
    source, driving = torch.rand(2, 1, 3, 16, 16)
    torch.testing.assert_close(found(source, driving), net(source, driving), rtol=0, atol=0)


def test_our_own_models_say_what_shapes_cannot(tmp_path: Path) -> None:
    net = generator(align_corners=True)
    found = generator_from_file(model_file(tmp_path / "model.safetensors", net))
    assert found.align_corners
    source, driving = torch.rand(2, 1, 3, 16, 16)
    torch.testing.assert_close(found(source, driving), net(source, driving), rtol=0, atol=0)


def test_a_model_of_another_stage_is_refused(tmp_path: Path) -> None:
    path = model_file(tmp_path / "model.safetensors", generator(), stage="lmdm")
    with pytest.raises(InputError, match="another stage"):
        generator_from_file(path)


def test_an_animator_gives_the_plain_forms_frames_in_any_portions() -> None:
    net = generator()
    animator, pictures = ImageAnimator(net), frames(9)
    animator._at_once = 4
    codes = animator.codes(pictures)
    assert (codes.shape, codes.dtype) == ((9, 5), torch.float32)
    source = animator.appearance(pictures[0])
    numbers = pictures.float() / 255 * 2 - 1
    expected = net(numbers[:1].expand(9, -1, -1, -1), numbers).detach()
    result = animator.frames(source, codes)
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-4)
    one_by_one = torch.stack(list(animator.video(source, codes)))
    assert one_by_one.dtype == torch.uint8
    torch.testing.assert_close(one_by_one, to_pixels(result), rtol=0, atol=0)


def test_relative_motion_of_a_still_video_is_the_source() -> None:
    codes = torch.ones(3, 5)
    source = torch.arange(5.0)
    assert torch.equal(relative(codes, codes[0], source), source.expand(3, -1))


@pytest.mark.parametrize("bad", [frames(1, side=8), frames(1).float()])
def test_frames_of_another_size_or_kind_are_refused(bad: Tensor) -> None:
    with pytest.raises(ValueError, match=r"expected uint8 \[T,3,16,16\]"):
        ImageAnimator(generator()).codes(bad)
