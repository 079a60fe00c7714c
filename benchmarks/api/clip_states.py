"""States of a torchmetrics `Metric` over clips: features and facts of both sides, and no pixels."""

from abc import ABC
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Self, get_args

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat
from torchmetrics.utilities.distributed import gather_all_tensors

from leo_bench.benchmarks.api.clip_rows import COLUMNS, ClipRows
from leo_bench.evaluation.protocols.of_clips import SideName

SIDES: tuple[SideName, ...] = get_args(SideName)
_LISTS = tuple(f"{side}_{what}" for side in SIDES for what in ("features", "facts"))

Gather = Callable[..., list[Tensor]]


class ClipStates(Metric, ABC):
    """Base of metrics that compare real clips with fake ones.

    Features and facts are lists of tensors, a row a clip (`clip_rows`), one tensor an update.
    Processes gather them with `torch.distributed`; one without clips takes part with none.

    Args:
        reset_real_features: whether `reset` forgets the real side too.
        kwargs: of `torchmetrics.Metric`.
    """

    real_features: list[Tensor]
    real_facts: list[Tensor]
    fake_features: list[Tensor]
    fake_facts: list[Tensor]
    clip_counts: Tensor  # int64 [2], real and fake

    def __init__(self, *, reset_real_features: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reset_real_features = reset_real_features
        for name in _LISTS:
            self.add_state(name, default=[], dist_reduce_fx="cat")
        # Also tells collections, which let metrics of equal states share them, that lists of unlike
        # length are not equal.
        self.add_state("clip_counts", torch.zeros(2, dtype=torch.int64), dist_reduce_fx="sum")

    def reset(self) -> None:
        """Forget all clips; those of the real side stay where `reset_real_features` is False."""
        if self._is_synced:  # where `compute` has failed
            self.unsync()
        kept = self.real_features, self.real_facts
        count = int(self.clip_counts[0])
        if not self.reset_real_features:
            self.real_features, self.real_facts = [], []
        super().reset()
        if not self.reset_real_features:
            self.real_features, self.real_facts = kept
            self.clip_counts = torch.tensor([count, 0], device=self.device)

    def plot(self, val: Any = None, ax: Any = None) -> Any:
        """Plot a value or several; None: that of `compute` (needs matplotlib).

        Returns:
            Figure and axes of matplotlib.
        """
        return self._plot(val, ax)

    def _add(self, side: SideName, features: Tensor, facts: Tensor) -> None:
        """Add clips: float32 [B,D] and int64 [B,9]."""
        getattr(self, f"{side}_features").append(features.to(self.device))
        getattr(self, f"{side}_facts").append(facts.to(self.device))
        added = [len(facts) if side == one else 0 for one in SIDES]
        self.clip_counts = self.clip_counts + torch.tensor(added, device=self.device)

    def _rows(self, side: SideName) -> ClipRows:
        """The clips of a side, gathered or of this process."""
        features, facts = getattr(self, f"{side}_features"), getattr(self, f"{side}_facts")
        if len(features) == 0:
            return ClipRows(torch.empty(0, 0), torch.empty(0, COLUMNS, dtype=torch.int64))
        return ClipRows.gathered(dim_zero_cat(features), dim_zero_cat(facts))

    def _count(self, side: SideName) -> int:
        """Clips of a side, gathered or of this process."""
        facts = getattr(self, f"{side}_facts")
        return len(facts) if isinstance(facts, Tensor) else sum(map(len, facts))

    def _first_facts(self) -> Tensor | None:
        """The facts of any clip of this process, int64 [9]; None: it has none."""
        return next((rows[0] for rows in (*self.real_facts, *self.fake_facts)), None)

    @contextmanager
    def _gathered(self, wanted: bool) -> Iterator[None]:
        """The clips of all processes inside, if wanted; those of this one afterwards."""
        before = self._is_synced
        self.sync(dist_sync_fn=self.dist_sync_fn, should_sync=wanted and not before)
        try:
            yield
        finally:
            if self._is_synced and not before:
                self.unsync()

    @contextmanager
    def _fakes_since(self, before: int) -> Iterator[None]:
        """Only the fakes of updates after the first `before` inside; all of them afterwards."""
        kept = self.fake_features, self.fake_facts
        self.fake_features, self.fake_facts = (rows[before:] for rows in kept)
        try:
            yield
        finally:
            self.fake_features, self.fake_facts = kept

    def _sync_dist(
        self, dist_sync_fn: Gather = gather_all_tensors, process_group: Any = None
    ) -> None:
        """As the base, which gives a process without clips tensors of another type and shape."""
        for name in _LISTS:
            if not getattr(self, name):
                dtype = torch.int64 if name.endswith("facts") else torch.float32
                setattr(self, name, [torch.empty(0, 0, dtype=dtype, device=self.device)])
        super()._sync_dist(partial(_rows_alike, dist_sync_fn), process_group)

    def _apply(self, fn: Callable[..., Any], exclude_state: Sequence[str] = ()) -> Self:
        """Move to another device; features stay float32, whatever a training is cast to."""
        super()._apply(fn, exclude_state=(*exclude_state, *_LISTS))
        for name in _LISTS:
            setattr(self, name, [rows.to(self.device) for rows in getattr(self, name)])
        return self


def _rows_alike(gather: Gather, rows: Tensor, group: Any = None) -> list[Tensor]:
    """The tensors of all processes; those without rows get the columns of the others."""
    found = gather(rows, group=group)
    columns = max(each.shape[1:] for each in found)
    return [each if len(each) else each.new_empty(0, *columns) for each in found]


@contextmanager
def plain_tensors() -> Iterator[None]:
    """Tensors made inside have no gradient and can be used in any mode."""
    with torch.inference_mode(mode=False), torch.no_grad():
        yield
