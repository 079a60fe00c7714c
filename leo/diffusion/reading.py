"""How an LMDM reads a window: what is diffused, what its network is fed, what comes of its output.

Training and sampling share it. Legend: B batch, L frames of a window, S slots of the diffused
state, M code dimensions.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.config import LmdmConfig
from leo_bench.leo.diffusion.codes import CodeStats
from leo_bench.leo.diffusion.conditioning import CONDITIONS, Condition
from leo_bench.leo.diffusion.context import Context, Told
from leo_bench.leo.diffusion.motion_prior import AsTheyAre, MotionPrior, Scale


@dataclass(frozen=True)
class Reading:
    """A condition, what windows are told besides their first code, and the scale of residuals."""

    condition: Condition
    context: Context
    scale: Scale

    @staticmethod
    def of(config: LmdmConfig, stats: CodeStats) -> "Reading":
        """As a config says, with the statistics of the codes it was trained on.

        Raises:
            InputError: a statistic that it needs is missing.
        """
        context = context_of(config)
        scale: Scale = AsTheyAre()
        if config.noise == "motion":
            if stats.covariance is None or stats.sizes is None:
                raise InputError("an LMDM of noise = motion, but without the covariance of motion")
            scale = MotionPrior(stats.covariance, context, stats.sizes)
        return Reading(CONDITIONS[config.condition], context, scale)

    def sized(self, window_BLM: Tensor, told: Told) -> Told:
        """What a normalised window is told, and its own sizes."""
        return self.scale.sized(self.condition.state(window_BLM), window_BLM[:, 0], told)

    def state(self, window_BLM: Tensor, told: Told) -> Tensor:
        """What of a normalised window is diffused: [B,L,M] -> [B,S,M]."""
        return self.scale.state(self.condition.state(window_BLM), window_BLM[:, 0], told)

    def predict(
        self,
        network: Callable[..., Tensor],
        state_BSM: Tensor,
        first_BM: Tensor,
        told: Told,
        step_B: Tensor,
    ) -> Tensor:
        """The network's prediction for a noised state at a diffusion step: [B,S,M]."""
        noised_BSM = self.scale.residual(state_BSM, first_BM, told)
        codes_BLM = self.condition.network_input(noised_BSM, first_BM)
        fed = self.context.fed(codes_BLM, told, self.scale.shown(state_BSM, told))
        output_BLM = network(fed, step_B)[:, self.context.slots :]
        return self.scale.prediction(self.condition.network_output(output_BLM), told)

    def bounded(
        self, clean_BSM: Tensor, first_BM: Tensor, told: Told, bounds_SM: tuple[Tensor, Tensor]
    ) -> Tensor:
        """A clean state, clamped to bounds and in agreement with the first code: [B,S,M]."""
        clean_BSM = self.scale.residual(clean_BSM, first_BM, told).clamp(*bounds_SM)
        return self.scale.state(self.condition.constrain(clean_BSM, first_BM), first_BM, told)

    def window(self, state_BSM: Tensor, first_BM: Tensor, told: Told) -> Tensor:
        """The normalised window of a drawn state: [B,S,M] -> [B,L,M]."""
        state_BSM = self.scale.settled(state_BSM, told)
        return self.condition.window(self.scale.residual(state_BSM, first_BM, told), first_BM)


def channels_told(config: LmdmConfig, code_size: int) -> int:
    """Channels of the network's input behind those of the codes."""
    shown = code_size + 2 if config.noise == "motion" else 0
    return context_of(config).channels(code_size) + shown


def context_of(config: LmdmConfig) -> Context:
    """What windows are told besides their first codes."""
    return Context(config.history, config.anchor, config.network.factor)
