"""The data sets as data: one TOML file each, and the code that opens, counts and verifies them.

dataset.py  Dataset: what a TOML file says; list_datasets, load_dataset
opening.py  where prepared data lies, and open_dataset: a split as a VideoSource with notes
verify.py   verify: a prepared split against what is expected of it; list_rows
"""

from leo_bench.benchmarks.datasets.dataset import Dataset, list_datasets, load_dataset
from leo_bench.benchmarks.datasets.opening import data_root, open_dataset

__all__ = ["Dataset", "data_root", "list_datasets", "load_dataset", "open_dataset"]
