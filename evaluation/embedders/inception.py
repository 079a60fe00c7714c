"""Inception-v3 of the FID: pytorch-fid's network with registered weights, without a download.

pytorch-fid 0.3.0 (mseitzer/pytorch-fid, Apache-2.0) builds torchvision's Inception-v3, replaces
nine of its blocks by those of TensorFlow's 2015 graph, and downloads the weights in its
constructor. Here the same blocks are assembled without that call. The features are the 2048 of the
last average pooling. Frames are resized to 299 x 299 as in pytorch-fid (half-pixel bilinear, no
antialias, any aspect ratio) and not as in TensorFlow 1, so features differ slightly from those of
the original FID.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from pytorch_fid.inception import FIDInceptionA, FIDInceptionC, FIDInceptionE_1, FIDInceptionE_2
from torch import Tensor, nn
from torchvision.models import inception_v3

from leo_bench.evaluation.embedders import Embedded, EmbedderRequest
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import TRIAL_OF_FRAMES
from leo_bench.evaluation.extractors.i3d_extractor import in_full_batches
from leo_bench.evaluation.extractors.numerics import chosen_device, full_precision
from leo_bench.evaluation.weights.registry import chosen_weights

NAME = "inception-fid"
DIM = 2048
SIDE = 299

# ImageNet's 1000 classes and 8 more: TensorFlow's graph of 2015-12-05 (pytorch_fid/inception.py).
CLASSES = 1008

# The blocks of pytorch-fid that replace torchvision's (pytorch_fid/inception.py:207-215).
BLOCKS: dict[str, Callable[[], nn.Module]] = {
    "Mixed_5b": lambda: FIDInceptionA(192, pool_features=32),
    "Mixed_5c": lambda: FIDInceptionA(256, pool_features=64),
    "Mixed_5d": lambda: FIDInceptionA(288, pool_features=64),
    "Mixed_6b": lambda: FIDInceptionC(768, channels_7x7=128),
    "Mixed_6c": lambda: FIDInceptionC(768, channels_7x7=160),
    "Mixed_6d": lambda: FIDInceptionC(768, channels_7x7=160),
    "Mixed_6e": lambda: FIDInceptionC(768, channels_7x7=192),
    "Mixed_7b": lambda: FIDInceptionE_1(1280),
    "Mixed_7c": lambda: FIDInceptionE_2(2048),
}

_CUDA_FRAMES = 32  # in one pass on CUDA, always: the kernels do not depend on how many there are


@dataclass(frozen=True)
class InceptionFid:
    """See `evaluation.embedders.FrameEmbedder`; one frame a pass on the CPU."""

    network: nn.Module
    weights: str
    weights_verified: bool
    device: str
    name: str = NAME
    dim: int = DIM

    def __call__(self, frames: Tensor) -> Embedded:
        """uint8 [T,3,H,W], RGB -> [T,2048]."""
        size = _CUDA_FRAMES if self.device.startswith("cuda") else 1
        with full_precision(), torch.inference_mode():
            values = in_full_batches(self._features, frames, size)
        return Embedded(values, torch.ones(len(frames), dtype=torch.bool))

    def _features(self, frames: Tensor) -> Tensor:
        pixels = frames.to(self.device).float() / 255
        resized = F.interpolate(pixels, (SIDE, SIDE), mode="bilinear", align_corners=False)
        features: Tensor = self.network(2 * resized - 1)
        return features


def build(request: EmbedderRequest) -> InceptionFid:
    """The network with the registered weights, or a file of the user's own.

    Raises:
        InputError: no file, one that is not the registered one where that is not allowed, one that
            holds other weights; a device that is not here.
    """
    device = chosen_device(request.device)
    file = chosen_weights(NAME, request.weights, request.allow_unverified, trial=TRIAL_OF_FRAMES)
    network = load_network(file.path).to(device)
    return InceptionFid(network, file.sha256, file.verified, request.device)


def load_network(path: Path) -> nn.Module:
    """float32 [B,3,299,299], -1..1 -> [B,2048]: pytorch-fid's network with the weights at `path`.

    Raises:
        InputError: the file holds no such weights.
    """
    network = empty_network()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(state, assign=True)
    except Exception as error:  # torch.load has no error of its own: pickle's, zip's, its own
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: not the weights of pytorch-fid's network: {reason}") from None
    network.fc = nn.Identity()
    return network.eval().requires_grad_(False)


def empty_network() -> nn.Module:
    """The network with its classifier, on the meta device: shapes without numbers."""
    with torch.device("meta"):
        network: nn.Module = inception_v3(
            weights=None, num_classes=CLASSES, aux_logits=False, init_weights=False
        )
        for name, block in BLOCKS.items():
            setattr(network, name, block())
    return network
