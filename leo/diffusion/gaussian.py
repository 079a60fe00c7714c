"""Gaussian diffusion (DDPM): noise schedules, targets, samplers (paper Sec. 3.2, Eq. 1).

Schedules and targets: Ho et al. 2020 (arXiv 2006.11239); the defaults are improved-diffusion's
(openai/improved-diffusion, script_util.py): 1000 steps, linear, the network predicts the noise.
The update rules of the samplers are diffusers'. They are given x0 (prediction type "sample"), so
bounds apply to x0 in every sampler. Legend: B batch, X the shape of a state; steps count from 0,
the cleanest.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.known_names import did_you_mean
from leo_bench.leo.config import Diffusion
from leo_bench.leo.diffusion import SamplerKind
from leo_bench.leo.seeds import generator

Prediction = Literal["epsilon", "v", "sample"]
Key = tuple[str | int, ...]

_FIRST_BETA, _LAST_BETA = 1e-4, 0.02  # of the linear schedule with 1000 steps
_MOST_BETA = 0.999  # the cosine schedule's bound
_BETAS = {"linear": "linear", "cosine": "squaredcos_cap_v2"}
_SCHEDULERS: dict[SamplerKind, tuple[Any, dict[str, object]]] = {
    # Ancestral sampling (Ho et al. 2020, Algorithm 2), respaced as improved-diffusion does: from
    # the last trained step to step 0, where no noise is added.
    "ddpm": (
        DDPMScheduler,
        {"timestep_spacing": "linspace", "variance_type": "fixed_large", "clip_sample": False},
    ),
    # Song et al. 2021 (arXiv 2010.02502). Evenly spaced from the last trained step: the scheduler's
    # previous step is then the one that runs next.
    "ddim": (DDIMScheduler, {"timestep_spacing": "trailing", "clip_sample": False}),
    # DPM-Solver++, second order (Lu et al. 2022, arXiv 2211.01095).
    "dpm": (
        DPMSolverMultistepScheduler,
        {"timestep_spacing": "trailing", "final_sigmas_type": "zero"},
    ),
    # The same with steps evenly spaced in log signal-to-noise (Lu et al. 2022, arXiv 2206.00927).
    # With steps evenly spaced in time, the last one begins where small components of a state are
    # still below the noise, and loses them.
    "dpm-lu": (
        DPMSolverMultistepScheduler,
        {"timestep_spacing": "trailing", "final_sigmas_type": "zero", "use_lu_lambdas": True},
    ),
}


@dataclass(frozen=True)
class Schedule:
    """How much signal and noise a state holds at every step.

    Args:
        signal: sqrt(alpha-bar), float64 [T].
        noise: sqrt(1 - alpha-bar), float64 [T].
    """

    signal: Tensor
    noise: Tensor

    @staticmethod
    def of(diffusion: Diffusion) -> "Schedule":
        """Cosine (improved-diffusion), or linear betas from 1e-4 to 0.02.

        With T steps in place of 1000 the linear betas are 1000/T times as large, as in
        improved-diffusion (gaussian_diffusion.py), so that the last state is still noise.
        """
        return _schedule(diffusion.schedule, diffusion.steps)

    def at(self, step_B: Tensor, like_BX: Tensor) -> tuple[Tensor, Tensor]:
        """Signal and noise at `step_B`, broadcastable to `like_BX`, on its device, of its dtype."""
        shape = (-1,) + (1,) * (like_BX.ndim - 1)
        index = step_B.to(self.signal.device)
        signal, noise = (
            table[index].view(shape).to(like_BX.device, like_BX.dtype)
            for table in (self.signal, self.noise)
        )
        return signal, noise

    def noised(self, clean_BX: Tensor, noise_BX: Tensor, step_B: Tensor) -> Tensor:
        """The state at `step_B`: sqrt(alpha-bar) clean + sqrt(1 - alpha-bar) noise."""
        signal, noise = self.at(step_B, clean_BX)
        return signal * clean_BX + noise * noise_BX


def target(
    prediction: Prediction, schedule: Schedule, clean_BX: Tensor, noise_BX: Tensor, step_B: Tensor
) -> Tensor:
    """What a network is trained to predict: the noise, v (Salimans & Ho 2022), or x0 ("sample")."""
    signal, noise = schedule.at(step_B, clean_BX)
    if prediction == "epsilon":
        return noise_BX
    if prediction == "sample":
        return clean_BX
    return signal * noise_BX - noise * clean_BX


def clean_from(
    prediction: Prediction,
    schedule: Schedule,
    predicted_BX: Tensor,
    state_BX: Tensor,
    step_B: Tensor,
) -> Tensor:
    """x0, from a network's prediction for the noised state."""
    signal, noise = schedule.at(step_B, state_BX)
    if prediction == "epsilon":
        return (state_BX - noise * predicted_BX) / signal
    if prediction == "sample":
        return predicted_BX
    return signal * state_BX - noise * predicted_BX


@dataclass(frozen=True)
class Sampler:
    """A sampling algorithm and its number of steps.

    Args:
        kind: "ddpm" (ancestral, variance beta; respaced if there are fewer steps than in training),
            "ddim" (deterministic), "dpm" (DPM-Solver++, second order), or "dpm-lu" (the same with
            steps evenly spaced in log signal-to-noise).
        steps: calls of the network; they must divide the steps of training.
        batch: states in every call of the network; a last, smaller batch is filled up. So a state
            depends on its key alone to the bit; another batch changes last bits.
    """

    kind: SamplerKind
    steps: int
    batch: int = 8

    @staticmethod
    def parse(text: str, batch: int = 8) -> "Sampler":
        """From text such as "ddim-50" or "dpm-lu-20".

        Raises:
            InputError: it is not KIND-STEPS.
        """
        kind, _, steps = text.rpartition("-")
        for known in _SCHEDULERS:
            if kind == known and steps.isdecimal() and int(steps):
                return Sampler(known, int(steps), batch)
        *others, last = (f"{known}-STEPS" for known in _SCHEDULERS)
        guess = ""
        if kind not in _SCHEDULERS:
            guess = did_you_mean(kind, _SCHEDULERS, lambda known: f"{known}-{steps}")
        raise InputError(f"sampler {text!r}: {guess}expected {', '.join(others)} or {last}")


def plain_noise(shape: Sequence[int], random: torch.Generator) -> Tensor:
    """Standard normal numbers of this shape."""
    return torch.randn(tuple(shape), generator=random)


@dataclass(frozen=True)
class Denoiser:
    """A trained network, ready to be sampled.

    Args:
        predict: (state [B,*X], step int64 [B], *conditions [B,...]) -> prediction [B,*X].
        bound: (x0 [B,*X], *conditions [B,...]) -> x0 [B,*X], clipped to its bounds.
        shape: of one state, X.
        diffusion: schedule, and what `predict` predicts.
        noise: (shape of one state, generator) -> the state that sampling begins with.
    """

    predict: Callable[..., Tensor]
    bound: Callable[..., Tensor]
    shape: tuple[int, ...]
    diffusion: Diffusion
    noise: Callable[[Sequence[int], torch.Generator], Tensor] = plain_noise


@torch.no_grad()
def sample(
    denoiser: Denoiser,
    sampler: Sampler,
    keys: Sequence[Key],
    *conditions: Tensor,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Draw a state for every key: float32 [len(keys),*X] on `device`.

    Args:
        denoiser: what to sample.
        sampler: how.
        keys: the seed of each state (`leo.seeds`); a state depends on its key and conditions alone.
        conditions: one row a key each.
        device: of the network.

    Raises:
        InputError: the sampler's steps do not divide those of training.
    """
    diffusion, schedule = denoiser.diffusion, Schedule.of(denoiser.diffusion)
    parts = [torch.empty(0, *denoiser.shape, device=device)]
    for first in range(0, len(keys), sampler.batch):
        count = min(sampler.batch, len(keys) - first)
        rows = [first + min(row, count - 1) for row in range(sampler.batch)]  # filled up
        told = [condition.to(device)[rows] for condition in conditions]
        generators = [generator(*keys[row]) for row in rows]  # every state has noise of its own
        scheduler = _scheduler(diffusion, sampler)
        state_BX = torch.stack([denoiser.noise(denoiser.shape, g) for g in generators]).to(device)
        for step in scheduler.timesteps.tolist():
            step_B = torch.full((len(rows),), step, device=device)
            predicted_BX = denoiser.predict(state_BX, step_B, *told).float()
            clean_BX = clean_from(diffusion.prediction, schedule, predicted_BX, state_BX, step_B)
            clean_BX = denoiser.bound(clean_BX, *told)
            state_BX = scheduler.step(clean_BX, step, state_BX, generator=generators).prev_sample
        parts.append(state_BX[:count])
    return torch.cat(parts)


def check_steps(diffusion: Diffusion, sampler: Sampler) -> None:
    """Check that a sampler's steps fit those of training.

    Raises:
        InputError: they do not divide them; or one step of "ddpm", which takes at least two, from
            the last trained step to the first.
    """
    if sampler.kind == "ddpm" and sampler.steps == 1 < diffusion.steps:
        raise InputError(
            "ddpm with 1 step: ancestral sampling takes at least 2; ddim and dpm take 1"
        )
    if diffusion.steps % sampler.steps:
        raise InputError(
            f"{sampler.kind} with {sampler.steps} steps: they must divide the {diffusion.steps} "
            "that the model was trained with"
        )


class _Scheduler(Protocol):
    """What is used of diffusers' schedulers, which are not typed."""

    timesteps: Tensor

    def set_timesteps(self, num_inference_steps: int) -> None: ...

    def step(
        self,
        model_output: Tensor,
        timestep: int,
        sample: Tensor,
        *,
        generator: list[torch.Generator],
    ) -> Any: ...


def _scheduler(diffusion: Diffusion, sampler: Sampler) -> _Scheduler:
    check_steps(diffusion, sampler)
    make, options = _SCHEDULERS[sampler.kind]
    made = make(
        num_train_timesteps=diffusion.steps,
        **_ends(diffusion.steps),
        beta_schedule=_BETAS[diffusion.schedule],
        prediction_type="sample",
        **options,
    )
    with warnings.catch_warnings():
        # diffusers hands tensors to np.array (0.42, scheduling_dpmsolver_multistep.py:441).
        warnings.filterwarnings("ignore", "__array__", DeprecationWarning)
        made.set_timesteps(sampler.steps)
    if make is DPMSolverMultistepScheduler:
        made.set_begin_index(0)  # the scheduler's own search fails where steps round alike
    scheduler: _Scheduler = made
    return scheduler


def _ends(steps: int) -> dict[str, float]:
    """First and last beta of the linear schedule."""
    scale = 1000 / steps
    return {
        "beta_start": min(_FIRST_BETA * scale, _MOST_BETA),
        "beta_end": min(_LAST_BETA * scale, _MOST_BETA),
    }


@cache
def _schedule(kind: Literal["linear", "cosine"], steps: int) -> Schedule:
    make: Any = DDPMScheduler
    betas: Tensor = make(steps, beta_schedule=_BETAS[kind], **_ends(steps)).betas.double()
    kept = torch.cumprod(1 - betas, 0)
    return Schedule(signal=kept.sqrt(), noise=(1 - kept).sqrt())
