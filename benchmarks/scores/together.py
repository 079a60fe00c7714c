"""Several metrics of several fake sides: one pass over the videos, then every number.

A number is measured as the command of its metric does it, on features that the pass has stored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from leo_bench.benchmarks.scores.asked import AskedMetric, NamedFake, Protocols
from leo_bench.benchmarks.scores.metric_groups import DistanceGroup, Group, Number, ScoreGroup
from leo_bench.benchmarks.scores.plan import named_dataset
from leo_bench.benchmarks.scores.shared_videos import SharedVideos
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.one_pass import fill
from leo_bench.evaluation.features.shared_pass import fill_together
from leo_bench.evaluation.features.stores import MemoryStore
from leo_bench.evaluation.records.comparison import DifferenceRecord, PrecisionOf, ScoresExtra
from leo_bench.evaluation.records.documents import Document, MeasuredRecord


@dataclass(frozen=True)
class Asked:
    """What a command asks for.

    Args:
        metrics, fakes, protocols: see `benchmarks.scores.asked`.
        shared: options of requests, alike for all metrics: data set, real videos, strides, reading.
        counts: clips and repeats of distances.
        extractor: options of the network of clips.
        embedder: options of the network of frames.
    """

    metrics: tuple[AskedMetric, ...]
    fakes: tuple[NamedFake, ...]
    protocols: Protocols
    shared: Mapping[str, Any]
    counts: Mapping[str, Any]
    extractor: Mapping[str, Any]
    embedder: Mapping[str, Any]

    @classmethod
    def through(
        cls,
        network: Mapping[str, Any],
        embedder: str | None,
        *,
        shared: Mapping[str, Any],
        **asked: Any,
    ) -> "Asked":
        """With networks as commands name them.

        Args:
            network: options of the network of clips; the device is that of all metrics, and so is
                whether weights of unknown digest are allowed.
            embedder: the network of frames; None: as the protocol says.
            shared: as above, but for the device.
            asked: the other fields.
        """
        extractor = dict(network)
        device = extractor.pop("device")
        of_frames = {"embedder": embedder, "allow_unverified": extractor["allow_unverified"]}
        return cls(
            shared={**shared, "device": device}, extractor=extractor, embedder=of_frames, **asked
        )


@dataclass(frozen=True)
class Together:
    """All numbers of a command.

    Args:
        numbers: by metric, in the order asked for; the real side first where it has one.
        document: the records, precision, and the differences.
        differences: of the fake sides, of every metric.
        notes: on the command as a whole.
    """

    numbers: tuple[Number, ...]
    document: Document
    differences: tuple[DifferenceRecord, ...]
    notes: tuple[str, ...]


def measure_together(asked: Asked, resources: Resources) -> Together:
    """Measure every metric of every fake side; each video is decoded once.

    Several processes divide the videos among them, and the first goes on alone.

    Raises:
        ShareDone: in every process but the first.
        InputError: options, videos or weights cannot be used; all that can be found out before the
            videos are read is.
    """
    dataset, _ = named_dataset(asked.shared["dataset"])
    chosen = {metric: asked.protocols.of(metric, dataset) for metric in asked.metrics}
    store = resources.store or MemoryStore()
    shared = SharedVideos(replace(resources, store=store, progress=None))
    groups = list(_groups(asked, chosen, shared))
    jobs = [job for group in groups for job in group.jobs()]
    fill_together(partial(tuple, jobs), replace(resources, store=store), asked.shared["on_error"])
    fill(jobs, store, resources, asked.shared["on_error"])
    del jobs
    numbers: list[Number] = []
    records: list[MeasuredRecord] = []
    differences: list[DifferenceRecord] = []
    for group in groups:
        measured = group.measure()
        numbers += measured.numbers
        place = len(records)
        records += measured.records
        differences += [
            difference.record(place + first, place + second)
            for first, second, difference in measured.differences
        ]
    places = {id(record): place for place, record in enumerate(records)}
    precision = [
        PrecisionOf(record=places[id(number.record)], shares=number.shares)
        for number in numbers
        if number.shares is not None
    ]
    extra = ScoresExtra(precision=tuple(precision), differences=tuple(differences))
    order = {metric: place for place, metric in enumerate(asked.metrics)}
    return Together(
        numbers=tuple(sorted(numbers, key=lambda number: order[number.metric])),
        document=Document("scores", tuple(records), extra),
        differences=extra.differences,
        notes=tuple(
            f"no metric is measured under protocol {name}"
            for name in asked.protocols.unused(list(chosen.values()))
        ),
    )


def _groups(
    asked: Asked, chosen: Mapping[AskedMetric, str], shared: SharedVideos
) -> Iterator[Group]:
    """The metrics, those of one distance together: precision is measured on an FVD's features."""
    alike: dict[tuple[str | None, int, str], list[AskedMetric]] = {}
    for metric, protocol in chosen.items():
        of = (metric.distance or metric.name, metric.frames, protocol)
        alike.setdefault(of, []).append(metric)
    for (name, frames, protocol), metrics in alike.items():
        options = {**asked.shared, "frames": frames, "protocol": protocol}
        if metrics[0].distance is None:
            yield ScoreGroup.planned(metrics[0], asked.fakes, {**options, **asked.embedder}, shared)
        else:
            options |= {"metric": name, **asked.counts}
            networks = (asked.extractor, asked.embedder)
            yield DistanceGroup.planned(tuple(metrics), asked.fakes, options, networks, shared)
