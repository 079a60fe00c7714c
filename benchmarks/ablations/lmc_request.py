"""What `leo-bench ablate lmc` is asked, and where it works."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from leo_bench.benchmarks.scores.plan import NetworkOptions
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.leo.training.watching import Watcher


class LmcRequest(NetworkOptions):
    """What the user asked, word for word.

    Args:
        run, config, data, changes: as in `RunsRequest`.
        real: real videos to measure against; None: the data set's test videos.
        variants: of the ablation; none: those of the paper's table.
        seeds: trainings of each variant: the run's own seed and those after it.
        mode, start: how samples begin, see `benchmarks.ablations.lmc`.
        frames, protocol, clips: of FVD, as in `ScoreRequest`.
        acd: frame protocol of the ACD; None: the data set's own where it needs no download;
            "none": no ACD.
        sampler, steps: as in `leo.sampling.drawing.Sampling`.
    """

    run: str | None = None
    config: str | None = None
    data: str | None = None
    changes: tuple[str, ...] = ()
    real: str | None = None
    variants: tuple[str, ...] = ()
    seeds: int = 3
    mode: Literal["unconditional", "conditional"] = "unconditional"
    start: Literal["given", "drawn"] = "given"
    frames: int = 16
    protocol: str | None = None
    clips: int | None = None
    acd: str | None = None
    sampler: Literal["ddpm", "ddim", "dpm", "dpm-lu"] = "ddim"
    steps: int = 50

    @property
    def cpu(self) -> bool:
        """Whether trainings stay on the CPU."""
        return self.device is not None and self.device.startswith("cpu")


@dataclass(frozen=True)
class Surroundings:
    """Where an ablation works and whom it tells; changes no number.

    Args:
        out: folder of everything.
        resources: cache, threads and progress for a piece of work of that name.
        watchers: of trainings.
        say: is told a line.
        vgg: VGG-19's weights, for an animator that is trained.
    """

    out: Path
    resources: Callable[[str], Resources]
    watchers: Sequence[Watcher]
    say: Callable[[str], None]
    vgg: Path | None = None
