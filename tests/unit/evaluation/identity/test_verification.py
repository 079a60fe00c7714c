import pytest
import torch

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.identity.verification import verify, within_and_between


def test_by_hand() -> None:
    """Of the six pairs (same, other), 1 < 2, 1 < 4, 3 < 4 count whole and 2 = 2 half."""
    found = verify(torch.tensor([1.0, 3.0, 2.0]), torch.tensor([2.0, 4.0]))
    assert found.auc == pytest.approx((1 + 1 + 1 + 0.5 + 1 + 0) / 6)
    assert found.threshold == 2.0
    assert found.equal_error_rate == pytest.approx((1 / 3 + 1 / 2) / 2)


def test_perfect_chance_and_upside_down() -> None:
    low, high = torch.arange(5.0), torch.arange(5.0) + 10
    assert verify(low, high).auc == 1.0
    assert verify(low, high).equal_error_rate == 0.0
    assert verify(low, low).auc == 0.5
    assert verify(high, low).auc == 0.0


def test_the_rate_of_two_known_distributions() -> None:
    """Normal distances one apart by two standard deviations: EER is Φ(-1), AUC is Φ(√2)."""
    chance = torch.Generator().manual_seed(0)
    same = torch.randn(40_000, generator=chance)
    other = torch.randn(40_000, generator=chance) + 2
    found = verify(same, other)
    assert found.equal_error_rate == pytest.approx(0.1587, abs=0.004)
    assert found.auc == pytest.approx(0.9214, abs=0.003)
    assert found.threshold == pytest.approx(1.0, abs=0.03)


def test_pairs_are_of_one_person_or_of_two() -> None:
    frames = torch.tensor([[[0.0], [1.0]], [[10.0], [13.0]]])
    within, between = within_and_between(frames)
    assert sorted(within.tolist()) == [1, 3]
    assert sorted(between.tolist()) == [9, 10, 12, 13]


def test_what_makes_no_pairs_is_refused() -> None:
    with pytest.raises(InputError, match="pairs of the same person"):
        verify(torch.empty(0), torch.ones(2))
    for shape in ((1, 3, 2), (3, 1, 2)):
        with pytest.raises(InputError, match="two of both are needed"):
            within_and_between(torch.zeros(shape))
