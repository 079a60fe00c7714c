"""Identity of faces by MobileFaceNet, with either of two published weights files.

mobilefacenet-foamliu   foamliu/MobileFaceNet: ArcFace's 112 x 112, ImageNet's mean and deviation
mobilefacenet-xiaoccer  Xiaoccer/MobileFaceNet_Pytorch: SphereFace's 112 x 96, (x - 127.5) / 128

Both align the largest face by its landmarks and give 128-d embeddings of length 1, so distances
are 0..2; the mirror image is not added.

The network (Chen et al., arXiv 1804.07573, Table 1): a strided 3x3 convolution, a depthwise one,
fifteen inverted residual bottlenecks, a global depthwise convolution in place of pooling, and a
linear layer. The two files differ from it in small ways, which are settings here.

Letters: B images, C channels.
"""

import re
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from leo_bench.evaluation.embedders import TRIAL, EmbedderRequest
from leo_bench.evaluation.embedders.faces import FaceDetector, aligned
from leo_bench.evaluation.embedders.network import (
    NetworkEmbedder,
    UnitLength,
    about_minus_one_to_one,
    imagenet_normalised,
    network_embedder,
)
from leo_bench.evaluation.extractors.numerics import chosen_device
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

# Of the bottlenecks: expansion, channels, how many, stride of the first (Table 1).
_BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
_STEM, _WIDE, DIM = 64, 512, 128  # channels

Activation = Callable[[int], nn.Module]


def build(request: EmbedderRequest) -> NetworkEmbedder:
    """Either embedder of this module.

    Raises:
        InputError: weights that are absent, wrong or not verified; a device that is not here.
    """
    foamliu = request.name == "mobilefacenet-foamliu"
    file = chosen_weights(request.name, request.weights, request.allow_unverified, trial=TRIAL)
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


def foamliu_network() -> "MobileFaceNet":
    """As its ONNX export shows it: ReLU6, a pointwise layer in the stem, a bias at the end."""
    return MobileFaceNet(_HEIGHT, _FOAMLIU_WIDTH, relu6, stem_pointwise=True, embedding_bias=True)


def xiaoccer_network() -> "MobileFaceNet":
    """The paper's network, for upright images."""
    return MobileFaceNet(_HEIGHT, _XIAOCCER_WIDTH, prelu)


def renamed(tensors: Mapping[str, Tensor], rules: tuple[tuple[str, str], ...]) -> dict[str, Tensor]:
    """Every name by the first rule that fits it; one that none fits stays as it is."""
    names: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        fitting = (re.sub(old, new, name) for old, new in rules if re.search(old, name))
        names[next(fitting, name)] = tensor
    return names


class Unit(nn.Sequential):
    """Convolution, batch norm, and an activation unless it is linear."""

    def __init__(
        self,
        channels: tuple[int, int],
        kernel: int | tuple[int, int] = 1,
        stride: int = 1,
        depthwise: bool = False,
        bias: bool = False,
        activation: Activation | None = None,
    ) -> None:
        super().__init__()
        groups = channels[0] if depthwise else 1
        padding = kernel // 2 if isinstance(kernel, int) else 0
        self.add_module(
            "conv", nn.Conv2d(*channels, kernel, stride, padding, groups=groups, bias=bias)
        )
        self.add_module("bn", nn.BatchNorm2d(channels[1]))
        if activation is not None:
            self.add_module("act", activation(channels[1]))


class Bottleneck(nn.Sequential):
    """Widen, filter each channel, narrow linearly; added to its input where the shapes allow."""

    def __init__(
        self, channels: tuple[int, int], expansion: int, stride: int, activation: Activation
    ) -> None:
        super().__init__()
        before, after = channels
        wide = before * expansion
        self.add_module("expand", Unit((before, wide), activation=activation))
        self.add_module(
            "depthwise", Unit((wide, wide), 3, stride, depthwise=True, activation=activation)
        )
        self.add_module("project", Unit((wide, after)))
        self.residual = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        """[B,C,H,W] -> [B,C',H/stride,W/stride]."""
        y = x
        for layer in self:
            y = layer(y)
        return x + y if self.residual else y


class MobileFaceNet(nn.Sequential):
    """float32 [B,3,H,W] -> [B,128,1,1], neither pooled nor normalised.

    Args:
        height: of the images, in pixels; a multiple of 16, as the width.
        width: of the images, in pixels.
        activation: after each convolution but the linear ones; given the channels.
        stem_pointwise: a 1x1 convolution after the depthwise one, and plain ReLU after both:
            foamliu's file; the paper has neither.
        embedding_bias: a bias in the last layer besides its batch norm's: foamliu's file.
    """

    def __init__(
        self,
        height: int,
        width: int,
        activation: Activation,
        stem_pointwise: bool = False,
        embedding_bias: bool = False,
    ) -> None:
        super().__init__()
        after_stem = relu if stem_pointwise else activation
        self.add_module("stem", Unit((3, _STEM), 3, 2, activation=activation))
        self.add_module("depthwise", Unit((_STEM, _STEM), 3, depthwise=True, activation=after_stem))
        if stem_pointwise:
            self.add_module("pointwise", Unit((_STEM, _STEM), activation=after_stem))
        blocks, channels = nn.Sequential(), _STEM
        for expansion, after, count, first_stride in _BOTTLENECKS:
            for i in range(count):
                stride = first_stride if i == 0 else 1
                blocks.append(Bottleneck((channels, after), expansion, stride, activation))
                channels = after
        self.add_module("blocks", blocks)
        self.add_module("widen", Unit((channels, _WIDE), activation=activation))
        whole = (height // 16, width // 16)
        self.add_module("global_depthwise", Unit((_WIDE, _WIDE), whole, depthwise=True))
        self.add_module("embedding", Unit((_WIDE, DIM), bias=embedding_bias))


def relu(channels: int) -> nn.Module:
    """ReLU; the channels do not matter to it."""
    return nn.ReLU()


def relu6(channels: int) -> nn.Module:
    """ReLU cut at 6; the channels do not matter to it."""
    return nn.ReLU6()


def prelu(channels: int) -> nn.Module:
    """ReLU with a learned slope below zero, one a channel: the paper's."""
    return nn.PReLU(channels)
