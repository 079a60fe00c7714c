"""Gaussian diffusion: noising, what a network may predict, and sampling (paper Sec. 3.2; spec 3.4).

Sampling steps are those of diffusers' schedulers. They are handed the clean state (prediction type
"sample") that follows from the network's prediction, so a stage's bounds apply to the clean state
alone, in every sampler. Legend: B batch, X the shape of a state; steps count from 0, the cleanest.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol, get_args

import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.config import Diffusion
from leo_bench.leo.seeds import generator

Prediction = Literal["epsilon", "v", "sample"]
Kind = Literal["ddpm", "ddim", "dpm", "dpm-lu"]
Key = tuple[str | int, ...]

_FIRST_BETA, _LAST_BETA = 1e-4, 0.02  # of the linear schedule with 1000 steps
_MOST_BETA = 0.999  # the cosine schedule's bound
_BETAS = {"linear": "linear", "cosine": "squaredcos_cap_v2"}
_SCHEDULERS: dict[str, tuple[Any, dict[str, object]]] = {
    # As improved-diffusion respaces: from the last trained step to step 0, where no noise is added.
    "ddpm": (
        DDPMScheduler,
        {"timestep_spacing": "linspace", "variance_type": "fixed_large", "clip_sample": False},
    ),
    # From the last trained step, evenly spaced, so that these schedulers' idea of the step before
    # agrees with the one that is run next.
    "ddim": (DDIMScheduler, {"timestep_spacing": "trailing", "clip_sample": False}),
    "dpm": (
        DPMSolverMultistepScheduler,
        {"timestep_spacing": "trailing", "final_sigmas_type": "zero"},
    ),
    # The same, its steps evenly spread in log signal-to-noise (Lu et al. 2022, arXiv 2206.00927):
    # evenly spread over training's steps, the last one falls from where small components of a state
    # are still drowned in noise to none at all, and takes them along.
    "dpm-lu": (
        DPMSolverMultistepScheduler,
        {"timestep_spacing": "trailing", "final_sigmas_type": "zero", "use_lu_lambdas": True},
    ),
}


@dataclass(frozen=True)
class Schedule:
    """How much of a state is left at every step.

    Args:
        signal: sqrt(alpha-bar), float64 [T].
        noise: sqrt(1 - alpha-bar), float64 [T].
    """

    signal: Tensor
    noise: Tensor

    @staticmethod
    def of(diffusion: Diffusion) -> "Schedule":
        """The schedule that a config asks for: the cosine's, or betas from 1e-4 to 0.02.

        With T steps in place of 1000 the linear betas are 1000/T times as large, as
        improved-diffusion's, so that the last state is noise all the same.
        """
        return _schedule(diffusion.schedule, diffusion.steps)

    def at(self, step_B: Tensor, like_BX: Tensor) -> tuple[Tensor, Tensor]:
        """Signal and noise at `step_B`, of `like_BX`'s dtype and device, shaped to multiply it."""
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
    """What a network of this kind should say: the noise, v (Salimans & Ho 2022), or the state."""
    signal, noise = schedule.at(step_B, clean_BX)
    if prediction == "epsilon":
        return noise_BX
    if prediction == "sample":
        return clean_BX
    return signal * noise_BX - noise * clean_BX


def clean_from(
    prediction: Prediction, schedule: Schedule, said_BX: Tensor, state_BX: Tensor, step_B: Tensor
) -> Tensor:
    """The clean state that a network's prediction amounts to."""
    signal, noise = schedule.at(step_B, state_BX)
    if prediction == "epsilon":
        return (state_BX - noise * said_BX) / signal
    if prediction == "sample":
        return said_BX
    return signal * state_BX - noise * said_BX


@dataclass(frozen=True)
class Sampler:
    """How states are drawn.

    Args:
        kind: "ddpm" (ancestral, variance beta; respaced if there are fewer steps than trained
            with), "ddim" (no noise), "dpm" (DPM-Solver++, second order), or "dpm-lu" (the same in
            other steps, which keep components of a state that are small beside the others).
        steps: calls of the network; they must divide the steps of training.
        batch: states that the network sees at once, always: a last part is filled up. So a state
            depends on its key alone to the bit; another batch changes last bits.
    """

    kind: Kind
    steps: int
    batch: int = 8

    @staticmethod
    def parse(text: str, batch: int = 8) -> "Sampler":
        """From text such as "ddim-50" or "dpm-lu-20".

        Raises:
            InputError: it is not KIND-STEPS.
        """
        kind, _, steps = text.rpartition("-")
        for known in get_args(Kind):
            if kind == known and steps.isdecimal() and int(steps):
                return Sampler(known, int(steps), batch)
        raise InputError(
            f"sampler {text!r}: expected ddpm-STEPS, ddim-STEPS, dpm-STEPS or dpm-lu-STEPS"
        )


def plain_noise(shape: Sequence[int], random: torch.Generator) -> Tensor:
    """Normal numbers, in the order of the shape."""
    return torch.randn(tuple(shape), generator=random)


@dataclass(frozen=True)
class Denoiser:
    """What a stage hands over to be sampled.

    Args:
        predict: (state [B,*X], step int64 [B], *conditions [B,...]) -> prediction [B,*X].
        bound: (clean state [B,*X], *conditions [B,...]) -> clean state [B,*X], within its bounds.
        shape: of one state, X.
        diffusion: schedule, and what `predict` predicts.
        noise: (shape of one state, chance) -> the state that sampling begins with.
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
        keys: chance of each state (`leo.seeds`); a state depends on its key and conditions alone.
        conditions: one row a key each.
        device: of the network.

    Raises:
        InputError: the sampler's steps do not divide those of training.
    """
    parts = [torch.empty(0, *denoiser.shape, device=device)]
    for first in range(0, len(keys), sampler.batch):
        count = min(sampler.batch, len(keys) - first)
        # The last part is filled up with its last row.
        rows = [first + min(row, count - 1) for row in range(sampler.batch)]
        chosen = [condition.to(device)[rows] for condition in conditions]
        generators = [generator(*keys[row]) for row in rows]
        parts.append(_sample_batch(denoiser, sampler, generators, chosen, device)[:count])
    return torch.cat(parts)


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


def _sample_batch(
    denoiser: Denoiser,
    sampler: Sampler,
    generators: list[torch.Generator],
    conditions: list[Tensor],
    device: torch.device | str,
) -> Tensor:
    schedule = Schedule.of(denoiser.diffusion)
    scheduler = _scheduler(denoiser.diffusion, sampler)
    drawn = [denoiser.noise(denoiser.shape, chance) for chance in generators]
    state_BX = torch.stack(drawn).to(device)
    for step in scheduler.timesteps.tolist():
        step_B = torch.full((len(generators),), step, device=device)
        said_BX = denoiser.predict(state_BX, step_B, *conditions).float()
        clean_BX = clean_from(denoiser.diffusion.prediction, schedule, said_BX, state_BX, step_B)
        clean_BX = denoiser.bound(clean_BX, *conditions)
        # A list of generators: every state has noise of its own.
        state_BX = scheduler.step(clean_BX, step, state_BX, generator=generators).prev_sample
    return state_BX


def check_steps(diffusion: Diffusion, sampler: Sampler) -> None:
    """See that a sampler's steps are among those of training.

    Raises:
        InputError: they do not divide them, or a single one is to be ancestral: from the last step
            that is trained it takes a second to come to the first.
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
    if sampler.kind in ("dpm", "dpm-lu"):
        made.set_begin_index(0)  # else it is looked for, and found wrong where steps round alike
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
