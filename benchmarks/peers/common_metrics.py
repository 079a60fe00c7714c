"""common_metrics: `calculate_fvd`, with StyleGAN-V's archive of I3D."""

from unittest.mock import patch

import torch

from leo_bench.benchmarks.peers.called import archive, archive_remark, peer_module, with_old_sqrtm
from leo_bench.benchmarks.peers.parts import Inputs, Prepared
from leo_bench.benchmarks.peers.plain_reading import clips_of

_METHOD = "fvd.styleganv.fvd"


def network(inputs: Inputs) -> Prepared:
    """The features of its `styleganv` method, which brings clips to 224 pixels itself."""
    method, clips = peer_module(_METHOD), (inputs.network_clips() + 1) / 2
    net = archive(inputs)

    def run() -> float:
        features = method.get_fvd_feats(clips, net, torch.device("cpu"))
        return float((features**2).sum() ** 0.5)

    return Prepared(run, len(clips), archive_remark())


def statistic(inputs: Inputs) -> Prepared:
    """Its `frechet_distance`, covariances over N - 1."""
    remark = with_old_sqrtm()
    distance = peer_module(_METHOD).frechet_distance
    real, fake = (side.double().numpy() for side in inputs.features())
    return Prepared(lambda: float(distance(fake, real)), remark=remark)


def videos(inputs: Inputs) -> Prepared:
    """`calculate_fvd` of tensors; reading files is left to its user."""
    remark = [
        "files are read by PyAV, its download is replaced",
        archive_remark(),
        with_old_sqrtm(),
    ]
    calculate, method = peer_module("calculate_fvd").calculate_fvd, peer_module(_METHOD)

    def run() -> float:
        sides = [
            torch.from_numpy(clips_of(folder)).movedim(-1, 2).float() / 255
            for folder in (inputs.real, inputs.fake)
        ]
        with patch.object(method, "load_i3d_pretrained", lambda device: archive(inputs)):
            found = calculate(*sides, torch.device("cpu"), method="styleganv", only_final=True)
        return float(found["value"][0])

    return Prepared(run, 2 * inputs.videos, "; ".join(filter(None, remark)))
