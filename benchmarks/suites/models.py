"""The options --model and --origin of `leo-bench run`: the videos of each model.

    --model mine=samples/{dataset}                         samples/taichihd, samples/celebvhq ...
    --model leo=leo:runs/{dataset}                         a LEO run a data set
    --model digan@taichihd-256-16=digan:out/taichi256      for one benchmark, before a general one

A source is what any verb takes for --fake (`sources.open`). Its placeholders are {dataset},
{split}, {benchmark}, {frames}, {resolution} and {real}, the benchmark's real side as a source. In a
suite file, paths that exist below the file's folder are taken from there.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from leo_bench.benchmarks.datasets import load_dataset, parted
from leo_bench.benchmarks.sources.locations import below
from leo_bench.benchmarks.suites import Benchmark, Suite
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.known_names import did_you_mean
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.records.distance import slug
from leo_bench.reports.origins import Declared, ModelFacts


@dataclass(frozen=True)
class ModelSource:
    """The source of a model's videos for one benchmark, or for any if `benchmark` is "".

    Args:
        folder: of the suite file that has it; None: paths are taken from the current folder.
    """

    name: str
    benchmark: str
    source: str
    folder: Path | None = None


def parse_models(given: Iterable[str], suite: Suite) -> list[ModelSource]:
    """The models of the suite and of the --model options, which replace the suite's by name.

    Raises:
        InputError: a text is not NAME=SOURCE, a name cannot name a folder, a benchmark or
            placeholder is unknown, a model is given twice for a benchmark, or there is no model.
    """
    models = [_parsed(text, suite) for text in given]
    replaced = {model.name.lower() for model in models}
    own = [
        ModelSource(m.name, "", m.source, suite.folder)
        for m in suite.model
        if m.name.lower() not in replaced
    ]
    places = [(model.name.lower(), model.benchmark) for model in models]
    for model, place in zip(models, places, strict=True):
        if places.count(place) > 1:
            what = f" for {model.benchmark}" if model.benchmark else ""
            raise InputError(f"--model {model.name}: is given twice{what}")
    if not own and not models:
        raise InputError(
            f"suite {suite.id} has no models of its own; give --model NAME=SOURCE, such as "
            "--model mine=samples/{dataset}"
        )
    return [*own, *models]


def parse_origins(given: Iterable[str], models: Sequence[ModelSource]) -> dict[str, Declared]:
    """The origins of models, as --origin gives them.

    Raises:
        InputError: a text is not NAME=ORIGIN, or model or origin are unknown.
    """
    found: dict[str, Declared] = {}
    for text in given:
        name, _, origin = text.partition("=")
        if name not in names(models):
            known = names(models)
            raise InputError(
                f"--origin {text}: no model {name!r}; {did_you_mean(name, known)}there are "
                f"{', '.join(known)}"
            )
        found[name] = parse(ModelFacts, {"origin": origin}, f"--origin {name}").origin
    return found


def names(models: Sequence[ModelSource]) -> list[str]:
    """Each model's name once, in the order given."""
    return list(dict.fromkeys(model.name for model in models))


def source_for(models: Sequence[ModelSource], name: str, benchmark: Benchmark) -> str | None:
    """The source of a model for a benchmark, filled in; None where it has none for it."""
    found = {m.benchmark: m for m in models if m.name == name}
    model = found.get(benchmark.id, found.get(""))
    if model is None:
        return None
    source = _filled(model.source, benchmark)
    return source if model.folder is None else below(model.folder, source)


def _parsed(text: str, suite: Suite) -> ModelSource:
    head, equals, source = text.partition("=")
    name, at, benchmark = head.partition("@")
    if not (equals and name and source) or bool(at) != bool(benchmark):
        raise InputError(
            f"--model {text}: expected NAME=SOURCE or NAME@BENCHMARK=SOURCE, as in "
            "--model mine=samples/{dataset}"
        )
    if slug(name) != name:
        raise InputError(f"--model {name}: a name becomes a folder's; try {slug(name)}")
    known = [b.id for b in suite.benchmark]
    if benchmark and benchmark not in known:
        raise InputError(
            f"--model {head}: {did_you_mean(benchmark, known)}suite {suite.id} has "
            f"{', '.join(known)}"
        )
    for one in suite.benchmark:
        _filled(source, one)
    return ModelSource(name, benchmark, source)


def _filled(source: str, benchmark: Benchmark) -> str:
    size = benchmark.resolution
    if benchmark.folder is not None:
        values = {"dataset": benchmark.videos, "real": benchmark.folder}
    else:
        name, split = parted(benchmark.dataset)
        dataset = load_dataset(name)
        size = size or dataset.evaluation.resolution
        real = f"dataset:{benchmark.dataset}"
        values = {"dataset": dataset.id, "split": split or "", "real": real}
    values["benchmark"] = benchmark.id
    values["frames"] = str(benchmark.frames)
    values["resolution"] = "stored" if size is None else str(size)

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            known = ", ".join(f"{{{key}}}" for key in values)
            raise InputError(f"--model ...={source}: {found[0]} is none of {known}")
        return values[found[1]]

    return re.sub(r"\{([^{}]*)\}", value, source)
