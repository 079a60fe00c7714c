"""Names of trackers: those that accelerate knows, those that are installed, those asked for."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.known_names import known_are

PACKAGES = {"comet_ml": "comet-ml"}  # what pip calls it, where that is not the tracker's name


def asked_trackers(given: Sequence[str]) -> list[str]:
    """The trackers that `--track` names, each once: ["wandb,mlflow", "wandb"] -> both.

    Args:
        given: names, each may be several with commas.

    Raises:
        InputError: accelerate knows no tracker of this name, or its package is not installed, or
            cannot be imported.
    """
    names = [name.strip() for part in given for name in part.split(",")]
    asked = list(dict.fromkeys(name for name in names if name))
    if given and not asked:
        raise InputError(f"--track {','.join(given)}: names no tracker")
    if not asked:
        return []
    known, installed = _known()
    for name in asked:
        if name not in known:
            raise InputError(
                f"--track {name}: no such tracker; {known_are(name, known)}; installed here "
                f"{', '.join(installed) or 'none'}"
            )
        if name not in installed:
            raise InputError(
                f"--track {name}: is not installed here; pip install {PACKAGES.get(name, name)}"
            )
        _check_import(name)
    return asked


def _check_import(name: str) -> None:
    """Check that an installed tracker can be imported: its own packages may be missing."""
    try:
        if find_spec(name) is not None:
            import_module(name)
    except Exception as error:  # whatever a broken package raises
        raise InputError(
            f"--track {name}: is installed and cannot be imported ({error}); pip install "
            f"{PACKAGES.get(name, name)} again"
        ) from None


def _known() -> tuple[list[str], list[str]]:
    """All names, and those that are installed; a tracker registered with accelerate is both."""
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers
    from accelerate.utils import LoggerType

    here = {str(name) for name in get_available_trackers()}
    own = LOGGER_TYPE_TO_CLASS.keys() - set(LoggerType.list())
    return sorted(LOGGER_TYPE_TO_CLASS), sorted(LOGGER_TYPE_TO_CLASS.keys() & (here | own))
