"""Random crop, flip and colour jitter, alike for both frames of a training pair.

As in LIA's training (wyhsirius/LIA before 3f1d865, augmentations.py).
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as vision

from leo_bench.leo.animator_config import Augmentation

JITTER = 0.1  # brightness, contrast and saturation 0.9 to 1.1, hue -0.1 to 0.1


def augment(pair: Tensor, how: Augmentation, random: torch.Generator, side: int) -> Tensor:
    """Crop, flip and jitter: uint8 [2,3,R,R] -> uint8 [2,3,side,side], resized once."""
    whole = pair.shape[-1]
    if how.crop < 1 or whole != side:
        kept = max(1, round(how.crop * whole))
        top, left = torch.randint(whole - kept + 1, (2,), generator=random).tolist()
        pair = vision.resized_crop(pair, top, left, kept, kept, [side, side], antialias=True)
    if how.flip and torch.rand((), generator=random) < 0.5:
        pair = pair.flip(-1)
    for change in JITTERS[how.jitter](random):
        pair = change(pair)
    return pair


Change = Callable[[Tensor], Tensor]


def _changes(random: torch.Generator) -> list[Change]:
    """The four operations with their factors, in random order."""
    brightness, contrast, saturation, hue = (
        (torch.rand(4, generator=random) * 2 - 1) * JITTER
    ).tolist()
    changes: list[Change] = [
        lambda pair: vision.adjust_brightness(pair, 1 + brightness),
        lambda pair: vision.adjust_contrast(pair, 1 + contrast),
        lambda pair: vision.adjust_saturation(pair, 1 + saturation),
        lambda pair: vision.adjust_hue(pair, hue),
    ]
    return [changes[i] for i in torch.randperm(4, generator=random).tolist()]


# LIA's code applies each operation to the original picture and keeps the last: "one-of".
JITTERS: dict[str, Callable[[torch.Generator], list[Change]]] = {
    "none": lambda random: [],
    "one-of": lambda random: _changes(random)[-1:],
    "compose": _changes,
}
