"""How many of a LEO's frames pass from one that is measured to the next.

A protocol reads the real frames of a data set at a stride (DIGAN's reads TaichiHD every 4th frame),
and leaves it to the sampler to generate at that rate. A LEO generates at the rate that its motion
was learned at, `lmdm.frame_stride`; so its frames are read at the stride that makes up the rest.
"""

from pathlib import Path

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.json_files import read_json
from leo_bench.evaluation.files.schema import load_toml

SETTINGS = "sample.json"  # what `leo-bench sample` writes beside its samples


def pace_of(fake: str | None, real_stride: int, usual: int) -> int:
    """The fake side's stride: a LEO's frames are to follow each other as the real ones do.

    Args:
        fake: the fake side: `leo:RUN...`, or a folder that `leo-bench sample` filled.
        real_stride: of the real side.
        usual: of any other fake side, and where the real frames follow each other directly.

    Raises:
        InputError: the model is not there, or its own stride does not divide the real one.
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


def _run_of(fake: str) -> str | None:
    if fake.startswith("leo:"):
        return fake.partition("?")[0]
    try:
        run = read_json(Path(fake).expanduser() / SETTINGS)["request"]["run"]
    except (InputError, LookupError, TypeError):
        return None
    return run if isinstance(run, str) else None
