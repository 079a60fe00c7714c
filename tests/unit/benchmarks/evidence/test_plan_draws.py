"""Plans against a small simulation, seeded; the whole one stands in benchmarks/coverage.md."""

import torch
from made_records import features

from leo_bench.benchmarks.evidence.coverage_text import plans_of
from leo_bench.benchmarks.evidence.plan_draws import Cell, cells, of_pool, of_population, run_cell


def test_plans_print_what_was_wished_and_find_what_was_promised() -> None:
    row = run_cell(Cell("light", 16, "fvd", 16, 2, 24), of_population("light", 16))
    # Of 24 shares the standard error is 0.1 at most, that of the median of widths about as much.
    assert 0.6 < row.printed < 1.4
    assert 0.6 < row.needed < 1.7
    assert row.held > 0.8
    assert row.found_two is not None
    assert row.found_one is not None
    assert 0.5 < row.found_two <= 1
    assert 0.5 < row.found_one <= 1


def test_a_pool_of_features_is_drawn_from_without_replacement() -> None:
    source = of_pool(features(0, 90), features(1, 90, shift=0.5))
    drawn = source.real(90, torch.Generator().manual_seed(0))
    assert len(set(drawn.values[:, 0].tolist())) == 90
    row = run_cell(Cell("pool", 8, "kvd", 16, 2, 4), source)
    assert row.found_two is None
    assert (row.pilots, row.cut) == (4, 0)


def test_moving_a_model_makes_the_difference_that_is_asked_for() -> None:
    source = of_population("light", 16)
    by = source.moved_for(3.0)
    shift = source.shift + by * source.shift / source.shift.norm()
    assert abs(float(shift.square().sum() - source.shift.square().sum()) - 3.0) < 1e-9


def test_the_table_has_a_line_a_cell() -> None:
    row = {"metric": "fvd", "features": "light", "dim": "16", "pilot": "16", "times": "4"}
    row |= {f"{of}{end}": "1.5" for of in ("needed", "printed") for end in ("", "_low", "_high")}
    row |= {"held": "0.95", "found_two": "0.8", "found_one": ""}
    line = plans_of([row]).splitlines()[-1]
    assert (
        line
        == "| fvd | light | 16 | 16 | 64 | 1.50 (1.50 to 1.50) | 1.50 (1.50 to 1.50) | 95 | 80 |  |"
    )
    assert len({(c.features, c.metric, c.dim, c.pilot, c.times) for c in cells(122)}) == len(
        list(cells(122))
    )
