"""Where and how frozen networks compute: device, and settings of torch that move bits."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from leo_bench.evaluation.errors import InputError


def computes_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is faster: without AVX-512 a convolution takes 60 times as long."""
    return device.type != "cpu" or "AVX2" not in torch.backends.cpu.get_cpu_capability()


@contextmanager
def full_precision() -> Iterator[None]:
    """Compute float32 without TF32, bf16 or autocast inside, with the same kernels every time.

    TF32 changes FVD as DIGAN computes it by 10 or more; cuDNN's benchmark mode may choose another
    kernel, and so other bits, in every process. What is changed is restored afterwards; a thread
    that finds all settings in place changes none.
    """
    backends: Any = torch.backends  # torch's types do not know these settings
    wanted = [
        (backends.cudnn.conv, "fp32_precision", "ieee"),
        (backends.cuda.matmul, "fp32_precision", "ieee"),
        (backends.mkldnn.conv, "fp32_precision", "ieee"),
        (backends.mkldnn.matmul, "fp32_precision", "ieee"),
        (backends.cudnn, "benchmark", False),
        (backends.cudnn, "deterministic", True),
    ]
    with ExitStack() as restored:
        for place, name, value in wanted:
            before = getattr(place, name)
            if before != value:
                setattr(place, name, value)
                restored.callback(setattr, place, name, before)
        for device in ("cpu", "cuda"):
            restored.enter_context(torch.autocast(device, enabled=False))
        yield


def usual_device() -> str:
    """The device where a user names none: a GPU if there is one.

    Of several processes of torchrun on a machine, each has its own.
    """
    if not torch.cuda.is_available():
        return "cpu"
    own = int(os.environ.get("LOCAL_RANK", "0"))
    return f"cuda:{own}" if own else "cuda"


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


def tf32_fact(device: str) -> dict[str, str]:
    """What `full_precision` makes of TF32, for cache keys: only a GPU has it."""
    return {"tf32": "off"} if torch.device(device).type == "cuda" else {}


def hardware(device: str) -> str:
    """What decides the last bits of a sum: the GPU's name, or what the CPU can do ("AVX2")."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    return torch.backends.cpu.get_cpu_capability()
