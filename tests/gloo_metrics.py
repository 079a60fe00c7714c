"""One process of two: updates metrics with its share of clips and gives what they say.

    python gloo_metrics.py STORE FOLDER        the second process; prints JSON

Run by `tests/unit/benchmarks/api/test_processes.py`.
"""

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from made_clips import FAKE, FRAMES, QUICK, REAL
from torch import Tensor
from torchmetrics import MetricCollection

import leo_bench

Share = Callable[[Tensor, int, int], Tensor]


def dealt(rows: Tensor, rank: int, world: int) -> Tensor:
    """Every `world`-th row: shares of unlike size."""
    return rows[rank::world]


def all_to_the_first(rows: Tensor, rank: int, world: int) -> Tensor:
    """Everything to one process, nothing to the others."""
    return rows if rank == 0 else rows[:0]


def measured(share: Share, numbered: bool, rank: int, world: int, **options: Any) -> list[Any]:
    """Value, interval, fingerprints and counts of FVD over all processes' clips."""
    metric = leo_bench.FrechetVideoDistance(**QUICK | options)
    for real, whole in ((True, REAL), (False, FAKE)):
        rows = share(torch.arange(len(whole)), rank, world)
        for part in rows.split(2):
            if len(part):
                metric.update(whole[part], real=real, videos=part // 2 if numbered else None)
    own = metric.n_real, metric.n_fake
    value = float(metric.compute())
    found = metric.result()
    record = found.record
    # The states of this process are its own again, and take more clips.
    kept = own == (metric.n_real, metric.n_fake)
    metric.update(FAKE[:1], real=False)
    more = float(metric.compute())
    return [
        value,
        found.value,
        found.interval,
        record.real.fingerprint,
        record.fake.fingerprint,
        record.n_real,
        record.n_fake,
        record.real.videos,
        kept,
        more != value,
    ]


def together(rank: int, world: int) -> dict[str, float]:
    """FVD and KVD of a collection, with real clips that are kept."""
    both = MetricCollection(
        {
            "fvd": leo_bench.FrechetVideoDistance("digan", **QUICK, reset_real_features=False),
            "kvd": leo_bench.KernelVideoDistance("digan", **QUICK, reset_real_features=False),
        }
    )
    both.update(dealt(REAL, rank, world), real=True)
    for _ in range(2):
        both.reset()
        both.update(dealt(FAKE, rank, world), real=False)
        found = {name: float(value) for name, value in both.compute().items()}
    return found


def batch_values(rank: int, world: int) -> list[float]:
    """What `forward` gives for a batch of each process, gathered at every step."""
    metric = leo_bench.FrechetVideoDistance(**QUICK, dist_sync_on_step=True)
    metric(dealt(REAL, rank, world), real=True)
    first = float(metric(dealt(FAKE, rank, world), real=False))
    return [first, float(metric.compute())]


def from_a_source(folder: str, rank: int, world: int) -> list[Any]:
    """The real side from disk, which every process has whole."""
    metric = leo_bench.FrechetVideoDistance(**QUICK, frames=FRAMES, reset_real_features=False)
    metric.add_real(folder)
    metric.update(dealt(FAKE, rank, world), real=False, videos=range(rank, len(FAKE), world))
    found = metric.result()
    return [float(metric.compute()), found.value, found.interval, found.record.n_real]


def everything(folder: str, rank: int, world: int) -> dict[str, Any]:
    """All cases by name, as JSON values."""
    own = {"extractor": "made_clips:means_of_colours"}
    return {
        "dealt": measured(dealt, False, rank, world),
        "videos": measured(dealt, True, rank, world),
        "empty": measured(all_to_the_first, True, rank, world),
        "own": measured(all_to_the_first, False, rank, world, **own),
        "source": from_a_source(folder, rank, world),
        "collection": together(rank, world),
        "forward": batch_values(rank, world),
    }


def in_group(rank: int, store: str, folder: str) -> dict[str, Any]:
    """`everything` as process `rank` of two, which meet at the file `store`."""
    limit = timedelta(seconds=240)
    dist.init_process_group("gloo", f"file://{store}", limit, rank=rank, world_size=2)
    try:
        return everything(folder, rank, 2)
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(in_group(1, *sys.argv[1:])))
