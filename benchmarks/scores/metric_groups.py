"""The metrics of `leo-bench score`, of all fake sides, in groups that are measured at once."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from leo_bench.benchmarks.scores.acd import acd_of_fakes
from leo_bench.benchmarks.scores.asked import (
    AskedMetric,
    NamedFake,
    check_apart,
    check_not_real,
)
from leo_bench.benchmarks.scores.drift import drift_of, drift_request, real_side
from leo_bench.benchmarks.scores.feature_sides import check_features_known
from leo_bench.benchmarks.scores.pairs import Difference, of_distances, of_scores, pairs
from leo_bench.benchmarks.scores.plan import FramePlan, Plan, plan, plan_frames
from leo_bench.benchmarks.scores.precision import shares_of
from leo_bench.benchmarks.scores.requests import FrameScoreRequest, ScoreRequest
from leo_bench.benchmarks.scores.score import (
    DistanceReport,
    Scored,
    jobs_of,
    open_sides,
    score_opened,
)
from leo_bench.benchmarks.scores.score_record import (
    MeasuredScore,
    embedding_settings,
    frame_job,
    open_planned,
)
from leo_bench.benchmarks.scores.shared_videos import SharedVideos
from leo_bench.evaluation.features.jobs import Job
from leo_bench.evaluation.metrics import DISTANCES
from leo_bench.evaluation.processes.team import Alone
from leo_bench.evaluation.records.distance import record_path, slug, write_record
from leo_bench.evaluation.records.documents import MeasuredRecord
from leo_bench.evaluation.records.influences import beside_record
from leo_bench.evaluation.records.score import score_record_path
from leo_bench.evaluation.records.shares import PrecisionExtra

# Options of drift that `leo-bench drift` can change.
DRIFT_EVERY, DRIFT_RUN = 8, 32


@dataclass(frozen=True)
class Number:
    """One number of the table.

    Args:
        metric: what it is.
        side: the fake side; None: the real one.
        record: of the number; of precision, of the distance whose features it is of.
        place: of its file in a folder of records, if the source names itself.
        keep: writes that file, and those beside it.
        by_video: of a score, the value of each video; of a distance, the influence of each fake
            video on it; empty where there is none.
        shares: precision and recall, where the metric is precision.
    """

    metric: AskedMetric
    side: NamedFake | None
    record: MeasuredRecord
    place: Callable[[Path], Path]
    keep: Callable[[Path], None]
    by_video: Mapping[str, float]
    shares: PrecisionExtra | None = None

    def path(self, records: Path) -> Path:
        """Its file in a folder of records, below the name that the user gave the side, if any."""
        place = self.place(records)
        if self.side is None or self.side.given is None:
            return place
        return place.parent.with_name(slug(self.side.given)) / place.name


@dataclass(frozen=True)
class Measured:
    """What a group has measured.

    Args:
        numbers: of all its metrics and sides.
        records: each once.
        differences: places of two records, and the difference.
    """

    numbers: Sequence[Number]
    records: Sequence[MeasuredRecord]
    differences: Sequence[tuple[int, int, Difference]]


@dataclass(frozen=True)
class DistanceGroup:
    """A distance, and precision on its features.

    Args:
        metrics: those that are asked for.
        plans: of each fake side.
        shared: opens the videos.
    """

    metrics: Sequence[AskedMetric]
    plans: Sequence[tuple[NamedFake, Plan]]
    shared: SharedVideos

    @classmethod
    def planned(
        cls,
        metrics: Sequence[AskedMetric],
        fakes: Sequence[NamedFake],
        options: Mapping[str, Any],
        networks: tuple[Mapping[str, Any], Mapping[str, Any]],
        shared: SharedVideos,
    ) -> "DistanceGroup":
        """Plan a distance of every fake side.

        Args:
            metrics: that are measured on it.
            fakes: the fake sides.
            options: of its request, but the fake side and the network.
            networks: options of the network of clips, and of that of frames.
            shared: opens the videos.

        Raises:
            InputError: as `plan`.
        """
        of_clips, of_frames = networks
        network = of_clips
        if DISTANCES[options["metric"]].samples == "frames":
            network = {
                "extractor": of_frames["embedder"],
                "allow_unverified": of_frames["allow_unverified"],
            }
        plans = [plan(ScoreRequest(**options, **network, fake=fake.spec)) for fake in fakes]
        if any(metric.is_precision for metric in metrics):
            check_features_known(plans[0], "precision")
        named = [
            (fake, shared.planned(one, fake.given)) for fake, one in zip(fakes, plans, strict=True)
        ]
        return cls(metrics, named, shared)

    def jobs(self) -> Iterator[Job]:
        """What is needed of the videos; faults of options and of counts are found here.

        Raises:
            InputError: videos or weights cannot be used.
        """
        named: list[tuple[NamedFake, str]] = []
        for fake, chosen in self.plans:
            network = self.shared.network(chosen)
            sides = open_sides(chosen, self.shared.resources)
            named.append((fake, sides[1].source.name))
            check_apart(named)
            yield from jobs_of(chosen, *sides, network, self.shared.resources)

    def measure(self) -> Measured:
        """The numbers, from features that are in the store as far as they could be made.

        Raises:
            InputError: as `score_opened`.
        """
        found: list[Scored] = []
        for _, chosen in self.plans:
            began = time.monotonic()
            sides = open_sides(chosen, self.shared.resources)
            network = self.shared.network(chosen)
            found.append(score_opened(chosen, *sides, network, self.shared.resources, began))
        seed = self.plans[0][1].request.seed
        return Measured(
            numbers=[
                _number(metric, fake, scored, seed)
                for metric in self.metrics
                for (fake, _), scored in zip(self.plans, found, strict=True)
            ],
            records=[scored.record for scored in found],
            differences=[
                (first, second, of_distances(found[first], found[second], seed))
                for first, second in pairs(len(found))
            ],
        )


def _number(metric: AskedMetric, fake: NamedFake, found: Scored, seed: int) -> Number:
    """The number without the features that it was computed from."""
    record = found.record
    if metric.name == metric.distance:
        influences = found.measured.numbers.influences
        keep = partial(write_record, record, beside=beside_record(influences))
        fakes = {} if influences is None else influences.fake
        by_video = {video: whole for video, (whole, _) in fakes.items()}
        return Number(metric, fake, record, partial(record_path, record=record), keep, by_video)
    shares = shares_of(found, seed)
    document = DistanceReport(metric.name, record, shares).document

    def place(records: Path) -> Path:
        return record_path(records, record).with_stem(metric.name)

    return Number(metric, fake, record, place, partial(write_record, document), {}, shares)


@dataclass(frozen=True)
class ScoreGroup:
    """A score of one side: of the real videos, and of every fake side.

    Args:
        metric: acd or drift.
        plans: of each fake side; all have the same real side, or none.
        shared: opens the videos.
    """

    metric: AskedMetric
    plans: Sequence[tuple[NamedFake, FramePlan]]
    shared: SharedVideos

    @classmethod
    def planned(
        cls,
        metric: AskedMetric,
        fakes: Sequence[NamedFake],
        options: Mapping[str, Any],
        shared: SharedVideos,
    ) -> "ScoreGroup":
        """Plan a score of the real side and of every fake side.

        Raises:
            InputError: as `plan_frames`; drift without real videos.
        """
        plans = []
        for fake in fakes:
            chosen = plan_frames(_request(metric, {**options, "fake": fake.spec}))
            if metric.name == "drift":
                real_side(chosen)
            plans.append((fake, shared.planned(chosen, fake.given)))
        return cls(metric, plans, shared)

    def jobs(self) -> Iterator[Job]:
        """As `DistanceGroup.jobs`.

        Raises:
            InputError: videos or weights cannot be used.
        """
        resources = self.shared.resources
        named: list[tuple[NamedFake, str]] = []
        for fake, chosen in self.plans:
            settings = embedding_settings(chosen, self.shared.embedder(chosen), resources)
            for side in (chosen.real, chosen.fake):
                if side is not None:
                    source = open_planned(chosen, side, resources)
                    if side is chosen.real:
                        check_not_real(fake, source.name)
                    else:
                        named.append((fake, source.name))
                        check_apart(named)
                    yield frame_job(source, side.window, settings)

    def measure(self) -> Measured:
        """As `DistanceGroup.measure`.

        Raises:
            InputError: videos or weights cannot be used.
        """
        found = self._scores()
        fakes = [place for place, (fake, _) in enumerate(found) if fake is not None]
        compared = [(fakes[first], fakes[second]) for first, second in pairs(len(fakes))]
        return Measured(
            numbers=[
                Number(
                    self.metric,
                    fake,
                    one.record,
                    partial(score_record_path, record=one.record),
                    one.keep,
                    one.measured.by_video,
                )
                for fake, one in found
            ],
            records=[one.record for _, one in found],
            differences=[
                (first, second, of_scores(found[first][1], found[second][1]))
                for first, second in compared
            ],
        )

    def _scores(self) -> list[tuple[NamedFake | None, MeasuredScore[Any]]]:
        """The score of the real side, if there is one, then that of each fake side."""
        plans = [chosen for _, chosen in self.plans]
        measure = drift_of if self.metric.name == "drift" else acd_of_fakes
        # The pass over the videos has been divided already.
        resources = replace(self.shared.resources, team=Alone())
        with_fake = [fake for fake, chosen in self.plans if chosen.fake is not None]
        if plans[0].real is not None:
            of_all = measure(plans, resources)
            return list(zip([None, *with_fake], of_all, strict=True))
        found = [measure([chosen], resources) for chosen in plans]
        return [(fake, one) for fake, (one,) in zip(with_fake, found, strict=True)]


Group = DistanceGroup | ScoreGroup


def _request(metric: AskedMetric, options: Mapping[str, Any]) -> FrameScoreRequest:
    if metric.name != "drift":
        return FrameScoreRequest(metric=metric.name, **options)
    given = {"frames", "real_stride", "fake_stride"}
    others = {name: value for name, value in options.items() if name not in given}
    return drift_request(metric.frames, DRIFT_EVERY, DRIFT_RUN, **others)
