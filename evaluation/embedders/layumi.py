"""Identity of persons by layumi/Person_reID_baseline_pytorch's ResNet-50, in three readings.

layumi-ft-resnet50        its test script: 256 x 128, features of the frame and its mirror image
                          added, 512-d bottleneck, length 1 (82ff40f, test.py)
pose-eval-reid            AliaksandrSiarohin/pose-evaluation as it is: 288 x 144, 2048-d before the
                          bottleneck, not normalised, with two quirks (1bc4cae)
pose-eval-reid-corrected  the same without them: pixels scaled once, batch norm in eval mode

All resize the whole frame by Pillow's bicubic, whatever its aspect ratio, and normalise by
ImageNet's mean and deviation. The stride of the last stage cannot be read from a file; it is 2, the
default of layumi's train.py.

The quirks of pose-evaluation (1bc4cae, extract.py): pixels in 0..1 are divided by 255 again before
they are normalised; and the network stays in training mode, so that batch norm uses the mean and
variance of the single frame. Its running statistics change with every call there, but are not used
in that mode: embeddings do not depend on previous calls. Here they are removed, and a batch is one
frame on every device.
"""

import torch
from PIL import Image
from torch import Tensor, nn

from leo_bench.evaluation.embedders import TRIAL, EmbedderRequest
from leo_bench.evaluation.embedders.network import (
    NetworkEmbedder,
    UnitLength,
    imagenet_normalised,
    network_embedder,
    resized,
)
from leo_bench.evaluation.weights.registry import chosen_weights
from leo_bench.evaluation.weights.state_dicts import load_strictly, read_state_dict, without

POOLED, BOTTLENECK = 2048, 512
_LAYUMI_SIZE, _POSE_EVAL_SIZE = (256, 128), (288, 144)  # height, width


def build(request: EmbedderRequest) -> NetworkEmbedder:
    """Any embedder of this module.

    Raises:
        InputError: weights that are absent, wrong or not verified; a device that is not here.
    """
    file = chosen_weights(request.name, request.weights, request.allow_unverified, trial=TRIAL)
    tensors = read_state_dict(file.path)
    if request.name == "layumi-ft-resnet50":
        net = bottleneck_network()
        # ImageNet's classifier and that of the training's people are in the file, and not run.
        load_strictly(net, without(tensors, ["model.fc.", "classifier.classifier."]), file.path)
        whole = nn.Sequential(WithMirrorImage(net), UnitLength())
        return network_embedder(request, file, BOTTLENECK, _prepare_layumi, whole)
    net = pooled_network()
    load_strictly(net, without(tensors, ["model.fc.", "classifier."]), file.path)
    if request.name == "pose-eval-reid-corrected":
        return network_embedder(request, file, POOLED, _prepare_corrected, net)
    statistics_of_the_batch(net)
    return network_embedder(request, file, POOLED, _prepare_pose_eval, net, cuda_frames=1)


def pooled_network() -> nn.Sequential:
    """[B,3,H,W] -> [B,2048]; names as in layumi's files; on the meta device."""
    from torchvision.models import resnet50

    with torch.device("meta"):
        body = resnet50(weights=None)
    body.fc = nn.Identity()
    net = nn.Sequential()
    net.add_module("model", body)
    return net


def bottleneck_network() -> nn.Sequential:
    """[B,3,H,W] -> [B,512]: the pooled network, then a linear layer and batch norm, no ReLU."""
    net = pooled_network()
    head = nn.Sequential()
    with torch.device("meta"):
        block = nn.Sequential(nn.Linear(POOLED, BOTTLENECK), nn.BatchNorm1d(BOTTLENECK))
    head.add_module("add_block", block)
    net.add_module("classifier", head)
    return net


class WithMirrorImage(nn.Module):
    """The sum of a network's outputs for an image and its mirror image."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> Tensor:
        """[B,3,H,W] -> [B,D]."""
        both: Tensor = self.net(images) + self.net(images.flip(-1))
        return both


def statistics_of_the_batch(net: nn.Module) -> None:
    """Make batch norm use the statistics of the batch, as in training mode."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = module.running_var = None


def _prepare_layumi(frame: Tensor) -> Tensor:
    return imagenet_normalised(resized(frame, *_LAYUMI_SIZE, Image.Resampling.BICUBIC) / 255)


def _prepare_corrected(frame: Tensor) -> Tensor:
    return imagenet_normalised(resized(frame, *_POSE_EVAL_SIZE, Image.Resampling.BICUBIC) / 255)


def _prepare_pose_eval(frame: Tensor) -> Tensor:
    scaled = resized(frame, *_POSE_EVAL_SIZE, Image.Resampling.BICUBIC) / 255
    return imagenet_normalised(scaled / 255)
