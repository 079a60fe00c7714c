"""Records that can be reused: of the same request, videos, weights and protocol.

`benchmarks.suites.run` does not measure them again. Records from which broken videos were left out
are measured again, quickly, since features are cached.
"""

from collections.abc import Sequence
from pathlib import Path

from leo_bench.benchmarks.scores.plan import FramePlan, Plan
from leo_bench.benchmarks.scores.score import build_network, open_sides
from leo_bench.benchmarks.scores.score_record import open_planned
from leo_bench.evaluation.clips import ClipChoice, Window, choose_clips, derived_seed
from leo_bench.evaluation.embedders import build_embedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.records.distance import Record, read_record
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.records.score import ScoreRecord, read_score_record
from leo_bench.evaluation.videos.source import VideoSource, fingerprint


def reusable_record(path: Path, chosen: Plan, resources: Resources) -> Record | None:
    """The record at `path` if `chosen` would give the same; None if not.

    Raises:
        InputError: the videos or the weights cannot be used.
    """
    try:
        record = read_record(path)
    except InputError:
        return None
    if not _is_same_request(record, chosen):
        return None
    network = build_network(chosen.network, chosen.protocol).frozen
    if (network.name, network.weights) != (record.extractor, record.weights_sha256):
        return None
    seeds = [derived_seed(chosen.request.seed, r) for r in range(chosen.protocol.repeats)]
    real, fake = open_sides(chosen, resources)
    of_real = chosen.protocol.loading("real", real.source.medium.layout)
    of_fake = chosen.protocol.loading("fake", fake.source.medium.layout)
    sides = ((real, of_real, record.real), (fake, of_fake, record.fake))
    for side, loading, then in sides:
        if not _is_same(side.source, side.window, loading.choice, seeds, then):
            return None
    return record


def reusable_score(path: Path, chosen: FramePlan, resources: Resources) -> ScoreRecord | None:
    """As `reusable_record`, for the fake side of a score of frames.

    Raises:
        InputError: the videos or the weights cannot be used.
    """
    try:
        record = read_score_record(path)
    except InputError:
        return None
    if not _is_same_request(record, chosen):
        return None
    if build_embedder(chosen.network).weights != record.weights_sha256:
        return None
    against = record.against
    for planned, then in (
        (chosen.fake, record.source),
        (chosen.real, None if against is None else against.source),
    ):
        if planned is None or then is None:
            return None
        source = open_planned(chosen, planned, resources)
        choice = chosen.protocol.videos
        if not _is_same(source, planned.window, choice, [chosen.request.seed], then):
            return None
    return record


def _is_same_request(record: Record | ScoreRecord, chosen: Plan | FramePlan) -> bool:
    request = chosen.request.model_dump(mode="json")
    return (record.request, record.protocol_digest) == (request, chosen.protocol.digest)


def _is_same(
    source: VideoSource,
    window: Window,
    choice: ClipChoice,
    seeds: Sequence[int],
    then: SideRecord,
) -> bool:
    if source.skipped or then.skipped:
        return False
    used = {
        ref.video
        for seed in seeds
        for ref in choose_clips(source.names, source.frame_counts, window, choice, seed)
    }
    return fingerprint(source, sorted(used)) == then.fingerprint
