"""The training loop of all stages: players take turns on each batch.

A step follows from the config, the seed and its number alone. So a training run that was killed and
resumed ends with the same bits as one that was not (on a CPU with the same number of threads; on a
GPU as far as its kernels are deterministic), and several processes (torchrun) end with the weights
of one up to the order of sums.
"""

import atexit
import contextlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.numerics import computes_bf16
from leo_bench.evaluation.features.countdown import Countdown
from leo_bench.leo.checkpoint import Model, load_model, save_model
from leo_bench.leo.data.prefetch import Prefetch
from leo_bench.leo.seeds import generator
from leo_bench.leo.stage import Batch, Share, Stage
from leo_bench.leo.training.evaluating import Best, Evaluations, OpenEvaluator
from leo_bench.leo.training.extending import is_shorter
from leo_bench.leo.training.origin import to_train_anew
from leo_bench.leo.training.players import PlayerState, learning_rate
from leo_bench.leo.training.progress import LossMeans, Pace
from leo_bench.leo.training.run_folder import StageFolder
from leo_bench.leo.training.watching import Watcher
from leo_bench.leo.training_config import Training

T = TypeVar("T")

LOOK_EVERY = 10  # steps, at most, between checks that the losses are finite
NO_BF16 = "precision bf16: this processor has no AVX-512 and would emulate it; float32 is used"


def train(
    stage: Stage,
    training: Training,
    folder: StageFolder,
    watchers: Sequence[Watcher] = (),
    cpu: bool = False,
    evaluator: OpenEvaluator | None = None,
) -> Path:
    """Train `stage` from its newest checkpoint, if there is one; do nothing if it is finished.

    Args:
        stage: what to train.
        training: its table in the config.
        folder: where files go; only the first process writes.
        watchers: are told the progress, in the first process.
        cpu: use the CPU even where there is a GPU.
        evaluator: opens what evaluates samples, in the first process; used with `evaluate_every`.

    Returns:
        Path of the model after the last step, `folder.model`.

    Raises:
        InputError: a loss is not finite, the disk is full, the batch cannot be split equally over
            the processes (in whole groups of what a discriminator compares), or the folder holds
            files of another config or other data; the evaluator cannot be opened.
    """
    if is_done(folder):
        return folder.model
    # A CPU or CUDA: Apple's MPS has no float64, which the folded networks need.
    accelerator = Accelerator(cpu=cpu or not torch.cuda.is_available(), mixed_precision="no")
    if accelerator.num_processes > 1:
        # Not after each stage, as the next one needs the group; and not left to the interpreter,
        # whose end the group's threads can outlive, so that the process aborts.
        atexit.register(_leave_the_group)
    parts = accelerator.num_processes * training.accumulate
    if training.batch % parts:
        raise InputError(
            f"{stage.name}: a batch of {training.batch} cannot be dealt out to "
            f"{accelerator.num_processes} processes x {training.accumulate} parts; "
            "change training.batch, training.accumulate or the number of processes"
        )
    if (training.batch // parts) % stage.group:
        raise InputError(
            f"{stage.name}: a batch of {training.batch} in {accelerator.num_processes} processes x "
            f"{training.accumulate} parts is {training.batch // parts} samples a part, but the "
            f"discriminator compares {stage.group}: each part must be a multiple of that; "
            "change training.batch, training.accumulate or the number of processes"
        )
    with folder.alone() if accelerator.is_main_process else contextlib.nullcontext():
        loop = _Loop(stage, training, folder, watchers, accelerator, evaluator)
        try:
            loop.run()
        finally:
            loop.tell(lambda watcher: watcher.on_end())
    return folder.model


def is_done(folder: StageFolder) -> bool:
    """Whether the stage is finished.

    Raises:
        InputError: it was trained with another config or on other data.
    """
    if not folder.model.exists():
        return False
    metadata = load_model(folder.model).metadata
    folder.origin.check(folder.model, metadata)
    return not is_shorter(metadata, folder.origin.steps)


def _leave_the_group() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


class _Loop:
    def __init__(
        self,
        stage: Stage,
        training: Training,
        folder: StageFolder,
        watchers: Sequence[Watcher],
        accelerator: Accelerator,
        evaluator: OpenEvaluator | None,
    ) -> None:
        self.stage, self.training, self.folder = stage, training, folder
        self.accelerator = accelerator
        self.watchers = watchers if accelerator.is_main_process else ()
        self.states = [PlayerState.take(player, accelerator) for player in stage.players]
        self.best = Best(training.keep_best)
        self.seconds = 0.0  # of training, before the last resumption too
        self.validation: dict[str, float] = {}
        asked = training.precision == "bf16"
        self.bf16 = asked and computes_bf16(accelerator.device)
        if asked and not self.bf16:
            self.tell(lambda watcher: watcher.say(NO_BF16))
        self.evaluations = Evaluations(training, evaluator, folder, self.watchers, accelerator)

    def run(self) -> None:
        training = self.training
        began_at = self.resume()
        self.tell(lambda w: w.on_start(self.stage.name, began_at, training.steps))
        batches = Prefetch(self.make_batch, range(began_at + 1, training.steps + 1))
        with contextlib.closing(iter(batches)) as coming:
            pace = Pace(began_at)
            losses, countdown = LossMeans(), Countdown()
            for step, parts in enumerate(coming, began_at + 1):
                losses.add(step, self.step(step, parts))
                last = step == training.steps
                saving = last or step % training.save_every == 0
                left = countdown.left(step, training.steps)
                # Also at every checkpoint, so that the mean of a report never spans a resumption.
                reporting = saving or step % training.report_every == 0
                if reporting or step % LOOK_EVERY == 0:
                    self.stop_if(losses.look(self.accelerator))
                if reporting:
                    self.report(step, losses.take(), pace.at(step, batches.waited), left)
                began = time.perf_counter()
                if last or step % training.validate_every == 0:
                    self.validate(step)
                if last or step % training.picture_every == 0:
                    self.draw(step)
                if self.evaluations.due(step):
                    self.evaluate(step)
                if saving:
                    self.save(step)
                pace.leave_out(time.perf_counter() - began)
        self.finish()

    def make_batch(self, step: int) -> list[Batch]:
        """This process's parts of a step's batch, on the CPU."""
        count = self.training.accumulate
        parts = self.accelerator.num_processes * count
        first = self.accelerator.process_index * count
        shares = [Share(first + i, parts, self.stage.group) for i in range(count)]
        batches = [self.stage.batch(step, share) for share in shares]
        if self.accelerator.device.type == "cuda":
            return [{name: t.pin_memory() for name, t in batch.items()} for batch in batches]
        return batches

    def step(self, step: int, parts: Sequence[Batch]) -> dict[str, Tensor]:
        """Every player's turn; losses [] by "player/loss"."""
        device = self.accelerator.device
        batches = [
            {name: t.to(device, non_blocking=True) for name, t in part.items()} for part in parts
        ]
        first = self.accelerator.process_index * len(parts)
        found: dict[str, Tensor] = {}
        with self.forked():
            for state in self.states:
                name, optimiser = state.player.name, state.player.optimiser
                state.set_rate(learning_rate(optimiser, step, self.training.steps))
                # A part has the same dropout whichever process computes it.
                seeds = [self.seed(step, name, first + i) for i in range(len(parts))]
                losses = state.play(batches, seeds, self.accelerator, self.bf16)
                found |= {f"{name}/{key}": loss for key, loss in losses.items()}
        return found

    def stop_if(self, broken: tuple[int, str] | None) -> None:
        """Raise InputError for a (step, what) that is not finite, if there is one."""
        if broken is None:
            return
        kept = self.folder.checkpoints()
        where = f"{kept[-1]} is intact" if kept else "there is no checkpoint yet"
        raise InputError(
            f"{self.stage.name}: {broken[1]} is not finite at step {broken[0]}; {where}. "
            "Try a lower learning_rate, precision = 'fp32' or a larger batch, in another --run"
        )

    def report(self, step: int, means: dict[str, float], pace: Pace, left: float | None) -> None:
        """Write one line of the log and tell the watchers."""
        self.seconds += pace.seconds
        rate = pace.speed * self.training.batch
        rates = {
            state.player.name: learning_rate(state.player.optimiser, step, self.training.steps)
            for state in self.states
        }
        if self.accelerator.is_main_process:
            self.folder.log(
                {
                    "step": step,
                    "losses": means,
                    "learning_rate": rates,
                    "samples_per_second": round(rate, 3),
                    "waited": round(pace.waited, 4),
                    "seconds": round(self.seconds, 3),
                }
            )
        self.tell(lambda watcher: watcher.on_step(step, means, rate, left))

    def validate(self, step: int) -> None:
        """Validate on held-out data."""
        if self.accelerator.is_main_process:
            self.validation = self.judge(self.stage.validate)
            self.folder.log({"step": step, "validation": self.validation})
            self.tell(lambda watcher: watcher.on_validation(step, self.validation))
            self.keep_if_best(step, self.validation)
        self.accelerator.wait_for_everyone()

    def evaluate(self, step: int) -> None:
        """Evaluate samples of the model as it is now."""
        with self.forked():
            values = self.evaluations.at(step, lambda: self.model(step))
        self.keep_if_best(step, values)
        self.evaluations.wait()

    def keep_if_best(self, step: int, numbers: Mapping[str, float]) -> None:
        """Save the model if the number that `keep_best` names is the lowest so far."""
        if self.best.take(numbers, step):
            save_model(self.folder.best, self.model(step))

    def draw(self, step: int) -> None:
        """Write a picture, if the stage has one."""
        if self.accelerator.is_main_process:
            picture = self.judge(self.stage.picture)
            if picture is not None:
                shown = picture
                self.folder.write_picture(step, shown)
                self.tell(lambda watcher: watcher.on_picture(step, shown))
        self.accelerator.wait_for_everyone()

    def judge(self, ask: Callable[[nn.Module], T]) -> T:
        """What `ask` gives for the model as it is now; the same random numbers at every step."""
        network = self.states[0].judged
        was_training = network.training
        network.eval()
        device = self.accelerator.device.type
        autocast = torch.autocast(device, torch.bfloat16, enabled=self.bf16)
        with self.forked(), torch.no_grad(), autocast:
            torch.manual_seed(self.seed(0, "judge", 0))
            answer = ask(network)
        network.train(was_training)
        return answer

    def save(self, step: int) -> None:
        if self.accelerator.is_main_process:
            for state in self.states:
                # The losses of this step were finite; its gradients may be not.
                if not state.is_finite():
                    self.stop_if((step, f"a weight of the {state.player.name}"))
            tensors = {name: t for state in self.states for name, t in state.tensors().items()}
            progress = {
                "best_loss": self.best.value,
                "best_step": self.best.step,
                "best_by": self.training.best_by,
                "seconds": self.seconds,
                "validation": self.validation,
            }
            self.folder.save(step, tensors, {"state": json.dumps(progress)})
        self.accelerator.wait_for_everyone()

    def resume(self) -> int:
        """Restore the newest intact checkpoint; return its step, or 0."""
        checkpoint, damaged = self.folder.newest()
        for line in damaged:
            self.tell(lambda watcher, line=line: watcher.say(line))  # type: ignore[misc]
        step = 0 if checkpoint is None else checkpoint.step
        if checkpoint is not None:
            try:
                for state in self.states:
                    state.restore(checkpoint.tensors)
            except InputError as error:
                raise InputError(
                    f"{self.folder.checkpoints()[-1]}: does not fit this version's network "
                    f"({error}); {to_train_anew(self.stage.name)}"
                ) from None
            progress = json.loads(checkpoint.metadata["state"])
            self.best = Best.resumed(self.training, checkpoint.metadata)
            self.seconds, self.validation = progress["seconds"], progress["validation"]
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            self.folder.cut_log(step)
            self.folder.forget_parts()
        return step

    def finish(self) -> None:
        if self.accelerator.is_main_process:
            save_model(self.folder.model, self.model(self.training.steps))
            self.tell(
                lambda watcher: watcher.say(
                    f"{self.folder.model}: the weights after the last step, {self.training.steps}; "
                    f"{self.best.about(self.folder.best.name)}"
                )
            )
        self.accelerator.wait_for_everyone()

    def model(self, step: int) -> Model:
        """The model as it is now, with its metadata."""
        about: Mapping[str, str] = {
            **self.stage.metadata,
            **self.folder.origin.metadata(),
            "step": str(step),
            "validation": json.dumps(self.validation),
            "precision": "bf16" if self.bf16 else "fp32",  # as computed
        }
        return Model(self.states[0].judged.state_dict(), self.stage.tensors, dict(about))

    def tell(self, what: Callable[[Watcher], None]) -> None:
        for watcher in self.watchers:
            what(watcher)

    def forked(self) -> contextlib.AbstractContextManager[None]:
        devices = [self.accelerator.device] if self.accelerator.device.type == "cuda" else []
        return torch.random.fork_rng(devices)

    def seed(self, step: int, who: str, part: int) -> int:
        key = ("training", self.stage.name, self.folder.origin.seed, step, who, part)
        return generator(*key).initial_seed()
