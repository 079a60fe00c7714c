"""The table of docs/data-sets.md says what the data sets' TOML files say."""

import re

from places import ROOT

from leo_bench.benchmarks.datasets import list_datasets
from leo_bench.benchmarks.datasets.dataset import Dataset

PAGE = ROOT / "docs" / "data-sets.md"


def row_of(dataset: Dataset) -> list[str]:
    splits = [
        name if split.videos is None else f"{name} {split.videos:,}"
        for name, split in dataset.splits.items()
    ]
    what = [f"`{dataset.id}`", dataset.title, dataset.licence]
    return [*what, ", ".join(splits), f"`{dataset.evaluation.protocol}`"]


def test_the_table_has_every_data_set_as_its_file_says() -> None:
    lines = re.findall(r"^\| (`.*) \|$", PAGE.read_text(), re.M)
    assert [line.split(" | ") for line in lines] == [row_of(one) for one in list_datasets()]
