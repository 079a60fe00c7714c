"""Errors in data files name file, key and what was expected, in one line."""

from pathlib import Path

import pytest

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import Data, load_toml


class Inner(Data):
    count: int
    start: str = "first"


class Outer(Data):
    id: str
    inner: Inner
    rows: tuple[Inner, ...] = ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('id = "a"\n[inner]\ncuont = 1\ncount = 2', r"inner: unknown key 'cuont'; .*'count'"),
        ('id = "a"\n[inner]\nstart = "x"', "inner: key 'count' is missing"),
        ("id = 3\n[inner]\ncount = 1", "id is 3: .*string"),
        ('id = "a"\n[inner]\ncount = "many"', "inner: count is 'many': .*integer"),
        ('id = "a"\n[inner]\ncount = 1\n[[rows]]\ncuont = 1', "rows: 0: unknown key 'cuont'"),
        ("id = ", "not a TOML file"),
    ],
)
def test_a_wrong_data_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "outer.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        load_toml(Outer, path)
    assert "outer.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_absent_data_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.toml: no such file"):
        load_toml(Outer, tmp_path / "nowhere.toml")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        load_toml(Outer, tmp_path)
