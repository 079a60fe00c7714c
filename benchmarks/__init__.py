"""Data sets, embedded worlds, the command line, speed. The top layer: sees everything below."""

DISTRIBUTION = "leo-bench"
