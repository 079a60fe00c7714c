"""Where frozen networks run."""

import torch

from evaluation.errors import InputError


def chosen_device(name: str) -> torch.device:
    """The device that a user named, if it is here.

    Raises:
        InputError: torch does not know it, it is neither CPU nor CUDA, or there is no such one.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"device {name}: {reason}") from None
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"device {name}: extractors run on cpu or cuda")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise InputError(f"device {name}: torch sees {count} CUDA devices here")
    return device
