"""The commands `leo-bench speed ...`: how fast this machine computes."""

from collections.abc import Callable
from importlib import import_module

# One module of `benchmarks.speed` each; its `measure` returns the rows of the table.
CASES = {
    "i3d": "I3D: plain form, fast form, and the machine's own convolution rate.",
    "decode": "Reading videos: every layout, in sequence and by clip.",
    "opening": "Opening many small video files: the first time, and again.",
    "statistics": "Fréchet distance, KVD and interval, in every form.",
    "growth": "All numbers of a distance by the number of clips: time and peak memory.",
    "score": "leo-bench score against the five commands of its metrics, from an empty cache.",
    "shares": "Where the time of FVD goes, from files to the number, by layout of the videos.",
    "memory": "Peak memory of feature extraction, by number, length and size of the clips.",
    "metric": "FVD in a training loop: real features computed or kept, against 1,000 toy steps.",
    "motion": "LEO's motion: 1,024 frames of codes by every sampler, one video or eight at once.",
    "long": "LEO's long videos: 128 against 1,024 frames of leo:toy-faces, time and peak memory.",
    "peers": "leo-bench beside its peers, part by part, where they are installed.",
    "gpu": "FVD of 2,048 + 2,048 clips from mp4 files on a GPU: stages, fp32 and bf16, batches.",
    "animator": "LEO's image animator at 256x256: encode, decode and both, plain and fast form.",
    "train": "LEO's training loop: whether it waits for data, frames packed or read each time.",
}


def speed_commands() -> dict[str, Callable[..., None]]:
    """The commands by name."""
    return {name: _command(name, about) for name, about in CASES.items()}


def _command(name: str, about: str) -> Callable[..., None]:
    def command() -> None:
        from leo_bench.benchmarks.cli.screen import table

        rows = import_module(f"leo_bench.benchmarks.speed.{name}").measure()
        table(name, list(rows[0]), [list(row.values()) for row in rows])

    command.__doc__ = f"{about}\n\nExample: leo-bench speed {name}\n"
    return command
