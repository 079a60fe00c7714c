"""What is compared with peers, part by part, and the inputs, which are alike for all.

network           clips -> features of I3D
statistic         features of both sides -> Fréchet distance
kernel            features of both sides -> KVD
motion            one step of the denoiser of motion codes, for one video
motion_of_eight   the same for eight videos at once, as leo-bench draws them
animation         one frame of the image animator, from two pictures
videos            two folders of mp4 -> FVD
"""

import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.extractors.checkpoints import load_i3d
from leo_bench.evaluation.extractors.i3d import I3D, KINETICS_CLASSES, SIZE
from leo_bench.evaluation.videos.write import write_video
from leo_bench.evaluation.weights.registry import entry, find_by_digest

Part = Literal["network", "statistic", "kernel", "motion", "motion_of_eight", "animation", "videos"]

ARCHIVE = "i3d_torchscript.pt"  # of StyleGAN-V, Latte, common_metrics and FastVideo
FRAMES = 16  # of a clip
PIXELS = 256  # side of videos and of the animator's pictures


@dataclass(frozen=True)
class Prepared:
    """A computation of one part, ready to be timed.

    Args:
        run: computes; returns the number that all who compute this part have to agree on, or None
            where each has weights of its own.
        items: how many clips, steps or frames one run is of.
        remark: what of the peer could not be used here, and what stands in its place.
    """

    run: Callable[[], float | None]
    items: int = 1
    remark: str = ""


@dataclass(frozen=True)
class Inputs:
    """The inputs of all parts.

    Args:
        folder: of the files that `write_inputs` wrote.
        clips: of the network.
        videos: files of each side.
        rows: features of each side.
        steps: of the denoiser.
    """

    folder: Path
    clips: int = 4
    videos: int = 16
    rows: int = 2048
    steps: int = 5

    @property
    def state_dict(self) -> Path:
        """Weights of I3D as `i3d_pretrained_400.pt` has them."""
        return self.folder / "i3d_pretrained_400.pt"

    @property
    def torchscript(self) -> Path:
        """Weights and program of I3D as StyleGAN-V's archive has them."""
        return self.folder / "i3d_torchscript.pt"

    @property
    def real(self) -> Path:
        """Folder of the real videos."""
        return self.folder / "real"

    @property
    def fake(self) -> Path:
        """Folder of the fake videos."""
        return self.folder / "fake"

    def network_clips(self) -> Tensor:
        """float32 [clips,3,16,224,224], -1..1."""
        return torch.rand(self.clips, 3, FRAMES, SIZE, SIZE, generator=_seeded(0)) * 2 - 1

    def pictures(self) -> Tensor:
        """Source and driving picture of the animator, uint8 [2,3,256,256]."""
        shape = (2, 3, PIXELS, PIXELS)
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=_seeded(2))

    def features(self) -> tuple[Tensor, Tensor]:
        """Real and fake features, float32 [rows,400] each; covariances fall as fast as I3D's."""
        generator = _seeded(1)
        scale = torch.arange(1, KINETICS_CLASSES + 1) ** -0.65
        mixing = torch.linalg.qr(torch.randn(len(scale), len(scale), generator=generator)).Q
        real, fake = (
            torch.randn(self.rows, len(scale), generator=generator) * scale @ mixing
            for _ in range(2)
        )
        return real, fake * 1.1


def denoising(net: Callable[[Tensor, Tensor], Tensor], windows: Tensor, steps: int) -> Prepared:
    """So many steps of a denoiser on the same windows, one a video along the first dimension."""
    step = torch.zeros(len(windows), dtype=torch.int64)

    @torch.inference_mode()
    def run() -> None:
        for _ in range(steps):
            net(windows, step)

    return Prepared(run, steps)


def write_inputs(inputs: Inputs, part: Part) -> None:
    """Write the files that `part` needs into the folder of `inputs`."""
    if part in {"network", "videos"}:
        write_weights(inputs)
    if part == "videos":
        write_videos(inputs.real, inputs.videos, ".mp4")
        write_videos(inputs.fake, inputs.videos, ".mp4", split="test")


def registered_archive() -> Path | None:
    """The path of StyleGAN-V's archive of I3D; None: it is not on this machine."""
    return find_by_digest([ARCHIVE], entry(ARCHIVE).sha256 or "")


def random_i3d() -> I3D:
    """I3D with random weights whose activations stay near one, in eval mode."""
    net = I3D().eval().requires_grad_(False)
    for seed, module in enumerate(net.modules()):
        if isinstance(module, nn.Conv3d):
            scale = (2 / module.weight[0].numel()) ** 0.5
            module.weight.copy_(torch.randn(module.weight.shape, generator=_seeded(seed)) * scale)
    return net


def write_weights(inputs: Inputs) -> None:
    """Those of StyleGAN-V's archive if it is on this machine; otherwise random ones."""
    archive = registered_archive()
    net = random_i3d() if archive is None else load_i3d(archive, bn_eps=1e-3)
    torch.save(net.state_dict(), inputs.state_dict)
    if archive is None:
        _write_torchscript(net, inputs.torchscript)
    else:
        shutil.copyfile(archive, inputs.torchscript)


class _Detector(nn.Module):
    """The call of StyleGAN-V's archive: `forward(x, rescale, resize, return_features)`."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, x: Tensor, rescale: bool = False, resize: bool = False, return_features: bool = False
    ) -> Tensor:
        if rescale:
            x = x.float() / 255 * 2 - 1
        if resize:
            size = [x.shape[2], 224, 224]
            x = F.interpolate(x, size, mode="trilinear", align_corners=False)
        features: Tensor = self.network(x)
        return features if return_features else F.softmax(features, dim=1)


def _write_torchscript(net: I3D, path: Path) -> None:
    jit: Any = torch.jit
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch.jit's age, and of sizes that become constants
        traced: nn.Module = jit.trace(net, torch.zeros(1, 3, FRAMES, SIZE, SIZE))
        jit.save(jit.script(_Detector(traced).eval()), str(path))


def write_videos(
    folder: Path, count: int, suffix: str, split: Literal["train", "test"] = "train"
) -> None:
    """Write drawn faces with grain, which compress as camera pictures do, as `write_video` can."""
    folder.mkdir(parents=True)
    world = open_world(
        "toy-faces", split, WorldShape(resolution=PIXELS, frames=FRAMES, count=count)
    )
    for i in range(count):
        pictures = world.read(i, range(FRAMES))
        grain = torch.randn(pictures.shape, generator=_seeded(i)) * 2
        noisy = (pictures + grain).round().clamp(0, 255).to(torch.uint8)
        write_video(folder / f"{i:03d}{suffix}", noisy, fps=25)


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
