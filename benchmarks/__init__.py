"""Data sets, embedded worlds, the command line, speed. The top layer: sees everything below.

cli/        leo-bench
score       options -> record: the main path of the command line
again       records run again: verify, explain
sources     KIND:LOCATION -> VideoSource
damage      known damage to known videos
datasets/   data sets as data; prepare/ makes them from their downloads
suites/     benchmarks as data
worlds/     toy-faces and toy-bodies
speed/      how fast, as ratios within one run
"""

if __name__ != "leo_bench.benchmarks":  # under two names every class would be there twice
    raise ImportError("import leo_bench.benchmarks, not benchmarks")
