"""The conditions on the first code, and departures from a straight line."""

import pytest
import torch
from tiny_codes import CODE, LENGTH, book, lmdm_config

from leo_bench.leo.diffusion.codes import CodeStats, code_windows
from leo_bench.leo.diffusion.conditioning import CONDITIONS, departed, departure, line
from leo_bench.leo.diffusion.reading import Reading
from leo_bench.leo.seeds import generator
from leo_bench.leo.stages.denoising import DenoisingLoss
from leo_bench.leo.stages.lmdm import denoising

CONDITIONED = ("add", "cat", "concat-abs")


def window():
    return torch.randn(3, LENGTH, CODE, generator=generator("window"))


class Recording(torch.nn.Module):
    """Keeps its input, and returns a parameter."""

    def __init__(self):
        super().__init__()
        self.answer = torch.nn.Parameter(torch.randn(LENGTH, CODE, generator=generator("said")))

    def forward(self, sequence, _step):
        self.fed = sequence
        return self.answer.expand(len(sequence), -1, -1)


def losses(condition, step=500):
    network = Recording()
    shape = CONDITIONS[condition].state(window()).shape
    config = lmdm_config(condition=condition, diffusion={})
    stats = CodeStats.of(code_windows(book().sequences, LENGTH))
    reading = Reading.of(config, stats)
    batch = {
        "window": window(),
        **reading.context.given(window()[:, 0], None, None)._asdict(),
        "noise": torch.randn(shape, generator=generator("noise")),
        "step": torch.full((3,), step),
    }
    found, _ = DenoisingLoss(network, denoising(config, reading, stats))(batch)
    return network, batch, found["mse"]


@pytest.mark.parametrize("condition", CONDITIONED)
@pytest.mark.parametrize("step", [0, 500, 999])
def test_the_first_code_is_fed_clean_at_every_step(condition, step):
    network, batch, _ = losses(condition, step)
    assert torch.equal(network.fed[:, 0], batch["window"][:, 0])
    assert not torch.isclose(network.fed[:, 1:], batch["window"][:, 1:], atol=1e-6).all()


@pytest.mark.parametrize("condition", CONDITIONED)
def test_the_loss_does_not_count_the_first_slot(condition):
    network, _, loss = losses(condition)
    loss.backward()
    assert not network.answer.grad[0].any()
    assert network.answer.grad[1:].all()


@pytest.mark.parametrize("condition", ["replace", "none"])
def test_without_the_condition_every_slot_is_noised_and_counts(condition):
    network, batch, loss = losses(condition)
    loss.backward()
    assert not torch.isclose(network.fed[:, 0], batch["window"][:, 0]).any()
    assert network.answer.grad.all()


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("add", lambda state, first: first[:, None] + state),
        ("cat", lambda state, _first: state),
        ("concat-abs", lambda state, _first: state),
    ],
)
def test_what_is_fed_behind_the_first_code_is_as_documented(condition, expected):
    first = window()[:, 0]
    state = torch.randn(3, LENGTH - 1, CODE, generator=generator("state"))
    fed = CONDITIONS[condition].network_input(state, first)
    assert torch.equal(fed[:, 1:], expected(state, first))


@pytest.mark.parametrize("condition", sorted(CONDITIONS))
def test_a_clean_state_is_assembled_to_the_window_that_it_came_from(condition):
    reading = CONDITIONS[condition]
    again = reading.window(reading.state(window()), window()[:, 0])
    assert torch.allclose(again, window(), atol=1e-6)
    assert torch.equal(again[:, 0], window()[:, 0])


@pytest.mark.parametrize("condition", sorted(CONDITIONS))
def test_windows_of_training_lie_within_the_bounds(condition):
    windows = code_windows(book().sequences, LENGTH)
    stats = CodeStats.of(windows)
    low, high = CONDITIONS[condition].bounds(stats, LENGTH)
    state = CONDITIONS[condition].state(stats.normalised(windows.take(torch.arange(len(windows)))))
    assert low.shape == high.shape == state.shape[1:]
    assert (low - 1e-4 <= state).all()
    assert (state <= high + 1e-4).all()


def test_replacing_puts_the_first_code_into_the_clean_state():
    known = CONDITIONS["replace"].constrain(torch.zeros(3, LENGTH, CODE), window()[:, 0])
    assert torch.equal(known[:, 0], window()[:, 0])
    assert not known[:, 1:].any()


def test_every_condition_of_the_config_is_in_the_table():
    assert all(lmdm_config(condition=name).condition == name for name in CONDITIONS)
    conditions = type(lmdm_config()).model_fields["condition"].annotation.__args__
    assert set(conditions) == set(CONDITIONS)


def test_a_line_is_exact_at_both_ends_and_even_between():
    start, end = window()[:, 0], window()[:, 1]
    straight = line(start, end, 5)
    assert torch.equal(straight[:, 0], start)
    assert torch.equal(straight[:, -1], end)
    assert torch.allclose(straight[:, 2], (start + end) / 2)


def test_a_departure_is_put_back_and_leaves_the_ends_clean():
    again = departed(departure(window()), window()[:, 0], window()[:, -1])
    assert torch.allclose(again, window(), atol=1e-6)
    loud = departed(torch.full((3, LENGTH - 2, CODE), 9.0), window()[:, 0], window()[:, -1])
    assert torch.equal(loud[:, [0, -1]], window()[:, [0, -1]])
