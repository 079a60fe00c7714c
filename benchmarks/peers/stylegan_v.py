"""StyleGAN-V's archive of I3D, called as its `metric_utils` does; Latte's code calls it alike."""

import torch

from leo_bench.benchmarks.peers.called import archive, archive_remark
from leo_bench.benchmarks.peers.parts import Inputs, Prepared


def network(inputs: Inputs) -> Prepared:
    """The archive on bytes, which its program rescales; all clips in one batch (its own: 8)."""
    clips = ((inputs.network_clips() + 1) * 127.5).round().to(torch.uint8)
    net = archive(inputs)

    @torch.no_grad()
    def run() -> float:
        return float(net(clips, rescale=True, resize=True, return_features=True).norm())

    return Prepared(run, len(clips), archive_remark())
