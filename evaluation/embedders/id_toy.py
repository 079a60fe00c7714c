"""`id-toy`: identity in frames of the toy worlds, invariant to pose, expression and background.

A small convolutional network, trained by `benchmarks.worlds.train_id_toy` on the true identities of
the worlds, and shipped; its scores on unseen identities are in `id_toy.json` beside the weights. It
is of no use for photographs.
"""

from pathlib import Path

import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from leo_bench.evaluation.embedders import EmbedderRequest
from leo_bench.evaluation.embedders.network import NetworkEmbedder, network_embedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.weights.registry import shipped_weights

WEIGHTS = Path(__file__).parent / "id_toy.safetensors"
SIZE, DIM = 64, 64  # side of a frame in pixels; numbers of an embedding

_PATCH = 2
_LAYERS = ((32, 2), (64, 2), (128, 2), (128, 1))  # channels and stride of 3x3 convolutions
_LAST_SIDE = 4


class IdToyNetwork(nn.Module):
    """3x3 convolutions with batch norm over patches of 2x2 pixels, then one matrix.

    6 million multiplications and 0.37 million parameters.
    """

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        channels = 3 * _PATCH**2
        for width, stride in _LAYERS:
            blocks += [
                nn.Conv2d(channels, width, 3, stride, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            channels = width
        self.layers = nn.Sequential(*blocks)
        self.last = nn.Linear(channels * _LAST_SIDE**2, DIM)

    def forward(self, frames: Tensor) -> Tensor:
        """float32 [T,3,64,64], -1..1 -> [T,64] of length 1."""
        maps = self.layers(F.pixel_unshuffle(frames, _PATCH))
        return F.normalize(self.last(maps.flatten(1)), dim=1)


def network_input(frames: Tensor) -> Tensor:
    """uint8 [T,3,H,W] -> float32 [T,3,64,64], -1..1; other sizes bilinearly, antialiased."""
    numbers = frames.float() * (2.0 / 255.0) - 1.0
    if numbers.shape[-2:] == (SIZE, SIZE):
        return numbers
    shape = (SIZE, SIZE)
    return F.interpolate(numbers, shape, mode="bilinear", align_corners=False, antialias=True)


def build(request: EmbedderRequest) -> NetworkEmbedder:
    """The shipped network, or one of the user's own weights.

    Raises:
        InputError: the file is absent, is no such network, or is not the shipped one and that is
            not allowed; a device that is not there.
    """
    file = shipped_weights("id-toy", WEIGHTS, request.weights, request.allow_unverified)
    network = IdToyNetwork()
    counts = {name: t for name, t in network.state_dict().items() if t.ndim == 0}  # of training
    try:
        network.load_state_dict(counts | load_file(file.path))
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{file.path}: not a network of id-toy: {reason}") from None
    return network_embedder(request, file, DIM, _prepared, network.eval())


def _prepared(frame: Tensor) -> Tensor:
    return network_input(frame[None])[0]
