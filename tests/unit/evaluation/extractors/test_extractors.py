import hashlib
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ExtractorRequest, build_extractor
from leo_bench.evaluation.extractors.i3d import I3D
from leo_bench.evaluation.extractors.i3d_extractor import in_full_batches
from leo_bench.evaluation.extractors.numerics import full_precision

CLASSES, WIDTH = 6, 0.125


def clips(count: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, 9, 224, 224, generator=generator) * 2 - 1


@pytest.fixture(scope="module")
def toy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    net = I3D(CLASSES, WIDTH)
    for seed, (name, tensor) in enumerate(net.state_dict().items()):
        if name.endswith("conv3d.weight"):
            generator = torch.Generator().manual_seed(seed)
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * tensor[0].numel() ** -0.5)
    path = tmp_path_factory.mktemp("weights") / "own.safetensors"
    shape = json.dumps({"classes": CLASSES, "width": WIDTH})
    save_file(net.state_dict(), path, metadata={"i3d": shape})
    return path


def toy(path: Path, **options: object) -> ExtractorRequest:
    options = {"weights": path, "allow_unverified": True} | options
    return ExtractorRequest("i3d-toy", bn_eps=1e-3, **options)  # type: ignore[arg-type]


def test_an_extractor_says_what_it_is(toy_file: Path) -> None:
    extractor = build_extractor(toy(toy_file))
    assert (extractor.name, extractor.dim, extractor.device) == ("i3d-toy", CLASSES, "cpu")
    assert extractor.weights == hashlib.sha256(toy_file.read_bytes()).hexdigest()
    assert not extractor.weights_verified
    assert extractor.precision == "fp32"


def test_a_clips_features_have_the_same_bits_whatever_its_neighbours(toy_file: Path) -> None:
    extractor = build_extractor(toy(toy_file))
    clip, others = clips(1), clips(3, seed=1)
    alone = extractor(clip)[0]
    assert alone.shape == (CLASSES,)
    assert torch.equal(extractor(torch.cat([clip, others]))[0], alone)
    assert torch.equal(extractor(torch.cat([others[:2], clip]))[2], alone)
    assert torch.equal(extractor(clip)[0], alone)


def test_the_last_batch_is_filled_up_and_cut() -> None:
    seen: list[Tensor] = []

    def network(batch: Tensor) -> Tensor:
        seen.append(batch)
        return batch * 2

    numbers = torch.arange(10.0)[:, None]
    assert torch.equal(in_full_batches(network, numbers, size=4), numbers * 2)
    assert [batch[:, 0].tolist() for batch in seen] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 9, 9]]


def test_the_callers_precision_settings_neither_matter_nor_change(toy_file: Path) -> None:
    extractor = build_extractor(toy(toy_file))
    expected = extractor(clips(1))
    settings = torch.backends.mkldnn.matmul, torch.backends.cudnn.conv, torch.backends.mkldnn.conv
    kept = [setting.fp32_precision for setting in settings]
    try:
        torch.backends.mkldnn.conv.fp32_precision = "bf16"
        assert torch.equal(extractor(clips(1)), expected)
        assert torch.backends.mkldnn.conv.fp32_precision == "bf16"
    finally:
        for setting, value in zip(settings, kept, strict=True):
            setting.fp32_precision = value


def test_full_precision_holds_inside_and_is_undone_after_an_error() -> None:
    def state() -> tuple[str, str, bool]:
        backends = torch.backends
        conv, matmul = backends.cudnn.conv.fp32_precision, backends.cuda.matmul.fp32_precision
        return conv, matmul, backends.cudnn.deterministic

    inside = []

    def fail() -> None:
        with full_precision():
            inside.append(state())
            raise ZeroDivisionError

    before = state()
    with pytest.raises(ZeroDivisionError):
        fail()
    assert inside == [("ieee", "ieee", True)]
    assert state() == before


def test_full_precision_holds_in_a_training_with_autocast() -> None:
    ones = torch.ones(4, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with full_precision():
            assert (ones @ ones).dtype == torch.float32
        assert (ones @ ones).dtype == torch.bfloat16


def test_full_precision_inside_another_leaves_the_outer_ones_settings() -> None:
    """A thread that ends after the one which began it must not bring its settings back."""
    matmul = torch.backends.mkldnn.matmul
    before = matmul.fp32_precision
    with ExitStack() as inner:
        with full_precision():
            inner.enter_context(full_precision())
        assert matmul.fp32_precision == before
    assert matmul.fp32_precision == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "fp16"}, "fp16 is not offered: one convolution takes 40 s on a CPU"),
        ({"precision": "int8"}, "precision int8: known are fp32, bf16"),
        ({"device": "cuda:99"}, "device cuda:99: is not here; here are cpu"),
        ({"device": "nonsense"}, "device nonsense: "),
        ({"device": "meta"}, "device meta: is not here; here are cpu"),
        ({"allow_unverified": False}, "not the shipped weights of i3d-toy"),
        ({"weights": Path("absent.safetensors")}, "absent.safetensors: no such file"),
    ],
)
def test_what_cannot_be_used_is_refused(
    toy_file: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        build_extractor(toy(toy_file, **options))


def test_an_unknown_extractor_lists_the_known_ones() -> None:
    with pytest.raises(
        InputError,
        match="i3d: no such extractor; did you mean i3d-toy",
    ):
        build_extractor(ExtractorRequest("i3d", bn_eps=1e-3))


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEO_BENCH_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.usefixtures("no_weights")
@pytest.mark.parametrize("name", ["i3d_pretrained_400.pt", "i3d_torchscript.pt"])
def test_absent_weights_are_named_as_the_protocol_names_them(name: str) -> None:
    request = ExtractorRequest("i3d-kinetics400", bn_eps=1e-3, files=(name,))
    with pytest.raises(InputError, match=f"leo-bench weights fetch {name}"):
        build_extractor(request)


def test_weights_of_unknown_digest_are_refused_or_marked(tmp_path: Path) -> None:
    path = tmp_path / "i3d_pretrained_400.pt"
    torch.save(I3D().state_dict(), path)
    request = ExtractorRequest("i3d-kinetics400", bn_eps=1e-5, weights=path)
    with pytest.raises(InputError, match="--allow-unverified"):
        build_extractor(request)
    allowed = ExtractorRequest("i3d-kinetics400", 1e-5, weights=path, allow_unverified=True)
    extractor = build_extractor(allowed)
    assert extractor.dim == 400
    assert not extractor.weights_verified


@pytest.mark.parametrize("shape", [(1, 3, 2, 4, 4), (1, 3, 16, 64, 64), (1, 3, 9, 50, 30)])
def test_pixels_reads_any_size(shape: tuple[int, ...]) -> None:
    features = build_extractor(ExtractorRequest("pixels", bn_eps=1e-3))(torch.ones(shape))
    assert features.shape == (1, 32)
    assert features.dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        (
            "pixels",
            {"weights": Path("w.pt")},
            "--weights w.pt: pixels has no weights",
        ),
        ("pixels", {"precision": "bf16"}, "drop --dtype"),
        ("pixels", {"device": "tpu"}, "device tpu: is not here"),
        ("pixels", {"trust_torchscript": True}, "--trust-torchscript"),
        ("i3d-toy", {"trust_torchscript": True}, "i3d-toy is no TorchScript program"),
    ],
)
def test_what_an_extractor_does_not_have_is_not_passed_over(
    name: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        build_extractor(ExtractorRequest(name, bn_eps=1e-3, **options))


def test_pixels_sees_each_clip_alone_and_the_order_of_frames() -> None:
    extractor = build_extractor(ExtractorRequest("pixels", bn_eps=1e-3))
    batch = clips(3)
    assert torch.equal(extractor(batch)[1], extractor(batch[1:2])[0])
    assert not torch.equal(extractor(batch.flip(2)), extractor(batch))
