from collections.abc import Callable
from functools import cache
from pathlib import Path

import official_layouts as layouts
import pytest
import torch
from torch import Tensor, nn

from conftest import Run
from leo_bench.evaluation.embedders import (
    EmbedderRequest,
    FrameEmbedder,
    build_embedder,
    id_toy,
    list_embedders,
)
from leo_bench.evaluation.embedders.layumi import pooled_network, statistics_of_the_batch
from leo_bench.evaluation.embedders.network import NetworkEmbedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.weights.registry import load_registry, weights_for
from leo_bench.evaluation.weights.state_dicts import load_strictly

PUBLISHED = [e.name for e in list_embedders() if weights_for(e.name) and e.name != "inception-fid"]
WHOLE_FRAME = ["facenet-vggface2", "facenet-casia-webface", "osnet-x1-0", "pose-eval-reid"]
DETECTING = [
    "facenet-vggface2-aligned",
    "facenet-casia-webface-aligned",
    "mobilefacenet-foamliu",
    "mobilefacenet-xiaoccer",
]


Built = Callable[[str], FrameEmbedder]


def save_official(name: str, path: Path) -> Path:
    """A rule-made file in the layout of the published one."""
    match name:
        case "facenet-vggface2" | "facenet-vggface2-aligned":
            return layouts.save(path, layouts.facenet(people=8631))
        case "facenet-casia-webface" | "facenet-casia-webface-aligned":
            return layouts.save(path, layouts.facenet(people=10575))
        case "mobilefacenet-foamliu":
            return layouts.save(path, layouts.foamliu())
        case "mobilefacenet-xiaoccer":
            return layouts.save(path, layouts.xiaoccer(), wrapper="net_state_dict")
        case "osnet-x0-25-msmt17":
            return layouts.save(path, layouts.torchreid("osnet", "osnet_x0_25"))
        case "osnet-x1-0":
            shapes = layouts.torchreid("osnet", "osnet_x1_0")
            return layouts.save(path, shapes, wrapper="state_dict", prefix="module.")
        case "resnet50-torchreid":
            return layouts.save(path, layouts.torchreid("resnet", "resnet50_fc512"))
        case _:
            return layouts.save(path, layouts.layumi())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], FrameEmbedder]:
    """An embedder with rule-made weights, made once."""

    @cache
    def build(name: str) -> FrameEmbedder:
        path = save_official(name, tmp_path_factory.mktemp(name) / "weights.pt")
        return build_embedder(EmbedderRequest(name, path, allow_unverified=True))

    return build


def noise(count: int, size: tuple[int, int] = (96, 80)) -> Tensor:
    """uint8 [count,3,*size]."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, *size), generator=generator, dtype=torch.uint8)


def test_every_embedder_is_listed_once_with_its_size(leo_bench: Run) -> None:
    shown = leo_bench("list", "embedders").out
    for embedder in list_embedders():
        assert sum(line.split()[:1] == [embedder.name] for line in shown.splitlines()) == 1
    sizes = {embedder.name: embedder.dim for embedder in list_embedders()}
    for name in ("mean-colour", "random-filters"):
        assert build_embedder(EmbedderRequest(name)).dim == sizes[name]
    assert sizes["id-toy"] == id_toy.DIM


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="openface: no such embedder; known are mean-colour, "):
        build_embedder(EmbedderRequest("openface"))


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_file_in_the_published_layout_loads(name: str, built: Built) -> None:
    embedder = built(name)
    assert (embedder.name, embedder.device) == (name, "cpu")
    assert embedder.dim == next(e.dim for e in list_embedders() if e.name == name)
    assert not embedder.weights_verified
    assert len(embedder.weights) == 64


@pytest.mark.parametrize("name", WHOLE_FRAME)
def test_a_frame_has_the_same_bits_alone_and_in_company(name: str, built: Built) -> None:
    embedder, frames = built(name), noise(2)
    together = embedder(frames)
    assert together.found.all()
    assert together.values.shape == (2, embedder.dim)
    assert together.values.dtype == torch.float32
    assert torch.isfinite(together.values).all()
    assert not torch.allclose(together.values[0], together.values[1])
    assert torch.equal(embedder(frames[1:]).values[0], together.values[1])


@pytest.mark.parametrize("name", DETECTING)
def test_no_face_is_said_so(name: str, built: Built) -> None:
    embedder = built(name)
    for frames in (torch.zeros(2, 3, 64, 64, dtype=torch.uint8), noise(1), noise(1, (16, 64))):
        embedded = embedder(frames)
        assert embedded.found.tolist() == [False] * len(frames)
        assert not embedded.values.any()
        assert embedded.values.shape == (len(frames), embedder.dim)


def test_layumi_does_not_tell_a_frame_from_its_mirror_image(built: Built) -> None:
    frames = noise(1, (256, 128))
    embedder = built("layumi-ft-resnet50")
    a, b = embedder(frames).values, embedder(frames.flip(-1)).values
    assert float(a.norm()) == pytest.approx(1, abs=1e-5)
    assert torch.allclose(a, b, atol=1e-6)


def test_pose_evaluation_scales_twice_and_its_correction_once(built: Built) -> None:
    white = torch.full((3, 288, 144), 255, dtype=torch.uint8)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    as_it_is, corrected = built("pose-eval-reid"), built("pose-eval-reid-corrected")
    assert isinstance(as_it_is, NetworkEmbedder)
    assert isinstance(corrected, NetworkEmbedder)
    assert torch.allclose(as_it_is.prepare(white)[:, 0, 0], (1 / 255 - mean) / std)
    assert torch.allclose(corrected.prepare(white)[:, 0, 0], (1 - mean) / std)


def test_statistics_of_the_batch_are_those_of_training_mode() -> None:
    shapes = {n: tuple(t.shape) for n, t in pooled_network().state_dict().items()}
    tensors = {name: layouts.by_rule(name, shape) for name, shape in shapes.items()}
    nets = [load_strictly(pooled_network(), tensors, Path("made")) for _ in range(2)]
    statistics_of_the_batch(nets[0])
    image = torch.randn(1, 3, 96, 64, generator=torch.Generator().manual_seed(0))
    ours = nets[0](image)
    assert not torch.allclose(ours, nets[1](image))
    # The original's way, running statistics and all: they drift, and are not read.
    for module in nets[1].modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    nets[1].train()
    for _ in range(2):
        assert torch.allclose(nets[1](image), ours, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["mean-colour", "random-filters"])
def test_what_an_embedder_does_not_have_is_not_passed_over(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"--weights .*w.pt: {name} has no weights; leave it out"):
        build_embedder(EmbedderRequest(name, tmp_path / "w.pt"))
    with pytest.raises(InputError, match="device tpu: is not here"):
        build_embedder(EmbedderRequest(name, device="tpu"))


def test_frames_too_small_for_facenet_are_refused(built: Built) -> None:
    embedder = built("facenet-vggface2")
    embedded = embedder(noise(1, (75, 75)))
    assert float(embedded.values.norm()) == pytest.approx(1, abs=1e-5)
    with pytest.raises(InputError, match=r"75 pixels a side, these have 80 x 74: .*--resolution"):
        embedder(noise(1, (74, 80)))


def test_other_frames_than_uint8_rgb_are_refused(built: Built) -> None:
    with pytest.raises(InputError, match=r"reads uint8 \[T,3,H,W\]; the frames are torch.float32"):
        built("osnet-x0-25-msmt17")(noise(1).float())


@pytest.mark.parametrize("name", PUBLISHED)
def test_missing_weights_say_how_to_get_them(name: str) -> None:
    with pytest.raises(InputError) as error:
        build_embedder(EmbedderRequest(name))
    message = str(error.value)
    first, file = next(iter(weights_for(name).items()))
    assert message.startswith(f"weights {first} are not in ")
    how = f"`leo-bench weights fetch {first}`" if file.downloads else file.pages[0]
    assert how in message
    assert "--weights FILE" in message
    assert "\n" not in message
    assert ("--allow-unverified" in message) == file.digest_unknown
    assert (f"leo-bench weights fetch {first}" in message) == bool(file.downloads)


def test_the_detectors_registered_files_are_those_in_the_wheel() -> None:
    files = [f for n, f in load_registry().items() if n.startswith("mtcnn_facenet_pytorch/")]
    assert len(files) == 3  # what they are is checked whenever a detector is built


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("osnet-x1-0", r"is unpublished, so nothing vouches for it; --allow-unverified"),
        ("mobilefacenet-foamliu", r"is not that of mobilefacenet_foamliu/mobilefacenet.pt"),
    ],
)
def test_unverified_files_have_to_be_allowed(name: str, message: str, tmp_path: Path) -> None:
    path = save_official(name, tmp_path / "w.pt")
    with pytest.raises(InputError, match=message):
        build_embedder(EmbedderRequest(name, path))


def without_one(shapes: layouts.Shapes) -> layouts.Shapes:
    return {name: shape for name, shape in shapes.items() if name != "linear1.bn.weight"}


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (without_one(layouts.xiaoccer()), r"1 tensors are missing \(first \['embedding.bn.weight'"),
        (layouts.xiaoccer() | {"more": (1,)}, r"0 .*missing .*1 are not known \(first \['more'"),
        (layouts.xiaoccer() | {"linear7.conv.weight": (512, 1, 7, 7)}, r"needs \[512, 1, 7, 6\]"),
        (layouts.foamliu(), "the weights of another network"),
    ],
)
def test_weights_of_another_network_are_refused(
    shapes: layouts.Shapes, message: str, tmp_path: Path
) -> None:
    path = layouts.save(tmp_path / "w.pt", shapes)
    request = EmbedderRequest("mobilefacenet-xiaoccer", path, allow_unverified=True)
    with pytest.raises(InputError, match=message) as error:
        build_embedder(request)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!doctype html>", "a web page, not weights"),
        (b"PK\x03\x04 cut off", "cannot be read as a file of weights"),
        (b"", "cannot be read as ONNX: it holds no weights"),
        (b"\x08\x07\x3a\xff", "cannot be read as ONNX"),
    ],
)
def test_files_that_are_no_weights(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "w.onnx").write_bytes(content)
    request = EmbedderRequest("osnet-x0-25-msmt17", tmp_path / "w.onnx", allow_unverified=True)
    with pytest.raises(InputError, match=message) as error:
        build_embedder(request)
    assert "\n" not in str(error.value)


def test_a_file_of_no_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "w.pt")
    request = EmbedderRequest("osnet-x1-0", tmp_path / "w.pt", allow_unverified=True)
    with pytest.raises(InputError, match="holds no state dict"):
        build_embedder(request)


def test_a_device_that_is_not_here_is_refused(tmp_path: Path) -> None:
    path = save_official("osnet-x0-25-msmt17", tmp_path / "w.pt")
    request = EmbedderRequest("osnet-x0-25-msmt17", path, True, "cuda:99")
    with pytest.raises(InputError, match="device cuda:99: is not here; here are cpu"):
        build_embedder(request)
