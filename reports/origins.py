"""Where a model's videos come from: as RECORDS/models.toml declares or its record implies."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from leo_bench.evaluation.files.given_files import read_toml
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.evaluation.records.preference import PreferenceRecord
from leo_bench.reports.records import StoredRecord

MODELS = "models.toml"

# How notes begin on videos that `leo-bench adapt` made (`baselines.layouts.adaptation_notes`).
ADAPTED, WITHOUT_WEIGHTS = "made by leo-bench adapt ", ", no checkpoint, "

Declared = Literal["authors-checkpoint", "authors-samples", "trained", "known", "given"]
Origin = Declared | Literal["raters", "simulated"]


class ModelFacts(Data):
    """What `RECORDS/models.toml` declares of a model."""

    origin: Declared


def read_models(folder: Path) -> dict[str, ModelFacts]:
    """Read `folder/models.toml`, by the name of the model; empty if there is no such file.

    Raises:
        InputError: the file cannot be read, is not TOML, or has other keys or values.
    """
    path = folder / MODELS
    if not path.exists():
        return {}
    content = read_toml(path)
    return {name: parse(ModelFacts, facts, f"{path}: {name}") for name, facts in content.items()}


def models_text(models: Mapping[str, ModelFacts]) -> str:
    """The content of `models.toml` for these models."""
    tables = [f'["{name}"]\norigin = "{models[name].origin}"\n' for name in sorted(models)]
    return "\n".join(tables)


def origin_of(stored: StoredRecord, models: Mapping[str, ModelFacts]) -> Origin:
    """The origin of a record's videos: the declared one, else the one that its source implies.

    That of a share of raters' answers: whether the raters are people or simulated.
    """
    if isinstance(stored.record, PreferenceRecord):
        return "simulated" if stored.record.is_simulated else "raters"
    declared = models.get(stored.model)
    if declared is not None:
        return declared.origin
    side = stored.content.get("fake") or stored.content["source"]
    if any(n.startswith(ADAPTED) and WITHOUT_WEIGHTS not in n for n in side["notes"]):
        return "authors-checkpoint"
    source = side["source"]
    while source.startswith("part:"):  # part:1/2:SOURCE has the origin of SOURCE
        source = source.split(":", 2)[-1]
    kind = source.partition(":")[0]
    if kind in ("leo", "gaussian"):
        return "trained"
    return "known" if kind in ("damaged", "nearest", "dataset") else "given"
