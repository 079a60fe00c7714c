"""The animator's perceptual loss: VGG-19 features on four scales.

wyhsirius/LIA before 3f1d865, vgg19.py.
"""

from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Literal

import torch
from torch import Tensor, nn

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.weights.registry import (
    VGG,
    find,
    require_registered,
    weights_for,
)
from leo_bench.leo.networks.layers import exact
from leo_bench.leo.stages.losses import SCALES, Perceptual, pixel_pyramid, shrink

AFTER = (1, 6, 11, 20, 29)  # torchvision's indices of relu1_1, relu2_1, relu3_1, relu4_1, relu5_1
OPTION = "--vgg"  # of `leo-bench train`: a file of the user's own
FILE = "vgg19-dcbb9e9d.pth"  # in the registry of weights
_FETCH = f"`leo-bench weights fetch {FILE}` gets it"
WEIGHT = 10.0  # of every layer on every scale: the paper's lambda
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Wanted = Literal["vgg19", "auto", "pixels"]


@dataclass(frozen=True)
class Chosen:
    """A perceptual loss, its name, and a line for the log."""

    loss: Perceptual
    name: Literal["vgg19", "pixels"]
    note: str


def find_weights(wanted: Wanted, weights: Path | None = None) -> tuple[Path | None, str]:
    """Path of the weights, or None and the reason why the loss does without.

    Args:
        wanted: "vgg19", "pixels", or "auto": "vgg19" if its weights are here, else "pixels".
        weights: the user's file; None: where `leo-bench weights fetch` puts it.

    Raises:
        InputError: "vgg19", and its weights are not here; a file that is not torchvision's.
    """
    if wanted == "pixels":
        return None, ""
    candidates = weights_for(VGG)
    try:
        path = find(list(candidates), weights, OPTION)
    except InputError as error:
        if weights is not None:
            raise
        if wanted == "vgg19":
            raise InputError(f"{error}, or --set animator.perceptual=auto to do without") from None
        return None, f", since {error}"
    require_registered(path, candidates, _FETCH)
    return path, ""


def check(wanted: Wanted, weights: Path | None = None) -> None:
    """Check that the loss can be computed; arguments as of `find_weights`.

    Raises:
        InputError: it cannot, or a file is named that would not be used; as `find_weights`.
    """
    if wanted == "pixels" and weights is not None:
        raise InputError(
            f'{OPTION} {weights}: would not be used: the config says animator.perceptual = "pixels"'
        )
    find_weights(wanted, weights)


def choose(wanted: Wanted, weights: Path | None = None) -> Chosen:
    """The loss; arguments and errors as of `find_weights`."""
    path, why = find_weights(wanted, weights)
    if path is None:
        return Chosen(pixel_pyramid, "pixels", f"perceptual loss: pyramid of pixels{why}")
    return Chosen(load_vgg(path), "vgg19", f"perceptual loss: VGG-19 from {path.name}")


def how_to_go_on(begun_with: str) -> str:
    """Advice where an animator was begun with another loss than `choose` gives."""
    if begun_with == "vgg19":
        return (
            "was begun with VGG-19 as perceptual loss, whose weights are not here: "
            f"{_FETCH}, or give {OPTION} FILE"
        )
    return (
        "was begun with the pyramid of pixels as perceptual loss, since VGG-19's weights were not "
        f"there: until the animator is done leave {OPTION} away, and move {FILE} out of its folder "
        "(`leo-bench weights list` says which)"
    )


class VggPyramid(nn.Module):
    """Sum over scales and layers of 10 mean |phi(fake) - phi(real)|; frozen."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        """Without weights; `load_vgg` reads them."""
        from torchvision.models import vgg19

        super().__init__()
        with torch.device("meta"):  # allocates no classifier, which is ten times as large
            layers = vgg19(weights=None, init_weights=False).features[: AFTER[-1] + 1]
        layers = layers.to_empty(device="cpu")
        starts = (0, *(index + 1 for index in AFTER[:-1]))
        self.slices = nn.ModuleList(
            layers[first : last + 1] for first, last in zip(starts, AFTER, strict=True)
        )
        for module in layers:
            if isinstance(module, nn.ReLU):
                module.inplace = False  # features are compared after the next layer has read them
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))
        self.requires_grad_(False)
        self.eval()

    def forward(self, fake: Tensor, real: Tensor) -> Tensor:
        """Pictures, float [B,3,H,W], -1..1 -> scalar; no gradient goes to `real`."""
        self.to(fake.device)
        terms = []
        for scale in SCALES:
            with torch.no_grad():
                of_real = self.features(shrink(real, scale))
            of_fake = self.features(shrink(fake, scale))
            # Under autocast the features are bfloat16; their differences are float32.
            pairs = zip(map(exact, of_fake), map(exact, of_real), strict=True)
            terms += [(a - b).abs().mean() for a, b in pairs]
        return WEIGHT * torch.stack(terms).sum()

    def features(self, pictures: Tensor) -> list[Tensor]:
        """After the five ReLUs: float [B,C,H,W] each."""
        x = (pictures.clamp(-1, 1) / 2 + 0.5 - self.mean) / self.std
        found = []
        for part in self.slices:
            x = part(x)
            found.append(x)
        return found


def load_vgg(path: Path) -> VggPyramid:
    """Torchvision's state dict of VGG-19 -> the loss.

    Raises:
        InputError: the file is not that.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        pyramid = VggPyramid()
        for part in pyramid.slices:  # a slice keeps the numbers of its layers
            part.load_state_dict({name: state[f"features.{name}"] for name in part.state_dict()})
    except (OSError, EOFError, LookupError, RuntimeError, ValueError, TypeError, UnpicklingError):
        raise InputError(f"{path}: not torchvision's VGG-19 as a state dict; {_FETCH}") from None
    return pyramid
