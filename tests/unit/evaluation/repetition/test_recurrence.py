"""The closest earlier segment: against the definition, in blocks, at tempos, in any place."""

import math

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.repetition import recurrence
from leo_bench.evaluation.repetition.recurrence import (
    NEVER,
    Search,
    at_tempo,
    closest_earlier,
    diagonal_sums,
    energies,
    fewest_frames,
)
from leo_bench.leo.seeds import normal

PLAIN = Search(segment=8, tempos=(1.0,))


def walk(frames: int, *key: str | int, dims: int = 3) -> Tensor:
    return normal((frames, dims), "walk", *key).double().cumsum(0)


def by_definition(later: Tensor, earlier: Tensor, search: Search) -> tuple[Tensor, Tensor]:
    """Two loops and the formula of the module's head."""
    w, count = search.segment, len(later) - search.segment + 1
    alike, start = torch.full((count,), NEVER, dtype=torch.float64), torch.zeros(count)
    for j in range(count):
        for i in range(j - w - search.gap + 1):
            b, a = later[j : j + w], earlier[i : i + w]
            energy = sum((x - x.mean(0)).square().sum() for x in (a, b))
            value = 1 - (a - b).square().sum() / energy
            if value > alike[j]:
                alike[j], start[j] = value, i
    return alike, start


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 24])
def test_sums_down_diagonals(count: int) -> None:
    matrix = normal((30, 40), "matrix").double()
    sums = diagonal_sums(matrix, count)
    assert sums.shape == (31 - count, 41 - count)
    for row, column in ((0, 0), (30 - count, 5), (2, 40 - count)):
        expected = matrix[row : row + count, column : column + count].diagonal().sum()
        assert sums[row, column].item() == pytest.approx(expected.item(), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("gap", [0, 5])
def test_as_defined_in_one_signal_and_between_two(gap: int) -> None:
    search = Search(segment=8, gap=gap, tempos=(1.0,))
    one, other = walk(60, "one"), walk(60, "other") + 40.0
    for later, earlier in ((one, one), (one, other)):
        found = closest_earlier(later, earlier, search)
        alike, start = by_definition(later, earlier, search)
        assert torch.allclose(found.alike, alike, atol=1e-9)
        seen = alike > NEVER
        assert torch.equal(found.start[seen], start[seen].double())


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    signal, search = walk(200), Search(segment=8)
    whole = closest_earlier(signal, signal, search, least_energy=30.0)
    monkeypatch.setattr(recurrence, "ROWS_AT_ONCE", 7)
    in_blocks = closest_earlier(signal, signal, search, least_energy=30.0)
    assert torch.allclose(whole.alike, in_blocks.alike, atol=1e-9)
    assert torch.equal(whole.start, in_blocks.start)
    assert torch.allclose(whole.energy, in_blocks.energy, atol=1e-9)


def test_memory_is_that_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """No matrix of all pairs is ever asked for: the largest has ROWS_AT_ONCE rows."""
    largest = 0

    def watched(matrix: Tensor, count: int) -> Tensor:
        nonlocal largest
        largest = max(largest, matrix.numel())
        return diagonal_sums(matrix, count)

    monkeypatch.setattr(recurrence, "diagonal_sums", watched)
    signal = walk(1500)
    closest_earlier(signal, signal, PLAIN)
    assert 0 < largest <= (recurrence.ROWS_AT_ONCE + 8) * 1500


def test_a_replay_is_found_where_it_is() -> None:
    signal = walk(120)
    signal[70:90] = signal[20:40]
    found = closest_earlier(signal, signal, PLAIN)
    assert torch.allclose(found.alike[70:83], torch.ones(13, dtype=torch.float64), atol=1e-9)
    assert torch.equal(found.start[70:83], torch.arange(20, 33, dtype=torch.float64))
    assert found.alike[:65].max() < 0.99


@pytest.mark.parametrize("speed", [0.9, 1.1])
def test_a_replay_at_another_tempo_is_found_only_by_that_tempo(speed: float) -> None:
    time = torch.arange(200, dtype=torch.float64)
    signal = torch.stack([(time / p).sin() for p in (3.1, 4.7, 7.3)], 1) + walk(200) / 5
    signal[150:180] = at_tempo(signal, speed)[22:52]
    search = Search(segment=24, tempos=(0.9, 1.0, 1.1))
    found = closest_earlier(signal, signal, search)
    assert found.tempo[152] == speed
    assert found.alike[152] == pytest.approx(1, abs=1e-9)
    assert found.start[152].item() == pytest.approx(24 * speed)
    plain = closest_earlier(signal, signal, Search(segment=24, tempos=(1.0,)))
    assert plain.alike[152] < 0.98


def test_tempo_reads_between_frames_and_not_beyond_the_end() -> None:
    ramp = torch.arange(21, dtype=torch.float64)[:, None]
    assert torch.allclose(at_tempo(ramp, 1.1)[:, 0], torch.arange(19, dtype=torch.float64) * 1.1)
    assert at_tempo(ramp, 0.5)[-1, 0] == 20
    assert at_tempo(ramp, 1.0) is ramp


def test_place_and_size_matter_and_a_common_shift_and_factor_do_not() -> None:
    one = walk(40)
    moved, smaller, shifted = one.clone(), one.clone(), one.clone()
    moved[20:28] = one[5:13] + 50
    smaller[20:28] = (one[5:13] - one[5:13].mean(0)) / 2 + one[5:13].mean(0)
    shifted[20:28] = one[5:13]
    at = {
        name: closest_earlier(signal, signal, PLAIN).alike[20].item()
        for name, signal in {
            "moved": moved,
            "smaller": smaller,
            "same": shifted,
            "shifted and scaled": 30 * shifted - 7,
        }.items()
    }
    assert at["same"] == pytest.approx(1)
    assert at["shifted and scaled"] == pytest.approx(1)
    assert at["smaller"] == pytest.approx(0.8)  # 1 - (1/4) / (1 + 1/4)
    assert at["moved"] < 0.9


def test_still_segments_are_like_nothing() -> None:
    signal = walk(80)
    signal[30:60] = signal[30]
    found = closest_earlier(signal, signal, PLAIN, least_energy=1e-6)
    assert (found.energy[30:53] <= 1e-6).all()
    assert (found.alike[30:53] == NEVER).all()
    assert math.isfinite(found.alike[60].item())


def test_nothing_before_the_first_full_segment() -> None:
    found = closest_earlier(walk(40), walk(40), Search(segment=8, gap=3, tempos=(1.0,)))
    assert (found.alike[:11] == NEVER).all()
    assert found.alike[11] > NEVER


def test_too_short() -> None:
    search = Search(segment=8, gap=3)
    assert fewest_frames(search) == 19
    with pytest.raises(InputError, match="18 frames cannot hold two segments of 8"):
        closest_earlier(walk(18), walk(18), search)
    with pytest.raises(InputError, match="shorter than a segment"):
        energies(walk(5), 8)
