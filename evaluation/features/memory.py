"""How much memory work may take that goes on side by side."""

import os
from pathlib import Path

# A stored frame on its way into a network: as decoded with those that the decoder keeps, as RGB, as
# floats (measured with H.264 of 2160x3840: 330 to 400 MB).
READING_BYTES_A_PIXEL = 48
# For stored frames at one time, whatever the number of readers.
READING_BYTES = 640 * 2**20


def readers(wanted: int, pixels: int) -> int:
    """How many of `wanted` readers may hold a frame of so many pixels at one time; at least 1."""
    return max(1, min(wanted, READING_BYTES // (READING_BYTES_A_PIXEL * max(1, pixels))))


def available_bytes() -> int:
    """Memory that this process could still take: of the machine, or of its container if less."""
    free = [_of_machine()]
    try:  # Linux, cgroup v2
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        if limit != "max":
            used = Path("/sys/fs/cgroup/memory.current").read_text()
            free.append(int(limit) - int(used))
    except (OSError, ValueError):
        pass
    return max(0, min(free))


def _of_machine() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    # Not Linux: half of what is built in.
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
