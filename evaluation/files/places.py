"""The folder of caches and downloaded weights on the user's machine."""

import os
from pathlib import Path

UNKEPT = "unkept"  # in the cache: what processes of one command share, and remove at its end


def cache_root() -> Path:
    """LEO_BENCH_CACHE, else `leo-bench` in the user's cache folder (XDG_CACHE_HOME, ~/.cache)."""
    own = os.environ.get("LEO_BENCH_CACHE")
    if own:
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "leo-bench"
