"""Trains and measures every variant of an ablation with every seed; a part that fails is listed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leo_bench.benchmarks.ablations.ablation import Variant
from leo_bench.benchmarks.ablations.combining import Scores
from leo_bench.benchmarks.ablations.record import TrainedModel
from leo_bench.benchmarks.ablations.runs import Shared, Trained, train_variant
from leo_bench.benchmarks.datasets import load_dataset, names_dataset, parted
from leo_bench.evaluation.clips import derived_seed
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.leo.training.watching import Watcher


@dataclass(frozen=True)
class Surroundings:
    """Where an ablation works and reports; no number depends on this.

    Args:
        out: folder of all files.
        resources: cache, threads and progress for a piece of work of this name.
        watchers: of trainings.
        say: prints a line.
        vgg: VGG-19's weights, for an animator that is trained.
    """

    out: Path
    resources: Callable[[str], Resources]
    watchers: Sequence[Watcher]
    say: Callable[[str], None]
    vgg: Path | None = None


@dataclass(frozen=True)
class Parts:
    """What was finished.

    Args:
        scores: of all trained models.
        trained: the models.
        unfinished: (part, reason) of what failed.
    """

    scores: Scores
    trained: tuple[TrainedModel, ...]
    unfinished: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Trainings:
    """The trainings of an ablation: every variant with every seed.

    Args:
        shared: what they have in common.
        variants: by name.
        seeds: how many; the first is the run's own.
        cpu: whether to train on the CPU.
    """

    shared: Shared
    variants: Mapping[str, Variant]
    seeds: int
    cpu: bool

    def measured(
        self, measure: Callable[[Trained, Scores], TrainedModel], around: Surroundings
    ) -> Parts:
        """Train and measure each part; one that fails leaves no scores.

        Args:
            measure: adds the scores of a trained model.
            around: where to work and report.

        Raises:
            InputError: no part could be finished.
        """
        scores = Scores()
        trained: list[TrainedModel] = []
        unfinished: list[tuple[str, str]] = []
        for seed in self._seeds:
            for variant in self.variants.items():
                name = variant[0]
                around.say(f"{name}, seed {seed}")
                try:
                    done = train_variant(
                        self.shared, variant, seed, around.out, around.watchers, self.cpu
                    )
                    part = Scores()
                    trained.append(measure(done, part))
                    scores.take(part)
                except InputError as error:
                    around.say(f"{name}, seed {seed}: {error}")
                    unfinished.append((f"{name}-seed{seed}", str(error)))
        if not trained:
            raise InputError(f"nothing could be finished: {unfinished[0][0]}: {unfinished[0][1]}")
        return Parts(scores, tuple(trained), tuple(unfinished))

    @property
    def _seeds(self) -> list[int]:
        # 31 bits, since they are part of folder names.
        return [derived_seed(self.shared.config.seed, i, bits=31) for i in range(self.seeds)]


def check_seeds(seeds: int) -> None:
    """Refuse a number of seeds below 1.

    Raises:
        InputError: it is.
    """
    if seeds < 1:
        raise InputError(f"--seeds {seeds}: 1 at least; 3 or more for an interval")


def real_side(requested: str | None, data: str) -> str:
    """The real videos to measure against: the requested ones, or the test split of `data`'s set.

    Args:
        requested: a source; None: none was named.
        data: the training videos, as on the command line.

    Raises:
        InputError: which videos are held out is not known.
    """
    if requested is not None:
        return requested
    name, split = parted(data)
    if split == "train" and names_dataset(data):
        load_dataset(name).split("test")
        return f"{name}/test"
    raise InputError(f"{data}: which videos are held out is not known: give --real SOURCE")
