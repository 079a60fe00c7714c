"""I3D, the network of FVD and KVD (Inception-v1 inflated to 3-D, RGB), in its plain form.

Carreira and Zisserman, "Quo Vadis, Action Recognition?" (arXiv 1705.07750). All published video
distances use the weights trained from scratch on Kinetics-400 and take the 400 logits, averaged
over time. The epsilon of batch norm is a setting, since it differs between protocols: 1e-3 in the
TF-Hub graph and the StyleGAN-V line, 1e-5 in the VideoGPT line (DIGAN, TATS). With random weights
that changes features by 0.7 %.

This form is used for training; `evaluation.extractors.i3d_fast` computes the same features faster.

Shapes: **B** clips, **C** channels, **T** frames.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from leo_bench.evaluation.errors import InputError

SIZE = 224  # pixels; the placeholder of the TF-Hub graph is fixed to it
MIN_FRAMES = 9  # fewer leave one temporal position, and the last average pool needs two
KINETICS_CLASSES = 400

# Channels of a mixed block: 1x1; reduce, 3x3; reduce, 3x3; 1x1 after the pool.
Channels = tuple[int, int, int, int, int, int]
MIXED: dict[str, Channels] = {
    "Mixed_3b": (64, 96, 128, 16, 32, 32),
    "Mixed_3c": (128, 128, 192, 32, 96, 64),
    "Mixed_4b": (192, 96, 208, 16, 48, 64),
    "Mixed_4c": (160, 112, 224, 24, 64, 64),
    "Mixed_4d": (128, 128, 256, 24, 64, 64),
    "Mixed_4e": (112, 144, 288, 32, 64, 64),
    "Mixed_4f": (256, 160, 320, 32, 128, 128),
    "Mixed_5b": (256, 160, 320, 32, 128, 128),
    "Mixed_5c": (384, 192, 384, 48, 128, 128),
}

Size3 = tuple[int, int, int]  # time, height, width


def check_clips(clips: Tensor) -> None:
    """Check the shape and type of the network's input.

    Raises:
        InputError: not floating [B,3,T,224,224] with T >= 9.
    """
    if clips.ndim != 5 or clips.shape[1] != 3:
        raise InputError(f"I3D reads [B,3,T,{SIZE},{SIZE}]; the clips are {list(clips.shape)}")
    if not clips.is_floating_point():
        raise InputError(f"I3D reads floating-point clips in [-1,1]; these are {clips.dtype}")
    frames, height, width = clips.shape[2:]
    if (height, width) != (SIZE, SIZE):
        raise InputError(f"I3D reads {SIZE}x{SIZE} pixels; the clip has {height}x{width}")
    if frames < MIN_FRAMES:
        raise InputError(f"I3D needs at least {MIN_FRAMES} frames, the clip has {frames}")


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME padding of one dimension: (before, after); `after` is larger if odd."""
    total = max(kernel - (size % stride or stride), 0)
    return total // 2, total - total // 2


def pad_same(x: Tensor, kernel: Size3, stride: Size3) -> Tensor:
    """[B,C,T,H,W] with zeros around it, for SAME padding."""
    amounts: list[int] = []
    for size, k, s in zip(x.shape[:1:-1], kernel[::-1], stride[::-1], strict=True):
        amounts += same_padding(size, k, s)
    return F.pad(x, amounts) if any(amounts) else x


def max_pool(x: Tensor, kernel: Size3, stride: Size3) -> Tensor:
    """SAME max-pool; it may pad with zeros since every input is the output of a ReLU."""
    return F.max_pool3d(pad_same(x, kernel, stride), kernel, stride)


class Unit(nn.Module):
    """SAME convolution without bias, batch norm, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: Size3, stride: Size3, bn_eps: float
    ) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.conv3d = nn.Conv3d(inputs, outputs, kernel, stride, bias=False)
        self.bn = nn.BatchNorm3d(outputs, eps=bn_eps)

    def forward(self, x: Tensor) -> Tensor:
        """[B,inputs,T,H,W] -> [B,outputs,T',H',W'], not negative."""
        return F.relu(self.bn(self.conv3d(pad_same(x, self.kernel, self.stride))))


class Mixed(nn.Module):
    """Inception block: four branches over one input, concatenated along the channels."""

    def __init__(self, inputs: int, channels: Channels, bn_eps: float) -> None:
        super().__init__()
        point: Size3 = (1, 1, 1)
        cube: Size3 = (3, 3, 3)
        c0, c1a, c1b, c2a, c2b, c3 = channels
        self.b0 = Unit(inputs, c0, point, point, bn_eps)
        self.b1a = Unit(inputs, c1a, point, point, bn_eps)
        self.b1b = Unit(c1a, c1b, cube, point, bn_eps)
        self.b2a = Unit(inputs, c2a, point, point, bn_eps)
        self.b2b = Unit(c2a, c2b, cube, point, bn_eps)
        self.b3b = Unit(inputs, c3, point, point, bn_eps)
        self.outputs = c0 + c1b + c2b + c3

    def forward(self, x: Tensor) -> Tensor:
        """[B,inputs,T,H,W] -> [B,outputs,T,H,W]."""
        pooled = max_pool(x, (3, 3, 3), (1, 1, 1))
        branches = self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(pooled)
        return torch.cat(branches, dim=1)


class Logits(nn.Module):
    """The last 1x1x1 convolution, with a bias."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(inputs, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B,inputs,T,1,1] -> [B,classes,T,1,1]."""
        logits: Tensor = self.conv3d(x)
        return logits


class I3D(nn.Module):
    """Clips to logits; at width 1, names and shapes are those of `i3d_pretrained_400.pt`.

    Args:
        classes: number of logits.
        width: factor on every inner number of channels, each rounded to a multiple of 8.
        bn_eps: epsilon of batch norm: part of the protocol.
    """

    def __init__(
        self, classes: int = KINETICS_CLASSES, width: float = 1.0, bn_eps: float = 1e-5
    ) -> None:
        super().__init__()
        self.classes, self.width, self.bn_eps = classes, width, bn_eps

        def scaled(count: int) -> int:
            return max(8, round(count * width / 8) * 8)

        c64, c192 = scaled(64), scaled(192)
        self.Conv3d_1a_7x7 = Unit(3, c64, (7, 7, 7), (2, 2, 2), bn_eps)
        self.Conv3d_2b_1x1 = Unit(c64, c64, (1, 1, 1), (1, 1, 1), bn_eps)
        self.Conv3d_2c_3x3 = Unit(c64, c192, (3, 3, 3), (1, 1, 1), bn_eps)
        inputs = c192
        for name, (c0, c1a, c1b, c2a, c2b, c3) in MIXED.items():
            channels = scaled(c0), scaled(c1a), scaled(c1b), scaled(c2a), scaled(c2b), scaled(c3)
            block = Mixed(inputs, channels, bn_eps)
            self.add_module(name, block)
            inputs = block.outputs
        self.logits = Logits(inputs, classes)

    def forward(self, clips: Tensor) -> Tensor:
        """float32 [B,3,T,224,224], RGB, -1..1, T >= 9 -> [B,classes], logits averaged over time.

        Raises:
            InputError: the clips have another shape.
        """
        check_clips(clips)
        x = self.Conv3d_1a_7x7(clips)
        x = max_pool(x, (1, 3, 3), (1, 2, 2))
        x = self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x))
        x = max_pool(x, (1, 3, 3), (1, 2, 2))
        x = self._stage(x, "Mixed_3")
        x = max_pool(x, (3, 3, 3), (2, 2, 2))
        x = self._stage(x, "Mixed_4")
        x = max_pool(x, (2, 2, 2), (2, 2, 2))
        x = self._stage(x, "Mixed_5")
        x = F.avg_pool3d(x, (2, 7, 7), stride=1)
        logits: Tensor = self.logits(x).squeeze((3, 4))
        return logits.mean(dim=2)

    def _stage(self, x: Tensor, prefix: str) -> Tensor:
        for name in MIXED:
            if name.startswith(prefix):
                x = self.get_submodule(name)(x)
        return x
