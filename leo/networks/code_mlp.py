"""The denoiser of single codes: a residual MLP, modulated by the diffusion step.

The paper says "simple" and "frame-wise" (Sec. 3.2); the form is ours. Legend: B batch, M code
dimensions, W width.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from leo_bench.leo.networks.unet1d import StepEmbedding

_WAVES = 128


class CodeMlp(nn.Module):
    """Noised code and diffusion step -> prediction.

    Args:
        code_size: dimensions of a code (M).
        width: of the blocks and of the step's embedding.
        blocks: number of residual blocks.
    """

    def __init__(self, code_size: int, width: int, blocks: int) -> None:
        super().__init__()
        self.step = StepEmbedding(_WAVES, width)
        self.enter = nn.Linear(code_size, width)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.leave = _zeroed(nn.Linear(width, code_size))

    def forward(self, code_BM: Tensor, step_B: Tensor) -> Tensor:
        """float32 [B,M], int64 [B] (0 is the cleanest) -> float32 [B,M]."""
        emb_BW = F.silu(self.step(step_B))
        x_BW = self.enter(code_BM)
        for block in self.blocks:
            x_BW = block(x_BW, emb_BW)
        out_BM: Tensor = self.leave(self.norm(x_BW))
        return out_BM


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.modulation = nn.Linear(width, 2 * width)
        self.mlp = nn.Sequential(
            nn.SiLU(),
            nn.Linear(width, 2 * width),
            nn.SiLU(),
            _zeroed(nn.Linear(2 * width, width)),
        )

    def forward(self, x_BW: Tensor, emb_BW: Tensor) -> Tensor:
        scale_BW, shift_BW = self.modulation(emb_BW).chunk(2, dim=1)
        out_BW: Tensor = x_BW + self.mlp(self.norm(x_BW) * (1 + scale_BW) + shift_BW)
        return out_BW


def _zeroed(linear: nn.Linear) -> nn.Linear:
    """A layer with output 0, so that its block begins as the identity."""
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear
