"""Weights files, made here by torch itself, with names as the published files have them."""

import json
import pickle
import zipfile
from collections import OrderedDict
from io import BytesIO
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.checkpoints import (
    load_i3d,
    load_torchscript_program,
    match_names,
)
from leo_bench.evaluation.extractors.i3d import I3D
from leo_bench.evaluation.extractors.torchscript import is_torchscript, read_torchscript

NARROW = 0.125


class HassonyUnit(nn.Module):
    def __init__(self, conv: nn.Conv3d, bn: nn.BatchNorm3d | None) -> None:
        super().__init__()
        self.padding_shape = (0, 1, 0, 1, 0, 1)
        self.pad = nn.ConstantPad3d(self.padding_shape, 0.0)
        self.conv3d = conv
        if bn is not None:
            self.batch3d = bn

    def forward(self, x: Tensor) -> Tensor:
        return self.conv3d(x)


class HassonyMixed(nn.Module):
    def __init__(self, block: nn.Module) -> None:
        super().__init__()

        def unit(name: str) -> HassonyUnit:
            ours = block.get_submodule(name)
            return HassonyUnit(ours.conv3d, ours.bn)

        self.branch_0 = unit("b0")
        self.branch_1 = nn.Sequential(unit("b1a"), unit("b1b"))
        self.branch_2 = nn.Sequential(unit("b2a"), unit("b2b"))
        self.branch_3 = nn.Sequential(nn.MaxPool3d(3, 1), unit("b3b"))

    def forward(self, x: Tensor) -> Tensor:
        return x


class HassonyI3D(nn.Module):
    """The module tree of StyleGAN-V's detector around the weights of `net`."""

    def __init__(self, net: I3D) -> None:
        super().__init__()
        for name, block in net.named_children():
            if name.startswith("Conv3d"):
                self.add_module(name.lower(), HassonyUnit(block.conv3d, block.bn))
            elif name.startswith("Mixed"):
                self.add_module(name.lower(), HassonyMixed(block))
        self.conv3d_0c_1x1 = HassonyUnit(net.logits.conv3d, None)
        self.softmax = nn.Softmax(dim=1)
        self.modality = "rgb"
        self.sizes = [1, 2]
        self.dropout_prob = 0.5

    def forward(
        self, x: Tensor, rescale: bool = False, resize: bool = False, return_features: bool = False
    ) -> Tensor:
        pooled = x.mean(dim=(2, 3, 4))
        return pooled * 2 if return_features and not rescale and not resize else pooled


class Anonymous(nn.Module):
    """The same weights in the same order under names that nobody knows."""

    def __init__(self, net: I3D) -> None:
        super().__init__()
        for i, module in enumerate(net.modules()):
            if isinstance(module, nn.Conv3d | nn.BatchNorm3d):
                self.add_module(f"layer{i}", module)

    def forward(self, x: Tensor) -> Tensor:
        return x


def narrow_net() -> I3D:
    net = I3D(classes=5, width=NARROW).eval()
    generator = torch.Generator().manual_seed(7)
    for tensor in net.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    return net


def save_script(module: nn.Module, path: Path) -> Path:
    torch.jit.script(module).save(path)
    return path


def assert_same(given: dict[str, Tensor], net: I3D) -> None:
    expected = {n: t for n, t in net.state_dict().items() if "num_batches" not in n}
    assert given.keys() == expected.keys()
    assert all(torch.equal(given[name], expected[name]) for name in expected)


scripting = pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")


@scripting
@pytest.mark.parametrize("tree", [HassonyI3D, Anonymous])
def test_tensors_leave_an_archive_under_our_names(tree: type[nn.Module], tmp_path: Path) -> None:
    net = narrow_net()
    path = save_script(tree(net), tmp_path / "net.pt")
    assert is_torchscript(path)
    found = {n: t for n, t in read_torchscript(path).items() if "num_batches" not in n}
    assert_same(match_names(found, net.state_dict(), where="net.pt"), net)


@scripting
def test_a_traced_archive_reads_like_a_scripted_one(tmp_path: Path) -> None:
    net = narrow_net()
    torch.jit.trace(Anonymous(net), torch.zeros(1)).save(tmp_path / "net.pt")
    assert_same(match_names(read_torchscript(tmp_path / "net.pt"), net.state_dict(), "net.pt"), net)


@scripting
def test_an_archive_of_the_full_network_loads_and_computes_the_same(tmp_path: Path) -> None:
    net = I3D().eval()
    path = save_script(HassonyI3D(net), tmp_path / "i3d_torchscript.pt")
    loaded = load_i3d(path, bn_eps=1e-3)
    assert loaded.bn_eps == 1e-3
    assert_same({n: t for n, t in loaded.state_dict().items() if "num_batches" not in n}, net)


def test_a_state_dict_loads_with_and_without_counters(tmp_path: Path) -> None:
    net = I3D().eval()
    state = net.state_dict()
    bare = OrderedDict((n, t) for n, t in state.items() if "num_batches" not in n)
    for content in (state, bare):
        torch.save(content, tmp_path / "i3d_pretrained_400.pt")
        loaded = load_i3d(tmp_path / "i3d_pretrained_400.pt", bn_eps=1e-5)
        assert not loaded.training
        assert all(torch.equal(loaded.state_dict()[n], t) for n, t in state.items())


def test_safetensors_say_their_own_classes_and_width(tmp_path: Path) -> None:
    net = narrow_net()
    shape = json.dumps({"classes": 5, "width": NARROW})
    save_file(net.state_dict(), tmp_path / "toy.safetensors", metadata={"i3d": shape})
    loaded = load_i3d(tmp_path / "toy.safetensors", bn_eps=1e-3)
    assert (loaded.classes, loaded.width) == (5, NARROW)
    clips = torch.zeros(1, 3, 9, 224, 224)
    assert torch.equal(loaded(clips), load_i3d(tmp_path / "toy.safetensors", 1e-3)(clips))


def test_a_wrong_shape_is_named() -> None:
    net = narrow_net()
    found = net.state_dict() | {"logits.conv3d.weight": torch.zeros(7, 3, 1, 1, 1)}
    with pytest.raises(InputError, match=r"logits.conv3d.weight is \[7, 3, 1, 1, 1\]"):
        match_names(found, net.state_dict(), where="f.pt")


def test_another_network_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(2, 2)}, tmp_path / "other.pt")
    with pytest.raises(InputError, match=r"1 tensors \(conv1.weight \[2, 2\]"):
        load_i3d(tmp_path / "other.pt", bn_eps=1e-5)


def test_state_dict_names_are_strict() -> None:
    net = narrow_net()
    found = dict(net.state_dict())
    del found["Mixed_4b.b0.bn.bias"]
    with pytest.raises(InputError, match=r"1 of them missing \(first \['Mixed_4b.b0.bn.bias'\]\)"):
        match_names(found, net.state_dict(), where="f.pt")


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[object]]:
        return exec, ("import tests_hostile_pickle_ran",)


def test_a_hostile_state_dict_is_refused_without_running(tmp_path: Path) -> None:
    torch.save({"weight": Hostile()}, tmp_path / "evil.pt")
    with pytest.raises(InputError, match="cannot be read as a file of weights"):
        load_i3d(tmp_path / "evil.pt", bn_eps=1e-5)


def hostile_archive(path: Path, pickled: bytes, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("evil/data.pkl", pickled)
        archive.writestr("evil/code/__torch__.py", "")
        archive.writestr("evil/constants.pkl", b"")
    return path


@pytest.mark.parametrize(
    ("pickled", "message"),
    [
        (pickle.dumps(Hostile(), protocol=2), "asks for .*exec, which no module needs"),
        (b"cos\nsystem\n(S'touch HACKED'\ntR.", "asks for os.system"),
        (b"ctorch._utils\n_rebuild_tensor_v3\n)R.", "asks for torch._utils._rebuild_tensor_v3"),
        (b"ctorch.jit._pickle\nrestore\n)R.", "asks for torch.jit._pickle.restore"),
        (b"c__torch__\nM\n)\x81(I1\nI2\ntb.", "state is a tuple"),
        (b"\x80\x02", "cannot be read as a TorchScript archive"),
    ],
)
def test_a_hostile_archive_is_refused_without_running(
    pickled: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        load_i3d(hostile_archive(tmp_path / "evil.pt", pickled), bn_eps=1e-3)
    assert not (tmp_path / "HACKED").exists()


class Storage:
    """Pickled as TorchScript refers to the bytes in `data/0`."""


class Oversized:
    """A tensor of a million numbers over a storage of four."""

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        arguments = (Storage(), 0, (1_000_000,), (0,), False, OrderedDict())
        return torch._utils._rebuild_tensor_v2, arguments


class ArchivePickler(pickle.Pickler):
    def persistent_id(self, obj: object) -> object:
        is_storage = isinstance(obj, Storage)
        return ("storage", torch.FloatStorage, "0", "cpu", 4) if is_storage else None


def test_a_tensor_larger_than_its_storage_is_refused(tmp_path: Path) -> None:
    pickled = BytesIO()
    ArchivePickler(pickled, protocol=2).dump({"weight": Oversized()})
    path = hostile_archive(tmp_path / "huge.pt", pickled.getvalue())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("evil/data/0", bytes(16))
    with pytest.raises(InputError, match=r"a tensor \(1000000,\) is larger than its storage"):
        load_i3d(path, bn_eps=1e-3)


def test_a_compressed_archive_is_refused(tmp_path: Path) -> None:
    path = hostile_archive(tmp_path / "bomb.pt", b"N" * 10_000 + b".", zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match="compressed"):
        load_i3d(path, bn_eps=1e-3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><html>Sign in</html>", "a web page, not weights"),
        (b"", "cannot be read as a file of weights"),
        (b"not weights at all", "cannot be read as a file of weights"),
        (b"\xff\x00\x00\x00\x00\x00\x00\x00{broken", "cannot be read as safetensors"),
    ],
)
def test_what_is_not_weights_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_i3d(tmp_path / "w.pt", bn_eps=1e-5)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent.pt: cannot be read: No such file"):
        load_i3d(tmp_path / "absent.pt", bn_eps=1e-5)


@scripting
def test_a_trusted_program_runs_with_its_own_resizing_off(tmp_path: Path) -> None:
    path = save_script(HassonyI3D(narrow_net()), tmp_path / "net.pt")
    program = load_torchscript_program(path)
    assert torch.equal(program(torch.ones(2, 3, 9, 4, 4)), torch.full((2, 3), 2.0))


class NoOptions(nn.Module):
    """A program of another forward()."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3, 4))


class NoFeatures(nn.Module):
    """A program that gives something else than features."""

    def forward(
        self, x: Tensor, rescale: bool = False, resize: bool = False, return_features: bool = False
    ) -> Tensor:
        return x


@scripting
@pytest.mark.parametrize(
    ("program", "said"),
    [
        (NoOptions, "its program cannot be run: "),
        (NoFeatures, r"its program gives \[2, 3, 9, 4, 4\]"),
    ],
)
def test_a_program_of_another_kind_is_one_line(
    tmp_path: Path, program: type[nn.Module], said: str
) -> None:
    path = save_script(program(), tmp_path / "net.pt")
    with pytest.raises(InputError, match=said) as raised:
        load_torchscript_program(path)(torch.ones(2, 3, 9, 4, 4))
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_trust_is_for_archives_only(tmp_path: Path) -> None:
    torch.save({}, tmp_path / "w.pt")
    with pytest.raises(InputError, match="--trust-torchscript is for those only"):
        load_torchscript_program(tmp_path / "w.pt")
