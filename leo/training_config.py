"""How a stage is trained: the tables `training` and `optimiser` of each stage in a config."""

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from leo_bench.evaluation.files.schema import Data, without_unset
from leo_bench.leo.networks.network_config import Count, Fraction

# Keys of `Training` that are younger than the first models: written only where they are set.
_LATER = ("evaluate_every", "keep_best", "evaluation", "extended_from")
# Keys of `Training` that change no weight: they may change while a stage trains, and no model, no
# checkpoint and no digest of samples depends on them.
CADENCES = (
    "report_every", "save_every", "validate_every", "picture_every", "evaluate_every", "keep_best",
    "evaluation",
)  # fmt: skip


class Optimiser(Data):
    """Adam with a constant learning rate, which may fall to 0 at the end."""

    learning_rate: float = Field(gt=0, allow_inf_nan=False)
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    falling: float = Field(
        default=0.0, ge=0, le=1
    )  # share of the steps with a falling rate (cosine)


class Evaluation(Data):
    """How samples are evaluated during training, as `leo-bench fvd` and `kvd` do it.

    Args:
        real: source of the real videos, whose first frames begin the samples of a motion stage;
            "": the held-out videos of the training data.
        clips: number of samples, and of real clips at most.
        frames: of each clip.
        fvd: protocol of FVD; "": FVD is not measured.
        kvd: protocol of KVD; "": KVD is not measured.
        extractor: in place of the protocols'; "": theirs, or `i3d-toy` for an embedded world.
        sampler: of the samples, as KIND-STEPS; the steps must divide those of training.
        seed: of samples, clips and intervals; all evaluations have the same noise.
    """

    real: str = ""
    clips: Count = 256
    frames: Count = 16
    fvd: str = "stylegan-v"
    kvd: str = "tats"
    extractor: str = ""
    sampler: str = "ddim-50"
    seed: int = 0

    @property
    def protocols(self) -> dict[str, str]:
        """The protocol of each metric that is measured."""
        return {metric: name for metric, name in (("fvd", self.fvd), ("kvd", self.kvd)) if name}


class Training(Data):
    """Steps, batch, precision and intervals of a stage's training.

    `evaluate_every`: steps between evaluations of samples; 0: none are made. `keep_best`: the
    number whose lowest value marks `best.safetensors`. `extended_from`: the steps that training was
    to end after before each `--extend`; `steps` are those in all.
    """

    steps: Count
    batch: Count  # samples in a step, over all processes
    ema: Fraction | None = None
    precision: Literal["fp32", "bf16"] = "fp32"
    accumulate: Count = 1  # parts of a process's batch, computed one after another
    report_every: Count = 20
    save_every: Count = 500
    validate_every: Count = 250
    picture_every: Count = 500
    evaluate_every: int = Field(default=0, ge=0)
    keep_best: Literal["loss", "fvd", "kvd"] = "loss"
    evaluation: Evaluation = Evaluation()
    extended_from: tuple[Count, ...] = ()

    @property
    def best_by(self) -> str:
        """What marks the best model; numbers of other settings are not compared with it."""
        if self.keep_best == "loss":
            return self.keep_best
        return f"{self.keep_best} {self.evaluation.model_dump_json()}"

    @property
    def without_evaluations(self) -> "Training":
        """The same training, in which no samples are evaluated; the last weights are the same."""
        return self.model_copy(update={"evaluate_every": 0, "keep_best": "loss"})

    @model_validator(mode="after")
    def _best_is_measured(self) -> "Training":
        if self.keep_best == "loss":
            return self
        if not self.evaluate_every:
            raise ValueError(f'keep_best = "{self.keep_best}" needs evaluate_every')
        if self.keep_best not in self.evaluation.protocols:
            raise ValueError(
                f'keep_best = "{self.keep_best}" needs a protocol: evaluation.{self.keep_best}'
            )
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, usual: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_unset(self, usual(self), _LATER)

    @model_validator(mode="after")
    def _batch_can_be_dealt_out(self) -> "Training":
        if self.batch % self.accumulate:
            raise ValueError(
                f"batch is {self.batch}; it must be a multiple of accumulate, {self.accumulate}"
            )
        return self
