"""Videos are held against the digests that their writer left beside them."""

import json
from pathlib import Path

import pytest
from made_videos import moving, opened

from leo_bench.benchmarks.prepare.store import write_frames
from leo_bench.benchmarks.runs.settings import add_digests, difference, without_digest
from leo_bench.evaluation.errors import BadVideoError

REASON = r"is not as it was written, by its digest in sample\.json"


@pytest.fixture(params=["mkv", "mp4", "npy", "frames"])
def samples(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    """Three samples of one format, listed in sample.json."""
    suffix = "" if request.param == "frames" else f".{request.param}"
    paths = [tmp_path / "out" / f"sample-{n:06d}{suffix}" for n in range(3)]
    for seed, path in enumerate(paths):
        write_frames(path, moving(4, 16, 16, seed), 25)
    (tmp_path / "out" / "sample.json").write_text('{"request": {"seed": 0}}')
    add_digests(tmp_path / "out" / "sample.json", paths)
    return paths


def changed(path: Path) -> None:
    """Another video of the same name, sound in itself."""
    if path.is_dir():
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
    write_frames(path, moving(4, 16, 16, 9), 25)


def test_samples_as_they_were_written_are_read(samples: list[Path]) -> None:
    assert len(opened(samples[0].parent).names) == 3
    assert len(opened(samples[0]).names) == 1


def test_a_sample_that_was_replaced_is_a_broken_video(samples: list[Path]) -> None:
    changed(samples[1])
    for path in (samples[1], samples[1].parent):
        with pytest.raises(BadVideoError, match=f"^{samples[1].name}: {REASON}"):
            opened(path)
    rest = opened(samples[0].parent, on_error="skip")
    assert list(rest.names) == [samples[0].name, samples[2].name]
    assert [broken.name for broken in rest.skipped] == [samples[1].name]


def test_a_sample_that_is_written_again_is_listed_again(samples: list[Path]) -> None:
    changed(samples[1])
    add_digests(samples[1].with_name("sample.json"), [samples[1]])
    assert len(opened(samples[0].parent).names) == 3


def test_digests_are_no_setting_and_change_none(samples: list[Path]) -> None:
    settings = samples[0].with_name("sample.json")
    assert difference(settings, {"request": {"seed": 0}}) is None
    assert difference(settings, {"request": {"seed": 1}}) is not None
    told = json.loads(settings.read_text())
    assert list(told["digests"]) == [path.name for path in samples]
    assert without_digest(settings, [*samples, samples[0].with_name("more.mkv")]) == [
        samples[0].with_name("more.mkv")
    ]


@pytest.mark.parametrize("content", ["", "no json", "[]", '{"digests": 3}', '{"digests": {}}'])
def test_a_file_of_that_name_that_says_nothing_is_passed_over(tmp_path: Path, content: str) -> None:
    write_frames(tmp_path / "a.mkv", moving(3, 16, 16), 25)
    (tmp_path / "sample.json").write_text(content)
    assert opened(tmp_path).frame_counts == (3,)
