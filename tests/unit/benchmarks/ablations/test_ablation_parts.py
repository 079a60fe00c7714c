"""An ablation whose parts fail: what is finished stays, and what is not is told."""

from pathlib import Path

import pytest
from made_records import features, fvd_of, record
from tiny_codes import book

from leo_bench.benchmarks.ablations import lmc, parts
from leo_bench.benchmarks.ablations.combining import Score, Scores
from leo_bench.benchmarks.ablations.lmc_bench import Bench, LmcRequest
from leo_bench.benchmarks.ablations.parts import Surroundings
from leo_bench.benchmarks.ablations.record import AblationRecord, TrainedModel, read_ablation
from leo_bench.benchmarks.ablations.runs import Shared, Trained
from leo_bench.benchmarks.ablations.table import paper_table, remarks
from leo_bench.evaluation.clips import derived_seed
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.leo.config import load_config

SEEDS = [derived_seed(0, i, bits=31) for i in range(3)]
BROKEN = {f"without-seed{SEEDS[1]}": "a loss is not finite"}
NOBODY = {f"without-seed{SEEDS[2]}": "no video has a person in two frames"}  # behind its FVD


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AblationRecord:
    """Three seeds of two variants, all made up, one part broken and one half-way."""
    real, fake = features(0, 8), features(1, 8)
    score = record(fvd_of(real, fake), real.values, fake.values)

    def train(shared: Shared, variant: tuple[str, object], seed: int, *_: object) -> Trained:
        run = tmp_path / f"{variant[0]}-seed{seed}"
        if run.name in BROKEN:
            raise InputError(BROKEN[run.name])
        return Trained(variant[0], seed, run, reused=False)

    def measure(bench: Bench, trained: Trained, scores: Scores) -> TrainedModel:
        value = 100.0 + SEEDS.index(trained.seed) + 20.0 * (trained.variant == "without")
        scores.add("FVD16", "made up", trained, Score(value, 8, None))
        if trained.name in NOBODY:
            raise InputError(NOBODY[trained.name])
        return TrainedModel(
            variant=trained.variant,
            seed=trained.seed,
            run=str(trained.run),
            model="0" * 64,
            steps=10,
            reused=trained.reused,
            held_out_loss=0.5,
            start_distance=0.25,
            score=score,
        )

    shared = Shared(tmp_path, load_config("toy64"), book(), "toy-faces/train", None)
    monkeypatch.setattr(lmc, "share", lambda *_: shared)
    monkeypatch.setattr(parts, "train_variant", train)
    monkeypatch.setattr(Bench, "check", lambda *_: None)
    monkeypatch.setattr(Bench, "measure", measure)
    around = Surroundings(tmp_path, lambda _: Resources(None), [], lambda _: None)
    return lmc.ablate_lmc(LmcRequest(run="leo:toy-faces", seeds=3), around)


def test_a_part_that_fails_loses_nothing_else(measured: AblationRecord, tmp_path: Path) -> None:
    assert measured.unfinished == (*BROKEN.items(), *NOBODY.items())
    assert [(model.variant, model.seed) for model in measured.trained] == [
        ("without", 0),
        ("with", 0),
        ("with", SEEDS[1]),
        ("with", SEEDS[2]),
    ]
    without, with_lmc = measured.measured[0].rows
    assert (without.by_seed, with_lmc.by_seed) == ((120.0,), (100.0, 101.0, 102.0))
    assert measured.measured[0].changes[0].by_seed == (20.0,)
    covers = measured.measured[0].covers
    assert "2 degrees of freedom among 3 seeds" in covers
    assert "where a training is missing, the videos alone" in covers
    assert measured.column == "toy-faces/test"
    assert read_ablation(tmp_path / "lmc.json") == measured


def test_the_table_says_what_is_missing_and_how_samples_began(measured: AblationRecord) -> None:
    lines = remarks(measured)
    assert (
        f"NOT FINISHED, not in these numbers: without-seed{SEEDS[1]}: a loss is not finite" in lines
    )
    assert any("--start given: no cDDPM" in line for line in lines)
    assert any("0.25 from the drawn ones" in line for line in lines)
    assert paper_table(lmc.load_ablation("lmc"), [measured]).rows[0][1] == "120"


def test_where_nothing_is_finished_there_is_no_table(
    measured: AblationRecord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(*_: object) -> Trained:
        raise InputError("the disk is full")

    monkeypatch.setattr(parts, "train_variant", fails)
    around = Surroundings(tmp_path, lambda _: Resources(None), [], lambda _: None)
    with pytest.raises(InputError, match=r"nothing could be finished: without-seed0: the disk is"):
        lmc.ablate_lmc(LmcRequest(run="leo:toy-faces"), around)
