"""A frozen network as a frame embedder, whose embedding of a frame depends on no other frame.

Letters: T frames, B a batch, D embedding size, H W pixels. Everything is RGB.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from leo_bench.evaluation.embedders import Embedded, EmbedderRequest
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.i3d_extractor import in_full_batches
from leo_bench.evaluation.extractors.numerics import chosen_device, full_precision
from leo_bench.evaluation.weights.registry import Verified

# uint8 [3,H,W] -> the network's float32 [3,h,w]; None where the frame shows nothing to embed.
Prepare = Callable[[Tensor], Tensor | None]

_CUDA_FRAMES = 32  # in one pass on CUDA; one on the CPU, where more are no faster
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class NetworkEmbedder:
    """See `evaluation.embedders.FrameEmbedder` for what the fields mean.

    Every pass has the same number of frames, so that neither the choice of kernels nor their order
    of sums depends on it: one on a CPU; `cuda_frames` on CUDA, padded with the last frame.
    """

    name: str
    dim: int
    weights: str
    weights_verified: bool
    device: str
    prepare: Prepare
    network: Callable[[Tensor], Tensor]
    cuda_frames: int

    def __call__(self, frames: Tensor) -> Embedded:
        """uint8 [T,3,H,W] -> embeddings float32 [T,D] on the CPU.

        Raises:
            InputError: the frames have another shape or type, or are too small for the network.
        """
        if frames.ndim != 4 or frames.shape[1] != 3 or frames.dtype != torch.uint8:
            given = f"{frames.dtype} {list(frames.shape)}"
            raise InputError(f"{self.name} reads uint8 [T,3,H,W]; the frames are {given}")
        device = torch.device(self.device)
        size = self.cuda_frames if device.type == "cuda" else 1
        with full_precision(), torch.inference_mode():
            prepared = [self.prepare(frame) for frame in frames.cpu()]
            found = torch.tensor([image is not None for image in prepared], dtype=torch.bool)
            values = torch.zeros(len(frames), self.dim)
            images = [image for image in prepared if image is not None]
            if images:
                values[found] = in_full_batches(
                    lambda batch: self.network(batch.to(device)), torch.stack(images), size
                )
        return Embedded(values, found)


def network_embedder(
    request: EmbedderRequest,
    file: Verified,
    dim: int,
    prepare: Prepare,
    network: nn.Module,
    cuda_frames: int = _CUDA_FRAMES,
) -> NetworkEmbedder:
    """The embedder of `network`, moved to the requested device.

    Raises:
        InputError: the device is not available.
    """
    device = chosen_device(request.device)
    return NetworkEmbedder(
        name=request.name,
        dim=dim,
        weights=file.sha256,
        weights_verified=file.verified,
        device=str(device),
        prepare=prepare,
        network=network.to(device),
        cuda_frames=cuda_frames,
    )


class UnitLength(nn.Module):
    """[B,D] -> [B,D] of length 1."""

    def forward(self, embeddings: Tensor) -> Tensor:
        """Divide by the length; a zero stays zero."""
        return nn.functional.normalize(embeddings)


def resized(frame: Tensor, height: int, width: int, resample: Image.Resampling) -> Tensor:
    """uint8 [3,H,W] -> uint8 [3,height,width] by Pillow, whatever the aspect."""
    image = Image.fromarray(np.ascontiguousarray(frame.permute(1, 2, 0).numpy()))
    return torch.from_numpy(np.array(image.resize((width, height), resample))).permute(2, 0, 1)


def imagenet_normalised(image: Tensor) -> Tensor:
    """[3,H,W], 0..1 -> normalised by ImageNet's mean and standard deviation."""
    mean = torch.tensor(_IMAGENET_MEAN)[:, None, None]
    return (image - mean) / torch.tensor(_IMAGENET_STD)[:, None, None]


def about_minus_one_to_one(image: Tensor) -> Tensor:
    """[3,H,W], 0..255 -> (x - 127.5) / 128, -0.996..0.996: the input of face networks."""
    return (image.float() - 127.5) / 128
