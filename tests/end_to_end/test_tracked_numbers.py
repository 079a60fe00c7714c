"""Measurements in trackers: TensorBoard's files read back, a tracker of one's own, refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, GeneralTracker

from conftest import Run
from leo_bench.benchmarks.suites.run import Done
from leo_bench.benchmarks.suites.tracked_suite import TrackedSuite
from leo_bench.evaluation.records.distance import read_record

RECORD = Path(__file__).parents[1] / "golden" / "records"
COLOURS = ("--frames", 4, "--protocol", "acd-toy", "--embedder", "mean-colour")


class Rows(GeneralTracker):
    """A tracker of one's own."""

    name = "rows"
    requires_logging_directory = True
    rows: list[dict[str, float]]
    configs: list[dict[str, Any]]

    def __init__(self, run_name: str, logging_dir: str) -> None:
        super().__init__()
        assert Path(logging_dir).is_dir()

    @property
    def tracker(self) -> None:
        return None

    def store_init_configuration(self, values: dict[str, Any]) -> None:
        self.configs.append(values)

    def log(self, values: dict[str, float], step: int | None = None, **_: object) -> None:
        self.rows.append(values)


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[Rows]:
    monkeypatch.setitem(LOGGER_TYPE_TO_CLASS, "rows", Rows)
    monkeypatch.chdir(tmp_path)
    Rows.rows, Rows.configs = [], []
    return Rows


def test_score_logs_a_run_for_each_fake_side(
    leo_bench: Run, make_videos: Callable[..., Path], rows: type[Rows], tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for name, seed in (("real", 0), ("a", 20), ("b", 40)):
        make_videos(name, 4, seed=seed)
    sides = ("--real", "real", "--fake", "mine=a", "--fake", "theirs=b")
    network = ("--metrics", "fvd16,precision16", "--extractor", "i3d-toy", "--clips", 4)
    line = ("score", *sides, *network, "--json", "scores.json")
    ended = leo_bench(*line, "--track", "tensorboard,rows", "--track", "rows")
    assert ended.code == 0, ended.err
    assert "logged to tensorboard: mine, theirs (files in leo-bench-tracking/ten" in ended.err
    scores = json.loads(Path("scores.json").read_text())
    (mine,) = Path("leo-bench-tracking/tensorboard").glob("mine-*")
    found = EventAccumulator(str(mine))
    found.Reload()
    record = scores["records"][0]
    (value,) = found.Scalars("fvd16")
    assert value.value == pytest.approx(record["value"], rel=1e-6)
    assert {"precision16", "recall16"} <= set(found.Tags()["scalars"])
    (text,) = found.Tensors("fvd16/text_summary")
    assert record["protocol_digest"] in text.tensor_proto.string_val[0].decode()
    assert [config["videos"] for config in rows.configs] == ["mine", "theirs"]
    assert [row["fvd16"] for row in rows.rows] == [one["value"] for one in scores["records"]]
    facts = rows.configs[0]
    assert facts["fvd16.protocol_digest"] == record["protocol_digest"]
    assert facts["fvd16.fake.fingerprint"] == record["fake"]["fingerprint"]
    assert facts["fvd16.weights_sha256"] == record["weights_sha256"]
    assert facts["fvd16.seed"] == 0


def test_a_tracker_that_fails_leaves_the_results(
    leo_bench: Run,
    make_videos: Callable[..., Path],
    rows: type[Rows],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, seed in (("real", 0), ("fake", 20)):
        make_videos(name, 4, frames=4, seed=seed)
    line = ("acd", "--real", "real", "--fake", "fake", *COLOURS)
    untracked = leo_bench(*line, "--json", "-")
    monkeypatch.setenv("LEO_BENCH_TRACK", "rows")
    tracked = leo_bench(*line, "--json", "-")
    assert json.loads(tracked.out)["records"][1]["value"] == rows.rows[1]["acd4"]
    assert [config["videos"] for config in rows.configs] == ["real", "fake"]
    monkeypatch.setattr(rows, "log", lambda *_, **__: 1 / 0)
    failed = leo_bench(*line, "--json", "-")
    assert failed.code == 0
    assert json.loads(failed.out).keys() == json.loads(untracked.out).keys()
    assert failed.err.count("--track rows: failed (ZeroDivisionError: division by zero)") == 2
    assert "the results are complete" in failed.err


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("tensorbord", "no such tracker; did you mean tensorboard? known are aim, "),
        (",", "names no tracker"),
        ("nothere", "is not installed here; pip install nothere"),
        ("broken", "is installed and cannot be imported (no luck); pip install broken"),
    ],
)
def test_a_tracker_that_is_not_here_is_refused_at_once(
    leo_bench: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, names: str, said: str
) -> None:
    from accelerate import tracking
    from accelerate.utils import LoggerType

    (tmp_path / "broken.py").write_text("raise RuntimeError('no luck')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(LOGGER_TYPE_TO_CLASS, "broken", Rows)
    monkeypatch.setitem(LOGGER_TYPE_TO_CLASS, "nothere", Rows)
    monkeypatch.setattr(LoggerType, "list", lambda: ["nothere", "tensorboard"])
    monkeypatch.setattr(tracking, "_available_trackers", ["tensorboard"])
    ended = leo_bench("fvd", "--frames", 16, "--real", "absent", "--fake", "x", "--track", names)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert f"--track {names}: {said}" in ended.err


def test_a_suite_logs_each_model_once(rows: type[Rows], tmp_path: Path) -> None:
    record = read_record(next(RECORD.rglob("fvd.json")))
    said: list[str] = []

    def run(*states: str) -> None:
        suite = TrackedSuite(["rows"], tmp_path, said.append)
        for model in states:
            suite.take(Done("toy", model, "fvd", "measured", record))
            suite.take(Done("toy", model, "kvd", "failed", None, "no videos"))
        suite.close()

    run("ours", "theirs")
    assert [config["videos"] for config in rows.configs] == ["ours, toy", "theirs, toy"]
    run("ours", "theirs", "others")
    assert [config["videos"] for config in rows.configs][2:] == ["others, toy"]
    assert "rows has these numbers already: ours, toy" in said
    (tmp_path / ".trackers").write_text("[")
    run("ours")
    assert len(rows.configs) == 4
