"""LIA's `Generator` at 256x256, as its demo runs it frame by frame."""

from unittest.mock import patch

import torch

from leo_bench.benchmarks.peers.called import peer_module
from leo_bench.benchmarks.peers.parts import PIXELS, Inputs, Prepared


def animation(inputs: Inputs) -> Prepared:
    """One frame of its loop, which encodes the source picture for every frame; before training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = peer_module("networks.generator").Generator(PIXELS).eval()
    source, driving = (picture[None].float() / 127.5 - 1 for picture in inputs.pictures())

    @torch.no_grad()
    def run() -> None:
        with (
            patch.object(torch.Tensor, "cuda", lambda tensor: tensor),
            patch.object(torch, "qr", torch.linalg.qr),
        ):
            net(source, driving)

    return Prepared(
        run, remark="`.cuda()` is left out; torch.linalg.qr for torch.qr, which is gone"
    )
