"""From a record to the plan that computes its number again.

A record names videos, settings and a digest of weights, but a record may be forged: it allows
nothing. Weights are found in the registry by digest, or named on the command line; only the command
line allows unverified weights, or a TorchScript file to run its program.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from leo_bench.benchmarks.datasets import Dataset, parted
from leo_bench.benchmarks.datasets.dataset import dataset_now
from leo_bench.benchmarks.datasets.definitions import is_toml
from leo_bench.benchmarks.scores.plan import (
    FramePlan,
    Plan,
    PlannedSide,
    embedder_request,
    extractor_request,
    named_dataset,
)
from leo_bench.benchmarks.scores.requests import FrameScoreRequest, ScoreRequest
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
    """What the command line may decide, and a record may not.

    Args:
        real, fake: where the videos are now; None: as recorded.
        weights: file of the network; None: found by the record's digest.
        allow_unverified: accept weights of unknown digest.
        trust_torchscript: allow a TorchScript file to run its program.
        data_root: folder of the prepared data sets; None: as recorded.
        extractor: FILE.py:FUNCTION in place of the record's, which is never imported by itself.
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
    """The plan that made a record, with the protocol as recorded.

    Raises:
        InputError: the record's request is invalid, or weights of its digest are not here.
    """
    plan = settings_of(record, given)
    weights = weights_of(plan.network.name, record.weights_sha256, given)
    return replace(
        plan, network=replace(plan.network, weights=weights), weights_sha256=record.weights_sha256
    )


def settings_of(record: Record, given: Given = NOTHING_GIVEN) -> Plan:
    """As `plan_of`, without looking for weights.

    Raises:
        InputError: the record's request is invalid.
    """
    asked = parse(ScoreRequest, record.request, where="request of the record")
    protocol = parse(EvalProtocol, record.protocol_settings, where="protocol of the record")
    request = permitted(asked, given)
    dataset, split = _dataset_of(request)
    shipped = {one.id: one for one in list_protocols()}
    return Plan(
        request=request,
        dataset=dataset,
        real=PlannedSide(
            given.real or where_now(record.real, "--real"),
            split,
            Window(record.frames, record.real.stride),
        ),
        fake=PlannedSide(
            given.fake or where_now(record.fake, "--fake"),
            None,
            Window(record.frames, record.fake.stride),
        ),
        resolution=record.resolution,
        protocol=protocol,
        published=shipped.get(protocol.id, protocol),
        network=extractor_request(request, protocol),
    )


def plan_of_score(
    record: ScoreRecord, model: type[FrameScoreRequest], given: Given = NOTHING_GIVEN
) -> FramePlan:
    """The plan that made a score of frames, with protocol and videos as recorded.

    Args:
        record: of the score.
        model: of its request.
        given: what the command line decides.

    Raises:
        InputError: the record's request is invalid, or weights of its digest are not here.
    """
    asked = parse(model, record.request, where="request of the record")
    request = permitted(asked, given)
    protocol = parse(FrameProtocol, record.protocol_settings, where="protocol of the record")
    dataset, _ = _dataset_of(request)
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
        network=replace(embedder, weights=weights),
        weights_sha256=record.weights_sha256,
    )


def _dataset_of(
    request: ScoreRequest | FrameScoreRequest,
) -> tuple[Dataset | None, str | None]:
    """The data set and the split of a record's request.

    Raises:
        InputError: it was the user's own, and its file is gone.
    """
    if request.dataset is None:
        return None, None
    spec = dataset_now(request.dataset)
    name, _ = parted(spec)
    if is_toml(name) and not Path(name).exists():
        raise InputError(
            f"{name}: no such file, and it defines the record's data set; name the folder that it "
            "is in now with --include"
        )
    return named_dataset(spec)


def permitted(request: RequestT, given: Given) -> RequestT:
    """A record's request with the weights and permissions of the command line only."""
    allowed: dict[str, object] = {
        "weights": None,
        "allow_unverified": given.allow_unverified,
        "trust_torchscript": given.trust_torchscript,
    }
    if given.data_root is not None:
        allowed["data_root"] = str(given.data_root)
    known = type(request).model_fields
    own = getattr(request, "extractor", None)
    if own is not None and is_own(own):
        if given.extractor is None:
            raise InputError(
                f"the record was made with --extractor {shortened(own)}; a record never runs code, "
                "so give --extractor FILE.py:FUNCTION again"
            )
        allowed["extractor"] = given.extractor
    return request.model_copy(update={k: v for k, v in allowed.items() if k in known})


def weights_of(network: str, sha256: str, given: Given) -> Path | None:
    """The weights file of this digest; None: the network needs no file, or ships its own.

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
        possible = [name for name, file in registered.items() if file.sha256 is None]
        able = [name for name, file in registered.items() if file.matches(sha256, "")] or possible
        fetch = f"run `leo-bench weights fetch {' '.join(able)}`, or " if able else ""
        raise InputError(
            f"weights of {network} with SHA-256 {sha256[:16]}..., which the record was made with, "
            f"are not here: {fetch}name the file with --weights"
        )
    return found
