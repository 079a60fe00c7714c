"""`Origin`: how the features of a file were made, as the JSON text that the file holds."""

import json
from typing import Any, Literal, Self

from pydantic import model_validator

from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.records.checks import (
    Count,
    Flag,
    Positive,
    Version1,
    Whole,
    check_protocol,
)
from leo_bench.evaluation.records.parts import SideRecord

SCHEMA: Literal[1] = 1

Kind = Literal["features", "statistics"]

# Settings of a protocol that say how many clips are drawn, and how often.
COUNTS = ("real.count", "fake.count", "repeats")


class Origin(Data):
    """How the features of a file were made.

    Args:
        kind: "features": a row a clip; "statistics": mean and covariance of the rows.
        side: whose choice of clips was followed.
        protocol_settings: the whole protocol, with the number of clips and repeats that were drawn.
        limit: only the first so many videos were opened; None: all.
        seed: clips were drawn by it; seed_rule: how the seeds of repeats follow from it.
        weights_sha256: digest of the extractor's weights, or "none".
        features_version, preprocess_version: `FEATURES_VERSION` (or `FRAME_FEATURES_VERSION`) and
            `PREPROCESS_VERSION` of the code.
        rows_a_clip: rows that a clip gives: 1, or the frames of it that are embedded.
        videos: the side that the features are of, as a record has it. Of statistics it names no
            video: skipped ones are counted, and notes end where a name would stand.
    """

    kind: Kind
    schema_version: Version1 = SCHEMA
    side: Literal["real", "fake"]
    protocol: str
    protocol_version: Count
    protocol_digest: str
    protocol_settings: dict[str, Any]
    frames: Positive
    resolution: Positive | None
    limit: Positive | None
    seed: Whole
    seed_rule: str
    extractor: str
    weights_sha256: str
    weights_verified: Flag
    precision: str
    device: str
    features_version: Count
    preprocess_version: Count
    rows_a_clip: Positive
    videos: SideRecord
    created: str
    versions: dict[str, str]
    commit: str
    dirty: Flag

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        check_protocol(
            self.protocol, self.protocol_version, self.protocol_digest, self.protocol_settings
        )
        fewest = 2 if self.kind == "statistics" else 1
        if self.videos.clips * self.rows_a_clip < fewest:
            raise ValueError(f"videos.clips is {self.videos.clips}: {fewest} or more are needed")
        return self

    def to_json(self) -> str:
        """JSON text."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False)
