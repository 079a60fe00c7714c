"""Suites: the benchmarks of a paper's table or of a regression test, one TOML file each.

`benchmarks.suites.run` runs them.
"""

from pathlib import Path

from pydantic import model_validator

from leo_bench.benchmarks.datasets import load_dataset
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data, Named, list_named, load_named_or_own
from leo_bench.evaluation.metrics import DistanceName
from leo_bench.evaluation.protocols.of_clips import load_protocol
from leo_bench.evaluation.protocols.of_frames import load_frame_protocol

FOLDER = Path(__file__).parent


class Benchmark(Data):
    """One benchmark: data set and split, frame size, clip length, protocol and metrics.

    Args:
        id: unique in its suite.
        dataset: ID/SPLIT.
        resolution: side in pixels; None: as stored.
        frames, real_stride, fake_stride: the clips' windows.
        protocol: id of an evaluation protocol.
        metrics: names of the protocol's metrics that the suite measures.
        scores: ids of frame protocols of scores of one side, such as "acd-face".
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

    @model_validator(mode="after")
    def _refers_to_what_there_is(self) -> "Benchmark":
        name, _, split = self.dataset.partition("/")
        load_dataset(name).split(split)
        unknown = set(self.metrics) - set(load_protocol(self.protocol).metrics)
        if unknown:
            raise InputError(f"{self.id}: protocol {self.protocol} has no {', '.join(unknown)}")
        for score in self.scores:
            load_frame_protocol(score)
        return self


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


def list_suites() -> list[Suite]:
    """Every suite that is shipped, by id."""
    return list_named(Suite, FOLDER)


def load_suite(name: str) -> Suite:
    """A shipped suite by id, or a suite file of the user's own by path (`*.toml`).

    Raises:
        InputError: there is none of that name; the message lists the known ones.
    """
    return load_named_or_own(Suite, FOLDER, name, "suite")
