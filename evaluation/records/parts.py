"""Parts of records: provenance, a side of a comparison, the extrapolation to infinite N."""

import json
from typing import Any, Literal, Self

from pydantic import model_validator

from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.records.checks import (
    Count,
    Flag,
    NotNegative,
    Number,
    Positive,
    Share,
    check_all_or_none,
    check_around,
    check_at_most,
    check_close,
    check_equal,
    check_line,
    contradict,
    shown,
)

NOT_TOLD = "fvd_infinity is not told: "  # how the note of a record that has none begins


class Provenance(Data):
    """The last fields of every record: whether the number is comparable, and how it was made.

    Args:
        dataset: "ID-SPLIT" of the benchmark's data set; None: files of the user's own.
        comparable: whether the number may be compared with published ones; `caveats` say why not.
        request: the options that reproduce the number (`leo-bench verify`).
    """

    dataset: str | None
    comparable: Flag
    caveats: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: Number
    created: str
    versions: dict[str, str]
    commit: str
    dirty: Flag
    request: dict[str, Any]

    @model_validator(mode="after")
    def _comparable_without_caveats(self) -> Self:
        if self.comparable == bool(self.caveats):
            of_caveats = f"which has {len(self.caveats)} entries"
            contradict("comparable", self.comparable, "caveats", of_caveats)
        return self

    def content(self) -> dict[str, Any]:
        """The record as a dictionary of JSON values, the number first."""
        content = self.model_dump(mode="json")
        number = {key: content[key] for key in content if key not in Provenance.model_fields}
        return number | content

    def to_json(self) -> str:
        """The record as indented JSON text that ends in a newline."""
        return json.dumps(self.content(), indent=1, ensure_ascii=False) + "\n"


STATISTICS = "statistics"  # layout of a side of which only mean and covariance are known


class SideRecord(Data):
    """One side of a comparison: the videos that were measured.

    Args:
        source: as given on the command line.
        name: of the source.
        fingerprint: SHA-256 of names and contents of the videos that gave clips; of statistics,
            of their file.
        videos: number of videos in the source; videos_used: of those that gave clips.
        clips: number of clips in each repeat.
        stride: video frames from one clip frame to the next.
        frame_counts: fewest and most frames of the videos used.
        sizes: stored height and width of the videos used, each once.
        skipped: [video, reason] of every video left out because it is broken.
        notes: on the source and the choice of clips.
        chosen: the notes on the choice: which path of the protocol's original was followed, which
            videos were too short, how many gave no clip.
        rates: lowest, median and highest frame rate of the videos used, as files state them; None
            if none does, as for folders of frames.
        repeated: share of frames that equal the frame before them, in some of the videos used
            (`evaluation.videos.pace`); None if the videos are not stored.
        absolute: `source` with an absolute path; None: it is not stored.
    """

    source: str
    name: str
    split: str | None
    fingerprint: str
    videos: Count
    videos_used: Count
    clips: Count
    stride: Positive
    frame_counts: tuple[Count, Count]
    sizes: tuple[tuple[Positive, Positive], ...]
    layout: str
    codecs: tuple[str, ...]
    decoder: str
    lossy: Flag
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    rates: tuple[NotNegative, NotNegative, NotNegative] | None = None
    repeated: Share | None = None
    absolute: str | None = None

    @property
    def is_statistics(self) -> bool:
        """Whether only mean and covariance of its features are known."""
        return self.layout == STATISTICS

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        check_at_most("videos_used", self.videos_used, "videos", self.videos)
        check_at_most(
            "frame_counts[0]", self.frame_counts[0], "frame_counts[1]", self.frame_counts[1]
        )
        return self


class ExtrapolationRecord(Data):
    """How `fvd_infinity` was computed.

    Args:
        value: the distance at infinite N; if it is not reliable, it is a diagnostic and not
            `fvd_infinity`.
        interval: of `value`; None if it cannot be computed.
        n_real, n_fake, values: FVD at several numbers of clips, the largest first.
        r_squared: share of the points' variance that a line in 1/N explains.
        reliable: whether there are enough videos; `reason` says why not, else it is "".
        method: "line": `value` is the line through the points at 1/N = 0 (statistics of version
            1); "jackknife": `evaluation.uncertainty.extrapolation`.
        line: of a jackknife, the line through its two points at 1/N = 0.
        needs: of a jackknife, number of videos that each side must have.
    """

    value: Number
    interval: tuple[Number, Number] | None
    n_real: tuple[Number, ...]
    n_fake: tuple[Number, ...]
    values: tuple[Number, ...]
    r_squared: Number | None = None
    reliable: Flag
    reason: str
    method: Literal["line", "jackknife"] = "line"
    line: Number | None = None
    needs: Count | None = None

    @property
    def told(self) -> bool:
        """Whether `value` is reported as the distance at infinite N; a line's always is."""
        return self.reliable or self.method == "line"

    @model_validator(mode="after")
    def _fits_its_points(self) -> Self:
        if self.reliable == bool(self.reason):
            contradict("reliable", self.reliable, "reason", f"which says {shown(self.reason)}")
        if self.interval is not None:
            check_around("interval", self.interval, "value", self.value)
        check_equal("n_real", len(self.n_real), "values", len(self.values))
        check_equal("n_fake", len(self.n_fake), "values", len(self.values))
        for i, pair in enumerate(zip(self.n_real, self.n_fake, strict=True)):
            share = self.n_fake[0] * pair[0] / self.n_real[0]
            check_close(f"n_fake[{i}]", pair[1], "n_real", share)
        if self.method == "line":
            check_line(self.value, self.n_real, self.values, self.r_squared)
        else:
            self._fits_a_jackknife()
        return self

    def _fits_a_jackknife(self) -> None:
        if self.line is None or self.needs is None or self.r_squared is not None:
            check_all_or_none(line=self.line, needs=self.needs, method=self.method)
            contradict("r_squared", self.r_squared, "method", f"which is {shown(self.method)}")
        if self.reliable == (self.interval is None):
            contradict("reliable", self.reliable, "interval", f"which is {shown(self.interval)}")
        if len(self.values) != 2:
            contradict("values", len(self.values), "method", "a jackknife's, which has two")
        of_points = 2 * self.values[0] - self.values[1]
        check_close("line", self.line, "values", of_points, *(10 * each for each in self.values))
