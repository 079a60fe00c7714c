"""Windows of codes and their statistics."""

import pytest
import torch
from tiny_codes import CODE, LENGTH, book, waves

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.diffusion.codes import (
    CodeStats,
    FrameStats,
    TransitionStats,
    code_windows,
    to_tensors,
    windows_that_fit,
)


def test_every_window_that_fits_is_there_and_none_that_crosses_two_videos():
    first, second = torch.arange(5.0)[:, None], 100 + torch.arange(4.0)[:, None]
    windows = code_windows([first, second], length=3)
    found = windows.take(torch.arange(len(windows)))[..., 0].tolist()
    assert found == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [100, 101, 102], [101, 102, 103]]


def test_codes_of_a_window_are_a_stride_apart():
    windows = code_windows([torch.arange(6.0)[:, None]], length=3, stride=2)
    assert windows.take(torch.arange(len(windows)))[..., 0].tolist() == [[0, 2, 4], [1, 3, 5]]


def test_a_spread_holds_the_first_and_the_last_window():
    windows = code_windows([torch.arange(50.0)[:, None]], length=3)
    assert windows.spread(4)[:, 0, 0].tolist() == [0, 16, 31, 47]
    assert len(windows.spread(1000)) == 48


def test_too_short_videos_are_refused_with_what_is_needed():
    with pytest.raises(InputError, match=r"longest of 9 frames; windows of 5 .* 3 need 13"):
        code_windows([waves(9, 0.0), waves(7, 1.0)], length=5, stride=3)


def test_normalised_residuals_have_unit_deviation_and_codes_come_back():
    windows = code_windows(book().sequences, LENGTH)
    stats = CodeStats.of(windows)
    taken = windows.take(torch.arange(len(windows)))
    normalised = stats.normalised(taken)
    residuals = (normalised[:, 1:] - normalised[:, :1]).flatten(0, 1)
    assert torch.allclose(residuals.std(0, correction=0), torch.ones(CODE), atol=1e-4)
    assert torch.allclose(stats.denormalised(normalised), taken, atol=1e-5)


def test_bounds_are_a_tenth_beyond_what_was_seen_in_each_slot():
    windows = code_windows(book().sequences, LENGTH)
    stats = CodeStats.of(windows)
    normalised = stats.normalised(windows.take(torch.arange(len(windows))))
    largest = (normalised[:, 1:] - normalised[:, :1]).abs().amax(0)
    assert torch.allclose(stats.bounds, 1.1 * largest, rtol=1e-4)
    assert (stats.bounds[0] < 0.3 * stats.bounds[-1]).all()


def test_clamped_codes_lie_within_those_of_training():
    codes = book()
    stats = CodeStats.of(code_windows(codes.sequences, LENGTH))
    seen = torch.cat(codes.sequences)
    assert torch.allclose(stats.clamped(seen), seen, atol=1e-5)
    assert torch.allclose(stats.clamped(seen + 100).amax(0), seen.amax(0), atol=1e-5)


def test_a_dimension_that_never_moves_is_not_divided_by_zero():
    still = torch.zeros(LENGTH, CODE)
    assert CodeStats.of(code_windows([still], LENGTH)).normalised(still).isfinite().all()


def test_statistics_come_back_from_tensors():
    stats = CodeStats.of(code_windows(book().sequences, LENGTH))
    again = CodeStats(**to_tensors(stats))
    assert all(
        torch.equal(value, to_tensors(again)[name]) for name, value in to_tensors(stats).items()
    )


def test_single_codes_are_normalised_to_unit_deviation():
    codes = torch.cat(book().sequences)
    normalised = FrameStats.of(codes).normalised(codes)
    assert torch.allclose(normalised.std(0), torch.ones(CODE), atol=1e-2)
    assert torch.allclose(normalised.mean(0), torch.zeros(CODE), atol=1e-4)


def test_the_stride_whose_windows_lead_as_far_is_chosen():
    line = torch.arange(200.0)[:, None] * torch.ones(CODE)
    fitting = {label: windows_that_fit([line], 5, label + 1) for label in (0, 3, 7)}
    stats = TransitionStats.of(fitting)
    assert stats.distances.tolist() == [8, 32, 64]
    ends = torch.tensor([[0.0], [5.0], [15.0], [1000.0]]).expand(4, CODE)
    assert stats.label(torch.zeros(4, CODE), ends).tolist() == [0, 0, 3, 7]
