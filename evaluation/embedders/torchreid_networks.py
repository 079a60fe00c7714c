"""Identity of persons by networks of torchreid (KaiyangZhou/deep-person-reid).

osnet-x0-25-msmt17  OSNet x0.25, MSMT17, from an ONNX export
osnet-x1-0          OSNet x1.0 (Zhou et al. 2019, arXiv 1905.00953)
resnet50-torchreid  resnet50_fc512: ResNet-50 with last stride 1 and a 512-d layer

As torchreid itself does (f8cd150), the whole frame is resized to 256 x 128 by Pillow's bilinear,
whatever its aspect ratio, and normalised by ImageNet's mean and deviation; the embedding is 512-d
after batch norm and ReLU, neither normalised nor summed with that of the mirror image. So distances
are not bounded by 2.

The torchreid package imports OpenCV, gdown and TensorBoard; its model files need only torch, and
are loaded alone.
"""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from leo_bench.evaluation.embedders import TRIAL, EmbedderRequest
from leo_bench.evaluation.embedders.network import (
    NetworkEmbedder,
    imagenet_normalised,
    network_embedder,
    resized,
)
from leo_bench.evaluation.embedders.onnx_weights import read_onnx
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.weights.registry import chosen_weights
from leo_bench.evaluation.weights.state_dicts import load_strictly, read_state_dict, without

DIM = 512
_HEIGHT, _WIDTH = 256, 128

# Embedder -> torchreid's file and function.
_NETWORKS = {
    "osnet-x0-25-msmt17": ("osnet", "osnet_x0_25"),
    "osnet-x1-0": ("osnet", "osnet_x1_0"),
    "resnet50-torchreid": ("resnet", "resnet50_fc512"),
}


def build(request: EmbedderRequest) -> NetworkEmbedder:
    """Any embedder of this module.

    Raises:
        InputError: weights that are absent, wrong or not verified; a device that is not here.
    """
    file = chosen_weights(request.name, request.weights, request.allow_unverified, trial=TRIAL)
    net = network(*_NETWORKS[request.name])
    if is_onnx(file.path):
        with torch.device("meta"):
            take_folded_norms(net)
        tensors = read_onnx(file.path)
    else:
        tensors = without(read_state_dict(file.path), ["classifier."])
    load_strictly(net, tensors, file.path)
    return network_embedder(request, file, DIM, _prepare, net)


def network(file: str, function: str) -> nn.Module:
    """A network of torchreid on the meta device, without the classifier of its training."""
    build_network: Any = getattr(_model_file(file), function)
    with torch.device("meta"):
        net: nn.Module = build_network(num_classes=1, pretrained=False)
    net.register_module("classifier", nn.Identity())
    return net


def is_onnx(path: Path) -> bool:
    """Whether the file is of neither format of `torch.save`.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    return head[:2] != b"PK" and head[:1] not in (b"\x80", b"<")


def take_folded_norms(net: nn.Module) -> None:
    """Replace each batch norm by a bias of the convolution before it, as the exporter did."""
    for block in list(net.modules()):
        if not isinstance(getattr(block, "bn", None), nn.BatchNorm2d):
            continue
        # The last convolution of the block: torchreid's are `conv`, or `conv1` and `conv2`.
        folded = [child for child in block.children() if isinstance(child, nn.Conv2d)][-1]
        folded.bias = nn.Parameter(torch.empty(folded.out_channels))
        block.register_module("bn", nn.Identity())


def _prepare(frame: Tensor) -> Tensor:
    upright = resized(frame, _HEIGHT, _WIDTH, Image.Resampling.BILINEAR)
    return imagenet_normalised(upright / 255)


def _model_file(name: str) -> ModuleType:
    """One of torchreid's model files as a module, without importing the package."""
    package = importlib.util.find_spec("torchreid")
    if package is None or package.origin is None:
        raise InputError("torchreid is not installed: pip install torchreid==0.2.5")
    path = Path(package.origin).parent / "reid" / "models" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"torchreid_{name}_alone", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InputError(f"{path}: absent: torchreid 0.2.5 is needed")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
