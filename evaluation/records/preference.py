"""`PreferenceRecord`: a share of the answers of a user study's raters, with its provenance.

Of pairs of clips it is the share of answers that prefer the first of two methods; of single clips
the share of answers "yes" on one method. This module does not import torch.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import StringConstraints, model_validator

from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.records.checks import (
    Count,
    Level,
    NotNegative,
    Positive,
    Share,
    Version1,
    Whole,
    check_around,
    check_at_most,
    check_close,
    check_equal,
    contradict,
)
from leo_bench.evaluation.records.distance import benchmark_name, slug
from leo_bench.evaluation.records.parts import Provenance

StudyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Question = Literal["realism", "coherence", "repetition", "own"]
Way = Literal["site", "server", "simulated"]

# Metrics by the question; the first three are those of `baselines/published.csv`.
METRICS: Mapping[Question, str] = {
    "realism": "preference-quality",
    "coherence": "preference-coherency",
    "repetition": "repeated-motion",  # alone is asked of single clips
    "own": "preference-own",
}

OTHERS = "raters and videos of a study of one's own, not those of a paper"
SIMULATED = "simulated raters: no person answered"
OWN_VIDEOS = "own-videos"  # benchmark of videos that are of no data set


class OfAllRaters(Data):
    """The same share with the raters that the study's rule sets apart.

    Args:
        chosen: answers for the first method, or "yes"; out of `votes`.
    """

    value: Share
    interval: tuple[Share, Share]
    chosen: Count
    votes: Positive
    raters: Positive

    @model_validator(mode="after")
    def _share_fits(self) -> Self:
        check_share(self.value, self.interval, self.chosen, self.votes)
        return self


class PreferenceRecord(Provenance):
    """One share of answers, with its provenance.

    Args:
        metric: that of the question (`METRICS`); also the name of the record's file.
        question: as raters read it.
        first: the method whose share it is.
        second: the method that it was compared with; "" of single clips.
        value: `chosen` of `votes`, from 0 to 1.
        interval: low and high end around `value`, for other raters and other items.
        interval_method: how it was computed, in words.
        raters: those whose answers count; by_way: how many of them answered on which way.
        raters_apart: raters with answers on these items that the study's rule sets apart.
        items: pairs, or single clips.
        all_raters: the same share with the raters set apart.
        study: id of the study's document, a digest of its content.
        answers_digest: SHA-256 of the answers, of all raters.
        videos: fingerprint of the videos of each method.
        dataset: an id, without a split; None: the study names none.
        frames, fps, resolution: of the clips; a resolution of None: they are not square.
    """

    kind: Literal["preference"] = "preference"
    schema_version: Version1 = 1
    metric: str
    question: str
    first: str
    second: str
    value: Share
    interval: tuple[Share, Share]
    interval_level: Level
    interval_method: str
    chosen: Count
    votes: Positive
    raters: Positive
    by_way: dict[Way, Positive]
    raters_apart: Count
    items: Positive
    all_raters: OfAllRaters
    study: StudyId
    answers_digest: str
    videos: dict[str, str]
    seed: Whole
    frames: Positive
    fps: NotNegative
    resolution: Positive | None

    @property
    def model(self) -> str:
        """The name of its row and folder: "leo-over-tats", or the method."""
        return f"{self.first}-over-{self.second}" if self.second else self.first

    @property
    def is_simulated(self) -> bool:
        """Whether any of its raters is no person."""
        return "simulated" in self.by_way

    @property
    def standard_error(self) -> None:
        """None: the interval is not that of a standard error."""
        return None

    @model_validator(mode="after")
    def _share_fits(self) -> Self:
        check_share(self.value, self.interval, self.chosen, self.votes)
        return self

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        check_at_most("raters", self.raters, "votes", self.votes)
        check_at_most("items", self.items, "votes", self.votes)
        check_at_most("votes", self.votes, "raters times items", self.raters * self.items)
        check_equal("by_way", sum(self.by_way.values()), "raters", self.raters)
        of_all = self.all_raters
        check_equal("all_raters.raters", of_all.raters, "raters", self.raters + self.raters_apart)
        # Votes of the raters set apart, each of whom has one at least.
        apart, chosen = of_all.votes - self.votes, of_all.chosen - self.chosen
        check_at_most("raters_apart", self.raters_apart, "all_raters.votes less votes", apart)
        check_at_most("chosen", self.chosen, "all_raters.chosen", of_all.chosen)
        check_at_most("all_raters.chosen less chosen", chosen, "all_raters.votes less votes", apart)
        if not self.raters_apart:
            check_equal("all_raters.votes", of_all.votes, "votes", self.votes)
        return self

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        if self.metric not in METRICS.values():
            contradict("metric", self.metric, "kind", f"which has {', '.join(METRICS.values())}")
        if (self.metric == METRICS["repetition"]) == bool(self.second):
            contradict("metric", self.metric, "second", f"which is {self.second!r}")
        if not self.first or self.first == self.second:
            contradict("first", self.first, "second", f"which is {self.second!r}")
        methods = {self.first, self.second} - {""}
        check_equal("videos", sorted(self.videos), "first and second", sorted(methods))
        if self.comparable:
            contradict("comparable", True, "kind", "of which no number is that of a paper")
        check_simulated(self.caveats, self.by_way)
        return self


def caveats_of(ways: Mapping[Way, int]) -> tuple[str, ...]:
    """Why a share is not comparable with published ones, by the ways of its raters."""
    return (OTHERS, SIMULATED) if ways.get("simulated") else (OTHERS,)


def check_simulated(caveats: Sequence[str], ways: Mapping[Way, int]) -> None:
    """The caveats say so where raters are simulated, and only there.

    Raises:
        ValueError: they do not.
    """
    if ("simulated" in ways) != (SIMULATED in caveats):
        contradict("caveats", caveats, "by_way", f"which is {ways}")


def check_share(value: float, interval: tuple[float, float], chosen: int, votes: int) -> None:
    """A share is that of its counts, and its interval lies around it.

    Raises:
        ValueError: it is not, or does not.
    """
    check_at_most("chosen", chosen, "votes", votes)
    check_close("value", value, "chosen of votes", chosen / votes, 1.0)
    check_around("interval", interval, "value", value)


def preference_path(records: Path, record: PreferenceRecord) -> Path:
    """The path of a record: `RECORDS/BENCHMARK/MODEL/METRIC.json`; a study is a benchmark."""
    videos = slug(record.dataset or OWN_VIDEOS)
    benchmark = benchmark_name(videos, record.resolution, record.frames, 1, f"study-{record.study}")
    return records / benchmark / slug(record.model) / f"{record.metric}.json"
