"""ACD as a command measures it: a record of the real side, and one of the fake side."""

from collections.abc import Sequence

from leo_bench.benchmarks.scores.plan import FramePlan
from leo_bench.benchmarks.scores.score_record import (
    MeasuredScore,
    ScoreDetails,
    ScoredSide,
    score_sides,
)
from leo_bench.benchmarks.scores.stamp import side_notes
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.identity.acd import SourceACD, source_acd
from leo_bench.evaluation.uncertainty.intervals import MIN_VIDEOS

# With so few videos, an interval of a mean of heavy-tailed numbers covers 88 to 91 %
# (benchmarks/coverage.md).
FEW_VIDEOS = 16


def acd_of(chosen: FramePlan, resources: Resources) -> list[MeasuredScore[SourceACD]]:
    """Measure the real side, then the fake one, as far as the plan has them.

    Raises:
        InputError: the videos or the weights cannot be used.
    """
    return acd_of_fakes([chosen], resources)


def acd_of_fakes(
    plans: Sequence[FramePlan], resources: Resources
) -> list[MeasuredScore[SourceACD]]:
    """Measure the real side of the first plan, then the fake side of each, as far as they have one.

    Args:
        plans: of several fakes against one real side; without a real side there is one plan.
        resources: cache, threads, progress.

    Raises:
        InputError: as `acd_of`.
    """
    real = plans[0].real
    sides = [] if real is None else [(plans[0], real)]
    sides += [(each, each.fake) for each in plans if each.fake is not None]
    return score_sides(sides, source_acd, _details, resources)


def _details(scored: ScoredSide[SourceACD]) -> ScoreDetails:
    return ScoreDetails(_notes(scored), scored.measured.diagnostics)


def _notes(scored: ScoredSide[SourceACD]) -> tuple[str, ...]:
    chosen, side, measured = scored.plan, scored.side, scored.measured
    found = []
    if side.default:
        found.append(f"no --fake was given: these are samples of the LEO run, {side.spec}")
    if measured.frames_without:
        found.append(
            f"no {chosen.protocol.subject} in {measured.frames_without} of {measured.frames_seen} "
            "frames: those frames are left out"
        )
    if measured.without_value:
        found.append(f"{len(measured.without_value)} videos give no value; the record lists each")
    still = sum(video.acd == 0 for video in measured.videos.values())
    if still:
        found.append(f"{still} videos have ACD 0: they are still, or blank")
    if len(measured.videos) < MIN_VIDEOS:
        found.append(f"no interval: fewer than {MIN_VIDEOS} videos")
    elif len(measured.videos) <= FEW_VIDEOS:
        found.append(
            f"{len(measured.videos)} videos: where few of them stand far out, a 95 % interval of "
            f"{MIN_VIDEOS} to {FEW_VIDEOS} covers 88 to 91 %"
        )
    if scored.real is not None:
        source, other = scored.source, scored.real.record.source
        if chosen.resolution is None and source.sizes != other.sizes:
            found.append("the two sides are stored at different sizes, which is part of the value")
        if source.lossy != other.lossy:
            lossy = "this" if source.lossy else "the real"
            found.append(f"only {lossy} side is stored with loss, which is part of the value")
        found += side_notes(other, source, chosen.request.frames)
    return tuple(found)
