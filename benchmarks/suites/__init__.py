"""Suites as data: the benchmarks of a paper's table or of a regression run, one TOML file each."""

from pathlib import Path
from typing import Literal

from pydantic import model_validator

from benchmarks.datasets import load_dataset
from evaluation.errors import InputError
from evaluation.protocol import load_protocol
from evaluation.schema import Data, Named, list_named, load_named

FOLDER = Path(__file__).parent


class Benchmark(Data):
    """What is scored, on what: a data set and split, a size, a length, a protocol.

    Args:
        id: unique in its suite.
        dataset: ID/SPLIT.
        resolution: side in pixels; None: as stored.
        frames, real_stride, fake_stride: the clips' windows.
        protocol: id of an evaluation protocol.
        metrics: those of the protocol that the suite wants.
    """

    id: str
    dataset: str
    resolution: int | None = None
    frames: int
    real_stride: int
    fake_stride: int
    protocol: str
    metrics: tuple[Literal["fvd", "kvd"], ...]

    @model_validator(mode="after")
    def _refers_to_what_there_is(self) -> "Benchmark":
        name, _, split = self.dataset.partition("/")
        load_dataset(name).split(split)
        unknown = set(self.metrics) - set(load_protocol(self.protocol).metrics)
        if unknown:
            raise InputError(f"{self.id}: protocol {self.protocol} has no {', '.join(unknown)}")
        return self


class Suite(Named):
    """A list of benchmarks that belong together."""

    about: str
    benchmark: tuple[Benchmark, ...]


def list_suites() -> list[Suite]:
    """Every suite that is shipped, by id."""
    return list_named(Suite, FOLDER)


def load_suite(name: str) -> Suite:
    """The suite of that id.

    Raises:
        InputError: there is none; the message lists the known ones.
    """
    return load_named(Suite, FOLDER, name, "suite")
