"""Identity of faces by two published MobileFaceNets.

mobilefacenet-foamliu   foamliu/MobileFaceNet: ArcFace's 112 x 112, ImageNet's mean and deviation
mobilefacenet-xiaoccer  Xiaoccer/MobileFaceNet_Pytorch: SphereFace's 112 x 96, (x - 127.5) / 128

Both align the largest face by its landmarks and give 128-d embeddings, here of length 1, so
distances are 0..2. No mirrored second pass.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from leo_bench.evaluation.embedders import EmbedderRequest
from leo_bench.evaluation.embedders.faces import FaceDetector, aligned
from leo_bench.evaluation.embedders.mobilefacenet import DIM, MobileFaceNet, prelu, relu6
from leo_bench.evaluation.embedders.network import (
    NetworkEmbedder,
    UnitLength,
    about_minus_one_to_one,
    imagenet_normalised,
    network_embedder,
)
from leo_bench.evaluation.features.devices import chosen_device
from leo_bench.evaluation.weights.registry import chosen_weights
from leo_bench.evaluation.weights.state_dicts import load_strictly, read_state_dict

_HEIGHT = 112
_FOAMLIU_WIDTH, _XIAOCCER_WIDTH = 112, 96

# The files' names -> ours, first match: read off the names and shapes of the files themselves.
_FOAMLIU = (
    (r"^conv1\.0\.", "stem.conv."),
    (r"^conv1\.1\.", "stem.bn."),
    (r"^dw_conv\.depthwise\.", "depthwise.conv."),
    (r"^dw_conv\.bn1\.", "depthwise.bn."),
    (r"^dw_conv\.pointwise\.", "pointwise.conv."),
    (r"^dw_conv\.bn2\.", "pointwise.bn."),
    (r"^features\.(\d+)\.conv\.0\.0\.", r"blocks.\1.expand.conv."),
    (r"^features\.(\d+)\.conv\.0\.1\.", r"blocks.\1.expand.bn."),
    (r"^features\.(\d+)\.conv\.1\.0\.", r"blocks.\1.depthwise.conv."),
    (r"^features\.(\d+)\.conv\.1\.1\.", r"blocks.\1.depthwise.bn."),
    (r"^features\.(\d+)\.conv\.2\.", r"blocks.\1.project.conv."),
    (r"^features\.(\d+)\.conv\.3\.", r"blocks.\1.project.bn."),
    (r"^conv2\.0\.", "widen.conv."),
    (r"^conv2\.1\.", "widen.bn."),
    (r"^gdconv\.depthwise\.", "global_depthwise.conv."),
    (r"^gdconv\.bn\.", "global_depthwise.bn."),
    (r"^conv3\.", "embedding.conv."),
    (r"^bn\.", "embedding.bn."),
)
_XIAOCCER = (
    (r"^conv1\.prelu\.", "stem.act."),
    (r"^conv1\.", "stem."),
    (r"^dw_conv1\.prelu\.", "depthwise.act."),
    (r"^dw_conv1\.", "depthwise."),
    (r"^blocks\.(\d+)\.conv\.0\.", r"blocks.\1.expand.conv."),
    (r"^blocks\.(\d+)\.conv\.1\.", r"blocks.\1.expand.bn."),
    (r"^blocks\.(\d+)\.conv\.2\.", r"blocks.\1.expand.act."),
    (r"^blocks\.(\d+)\.conv\.3\.", r"blocks.\1.depthwise.conv."),
    (r"^blocks\.(\d+)\.conv\.4\.", r"blocks.\1.depthwise.bn."),
    (r"^blocks\.(\d+)\.conv\.5\.", r"blocks.\1.depthwise.act."),
    (r"^blocks\.(\d+)\.conv\.6\.", r"blocks.\1.project.conv."),
    (r"^blocks\.(\d+)\.conv\.7\.", r"blocks.\1.project.bn."),
    (r"^conv2\.prelu\.", "widen.act."),
    (r"^conv2\.", "widen."),
    (r"^linear7\.", "global_depthwise."),
    (r"^linear1\.", "embedding."),
)


def build(request: EmbedderRequest) -> NetworkEmbedder:
    """Either embedder of this module.

    Raises:
        InputError: weights that are absent, wrong or not verified; a device that is not here.
    """
    foamliu = request.name == "mobilefacenet-foamliu"
    file = chosen_weights(request.name, request.weights, request.allow_unverified)
    tensors = renamed(read_state_dict(file.path), _FOAMLIU if foamliu else _XIAOCCER)
    with torch.device("meta"):
        net = foamliu_network() if foamliu else xiaoccer_network()
    load_strictly(net, tensors, file.path)
    detector = FaceDetector(chosen_device(request.device))

    def prepare(frame: Tensor) -> Tensor | None:
        face = detector.largest(frame)
        if face is None:
            return None
        if foamliu:
            return imagenet_normalised(aligned(frame, face, _FOAMLIU_WIDTH) / 255)
        return about_minus_one_to_one(aligned(frame, face, _XIAOCCER_WIDTH))

    whole = nn.Sequential(net, nn.Flatten(), UnitLength())
    return network_embedder(request, file, DIM, prepare, whole)


def foamliu_network() -> MobileFaceNet:
    """As its ONNX export shows it: ReLU6, a pointwise layer in the stem, a bias at the end."""
    return MobileFaceNet(_HEIGHT, _FOAMLIU_WIDTH, relu6, stem_pointwise=True, embedding_bias=True)


def xiaoccer_network() -> MobileFaceNet:
    """The paper's network, for upright images."""
    return MobileFaceNet(_HEIGHT, _XIAOCCER_WIDTH, prelu)


def renamed(tensors: Mapping[str, Tensor], rules: tuple[tuple[str, str], ...]) -> dict[str, Tensor]:
    """Every name by the first rule that fits it; one that none fits stays as it is."""
    names: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        fitting = (re.sub(old, new, name) for old, new in rules if re.search(old, name))
        names[next(fitting, name)] = tensor
    return names
