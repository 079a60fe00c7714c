"""I3D as an extractor: finds and verifies the weights, runs clips in batches of fixed shape."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import TOY_WEIGHTS, TRIAL, ExtractorRequest
from leo_bench.evaluation.extractors.checkpoints import load_i3d, load_torchscript_program
from leo_bench.evaluation.extractors.i3d import KINETICS_CLASSES, check_clips
from leo_bench.evaluation.extractors.i3d_fast import FastI3D
from leo_bench.evaluation.extractors.numerics import chosen_device, full_precision
from leo_bench.evaluation.weights.registry import Verified, chosen_weights, shipped_weights

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
CUDA_FRAMES = 128  # in one pass on CUDA: 8 clips of 16, 1 of 128, as StyleGAN-V has


@dataclass(frozen=True)
class I3DExtractor:
    """See `evaluation.extractors.ClipExtractor` for what the fields mean.

    `frames_a_pass` acts on CUDA only, and another number may move the last digits of features.
    Every pass has the same shape, so that neither the choice of kernels nor their order of sums
    depends on the number of clips: one clip on a CPU; on CUDA a full batch, padded with the last
    clip.
    """

    name: str
    dim: int
    weights: str
    weights_verified: bool
    precision: str
    device: str
    network: Callable[[Tensor], Tensor]
    frames_a_pass: int = CUDA_FRAMES

    def __call__(self, clips: Tensor) -> Tensor:
        """float32 [B,3,T,224,224], RGB, -1..1, T >= 9 -> float32 [B,dim] on the CPU.

        Raises:
            InputError: the clips have another shape.
        """
        check_clips(clips)
        device = torch.device(self.device)
        size = max(1, self.frames_a_pass // clips.shape[2]) if device.type == "cuda" else 1
        with full_precision(), torch.inference_mode():
            return in_full_batches(lambda batch: self.network(batch.to(device)), clips, size)


def in_full_batches(network: Callable[[Tensor], Tensor], clips: Tensor, size: int) -> Tensor:
    """`network` over [B,...] in batches of `size`, the last one padded -> float32 [B,D], CPU."""
    features = []
    for batch in torch.split(clips, size):
        missing = size - len(batch)
        full = torch.cat([batch, *[batch[-1:]] * missing]) if missing else batch
        features.append(network(full)[: len(batch)].float().cpu())
    return torch.cat(features)


def build_kinetics400(request: ExtractorRequest) -> I3DExtractor:
    """I3D with the published weights, from any registered file on this machine.

    Raises:
        InputError: no file, or not a registered one and that is not allowed.
    """
    file = chosen_weights(
        "i3d-kinetics400", request.weights, request.allow_unverified, request.files, TRIAL
    )
    if not request.trust_torchscript:
        return _fast(request, file)
    if request.precision != "fp32":
        raise InputError("--trust-torchscript runs in fp32 only: drop --dtype")
    program = load_torchscript_program(file.path).to(chosen_device(request.device))
    name = f"{request.name} (its own program)"
    return _extractor(request, name, KINETICS_CLASSES, file, program)


def build_toy(request: ExtractorRequest) -> I3DExtractor:
    """The small I3D that is shipped, or a file of the user's own in its place.

    Raises:
        InputError: the file is absent, or not the shipped one and that is not allowed; its own
            program was asked for.
    """
    if request.trust_torchscript:
        raise InputError(f"{request.name} is no TorchScript program: drop --trust-torchscript")
    given, allowed = request.weights, request.allow_unverified
    return _fast(request, shipped_weights("i3d-toy", TOY_WEIGHTS, given, allowed))


def _fast(request: ExtractorRequest, file: Verified) -> I3DExtractor:
    net = load_i3d(file.path, request.bn_eps)
    fast = FastI3D(net, chosen_device(request.device), _dtype(request))
    return _extractor(request, request.name, net.classes, file, fast)


def _extractor(
    request: ExtractorRequest,
    name: str,
    dim: int,
    file: Verified,
    network: Callable[[Tensor], Tensor],
) -> I3DExtractor:
    return I3DExtractor(
        name=name,
        dim=dim,
        weights=file.sha256,
        weights_verified=file.verified,
        precision=request.precision,
        device=str(chosen_device(request.device)),
        network=network,
    )


def _dtype(request: ExtractorRequest) -> torch.dtype:
    if request.precision == "fp16":
        raise InputError("fp16 is not offered: one convolution takes 40 s on a CPU; use bf16")
    if request.precision not in _DTYPES:
        raise InputError(f"precision {request.precision}: known are {', '.join(_DTYPES)}")
    return _DTYPES[request.precision]
