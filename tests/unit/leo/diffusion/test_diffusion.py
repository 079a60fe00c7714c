"""Noising and sampling: tables, statistics, samplers against formulas and perfect predictions."""

import pytest
import torch

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.config import Diffusion
from leo_bench.leo.diffusion.gaussian import Denoiser, Sampler, Schedule, clean_from, sample, target
from leo_bench.leo.seeds import generator

LINEAR = Diffusion()
PREDICTIONS = ("epsilon", "v", "sample")
SAMPLERS = ("ddpm-100", "ddim-50", "dpm-20", "dpm-lu-20")


def unbounded(clean, *_conditions):
    return clean


def constant(value, diffusion=LINEAR, bound=unbounded):
    """A denoiser that knows that every clean state is `value` [X]."""
    schedule = Schedule.of(diffusion)

    def predict(state, step):
        signal, noise = schedule.at(step, state)
        return target(
            diffusion.prediction,
            schedule,
            *(value.expand_as(state), (state - signal * value) / noise, step),
        )

    return Denoiser(predict, bound, tuple(value.shape), diffusion)


def test_almost_nothing_is_left_at_the_last_step():
    assert float(Schedule.of(LINEAR).signal[-1] ** 2) == pytest.approx(4.0e-5, rel=0.01)


def test_the_linear_table_is_the_product_of_one_minus_beta():
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    kept = torch.cumprod(1 - betas, 0)
    assert torch.allclose(Schedule.of(LINEAR).signal ** 2, kept, rtol=1e-5, atol=0)


@pytest.mark.parametrize("steps", [10, 16, 100, 250])
def test_with_fewer_steps_the_last_state_is_noise_all_the_same(steps):
    schedule = Schedule.of(Diffusion(steps=steps))
    assert float(schedule.signal[-1] ** 2) < 1e-4
    assert bool((schedule.signal.diff() < 0).all())


def test_the_cosine_table_follows_the_cosine():
    signal = Schedule.of(Diffusion(schedule="cosine")).signal
    u = torch.tensor([0.0, 0.5], dtype=torch.float64)
    start, half = torch.cos((u + 0.008) / 1.008 * torch.pi / 2) ** 2
    assert float(signal[499] ** 2) == pytest.approx(float(half / start), rel=1e-4)


def test_noised_states_have_the_mean_and_deviation_of_the_formula():
    schedule, chance = Schedule.of(LINEAR), generator("noised")
    noise = torch.randn(100_000, 1, generator=chance)
    step = torch.full((100_000,), 300)
    state = schedule.noised(torch.full((100_000, 1), 2.0), noise, step)
    assert float(state.mean()) == pytest.approx(2 * float(schedule.signal[300]), abs=0.01)
    assert float(state.std()) == pytest.approx(float(schedule.noise[300]), abs=0.01)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_every_prediction_leads_back_to_the_clean_state(prediction):
    schedule, chance = Schedule.of(LINEAR), generator("back")
    clean, noise = (torch.randn(4, 3, dtype=torch.float64, generator=chance) for _ in range(2))
    step = torch.tensor([0, 10, 500, 999])
    said = target(prediction, schedule, clean, noise, step)
    state = schedule.noised(clean, noise, step)
    assert torch.allclose(clean_from(prediction, schedule, said, state, step), clean)


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_perfect_prediction_is_followed_to_the_clean_state(sampler, prediction):
    value = torch.tensor([3.0, -1.0])
    denoiser = constant(value, Diffusion(prediction=prediction))
    drawn = sample(denoiser, Sampler.parse(sampler), [("a",), ("b",)])
    assert torch.allclose(drawn, value.expand(2, 2), atol=2e-3)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_data_that_are_gaussian_are_drawn_with_their_mean_and_deviation(sampler):
    mean, variance, schedule = 1.5, 0.25, Schedule.of(LINEAR)

    def predict(state, step):
        signal, noise = schedule.at(step, state)
        gain = signal * variance / (signal**2 * variance + noise**2)
        clean = mean + gain * (state - signal * mean)
        return (state - signal * clean) / noise

    denoiser = Denoiser(predict, unbounded, (2000,), LINEAR)
    drawn = sample(denoiser, Sampler.parse(sampler, batch=2), [("a",), ("b",)])
    assert float(drawn.mean()) == pytest.approx(mean, abs=0.04)
    assert float(drawn.std()) == pytest.approx(variance**0.5, rel=0.06)


def test_ancestral_sampling_is_that_of_the_formulas():
    diffusion = Diffusion(steps=20)
    betas = torch.linspace(1e-4 * 50, 0.02 * 50 - 0.001, 20, dtype=torch.float64)
    kept = torch.cumprod(1 - betas, 0)
    chance = generator("formulas")
    x = torch.randn(6, generator=chance).double()
    for t in range(19, -1, -1):
        before = kept[t - 1] if t else torch.ones((), dtype=torch.float64)
        said = torch.sin(x + t)
        clean = ((x - (1 - kept[t]).sqrt() * said) / kept[t].sqrt()).clamp(-1, 1)
        x = (
            betas[t] * before.sqrt() / (1 - kept[t]) * clean
            + (1 - before) * (1 - betas[t]).sqrt() / (1 - kept[t]) * x
        )
        if t:
            x = x + betas[t].sqrt() * torch.randn(1, 6, generator=chance)[0]

    def predict(state, step):
        return torch.sin(state + step[:, None])

    denoiser = Denoiser(predict, lambda clean: clean.clamp(-1, 1), (6,), diffusion)
    drawn = sample(denoiser, Sampler("ddpm", 20), [("formulas",)])
    assert torch.allclose(drawn[0].double(), x, atol=1e-5)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_bound_holds_for_the_clean_state_and_not_for_the_noised_one(sampler):
    largest = []

    def predict(state, _step):
        largest.append(float(state.abs().max()))
        return torch.full_like(state, 100.0)

    denoiser = Denoiser(predict, lambda clean: clean.clamp(-0.1, 0.1), (50,), LINEAR)
    drawn = sample(denoiser, Sampler.parse(sampler), [("a",)])
    assert float(drawn.abs().max()) <= 0.1 + 1e-6
    assert largest[0] > 1


def network_of_conditions():
    chance = generator("network")
    weight = torch.randn(12, 12, generator=chance) / 4

    def predict(state, step, condition):
        return torch.tanh((state + condition) @ weight + step[:, None] / 1000)

    return Denoiser(predict, unbounded, (12,), LINEAR)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("order", [[5, 3, 1, 0, 2, 4], [4], [0, 5]])
def test_a_sample_is_the_same_to_the_bit_whatever_it_is_drawn_with(sampler, order):
    conditions = torch.randn(6, 12, generator=generator("conditions"))
    keys = [("sample", i) for i in range(6)]
    settings = Sampler.parse(sampler, batch=4)
    together = sample(network_of_conditions(), settings, keys, conditions)
    again = sample(network_of_conditions(), settings, [keys[i] for i in order], conditions[order])
    assert torch.equal(again, together[order])


def test_no_keys_give_no_samples():
    assert sample(constant(torch.zeros(3)), Sampler("ddim", 10), []).shape == (0, 3)


@pytest.mark.parametrize(
    "text", ["ddim", "ddim-", "ddim-0", "euler-20", "dpm-x", "lu-20", "dpm-lu-"]
)
def test_a_sampler_that_is_not_known_is_refused(text):
    with pytest.raises(InputError, match="expected ddpm-STEPS") as refused:
        Sampler.parse(text)
    assert f"did you mean {text}" not in str(refused.value)


def test_steps_that_do_not_divide_those_of_training_are_refused():
    with pytest.raises(InputError, match="30 steps: they must divide the 1000"):
        sample(constant(torch.zeros(3)), Sampler("ddim", 30), [("a",)])


def test_a_single_step_cannot_be_ancestral():
    with pytest.raises(InputError, match=r"ddpm with 1 step: .* at least 2"):
        sample(constant(torch.zeros(3)), Sampler("ddpm", 1), [("a",)])
    for kind in ("ddim", "dpm"):
        drawn = sample(constant(torch.full((3,), 0.5)), Sampler(kind, 1), [("a",)])
        assert torch.allclose(drawn, torch.full((1, 3), 0.5), atol=1e-5)


SPREADS = torch.tensor([0.05, 0.1, 0.3, 1.0])


def gaussian(diffusion):
    """A perfect denoiser of states whose components have these standard deviations."""
    schedule = Schedule.of(diffusion)

    def predict(state, step):
        signal, noise = schedule.at(step, state)
        clean = signal * SPREADS**2 / (signal**2 * SPREADS**2 + noise**2) * state
        said = (state - signal * clean) / noise
        return target(diffusion.prediction, schedule, clean, said, step)

    return Denoiser(predict, unbounded, (len(SPREADS),), diffusion)


def spread_of(text, count=1000, **diffusion):
    """Standard deviation of what is drawn, of the true one."""
    sampler = Sampler.parse(text, batch=count)
    keys = [("gaussian", i) for i in range(count)]
    return sample(gaussian(Diffusion(**diffusion)), sampler, keys).std(0) / SPREADS


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_dpm_lu_keeps_small_components_of_a_gaussian(schedule, prediction):
    # The chance of 1,000 draws is 2.2 % of a standard deviation.
    found = spread_of("dpm-lu-20", schedule=schedule, prediction=prediction)
    assert torch.allclose(found, torch.ones(4), atol=0.1), found


def test_the_other_quick_samplers_lose_them_as_the_readme_says():
    # With its own steps DPM-Solver++ leaves a quarter of the smallest, DDIM a half.
    for text, wanted in (
        ("dpm-20", [0.27, 0.48, 0.86, 0.99]),
        ("ddim-50", [0.52, 0.73, 0.90, 0.95]),
    ):
        assert torch.allclose(spread_of(text), torch.tensor(wanted), atol=0.05), text


@pytest.mark.parametrize("steps", [2, 100, 250, 1000])
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_dpm_lu_runs_where_its_steps_round_to_the_same_step_of_training(schedule, steps):
    found = spread_of(f"dpm-lu-{steps}", 200, schedule=schedule, prediction="epsilon")
    assert torch.isfinite(found).all()
    if steps > 2:
        assert torch.allclose(found, torch.ones(4), atol=0.2)


BEFORE = {  # drawn by the version before dpm-lu was there
    "ddpm-20": [0.09110643714666367, -0.16708308458328247, 0.17939826846122742, 0.1995401829481125],
    "ddim-10": [0.003202432068064809, 0.0368809662759304, -0.003017234848812222, -0.09027369320392],
    "dpm-10": [0.003208615351468324, 0.037156928330659866, -0.0031704972498118, -0.10320314764976],
}


@pytest.mark.parametrize("text", BEFORE)
def test_samplers_of_older_names_draw_what_they_drew(text):
    drawn = sample(gaussian(Diffusion()), Sampler.parse(text), [("bits", 0)])
    assert drawn.flatten().tolist() == pytest.approx(BEFORE[text], rel=1e-6)
