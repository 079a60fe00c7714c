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

import importlib

DISTRIBUTION = "leo-bench"


def _refuse_foreign_siblings() -> None:
    """Stop where another `evaluation` (LIA has one) or `leo` would be imported instead of ours."""
    for name in ("evaluation", "leo", "baselines", "reports"):
        module = importlib.import_module(name)
        if getattr(module, "DISTRIBUTION", None) != DISTRIBUTION:
            raise ImportError(
                f"'{name}' is {module.__file__}, not leo-bench's: start leo-bench from another "
                "folder, or install it in an environment of its own"
            )


_refuse_foreign_siblings()
