"""leo-bench: LEO human-video generation, and a benchmark whose numbers can be trusted.

benchmarks/   data sets, suites, the command line `leo-bench`, speed
reports/      tables, regression reports and pages, from records
baselines/    the compared methods: their published numbers, and adapters that run them
leo/          trainer and sampler of LEO (arXiv 2305.03989)
evaluation/   FVD, KVD, FID, ACD, drift and repetition, with intervals and provenance

In a checkout the five are links to the folders beside this one; in a wheel they are folders.
Importing this package loads none of them; the names of `__all__` load what they need when used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leo_bench.benchmarks.api.clips import read_clips as read_clips
    from leo_bench.benchmarks.api.distances import fid as fid
    from leo_bench.benchmarks.api.distances import fvd as fvd
    from leo_bench.benchmarks.api.distances import kvd as kvd
    from leo_bench.benchmarks.api.distances import precision as precision
    from leo_bench.benchmarks.api.leo_model import load_leo as load_leo
    from leo_bench.benchmarks.api.scores import acd as acd
    from leo_bench.benchmarks.api.scores import drift as drift
    from leo_bench.benchmarks.api.scores import repetition as repetition
    from leo_bench.benchmarks.api.video_distance import FrechetVideoDistance as FrechetVideoDistance
    from leo_bench.benchmarks.api.video_distance import KernelVideoDistance as KernelVideoDistance
    from leo_bench.reports.dataframe import read_records as read_records

_MODULES = {
    "FrechetVideoDistance": "leo_bench.benchmarks.api.video_distance",
    "KernelVideoDistance": "leo_bench.benchmarks.api.video_distance",
    "acd": "leo_bench.benchmarks.api.scores",
    "drift": "leo_bench.benchmarks.api.scores",
    "fid": "leo_bench.benchmarks.api.distances",
    "fvd": "leo_bench.benchmarks.api.distances",
    "kvd": "leo_bench.benchmarks.api.distances",
    "load_leo": "leo_bench.benchmarks.api.leo_model",
    "precision": "leo_bench.benchmarks.api.distances",
    "read_clips": "leo_bench.benchmarks.api.clips",
    "read_records": "leo_bench.reports.dataframe",
    "repetition": "leo_bench.benchmarks.api.scores",
}

__all__ = [
    "FrechetVideoDistance",
    "KernelVideoDistance",
    "acd",
    "drift",
    "fid",
    "fvd",
    "kvd",
    "load_leo",
    "precision",
    "read_clips",
    "read_records",
    "repetition",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'leo_bench' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
