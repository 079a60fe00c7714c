"""Suites: the benchmarks of a paper's table or of a regression test, one TOML file each.

`benchmarks.suites.run` runs them. In a suite of the user's own, paths are taken from its folder.
"""

from pathlib import Path

from pydantic import PrivateAttr

from leo_bench.benchmarks.datasets import absolute_dataset, load_dataset, parted
from leo_bench.benchmarks.datasets.dataset import DATASETS
from leo_bench.benchmarks.datasets.definitions import Definitions, absolute, is_toml
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data, Named, load_toml, with_right_id
from leo_bench.evaluation.metrics import DistanceName
from leo_bench.evaluation.protocols.of_clips import load_protocol
from leo_bench.evaluation.protocols.of_frames import load_frame_protocol
from leo_bench.evaluation.records.distance import slug

FOLDER = Path(__file__).parent
SUITES = Definitions("suite", "benchmark", FOLDER)


class Benchmark(Data):
    """One benchmark: data set and split, frame size, clip length, protocol and metrics.

    Args:
        id: unique in its suite.
        dataset: ID/SPLIT, FILE.toml/SPLIT, or a folder of videos. When loaded, paths are absolute.
        resolution: side in pixels; None: as stored.
        frames, real_stride, fake_stride: the clips' windows.
        protocol: id of an evaluation protocol, or its file.
        metrics: names of the protocol's metrics that the suite measures.
        scores: ids of frame protocols of scores of one side, such as "acd-face", or their files.
        clips, repeats: in place of the protocol's own numbers (ACD: so many videos a side), which
            makes the results incomparable with published ones; None: the protocol's.
    """

    id: str
    dataset: str
    resolution: int | None = None
    frames: int
    real_stride: int
    fake_stride: int
    protocol: str
    metrics: tuple[DistanceName, ...]
    scores: tuple[str, ...] = ()
    clips: int | None = None
    repeats: int | None = None

    @property
    def folder(self) -> str | None:
        """The folder of the real videos; None: they are of a data set."""
        is_path = Path(self.dataset).is_absolute() and not is_toml(parted(self.dataset)[0])
        return self.dataset if is_path else None

    @property
    def videos(self) -> str:
        """The real side in the paths of records: data set and split, or the id for a folder."""
        if self.folder is not None:
            return slug(self.id)
        name, split = parted(self.dataset)
        return f"{Path(name).stem}-{split}" if split else Path(name).stem


class SuiteModel(Data):
    """A model of the suite itself, measured in every run.

    Args:
        name: as in `leo-bench run --model NAME=SOURCE`.
        source: likewise, with its placeholders (`benchmarks.suites.models`).
    """

    name: str
    source: str


class Suite(Named):
    """A list of benchmarks that belong together, and models that need no files."""

    about: str
    benchmark: tuple[Benchmark, ...]
    model: tuple[SuiteModel, ...] = ()
    _folder: Path | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path | None:
        """Where relative paths of a suite of the user's own begin; None: a shipped one."""
        return self._folder

    def of_folder(self, folder: Path | None) -> "Suite":
        """This suite with its folder."""
        found = self.model_copy()
        found._folder = folder
        return found


def list_suites() -> list[Suite]:
    """All suites, shipped ones first, then those of included folders; sorted by id.

    Raises:
        InputError: a file in an included folder is wrong.
    """
    return [_load(path) for path in SUITES.files()]


def load_suite(name: str) -> Suite:
    """A suite by id, or a suite file of the user's own by path (`*.toml`).

    Raises:
        InputError: there is none of that name, and the message lists the known ones; or a benchmark
            names what there is not.
    """
    return _load(SUITES.file_of(name))


def _load(path: Path) -> Suite:
    suite = with_right_id(load_toml(Suite, path), path)
    if SUITES.is_shipped(path):
        return suite
    folder, found = absolute(path).parent, []
    for benchmark in suite.benchmark:
        try:
            found.append(_placed(benchmark, folder))
            _check(found[-1])
        except InputError as error:
            raise InputError(f"{path}: benchmark {benchmark.id}: {error}") from None
    for model in suite.model:
        if slug(model.name) != model.name:
            raise InputError(
                f"{path}: model {model.name!r}: a name becomes a folder's; try {slug(model.name)}"
            )
    ids = [benchmark.id for benchmark in found]
    if twice := {name for name in ids if ids.count(name) > 1}:
        raise InputError(f"{path}: two benchmarks have the id {min(twice)!r}")
    return suite.model_copy(update={"benchmark": tuple(found)}).of_folder(folder)


def _placed(benchmark: Benchmark, folder: Path) -> Benchmark:
    """The benchmark with paths from `folder` made absolute."""

    def place(name: str) -> str:
        return str(absolute(folder / Path(name).expanduser())) if is_toml(name) else name

    name, split = parted(benchmark.dataset)
    dataset = benchmark.dataset
    if is_toml(name) or name in DATASETS.own():
        file = place(name) if is_toml(name) else absolute_dataset(name)
        dataset = f"{file}/{load_dataset(file).split(split)}"
    elif not DATASETS.knows(name) and (path := folder / Path(dataset).expanduser()).exists():
        dataset = str(absolute(path))
    return benchmark.model_copy(
        update={
            "dataset": dataset,
            "protocol": place(benchmark.protocol),
            "scores": tuple(map(place, benchmark.scores)),
        }
    )


def _check(benchmark: Benchmark) -> None:
    """See that data set, protocols and metrics exist.

    Raises:
        InputError: one does not.
    """
    if benchmark.folder is None:
        name, split = parted(benchmark.dataset)
        load_dataset(name).split(split)
    unknown = set(benchmark.metrics) - set(load_protocol(benchmark.protocol).metrics)
    if unknown:
        raise InputError(f"protocol {benchmark.protocol} has no {', '.join(sorted(unknown))}")
    for score in benchmark.scores:
        load_frame_protocol(score)
