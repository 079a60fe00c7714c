"""Data sets, suites, embedded worlds, the command line, and speed.

The top layer: it imports all others. `scores.score` is the main path of the command line, from a
request to a record. README.md lists the rooms and their modules.
"""

if __name__ != "leo_bench.benchmarks":  # under two names every class would be there twice
    raise ImportError("import leo_bench.benchmarks, not benchmarks")
