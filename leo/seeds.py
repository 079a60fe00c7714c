"""Random numbers as a function of a key such as ("lmdm", seed, step), on every device alike.

No random state is carried: what training step 700 or sample 31 draws follows from its key alone, so
a resumed training run, another batch size or another number of processes draws the same.

Keys of sample i with seed s. Each seeds the starting noise and, for `ddpm`, the noise of each step
(`diffusion.gaussian.sample`):

    ("first code", s, i)            its first code
    ("motion", s, i, "run", w)      window w of its motion; of transitions "end" and "transition"
                                    with their number stand in the place of "run" (`Rollout`)
    ("first frame", s, i)           its first frame; "on the small picture" and "larger" are
                                    appended for the super-resolution (`StartingFrames`)
    ("start frame", s, i)           which given picture it starts from, where that is random

torch's CPU generator uses 32 bits of a seed: among 100,000 keys one or two pairs collide and draw
the same numbers.
On processors without AVX2 normal numbers differ in last bits. (Seeds that records name follow from
`evaluation.clips.derived_seed`.)
"""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor


def generator(*key: str | int) -> torch.Generator:
    """A CPU generator seeded by the SHA-256 of `key`."""
    text = "\0".join(f"{type(part).__name__}:{part}" for part in key)
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1
    return torch.Generator().manual_seed(seed)


def normal(shape: Sequence[int], *key: str | int) -> Tensor:
    """Standard normal numbers that follow from `key`: float32 [*shape], on the CPU."""
    return torch.randn(tuple(shape), generator=generator(*key))
