"""`leo-bench run` from an empty folder to a table, twice, and with things that are not there."""

import shutil
from pathlib import Path

import pytest
from thread_team import Shared, ThreadTeam

from conftest import Outcome, Run
from leo_bench.evaluation.processes import torchrun
from leo_bench.evaluation.records.distance import read_record
from leo_bench.evaluation.records.score import read_score_record
from leo_bench.reports.records import published

FACES, COLOURS = "toy-faces-test-64-16f-s1-stylegan-v", "toy-faces-test-64-16f-s1-colours"

# Without weights: the mean colour of each frame in an embedding's place.
PROTOCOL = """
id = "colours"
version = 1
about = "ACD of mean colours."
source = "this test"
subject = "figure"
embedder = "mean-colour"
weights = []
unit_length = false
resize = "center-crop-bilinear-truncate"
quantise = "round"
comparable_to_paper = false
caveat = "no identity in it"
magnitude = "none"
[videos]
start = "first"
short = "discard"
"""

SUITE = """
id = "tiny"
about = "Four clips of one world, and a data set that is not there."

[[benchmark]]
id = "faces"
dataset = "toy-faces/test"
frames = 16
real_stride = 1
fake_stride = 1
protocol = "stylegan-v"
metrics = ["fvd"]
scores = ["{folder}/colours.toml"]
clips = 4

[[benchmark]]
id = "absent"
dataset = "celebvhq/train"
frames = 16
real_stride = 1
fake_stride = 1
protocol = "stylegan-v"
metrics = ["fvd"]
clips = 4

[[model]]
name = "frozen"
source = "damaged:frozen:{{dataset}}/train"
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "colours.toml").write_text(PROTOCOL)
    path = tmp_path / "tiny.toml"
    path.write_text(SUITE.format(folder=tmp_path))
    return path


def test_a_suite_from_an_empty_folder_to_a_table_and_again(
    suite: Path, tmp_path: Path, leo_bench: Run
) -> None:
    records = tmp_path / "records"
    line = ("run", suite, "--records", records, "--data-root", tmp_path / "nothing")

    first = leo_bench(*line)
    assert first.code == 3
    assert "not measured: absent, frozen, fvd: " in first.err
    fvd = read_record(records / FACES / "frozen" / "fvd.json")
    assert (fvd.n_real, fvd.n_fake, fvd.dataset) == (4, 4, "toy-faces-test")
    assert (records / FACES / "frozen" / "fvd.videos.csv").is_file()
    acd = read_score_record(records / COLOURS / "frozen" / "acd.json")
    assert (acd.side, acd.value, acd.videos_used) == ("fake", 0, 4)
    real = read_score_record(records / COLOURS / "toy-faces-test" / "acd.json")
    assert acd.against is not None
    assert real.value == acd.against.value > 0

    files = {path: path.read_bytes() for path in records.rglob("*") if path.is_file()}
    again = leo_bench(*line)
    assert again.err.count(", reused") == 2
    assert {path: path.read_bytes() for path in records.rglob("*") if path.is_file()} == files

    # Other videos under an old name, a record that is broken: both are made again.
    broken = records / COLOURS / "frozen" / "acd.json"
    broken.write_text("{")
    other = leo_bench(
        *line, "--model", "frozen=damaged:frozen:toy-faces/test", "--benchmark", "faces"
    )
    assert other.code == 0
    assert "reused" not in other.err
    assert read_record(records / FACES / "frozen" / "fvd.json").value != fvd.value
    assert read_score_record(broken).value == 0
    assert len(list((records / FACES / "frozen").glob("fvd.*.json"))) == 1

    shutil.rmtree(records / COLOURS)
    table = leo_bench("table", "toy", "--records", records)
    assert table.code == 0
    (row,) = [line for line in table.out.splitlines() if line.startswith("Frozen")]
    assert f"{published(read_record(records / FACES / 'frozen' / 'fvd.json')).value_text}¶" in row
    assert "4 real and 4 fake clips, i3d-toy" in table.out


def test_of_two_processes_the_first_alone_shows_and_writes(
    suite: Path, tmp_path: Path, leo_bench: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, shared = tmp_path / "records", Shared()
    line = ("run", suite, "--records", records, "--data-root", tmp_path, "--origin", "frozen=known")

    def process(rank: int) -> Outcome:  # one after the other: the second does all that is divided
        monkeypatch.setenv("WORLD_SIZE", "2")
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setattr(torchrun, "this_team", lambda: ThreadTeam(rank, 2, shared))
        return leo_bench(*line)

    assert process(1) == (0, "", "")
    assert not records.exists()
    assert shared.done_by == {1: [0, 1, 0, 1]}
    first = process(0)
    assert first.code == 3
    assert "not measured: absent, frozen, fvd: " in first.err
    assert shared.done_by == {1: [0, 1, 0, 1]}
    assert len(list(records.rglob("*.json"))) == 3
    assert (records / "models.toml").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "tall", "--records", "r"), "no suite 'tall'; known are long, short, toy, ucf101"),
        (("run", "short", "--records", "r"), "suite short has no models of its own"),
        (("run", "toy", "--records", "r", "--benchmark", "x"), "suite toy has no 'x'; it has toy-"),
        (("run", "toy", "--records", "r", "--origin", "x=known"), "--origin x=known: no model"),
    ],
)
def test_bad_input_is_one_line_and_ends_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    leo_bench: Run,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = leo_bench(*arguments)
    assert ended.code == 2
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_an_origin_is_written_down_beside_the_records(
    suite: Path, tmp_path: Path, leo_bench: Run
) -> None:
    records = tmp_path / "records"
    (records / "x").mkdir(parents=True)
    (records / "models.toml").write_text('["other"]\norigin = "trained"\n')
    line = ("run", suite, "--records", records, "--benchmark", "absent", "--data-root", tmp_path)
    assert leo_bench(*line, "--origin", "frozen=authors-samples").code == 3
    text = (records / "models.toml").read_text()
    assert text == '["frozen"]\norigin = "authors-samples"\n\n["other"]\norigin = "trained"\n'
