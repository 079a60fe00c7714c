"""Samples of LEO runs as a fake side: where they are, and the frame stride they are measured at.

A protocol reads real videos at a stride (DIGAN's reads every 4th frame of TaichiHD), and expects
samples at the resulting frame rate. A LEO samples at the stride of its training data,
`lmdm.frame_stride`, so its frames are read at the quotient of the two strides.
"""

from pathlib import Path

from leo_bench.benchmarks.datasets import Dataset
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.json_files import read_json
from leo_bench.evaluation.files.schema import load_toml

SETTINGS = "sample.json"  # written by `leo-bench sample` beside its samples


def leo_stride(fake: str | None, real_stride: int, usual: int) -> int:
    """The stride of the fake side that gives LEO samples the frame rate of the real side.

    Args:
        fake: the fake side: `leo:RUN...`, or a folder of `leo-bench sample`.
        real_stride: stride of the real side.
        usual: returned for any other fake side, and for a real stride of 1.

    Raises:
        InputError: there is no such model, or its own stride does not divide the real one.
    """
    run = None if real_stride == 1 or fake is None else _run_of(fake)
    if run is None:
        return usual
    from leo_bench.leo.config import Config
    from leo_bench.leo.sampling.model import find_model

    try:
        own = load_toml(Config, find_model(run) / "config.toml").lmdm.frame_stride
    except InputError as error:
        raise InputError(
            f"{fake}: the real side is read at stride {real_stride}, and what these samples are "
            f"learned at cannot be seen ({error}); give --fake-stride"
        ) from None
    if real_stride % own:
        raise InputError(
            f"{fake}: learned at frame stride {own}, which does not divide the real side's "
            f"{real_stride}; give --real-stride and --fake-stride"
        )
    return real_stride // own


def samples_of_the_run(dataset: Dataset) -> str | None:
    """The source of a LEO run's samples: runs/ID/samples if it exists, or leo:runs/ID."""
    run = Path("runs") / dataset.id
    if (run / "samples").exists():
        return str(run / "samples")
    return f"leo:{run}" if (run / "config.toml").is_file() else None


def samples_needed(dataset: Dataset | None) -> str:
    """As `samples_of_the_run`, where there must be some.

    Raises:
        InputError: there is no data set, or no LEO run for it.
    """
    if dataset is None:
        raise InputError("give the fake side as --fake PATH")
    found = samples_of_the_run(dataset)
    if found is None:
        raise InputError(
            f"{Path('runs') / dataset.id}: no LEO run for {dataset.id} is there, nor samples of "
            "one; give the videos to score as --fake PATH"
        )
    return found


def _run_of(fake: str) -> str | None:
    if fake.startswith("leo:"):
        return fake.partition("?")[0]
    try:
        run = read_json(Path(fake).expanduser() / SETTINGS)["request"]["run"]
    except (InputError, LookupError, TypeError):
        return None
    return run if isinstance(run, str) else None
