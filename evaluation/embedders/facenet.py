"""Identity of faces by facenet-pytorch's InceptionResnetV1, with two published weights files.

facenet-vggface2          the whole frame: MoCoGAN-HD's ACD (snap-research/MoCoGAN-HD, issue #13:
                          frames of 256 x 256 averaged to 128 x 128; no detection, no resize to
                          160 x 160). The numbers depend on the size of frames: see --resolution.
facenet-vggface2-aligned  the box of the largest face, 160 x 160, as the network was trained
facenet-casia-webface, facenet-casia-webface-aligned
                          the same network trained on CASIA-WebFace

Their input is (x - 127.5) / 128; embeddings are 512-d of length 1, so distances are 0..2.
"""

import torch
from torch import Tensor

from leo_bench.evaluation.embedders import TRIAL, EmbedderRequest
from leo_bench.evaluation.embedders.faces import FaceDetector, cut_out
from leo_bench.evaluation.embedders.network import (
    NetworkEmbedder,
    Prepare,
    about_minus_one_to_one,
    network_embedder,
)
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.numerics import chosen_device
from leo_bench.evaluation.weights.registry import chosen_weights
from leo_bench.evaluation.weights.state_dicts import load_strictly, read_state_dict, without

DIM = 512
SIDE = 160  # pixels; of the crops that the network was trained on
MIN_SIDE = 75  # pixels; less leaves nothing after the network's last stride


def build(request: EmbedderRequest) -> NetworkEmbedder:
    """Any embedder of this module.

    Raises:
        InputError: weights that are absent, wrong or not verified; a device that is not here.
    """
    from facenet_pytorch import InceptionResnetV1

    file = chosen_weights(request.name, request.weights, request.allow_unverified, trial=TRIAL)
    # A published file also has the classifier of its training set's people: `logits`.
    tensors = without(read_state_dict(file.path), ["logits."])
    with torch.device("meta"):
        net = InceptionResnetV1(pretrained=None)
    load_strictly(net, tensors, file.path)
    aligned = request.name.endswith("-aligned")
    prepare = _largest_face(request) if aligned else _whole_frame(request.name)
    return network_embedder(request, file, DIM, prepare, net)


def _whole_frame(name: str) -> Prepare:
    def prepare(frame: Tensor) -> Tensor:
        height, width = frame.shape[1:]
        if min(height, width) < MIN_SIDE:
            raise InputError(
                f"{name} needs frames of {MIN_SIDE} pixels a side, these have {width} x {height}:"
                " give a larger --resolution (MoCoGAN-HD's is 128)"
            )
        return about_minus_one_to_one(frame)

    return prepare


def _largest_face(request: EmbedderRequest) -> Prepare:
    detector = FaceDetector(chosen_device(request.device))

    def prepare(frame: Tensor) -> Tensor | None:
        face = detector.largest(frame)
        square = None if face is None else cut_out(frame, face, SIDE)
        return None if square is None else about_minus_one_to_one(square)

    return prepare
