"""Data sets, one TOML file each, and the code that opens, counts and verifies them."""

from leo_bench.benchmarks.datasets.dataset import (
    Dataset,
    absolute_dataset,
    list_datasets,
    load_dataset,
    names_dataset,
)
from leo_bench.benchmarks.datasets.definitions import parted
from leo_bench.benchmarks.datasets.opening import data_root, open_dataset

__all__ = [
    "Dataset",
    "absolute_dataset",
    "data_root",
    "list_datasets",
    "load_dataset",
    "names_dataset",
    "open_dataset",
    "parted",
]
