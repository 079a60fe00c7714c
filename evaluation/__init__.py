"""Measures videos: FVD, KVD and other metrics, with intervals and provenance.

Imports nothing of the other packages. `measure` is the main path: two sources of videos and a
protocol give a measurement. README.md lists the rooms and their modules.
"""

if __name__ != "leo_bench.evaluation":  # under two names every class would be there twice
    raise ImportError("import leo_bench.evaluation, not evaluation")
