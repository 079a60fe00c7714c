"""A player in training: optimiser, average of the weights, its turn on a batch, its state."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.weights.state_dicts import misfit
from leo_bench.leo.stage import Batch, Losses, Player
from leo_bench.leo.training_config import Optimiser


def learning_rate(optimiser: Optimiser, step: int, steps: int) -> float:
    """Learning rate of step 1 to `steps`: constant, then a cosine to 0 over the share `falling`.

    It would reach 0 in the step after the last.
    """
    falling = optimiser.falling * steps
    done = max(0.0, step - 1 - (steps - falling))
    share = done / falling if falling else 0.0
    return optimiser.learning_rate * 0.5 * (1 + math.cos(math.pi * share))


@dataclass(frozen=True)
class PlayerState:
    """A player with its optimiser and the moving average of its weights."""

    player: Player
    optimiser: Adam
    average: AveragedModel | None

    @classmethod
    def take(cls, player: Player, accelerator: Accelerator) -> "PlayerState":
        """Move the player to the device, with the same weights in every process."""
        module = player.module.to(accelerator.device).train()
        if accelerator.num_processes > 1:
            for tensor in module.network.state_dict().values():
                torch.distributed.broadcast(tensor, 0)
        optimiser = Adam(
            module.network.parameters(),
            lr=player.optimiser.learning_rate,
            betas=player.optimiser.betas,
            fused=accelerator.device.type in ("cpu", "cuda"),
        )
        average = None
        if player.ema is not None:
            rule = get_ema_multi_avg_fn(player.ema)  # type: ignore[no-untyped-call]
            average = AveragedModel(module.network, multi_avg_fn=rule, use_buffers=True)
            average.eval()
        return cls(player, optimiser, average)

    @property
    def network(self) -> nn.Module:
        """The network being trained."""
        return self.player.module.network

    @property
    def judged(self) -> nn.Module:
        """The network that is validated and saved: the average if there is one."""
        return self.network if self.average is None else self.average.module

    def play(
        self, batches: Sequence[Batch], seeds: Sequence[int], accelerator: Accelerator, bf16: bool
    ) -> Losses:
        """One optimiser step on the mean loss over `batches` and over the processes.

        Adds to each batch what the player passes to the next ones. Gradients flow through other
        players' networks and are not accumulated there.

        Args:
            batches: this process's parts of the step's batch, on the device.
            seeds: one a part, for dropout.
            accelerator: device and processes.
            bf16: use torch's autocast to bfloat16.

        Returns:
            The mean of each loss over `batches`, detached.
        """
        parameters = [p for p in self.network.parameters() if p.requires_grad]
        self.optimiser.zero_grad(set_to_none=True)
        self._tell_means(batches, accelerator.num_processes)
        means: Losses = {}
        for batch, seed in zip(batches, seeds, strict=True):
            torch.manual_seed(seed)  # inside the loop's fork_rng
            with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=bf16):
                losses, left = self.player.module(batch)
            shares = {name: loss.float() / len(batches) for name, loss in losses.items()}
            accelerator.backward(torch.stack(list(shares.values())).sum(), inputs=parameters)
            batch |= {name: tensor.detach() for name, tensor in left.items()}
            for name, share in shares.items():
                means[name] = means[name] + share.detach() if name in means else share.detach()
        _average_gradients(parameters, accelerator.num_processes)
        self.optimiser.step()
        if self.average is not None:
            self.average.update_parameters(self.network)
        return means

    def _tell_means(self, batches: Sequence[Batch], processes: int) -> None:
        """Add to each batch the means over all parts that the losses ask for (`part_means`)."""
        of_parts = [self.player.module.part_means(batch) for batch in batches]
        if not (names := list(of_parts[0])):
            return
        means = torch.stack([torch.stack([part[name] for name in names]) for part in of_parts])
        means = means.mean(dim=0)
        if processes > 1:
            torch.distributed.all_reduce(means)
            means /= processes
        for batch in batches:
            batch |= dict(zip(names, means, strict=True))

    def is_finite(self) -> bool:
        """Whether every weight is finite."""
        return all(bool(p.isfinite().all()) for p in self.network.parameters())

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the coming step."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def tensors(self) -> dict[str, Tensor]:
        """The state that resuming needs, by name."""
        name = self.player.name
        found = {f"{name}.network.{key}": t for key, t in self.network.state_dict().items()}
        for key, parameter in self.network.named_parameters():
            for kind, tensor in self.optimiser.state.get(parameter, {}).items():
                found[f"{name}.optimiser.{kind}.{key}"] = tensor
        if self.average is not None:
            state = self.average.state_dict()
            found |= {f"{name}.average.{key}": t for key, t in state.items()}
        return found

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Restore the state that `tensors` gave.

        Raises:
            InputError: names or shapes do not fit this player; the message names the first.
        """
        name = self.player.name
        weights = _under(f"{name}.network.", tensors)
        problem = misfit(self.network, weights)
        if problem is not None:
            raise InputError(problem)
        self.network.load_state_dict(weights)
        if self.average is not None:
            self.average.load_state_dict(_under(f"{name}.average.", tensors))
        states = {kind: _under(f"{name}.optimiser.{kind}.", tensors) for kind in _ADAM}
        for key, parameter in self.network.named_parameters():
            if key in states["step"]:
                # With the parameter's strides, as Adam's fused step expects.
                self.optimiser.state[parameter] = {
                    kind: _like(parameter, state[key]) for kind, state in states.items()
                }


_ADAM = ("step", "exp_avg", "exp_avg_sq")


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}


def _like(parameter: Tensor, value: Tensor) -> Tensor:
    value = value.to(parameter.device)
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value


def _average_gradients(parameters: Sequence[Tensor], processes: int) -> None:
    if processes == 1:
        return
    # In one message; the losses reach the same parameters in every process.
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.reshape(-1) for g in gradients])
    torch.distributed.all_reduce(flat)
    flat /= processes
    sizes = [g.numel() for g in gradients]
    for gradient, mean in zip(gradients, torch.split(flat, sizes), strict=True):
        gradient.copy_(mean.view_as(gradient))
