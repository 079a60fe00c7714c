"""Runs from the command line's words: which data a run remembers, and what is refused."""

from pathlib import Path

import pytest

from benchmarks.leo_runs import DATA, RunRequest, open_job, remembered_data
from evaluation.errors import InputError


def request(run: Path, data: str | None) -> RunRequest:
    return RunRequest(run, config="toy64", data=data)


def test_data_that_cannot_be_opened_are_not_remembered(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no-such-thing"):
        open_job(request(tmp_path, "no-such-thing"))
    assert remembered_data(tmp_path) is None
    open_job(request(tmp_path, "toy-faces/train"))
    assert remembered_data(tmp_path) == "toy-faces/train"


def test_other_data_are_refused_once_a_stage_has_begun(tmp_path: Path) -> None:
    open_job(request(tmp_path, "toy-faces/test"))
    open_job(request(tmp_path, "toy-faces/train"))
    (tmp_path / "animator").mkdir()
    with pytest.raises(InputError, match="was begun with --data toy-faces/train"):
        open_job(request(tmp_path, "toy-faces/test"))
    assert open_job(request(tmp_path, None)).open_source().name == "toy-faces/train"


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"data": 3}', "\udcff"])
def test_a_damaged_memory_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / DATA).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=DATA) as caught:
        remembered_data(tmp_path)
    assert "\n" not in str(caught.value)
