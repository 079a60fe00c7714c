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
    from leo_bench.reports.dataframe import read_records as read_records

_MODULES = {"read_records": "leo_bench.reports.dataframe"}

__all__ = ["read_records"]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'leo_bench' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
