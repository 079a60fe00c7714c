"""leo-bench's own way through every part: what a user's command runs."""

import os
import tempfile
from pathlib import Path

import torch

from leo_bench.benchmarks.api.distances import fvd
from leo_bench.benchmarks.peers.parts import PIXELS, Inputs, Prepared, denoising
from leo_bench.evaluation.distances.frechet import FrechetOptions, frechet_of_features
from leo_bench.evaluation.distances.kernel import KernelOptions, kernel_distance
from leo_bench.evaluation.extractors import ExtractorRequest, build_extractor
from leo_bench.evaluation.extractors.numerics import full_precision
from leo_bench.evaluation.features.single_thread_pool import lanes
from leo_bench.leo.config import load_config
from leo_bench.leo.models.animator import ImageAnimator
from leo_bench.leo.networks.fast_unet1d import FastUNet1d
from leo_bench.leo.networks.generator import Generator
from leo_bench.leo.networks.unet1d import UNet1d

CODE = 20  # dimensions of a motion code
WINDOW = 64  # codes
CONFIG = "taichihd128"  # the paper's denoiser, 44 M weights


def network(inputs: Inputs) -> Prepared:
    """I3D's fast form, clips side by side on one thread each, as a measurement runs it."""
    request = ExtractorRequest(
        "i3d-kinetics400", bn_eps=1e-3, weights=inputs.state_dict, allow_unverified=True
    )
    extractor, clips = build_extractor(request), inputs.network_clips()

    def run() -> float:
        features = lanes("cpu").map(lambda clip: extractor(clip[None])[0], clips)
        return float(torch.stack(list(features)).norm())

    return Prepared(run, len(clips))


def statistic(inputs: Inputs) -> Prepared:
    """The Fréchet distance in float64, covariances over N - 1."""
    real, fake = inputs.features()
    options = FrechetOptions(covariance="unbiased", square_root="eigenvalues", dtype="float64")
    return Prepared(lambda: frechet_of_features(real, fake, options))


def kernel(inputs: Inputs) -> Prepared:
    """KVD in float64."""
    real, fake = inputs.features()
    options = KernelOptions(degree=3, coef0=1.0, dtype="float64")
    return Prepared(lambda: kernel_distance(real, fake, options))


def motion(inputs: Inputs, videos: int = 1) -> Prepared:
    """The fast form of the paper's denoiser, before training; what steps share is computed once."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = FastUNet1d(UNet1d(CODE, load_config(CONFIG).lmdm.network).eval())
    return denoising(net, torch.zeros(videos, WINDOW, CODE), inputs.steps)


def motion_of_eight(inputs: Inputs) -> Prepared:
    """As `motion`, for eight videos at once."""
    return motion(inputs, videos=8)


def animation(inputs: Inputs) -> Prepared:
    """The image animator in its fast form, before training; the source picture is known."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = Generator(PIXELS).eval().requires_grad_(False)
    animator, (source, driving) = ImageAnimator(net), inputs.pictures()
    with full_precision(), torch.inference_mode():
        look = animator.appearance(source)

    def run() -> None:
        with full_precision(), torch.inference_mode():
            animator.frames(look, animator.codes(driving[None]))

    return Prepared(run)


def videos(inputs: Inputs) -> Prepared:
    """`leo_bench.fvd` from an empty cache: hashing, decoding, features, value and interval."""

    def run() -> float:
        with tempfile.TemporaryDirectory() as cache:
            return fvd_of(inputs.real, inputs.fake, inputs, Path(cache))

    return Prepared(run, 2 * inputs.videos)


def videos_again(inputs: Inputs) -> Prepared:
    """`leo_bench.fvd` of videos whose features are in the cache."""
    cache = inputs.folder / "cache"
    sides = inputs.real, inputs.fake
    fvd_of(*sides, inputs, cache)
    return Prepared(lambda: fvd_of(*sides, inputs, cache), 2 * inputs.videos)


def fvd_of(real: Path, fake: Path, inputs: Inputs, cache: Path) -> float:
    """FVD of two folders under stylegan-v, with the weights of `inputs` and the cache at `cache`.

    Sets LEO_BENCH_CACHE.
    """
    os.environ["LEO_BENCH_CACHE"] = str(cache)
    found = fvd(
        str(real),
        str(fake),
        protocol="stylegan-v",
        clips=inputs.videos,
        weights=inputs.state_dict,
        allow_unverified=True,
        device="cpu",
    )
    return found.value
