"""Combines the scores of trained models: means over seeds, and paired differences."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from leo_bench.benchmarks.ablations.ablation import Ablation
from leo_bench.benchmarks.ablations.record import AblationRow, Change, Measured
from leo_bench.benchmarks.ablations.runs import Trained
from leo_bench.evaluation.distances.influence import WeightedStatistic
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.influences import VideoInfluences, difference
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS, spread_of_mean
from leo_bench.evaluation.uncertainty.numbers import influences_of
from leo_bench.evaluation.uncertainty.over_seeds import OverSeeds, over_seeds

ONE_SEED = (
    "the videos alone: they say how sure the numbers of these trainings are, not of the methods; "
    "there is no interval over seeds, since one seed was trained"
)
SEEDS = (
    "trainings, samples and real videos: the seeds' numbers are taken as normal, with {freedom} "
    "degree{s} of freedom among {count} seeds; the real videos by their influences"
)
SEEDS_ALONE = (
    "trainings and samples: the seeds' numbers are taken as normal, with {freedom} degree{s} of "
    "freedom among {count} seeds"
)
FEW_SEEDS = 3
OF_FEW = " (of {count} seeds, 87 to 94 % where their numbers are skewed)"


@dataclass(frozen=True)
class Score:
    """One number of one trained model."""

    value: float
    count: int
    influences: VideoInfluences | None


@dataclass
class Scores:
    """The scores of all trained models.

    Args:
        about: what each measure is, by its name, in the order in which measures were added.
        of: scores by measure and by (variant, seed).
        notes: notes for the reader.
    """

    about: dict[str, str] = field(default_factory=dict)
    of: dict[str, dict[tuple[str, int], Score]] = field(default_factory=dict)
    notes: set[str] = field(default_factory=set)

    def add(self, measure: str, about: str, trained: Trained, score: Score) -> None:
        """Add the score of one model."""
        self.about.setdefault(measure, about)
        self.of.setdefault(measure, {})[trained.variant, trained.seed] = score

    def take(self, part: "Scores") -> None:
        """Add all that another holds."""
        for measure, about in part.about.items():
            self.about.setdefault(measure, about)
            self.of.setdefault(measure, {}).update(part.of[measure])
        self.notes |= part.notes


def combine(scores: Scores, ablation: Ablation, names: Sequence[str]) -> list[Measured]:
    """Rows and changes of every measure, without variants that have no score."""
    return [_measured(name, scores, ablation, names) for name in scores.about]


def influences_or_none(statistic: WeightedStatistic, seed: int) -> VideoInfluences | None:
    """The influences of videos on a statistic and on its halves; None with too few videos."""
    if min(len(statistic.real_videos), len(statistic.fake_videos)) < MIN_VIDEOS:
        return None
    try:
        spread = spread_of_mean([statistic], seed)
    except InputError:  # halves of too few clips have no covariance
        return None
    return influences_of(statistic, spread)


def _measured(measure: str, scores: Scores, ablation: Ablation, names: Sequence[str]) -> Measured:
    of = scores.of[measure]
    seeds = list(dict.fromkeys(seed for _, seed in of))  # in the order of training
    rows, changes = [], []
    for name in names:
        own = [of[name, seed] for seed in seeds if (name, seed) in of]
        if not own:
            continue
        mean = over_seeds([s.value for s in own], [s.influences for s in own])
        rows.append(
            AblationRow(
                variant=name,
                label=ablation.variants[name].label,
                value=mean.value,
                by_seed=mean.by_seed,
                spread=mean.spread,
                interval=_told(mean),
                count=own[0].count,
            )
        )
        pairs = [
            (of[name, seed], of[ablation.reference, seed])
            for seed in seeds
            if (name, seed) in of and (ablation.reference, seed) in of
        ]
        if name != ablation.reference and pairs:
            changes.append(_change(name, ablation.reference, pairs))
    counts = {len(row.by_seed) for row in rows} | {len(change.by_seed) for change in changes}
    return Measured(
        name=measure,
        about=scores.about[measure],
        covers=_covers(counts, any(s.influences and s.influences.real for s in of.values())),
        rows=tuple(rows),
        changes=tuple(changes),
    )


def _change(name: str, reference: str, pairs: Sequence[tuple[Score, Score]]) -> Change:
    found = over_seeds(
        [mine.value - other.value for mine, other in pairs],
        [difference(mine.influences, other.influences) for mine, other in pairs],
    )
    return Change(
        variant=name,
        reference=reference,
        value=found.value,
        interval=_told(found),
        by_seed=found.by_seed,
        standard_error=found.standard_error,
        freedom=found.freedom,
        of_seeds=found.between,
        of_samples=found.samples,
        of_real_videos=found.real,
    )


def _told(found: OverSeeds) -> tuple[float, float] | None:
    """The interval; None where nothing varies, as between shares that are all 0."""
    return found.interval if found.standard_error else None


def _covers(counts: Set[int], real: bool) -> str:
    """What the intervals cover, for each number of seeds that occurs."""
    told = []
    for count in sorted(counts, reverse=True):
        freedom, text = count - 1, SEEDS if real else SEEDS_ALONE
        several = text.format(freedom=freedom, s="" if freedom == 1 else "s", count=count)
        if count <= FEW_SEEDS:
            several += OF_FEW.format(count=count)
        told.append(ONE_SEED if count == 1 else several)
    return "; where a training is missing, ".join(told)
