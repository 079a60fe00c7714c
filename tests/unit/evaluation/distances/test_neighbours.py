"""Precision, recall and copying, by hand and on made features."""

import math
from statistics import NormalDist

import pytest
import torch
from scipy.stats import mannwhitneyu

from leo_bench.evaluation.distances.neighbours import copying, nearest, precision, recall
from leo_bench.evaluation.errors import InputError


def line(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


def test_precision_and_recall_by_hand() -> None:
    """Reals at 0, 1, 2 with radii 1 (k = 1); fakes at 2.3, 2.9, 10, with radii 0.6, 0.6, 7.1."""
    real, fake = line(0, 1, 2), line(2.3, 2.9, 10)
    # 2.3 and 2.9 lie within 1 of the real at 2; 10 lies within nothing.
    assert precision(real, fake, k=1) == pytest.approx(2 / 3)
    # The real at 2 lies within 0.6 of the fake at 2.3; 0 and 1 within nothing of theirs.
    assert recall(real, fake, k=1) == pytest.approx(1 / 3)


def test_second_neighbours_reach_further() -> None:
    real, fake = line(0, 1, 3), line(4.9, 5.5, 30)
    assert precision(real, fake, k=1) == pytest.approx(1 / 3)  # 3 reaches 2: to 5
    assert precision(real, fake, k=2) == pytest.approx(2 / 3)  # 3 reaches 3: to 6


def test_equal_sets_are_wholly_precise_and_recalled() -> None:
    values = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) + 1000
    assert precision(values, values) == recall(values, values) == 1


def test_a_collapsed_generator_is_precise_and_recalls_little() -> None:
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(200, 4, generator=generator)
    fake = real[:1] + 0.01 * torch.randn(200, 4, generator=generator)
    assert precision(real, fake) > 0.95
    assert recall(real, fake) < 0.05


def test_too_few_for_the_neighbours_is_refused() -> None:
    with pytest.raises(InputError, match="fake features: 3 clips; 3 neighbours need 4"):
        precision(line(0, 1, 2, 3), line(0, 1, 2))


@pytest.mark.parametrize("size", [1, 7, 40])
def test_nearest_is_found_in_any_blocks(size: int) -> None:
    generator = torch.Generator().manual_seed(0)
    queries = torch.randn(11, 3, generator=generator)
    references = torch.randn(40, 3, generator=generator)
    references[23] = queries[5]
    blocks = (
        (references[i : i + size], list(range(i, min(i + size, 40)))) for i in range(0, 40, size)
    )
    found = nearest(queries, blocks)
    expected = torch.cdist(queries.double(), references.double())
    assert found.which == expected.argmin(dim=1).tolist()
    torch.testing.assert_close(found.distances, expected.min(dim=1).values)
    assert found.which[5] == 23
    assert found.distances[5] == 0


def test_nothing_to_be_near_to_is_refused() -> None:
    with pytest.raises(InputError, match="no training clip"):
        nearest(torch.zeros(2, 3), [])


def test_copying_by_hand() -> None:
    said = copying(torch.tensor([0.0, 2.5]), torch.tensor([1.0, 2.0, 3.0, 4.0]))
    assert said.percentiles.tolist() == [0, 0.5]
    assert said.share_near == 0.5
    assert said.closer_than_all == 0.5
    # U counts pairs with the sample the larger: 0 + 2 of 8; mean 4, variance 2 * 4 * 7 / 12.
    assert said.z == pytest.approx((2 - 4) / math.sqrt(2 * 4 * 7 / 12))
    assert said.p == pytest.approx(NormalDist().cdf(said.z))


def test_copying_is_scipys_mann_whitney_with_ties() -> None:
    generator = torch.Generator().manual_seed(0)
    mine = torch.randint(0, 6, (30,), generator=generator).double()
    others = torch.randint(1, 7, (40,), generator=generator).double()
    expected = mannwhitneyu(
        mine, others, use_continuity=False, alternative="less", method="asymptotic"
    )
    assert copying(mine, others).p == pytest.approx(expected.pvalue, rel=1e-9)


def test_equal_distances_tell_nothing() -> None:
    said = copying(torch.ones(5), torch.ones(6))
    assert said.z == 0
    assert said.share_near == 0


def test_too_few_for_a_statement_is_refused() -> None:
    with pytest.raises(InputError, match="1 held-out videos"):
        copying(torch.ones(5), torch.ones(1))
