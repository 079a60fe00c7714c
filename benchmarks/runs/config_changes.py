"""How a training's config differs from a shipped one, in a few lines for a person."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from leo_bench.benchmarks.runs.training import RunRequest
from leo_bench.evaluation.files.schema import list_named
from leo_bench.leo.config import CONFIGS, Config, load_config
from leo_bench.leo.training.run_folder import has_begun

_NAMES = ("id", "about")  # they change nothing


def config_lines(config: Config, request: RunRequest) -> Iterator[str]:
    """The keys that differ from those of the shipped config, and where the whole config is.

    The shipped config is the one of the same id. A file with an id of its own is compared with
    itself without the changes of --set. A run that has begun gets one line.

    Args:
        config: the resolved one.
        request: what was asked for.
    """
    name, base = _base(config, request)
    found = list(differences(config.model_dump(mode="json"), base.model_dump(mode="json")))
    count = f"with {len(found)} key{'s' * (len(found) != 1)} changed" if found else "as it is"
    place = request.run / "config.toml"
    if has_begun(request.run):
        yield f"{request.run}: goes on; config {name} {count} ({place})"
        return
    yield f"config {name} {count}; the whole is in {place}, and --dry-run prints it"
    for key, mine, theirs in found:
        yield f"  {key} = {_text(mine)} ({name}: {_text(theirs)})"


def differences(
    mine: Mapping[str, Any], theirs: Mapping[str, Any], table: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Keys of which two configs have different values, with both; None: the key is not there.

    Args:
        mine: nested tables.
        theirs: those of the other config.
        table: the path of both in their documents, with a dot at its end.
    """
    for key in dict.fromkeys((*theirs, *mine)):
        one, other = mine.get(key), theirs.get(key)
        if one == other or f"{table}{key}" in _NAMES:
            continue
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from differences(one, other, f"{table}{key}.")
        else:
            yield f"{table}{key}", one, other


def _base(config: Config, request: RunRequest) -> tuple[str, Config]:
    shipped = {each.id: each for each in list_named(Config, CONFIGS)}
    if config.id in shipped:
        base = shipped[config.id]
        if (taken := config.animator.checkpoint) is not None:  # which the job says
            base = base.model_copy(update={"animator": base.animator.taken_from(taken)})
        return config.id, base
    place = request.config or str(request.run / "config.toml")
    return place, load_config(place)


def _text(value: Any) -> str:
    """A value as in TOML; a whole table as a word."""
    if value is None:
        return "none"
    return "a table" if isinstance(value, Mapping) else json.dumps(value, ensure_ascii=False)
