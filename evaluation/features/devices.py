"""Where frozen networks run."""

import torch

from leo_bench.evaluation.errors import InputError


def chosen_device(name: str) -> torch.device:
    """The device that a user named, if it is here.

    Raises:
        InputError: torch does not know it, it is neither CPU nor CUDA, or there is no such one; the
            message names those that are there.
    """
    there = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if name == "cuda" and len(there) > 1:
        return torch.device(name)
    if name not in there:
        raise InputError(f"device {name}: is not here; here are {', '.join(there)}")
    return torch.device(name)


def hardware(device: str) -> str:
    """What decides the last bits of a sum: the GPU's name, or what the CPU can do ("AVX2")."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    return torch.backends.cpu.get_cpu_capability()
