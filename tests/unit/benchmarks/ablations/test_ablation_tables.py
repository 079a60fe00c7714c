"""Ablations as data, their numbers combined by hand, and the paper's tables."""

import math
import re
from pathlib import Path

import pytest
from places import SHARED_FOLDER

from leo_bench.benchmarks.ablations.ablation import load_ablation
from leo_bench.benchmarks.ablations.combining import Score, Scores, combine
from leo_bench.benchmarks.ablations.record import AblationRecord, Measured, read_ablation
from leo_bench.benchmarks.ablations.runs import Trained
from leo_bench.benchmarks.ablations.table import all_measures, as_markdown, paper_table, remarks
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.distance import write_record
from leo_bench.evaluation.records.influences import mean_influences
from leo_bench.leo.config import load_config
from leo_bench.leo.diffusion.conditioning import CONDITIONS

LMC = load_ablation("lmc")


def scores(with_lmc: list[float], without: list[float]) -> Scores:
    found = Scores()
    for name, values in (("with", with_lmc), ("without", without)):
        for seed, value in enumerate(values):
            trained = Trained(name, seed, Path(f"{name}-seed{seed}"), reused=False)
            found.add("FVD16", "by hand", trained, Score(value, 8, None))
    return found


def record(measured: list[Measured], column: str = "toy-faces/test") -> AblationRecord:
    return AblationRecord(
        ablation="lmc",
        source=LMC.source,
        column=column,
        setting="unconditional, --start given",
        measured=tuple(measured),
        trained=(),
        unfinished=(("with-seed2", "a loss is not finite"),),
        dataset=None,
        comparable=False,
        caveats=("by hand",),
        notes=(),
        seconds=1.0,
        created="now",
        versions={},
        commit="",
        dirty=False,
        request={},
    )


@pytest.fixture
def three_seeds() -> AblationRecord:
    return record(combine(scores([100.0, 104.0, 99.0], [120.0, 121.0, 125.0]), LMC, LMC.rows))


def test_every_variant_is_a_reading_of_the_motion_model() -> None:
    for variant in LMC.variants.values():
        config = load_config("toy64", variant.changes)
        assert config.lmdm.condition in CONDITIONS
    as_in_the_paper = ("lmdm.noise=white", "lmdm.history=1", "lmdm.anchor=false")
    assert {v.changes for v in LMC.variants.values()} == {
        (f"lmdm.condition={name}", *as_in_the_paper) for name in CONDITIONS
    }


def test_the_papers_numbers_are_those_that_were_published() -> None:
    path = SHARED_FOLDER / "paper" / "published.csv"
    if not path.is_file():
        pytest.skip("needs ../shared/paper/published.csv")
    lines = path.read_text(encoding="utf-8").splitlines()
    published = {float(line.split(",")[7]) for line in lines if line.startswith(("4,", "5,"))}
    for ablation in (LMC, load_ablation("transition")):
        assert {v for column in ablation.published for v in column.values.values()} <= published
    assert len(published) == 6


def test_differences_are_taken_seed_by_seed(three_seeds: AblationRecord) -> None:
    (measured,) = three_seeds.measured
    (change,) = measured.changes
    assert change.by_seed == (20.0, 17.0, 26.0)
    assert change.value == 21.0
    # Variance of 20, 17, 26 is 21; Student's t with two degrees of freedom 4.3027.
    reach = 4.302653 * math.sqrt(21 / 3)
    assert change.interval == pytest.approx((21 - reach, 21 + reach), rel=1e-5)
    assert measured.rows[1].value == 101.0
    assert "2 degrees of freedom among 3 seeds" in measured.covers


def test_a_seed_that_is_missing_on_one_side_makes_no_pair() -> None:
    (measured,) = combine(scores([100.0, 104.0], [120.0, 121.0, 150.0]), LMC, LMC.rows)
    assert measured.changes[0].by_seed == (20.0, 17.0)
    assert measured.rows[0].by_seed == (120.0, 121.0, 150.0)


def test_one_seed_says_that_it_has_no_interval_over_seeds() -> None:
    (measured,) = combine(scores([100.0], [120.0]), LMC, LMC.rows)
    assert "no interval over seeds" in measured.covers
    assert measured.changes[0].value == 20.0
    assert measured.changes[0].interval is None


def test_influences_on_a_mean_give_its_standard_error() -> None:
    values = {str(i): float(i * i) for i in range(8)}
    found = Scores()
    for seed in range(3):
        trained = Trained("with", seed, Path("with"), reused=False)
        found.add("ACD16", "", trained, Score(5.0, 8, mean_influences(values, "fake")))
    (measured,) = combine(found, LMC, LMC.rows)
    mean = sum(values.values()) / 8
    of_one = sum((v - mean) ** 2 for v in values.values()) / 7 / 8
    reach = 4.302653 * math.sqrt(of_one / 3)
    assert measured.rows[0].interval == pytest.approx((5 - reach, 5 + reach), rel=1e-5)
    assert mean_influences({"a": 1.0}, "fake") is None


def test_the_table_in_the_papers_form(three_seeds: AblationRecord) -> None:
    bodies = record(
        combine(scores([50.0, 51.0], [60.0, 62.0]), LMC, LMC.rows), column="toy-bodies/test"
    )
    grid = paper_table(LMC, [three_seeds, bodies])
    assert grid.columns[1:3] == ("toy-faces/test", "toy-bodies/test")
    assert grid.columns[3:] == ("TaichiHD 128 (paper)", "FaceForensics 256 (paper)")
    assert grid.rows[0] == ("w/o LMC", "122 ± 2.6", "61 ± 1.4", "118.6", "60.03")
    assert grid.rows[1] == ("with LMC", "101 ± 2.6", "50 ± 0.71", "100.4", "52.32")
    assert grid.rows[2][0] == "w/o LMC less with LMC"
    assert grid.rows[2][1].startswith("+21 [+10, ")
    assert grid.rows[2][3:] == ("+18.2", "+7.71")


def test_markdown_has_every_line(three_seeds: AblationRecord) -> None:
    text = as_markdown(LMC, [three_seeds])
    packed = " ".join(text.split())
    assert "| w/o LMC | 122 ± 2.6 | 118.6 | 60.03 |" in packed
    assert re.search(r"\|:-+\|-+:\|-+:\|-+:\|", text)
    assert "20  17  26" not in text
    assert "+20  +17  +26" in text
    assert "NOT FINISHED, not in these numbers: with-seed2: a loss is not finite" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 5 + 5


def test_other_variants_follow_those_of_the_paper() -> None:
    found = scores([100.0, 104.0], [120.0, 121.0])
    for seed in range(2):
        trained = Trained("cat", seed, Path("cat"), reused=False)
        found.add("FVD16", "by hand", trained, Score(103.0, 8, None))
    names = LMC.chosen(("cat", "with", "without"))
    assert names == ("without", "with", "cat")
    grid = paper_table(LMC, [record(combine(found, LMC, names))])
    assert [row[0] for row in grid.rows[:3]] == ["w/o LMC", "with LMC", "LMC, not added"]
    assert grid.rows[2][2:] == ("", "")
    assert len(grid.rows) == 5


def test_records_come_back_from_their_files(tmp_path: Path, three_seeds: AblationRecord) -> None:
    write_record(three_seeds, tmp_path / "lmc.json")
    assert read_ablation(tmp_path / "lmc.json") == three_seeds
    assert all_measures(three_seeds).rows[2][1] == "w/o LMC less with LMC"
    assert remarks(three_seeds)[0] == "toy-faces/test: unconditional, --start given"


def test_records_that_do_not_go_together(three_seeds: AblationRecord) -> None:
    with pytest.raises(InputError, match="of ablation lmc, not of transition"):
        paper_table(load_ablation("transition"), [three_seeds])
    other = three_seeds.measured[0].model_copy(update={"name": "FVD128"})
    longer = three_seeds.model_copy(update={"measured": (other,)})
    with pytest.raises(InputError, match="FVD128 and FVD16 do not go into one table"):
        paper_table(LMC, [three_seeds, longer])


@pytest.mark.parametrize(
    ("names", "expected"),
    [(("with", "lmc"), "no variant 'lmc' of lmc; known are with"), (("without",), "name it too")],
)
def test_variants_that_cannot_be_compared(names: tuple[str, ...], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        LMC.chosen(names)
