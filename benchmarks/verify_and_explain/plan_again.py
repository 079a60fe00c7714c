"""From a record to the plan that makes its number again, by nothing that the record may forge.

A record names videos, settings and a digest of weights; it gives no permission. Weights are found
by their digest in the registry, or are named on the command line of whoever asks, and so is the
leave to run a program or to use a file that nothing vouches for.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from leo_bench.benchmarks.scores.frame_plan import (
    FramePlan,
    FrameScoreRequest,
    PlannedSide,
    embedder_request,
)
from leo_bench.benchmarks.scores.plan import Plan, ScoreRequest, extractor_request, named_dataset
from leo_bench.benchmarks.sources.locations import where_now
from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import is_own
from leo_bench.evaluation.files.given_files import shortened
from leo_bench.evaluation.files.schema import Data, parse
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, list_protocols
from leo_bench.evaluation.protocols.of_frames import FrameProtocol
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.evaluation.weights.registry import find_by_digest, weights_for


@dataclass(frozen=True)
class Given:
    """What the command line says, and no record may.

    Args:
        real, fake: where the videos are now; None: where the record says.
        weights: of the network; None: found by the record's digest.
        allow_unverified: use weights that nothing vouches for.
        trust_torchscript: run a TorchScript archive's own program.
        data_root: where prepared data sets lie; None: where the record says.
        extractor: FILE.py:FUNCTION in the place of the record's; no record makes one be imported.
    """

    real: str | None = None
    fake: str | None = None
    weights: Path | None = None
    allow_unverified: bool = False
    trust_torchscript: bool = False
    data_root: Path | None = None
    extractor: str | None = None


NOTHING_GIVEN = Given()

RequestT = TypeVar("RequestT", bound=Data)


def plan_of(record: Record, given: Given = NOTHING_GIVEN) -> Plan:
    """The plan that made a record, with the protocol as it was then.

    Raises:
        InputError: its request is none, or weights of its digest are not here.
    """
    plan = settings_of(record, given)
    weights = weights_of(plan.extractor.name, record.weights_sha256, given)
    return replace(
        plan,
        extractor=replace(plan.extractor, weights=weights),
        weights_sha256=record.weights_sha256,
    )


def settings_of(record: Record, given: Given = NOTHING_GIVEN) -> Plan:
    """As `plan_of`, before weights are looked for.

    Raises:
        InputError: its request is none.
    """
    asked = parse(ScoreRequest, record.request, where="request of the record")
    protocol = parse(EvalProtocol, record.protocol_settings, where="protocol of the record")
    request = with_leave(asked, given)
    dataset, split = named_dataset(request.dataset)
    shipped = {one.id: one for one in list_protocols()}
    return Plan(
        request=request,
        dataset=dataset,
        split=split,
        real=given.real or where_now(record.real, "--real"),
        fake=given.fake or where_now(record.fake, "--fake"),
        resolution=record.resolution,
        protocol=protocol,
        published=shipped.get(protocol.id, protocol),
        real_window=Window(record.frames, record.real.stride),
        fake_window=Window(record.frames, record.fake.stride),
        extractor=extractor_request(request, protocol),
    )


def plan_score(
    record: ScoreRecord, model: type[FrameScoreRequest], given: Given = NOTHING_GIVEN
) -> FramePlan:
    """The plan that made a score of frames, with protocol and videos as they were named then.

    Args:
        record: of the score.
        model: of its request.
        given: what the command line says.

    Raises:
        InputError: the record's request is not one of such a score; no such weights.
    """
    asked = parse(model, record.request, where="request of the record")
    request = with_leave(asked, given)
    protocol = parse(FrameProtocol, record.protocol_settings, where="protocol of the record")
    dataset, _ = named_dataset(request.dataset)
    sides = {
        "real": None if record.against is None else record.against.source,
        record.side: record.source,
    }
    real, fake = (
        None
        if side is None
        else PlannedSide(
            where or where_now(side, option), side.split, Window(record.frames, side.stride)
        )
        for side, where, option in (
            (sides["real"], given.real, "--real"),
            (sides.get("fake"), given.fake, "--fake"),
        )
    )
    embedder = embedder_request(request, protocol)
    weights = weights_of(embedder.name, record.weights_sha256, given)
    return FramePlan(
        request=request,
        dataset=dataset,
        real=real,
        fake=fake,
        resolution=record.resolution,
        protocol=protocol,
        embedder=replace(embedder, weights=weights),
        weights_sha256=record.weights_sha256,
    )


def with_leave(request: RequestT, given: Given) -> RequestT:
    """A record's request without its weights and permissions, and with those that are given."""
    leave: dict[str, object] = {
        "weights": None,
        "allow_unverified": given.allow_unverified,
        "trust_torchscript": given.trust_torchscript,
    }
    if given.data_root is not None:
        leave["data_root"] = str(given.data_root)
    known = type(request).model_fields
    own = getattr(request, "extractor", None)
    if own is not None and is_own(own):
        if given.extractor is None:
            raise InputError(
                f"the record was made with --extractor {shortened(own)}, which it cannot make be "
                "imported: give --extractor FILE.py:FUNCTION"
            )
        leave["extractor"] = given.extractor
    return request.model_copy(update={k: v for k, v in leave.items() if k in known})


def weights_of(network: str, sha256: str, given: Given) -> Path | None:
    """The file for a network whose weights had this digest; None: it needs none, or has its own.

    Raises:
        InputError: no file with this digest is here.
    """
    if given.weights is not None:
        return given.weights
    registered = weights_for(network)
    if not registered:
        return None
    found = find_by_digest(registered, sha256)
    if found is None:
        raise InputError(
            f"weights of {network} with SHA-256 {sha256[:16]}..., which the record was made with, "
            f"are not here: name the file with --weights, or see `leo-bench weights list`"
        )
    return found
