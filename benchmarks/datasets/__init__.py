"""Data sets, one TOML file each, and the code that opens, counts and verifies them."""

from leo_bench.benchmarks.datasets.dataset import (
    Dataset,
    dataset_ids,
    list_datasets,
    load_dataset,
)
from leo_bench.benchmarks.datasets.opening import data_root, open_dataset

__all__ = ["Dataset", "data_root", "dataset_ids", "list_datasets", "load_dataset", "open_dataset"]
