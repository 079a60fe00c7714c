"""The denoiser of windows of codes: improved-diffusion's U-Net over time.

openai/improved-diffusion, unet.py with dims=1; its channels are the code dimensions. Legend: B
batch, L frames, M code dimensions, C channels, K of an output, E embedding.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leo_bench.leo.networks.network_config import GROUPS, UNet1dConfig

_WAVES = 10_000.0  # longest period of the step's embedding


class UNet1d(nn.Module):
    """Noised window of codes and diffusion step -> prediction, slot by slot.

    Args:
        code_size: dimensions of a code (M).
        config: widths and depths; L must be a multiple of its factor.
        labels: number of values of a label that is embedded beside the step; 0: no label.
        told: channels of the input behind those of the codes; their weights begin at 0, so the
            other weights begin as without them.
    """

    def __init__(
        self, code_size: int, config: UNet1dConfig, labels: int = 0, told: int = 0
    ) -> None:
        super().__init__()
        width, embedded = config.channels, 4 * config.channels
        self.factor = config.factor
        self.step = StepEmbedding(width, embedded)
        self.label = nn.Embedding(labels, embedded) if labels else None
        self.enter = Conv3(code_size, width, config)
        if told:
            self.enter.widen(told)

        widths, factor = [width], 1
        self.down = nn.ModuleList()
        for level, multiplier in enumerate(config.multipliers):
            for _ in range(config.blocks):
                self.down.append(
                    Level(width, multiplier * config.channels, embedded, config, factor)
                )
                width = multiplier * config.channels
                widths.append(width)
            if level < len(config.multipliers) - 1:
                self.down.append(Halve(width, config))
                widths.append(width)
                factor *= 2

        self.middle = Middle(width, embedded, config)

        self.up = nn.ModuleList()
        for level, multiplier in reversed(list(enumerate(config.multipliers))):
            for _ in range(config.blocks + 1):
                skipped = widths.pop()
                self.up.append(
                    Level(width + skipped, multiplier * config.channels, embedded, config, factor)
                )
                width = multiplier * config.channels
            if level:
                self.up.append(Double(width, config))
                factor //= 2
        self.leave = nn.Sequential(
            nn.GroupNorm(GROUPS, width),
            nn.SiLU(),
            _zeroed(Conv3(width, code_size, config)),
        )

    def forward(
        self, sequence_BLM: Tensor, step_B: Tensor, label_B: Tensor | None = None
    ) -> Tensor:
        """float32 [B,L,M + told], int64 [B] (0 is the cleanest), int64 [B] -> float32 [B,L,M].

        Raises:
            ValueError: L cannot be halved often enough, or a label is missing or unknown here.
        """
        check_inputs(self.factor, sequence_BLM, self.label, label_B)
        emb_BE = self.step(step_B)
        if self.label is not None:
            emb_BE = emb_BE + self.label(label_B)
        emb_BE = F.silu(emb_BE)  # every block begins with it

        x_BCL = self.enter(sequence_BLM.transpose(1, 2))
        skips = [x_BCL]
        for module in self.down:
            x_BCL = module(x_BCL, emb_BE)
            skips.append(x_BCL)
        x_BCL = self.middle(x_BCL, emb_BE)
        for module in self.up:
            if isinstance(module, Level):
                x_BCL = torch.cat([x_BCL, skips.pop()], dim=1)
            x_BCL = module(x_BCL, emb_BE)
        out_BLM: Tensor = self.leave(x_BCL).transpose(1, 2)
        return out_BLM


def check_inputs(
    factor: int, sequence_BLM: Tensor, label: nn.Embedding | None, label_B: Tensor | None
) -> None:
    """Check inputs against a network's factor of downsampling and its embedding of labels.

    Raises:
        ValueError: the length cannot be halved often enough, or a label is missing or unknown here.
    """
    if sequence_BLM.shape[1] % factor:
        raise ValueError(f"length {sequence_BLM.shape[1]} is no multiple of {factor}")
    if (label is None) != (label_B is None):
        raise ValueError("a label goes with a network of labels, and the other way round")


class StepEmbedding(nn.Module):
    """Diffusion step -> vector: cosines and sines, then an MLP of two layers."""

    def __init__(self, waves: int, embedded: int) -> None:
        super().__init__()
        half = waves // 2
        frequencies = torch.exp(-math.log(_WAVES) * torch.arange(half, dtype=torch.float64) / half)
        self.frequencies: Tensor
        self.register_buffer("frequencies", frequencies.float(), persistent=False)
        self.mlp = nn.Sequential(
            nn.Linear(2 * half, embedded), nn.SiLU(), nn.Linear(embedded, embedded)
        )

    def forward(self, step_B: Tensor) -> Tensor:
        """int64 [B] -> float32 [B,E]."""
        angle_BH = step_B[:, None].float() * self.frequencies
        embedded: Tensor = self.mlp(torch.cat([angle_BH.cos(), angle_BH.sin()], dim=1))
        return embedded


class Level(nn.Module):
    """A residual block, and attention where the factor of downsampling asks for it."""

    def __init__(
        self, width: int, out: int, embedded: int, config: UNet1dConfig, factor: int
    ) -> None:
        super().__init__()
        self.block = Block(width, out, embedded, config)
        attends = factor in config.attention
        self.attention = Attention(out, config.heads) if attends else nn.Identity()

    def forward(self, x_BCL: Tensor, emb_BE: Tensor) -> Tensor:
        """[B,C,L], [B,E] -> [B,K,L]."""
        attended: Tensor = self.attention(self.block(x_BCL, emb_BE))
        return attended


class Middle(nn.Module):
    """A residual block, attention, a residual block."""

    def __init__(self, width: int, embedded: int, config: UNet1dConfig) -> None:
        super().__init__()
        self.before = Block(width, width, embedded, config)
        self.attention = Attention(width, config.heads)
        self.after = Block(width, width, embedded, config)

    def forward(self, x_BCL: Tensor, emb_BE: Tensor) -> Tensor:
        """[B,C,L], [B,E] -> [B,C,L]."""
        out_BCL: Tensor = self.after(self.attention(self.before(x_BCL, emb_BE)), emb_BE)
        return out_BCL


class Block(nn.Module):
    """Two convolutions beside a skip; the embedding scales and shifts between them."""

    def __init__(self, width: int, out: int, embedded: int, config: UNet1dConfig) -> None:
        super().__init__()
        self.enter = nn.Sequential(
            nn.GroupNorm(GROUPS, width), nn.SiLU(), Conv3(width, out, config)
        )
        self.modulation = nn.Linear(embedded, 2 * out)
        self.norm = nn.GroupNorm(GROUPS, out)
        self.leave = nn.Sequential(
            nn.SiLU(), nn.Dropout(config.dropout), _zeroed(Conv3(out, out, config))
        )
        self.skip = nn.Identity() if width == out else nn.Conv1d(width, out, 1)

    def forward(self, x_BCL: Tensor, emb_BE: Tensor) -> Tensor:
        """[B,C,L], [B,E] -> [B,K,L]."""
        scale_BC1, shift_BC1 = self.modulation(emb_BE)[..., None].chunk(2, dim=1)
        h_BCL = self.norm(self.enter(x_BCL)) * (1 + scale_BC1) + shift_BC1
        out_BCL: Tensor = self.skip(x_BCL) + self.leave(h_BCL)
        return out_BCL


class Attention(nn.Module):
    """Self-attention over the slots."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(GROUPS, width)
        self.qkv = nn.Conv1d(width, 3 * width, 1)
        self.out = _zeroed(nn.Conv1d(width, width, 1))

    def forward(self, x_BCL: Tensor) -> Tensor:
        """[B,C,L] -> [B,C,L]."""
        # Heads are split first, then q, k and v inside each.
        qkv_BHCL = self.qkv(self.norm(x_BCL)).unflatten(1, (self.heads, -1))
        q, k, v = (part.transpose(2, 3) for part in qkv_BHCL.chunk(3, dim=2))
        seen_BCL = F.scaled_dot_product_attention(q, k, v).transpose(2, 3).flatten(1, 2)
        out_BCL: Tensor = x_BCL + self.out(seen_BCL)
        return out_BCL


class Halve(nn.Module):
    """A convolution of stride 2."""

    def __init__(self, width: int, config: UNet1dConfig) -> None:
        super().__init__()
        self.conv = Conv3(width, width, config, stride=2)

    def forward(self, x_BCL: Tensor, _emb_BE: Tensor) -> Tensor:
        """[B,C,L] -> [B,C,L/2]."""
        out_BCL: Tensor = self.conv(x_BCL)
        return out_BCL


class Double(nn.Module):
    """Every slot twice, then a convolution."""

    def __init__(self, width: int, config: UNet1dConfig) -> None:
        super().__init__()
        self.conv = Conv3(width, width, config)

    def forward(self, x_BCL: Tensor, _emb_BE: Tensor) -> Tensor:
        """[B,C,L] -> [B,C,2L]."""
        out_BCL: Tensor = self.conv(x_BCL.repeat_interleave(2, dim=2))
        return out_BCL


class Conv3(nn.Conv1d):
    """Convolution of width 3; `right_edge` "last" is replicate padding on the right, else zeros."""

    def __init__(self, width: int, out: int, config: UNet1dConfig, stride: int = 1) -> None:
        repeats = config.right_edge == "last"
        super().__init__(width, out, 3, stride, padding=0 if repeats else 1)
        self.repeats = repeats

    def widen(self, channels: int) -> None:
        """More channels of input, with weights of 0."""
        self.in_channels += channels
        self.weight = nn.Parameter(F.pad(self.weight.detach(), (0, 0, 0, channels)))

    def forward(self, x_BCL: Tensor) -> Tensor:
        """[B,C,L] -> [B,K,L], or half of L with a stride of 2."""
        if self.repeats:
            x_BCL = torch.cat([torch.zeros_like(x_BCL[..., :1]), x_BCL, x_BCL[..., -1:]], dim=2)
        return super().forward(x_BCL)


def _zeroed(conv: nn.Conv1d) -> nn.Conv1d:
    """A convolution with output 0, so that its block begins as the identity."""
    nn.init.zeros_(conv.weight)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv
