"""cd-fvd: `cdfvd.fvd.cdfvd`, with the I3D of the VideoGPT line."""

import torch

from leo_bench.benchmarks.peers.called import peer_module, with_old_sqrtm
from leo_bench.benchmarks.peers.parts import Inputs, Prepared
from leo_bench.benchmarks.peers.plain_reading import clips_of


def network(inputs: Inputs) -> Prepared:
    """Its I3D, all clips in one batch (its own holds 16)."""
    loading = peer_module("cdfvd.third_party.i3d.utils")
    net = loading.load_i3d_model(torch.device("cpu"), str(inputs.state_dict))
    clips = inputs.network_clips()

    @torch.no_grad()
    def run() -> float:
        return float(net(clips).norm())

    return Prepared(run, len(clips))


def statistic(inputs: Inputs) -> Prepared:
    """Its running sums and `compute_fvd_from_stats`, covariances over N."""
    remark = with_old_sqrtm()
    sums = peer_module("cdfvd.utils.metric_utils").FeatureStats
    from_stats = peer_module("cdfvd.fvd").cdfvd.compute_fvd_from_stats
    real, fake = (side.numpy() for side in inputs.features())

    def run() -> float:
        both = [sums(capture_mean_cov=True) for _ in range(2)]
        for of_side, features in zip(both, (fake, real), strict=True):
            of_side.append(features)
        return float(from_stats(None, *both))

    return Prepared(run, remark=remark)


def videos(inputs: Inputs) -> Prepared:
    """`compute_fvd` of arrays: its reader of files needs a decoder that torchvision removed."""
    remark = ["files are read by PyAV", with_old_sqrtm()]
    metric = peer_module("cdfvd.fvd").cdfvd

    def run() -> float:
        made = metric("i3d", n_fake="full", ckpt_path=str(inputs.state_dict), device="cpu")
        return float(made.compute_fvd(clips_of(inputs.real), clips_of(inputs.fake)))

    return Prepared(run, 2 * inputs.videos, "; ".join(filter(None, remark)))
