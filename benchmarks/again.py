"""Records run again: `verify` asks whether a number stands, `explain` what sets two apart."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.acd import acd_again
from benchmarks.drift import drift_again
from benchmarks.plan import Plan, ScoreRequest, extractor_request, plan
from benchmarks.repetition import repetition_again
from benchmarks.score import score_plan
from evaluation.clips import Window
from evaluation.errors import InputError
from evaluation.features import Machinery
from evaluation.protocol import ABSENT_AT_FIRST, EvalProtocol
from evaluation.record import Record
from evaluation.schema import parse
from evaluation.score_record import ScoreRecord

# Features agree to 1e-5 between machines, FVD then to about 1e-4 (evaluation/README.md).
RELATIVE_TOLERANCE = 1e-4
ABSOLUTE_TOLERANCE = 1e-6

# Fields of a protocol that say what it is and not what it computes.
DESCRIPTIVE = {"id", "version", "about", "source", "commit", "caveat", "comparable_to_paper"}
DESCRIPTIVE |= {"window", "metrics", "weights", "real_stride", "fake_stride", "extractor"}
DESCRIPTIVE |= {"files.about", "folders.about", "arrays.about"}


# How each score of one set of videos is made again.
SCORES: dict[str, Callable[[ScoreRecord, Machinery], ScoreRecord]] = {
    "acd": acd_again,
    "drift": drift_again,
    "repetition": repetition_again,
}


@dataclass(frozen=True)
class Comparison:
    """A record against its number made again."""

    same: bool
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """One setting that two records do not share, and what it does to the first one's number."""

    setting: str
    a: str
    b: str
    value: str
    moves: str


def compare(record: Record, machinery: Machinery) -> Comparison:
    """Compute the record's number again, by the record's own protocol settings.

    Raises:
        InputError: what it was made from is no longer there.
    """
    again = score_plan(plan_of(record), machinery)
    same, line = _values(record.metric, record.value_float64, again.value_float64)
    return Comparison(same, (line, *_changes(_provenance(record), _provenance(again))))


def compare_score(record: ScoreRecord, machinery: Machinery) -> Comparison:
    """As `compare`, for a score of one set of videos, and its difference from the real ones'.

    Raises:
        InputError: what it was made from is no longer there, or nothing here makes such scores.
    """
    if record.metric not in SCORES:
        raise InputError(f"{record.metric}: no such score; known are {', '.join(SCORES)}")
    again = SCORES[record.metric](record, machinery)
    found = [_values(record.metric, record.value, again.value)]
    if record.against is not None and again.against is not None:
        then, now = record.against.difference, again.against.difference
        found.append(_values(f"{record.metric} less the real side's", then, now))
    changes = _changes(_score_provenance(record), _score_provenance(again))
    return Comparison(all(same for same, _ in found), (*(line for _, line in found), *changes))


def _values(name: str, then: float, now: float) -> tuple[bool, str]:
    limit = RELATIVE_TOLERANCE * abs(then) + ABSOLUTE_TOLERANCE
    same = abs(now - then) <= limit
    verdict = "the same" if same else f"differs by more than {limit:.3g}"
    return same, f"{name} {then!r} then, {now!r} now: {verdict}"


def _changes(then: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    return [f"changed: {k}: {then[k]} then, {now[k]} now" for k in then if then[k] != now[k]]


def differences(a: Record, b: Record, machinery: Machinery) -> list[Difference]:
    """Every setting in which two records differ, each put into `a` alone and measured.

    Raises:
        InputError: the records are of different metrics.
    """
    if a.metric != b.metric:
        raise InputError(f"{a.metric} and {b.metric} cannot be explained by one another")
    found = []
    for setting, of_a, of_b, changed in _toggles(plan_of(a), plan_of(b)):
        try:
            value = score_plan(changed, machinery).value
            shown, moves = f"{value:.6g}", f"{value - a.value:+.4g}"
        except InputError as error:
            shown, moves = f"not possible: {error}", ""
        found.append(Difference(setting, str(of_a), str(of_b), shown, moves))
    return found


def plan_of(record: Record) -> Plan:
    """The plan that made a record, with the protocol as it was then."""
    request = parse(ScoreRequest, record.request, where="request of the record")
    protocol = parse(EvalProtocol, record.protocol_settings, where="protocol of the record")
    planned = plan(request.model_copy(update={"protocol": record.protocol}))
    return replace(
        planned,
        resolution=record.resolution,
        protocol=protocol,
        extractor=extractor_request(planned.request, protocol),
        real_window=Window(record.frames, record.real.stride),
        fake_window=Window(record.frames, record.fake.stride),
    )


def _toggles(a: Plan, b: Plan) -> Iterator[tuple[str, object, object, Plan]]:
    """(setting, its value in a, in b, and `a` with b's value)."""
    for side in ("real", "fake"):
        if getattr(a, side) != getattr(b, side):
            changed = replace(a, **{side: getattr(b, side)})
            yield f"{side} videos", getattr(a, side), getattr(b, side), changed
    if a.real_window.frames != b.real_window.frames:
        frames = b.real_window.frames
        changed = replace(
            a,
            real_window=Window(frames, a.real_window.stride),
            fake_window=Window(frames, a.fake_window.stride),
        )
        yield "frames", a.real_window.frames, frames, changed
    if a.real_window.stride != b.real_window.stride:
        window = Window(a.real_window.frames, b.real_window.stride)
        changed = replace(a, real_window=window)
        yield "real stride", a.real_window.stride, window.stride, changed
    if a.fake_window.stride != b.fake_window.stride:
        window = Window(a.fake_window.frames, b.fake_window.stride)
        changed = replace(a, fake_window=window)
        yield "fake stride", a.fake_window.stride, window.stride, changed
    if a.resolution != b.resolution:
        yield "resolution", a.resolution, b.resolution, replace(a, resolution=b.resolution)
    for field in ("seed", "limit", "on_error"):
        one, other = getattr(a.request, field), getattr(b.request, field)
        if one != other:
            request = a.request.model_copy(update={field: other})
            yield field, one, other, replace(a, request=request)
    for field in ("name", "weights", "precision", "trust_torchscript"):
        one, other = getattr(a.extractor, field), getattr(b.extractor, field)
        if one != other:
            extractor = (
                replace(b.extractor, bn_eps=a.extractor.bn_eps, precision=a.extractor.precision)
                if field == "name"
                else replace(a.extractor, **{field: other})
            )
            yield f"extractor {field}", one, other, replace(a, extractor=extractor)
    yield from _protocol_toggles(a, b)


def _protocol_toggles(a: Plan, b: Plan) -> Iterator[tuple[str, object, object, Plan]]:
    settings_a = dict(_leaves(a.protocol.model_dump(mode="json")))
    settings_b = dict(_leaves(b.protocol.model_dump(mode="json")))
    for path in sorted(settings_a.keys() & settings_b.keys()):
        one, other = settings_a[path], settings_b[path]
        if one != other and path not in DESCRIPTIVE:
            protocol = a.protocol.changed(path, other)
            extractor = replace(a.extractor, bn_eps=protocol.bn_eps)
            yield path, one, other, replace(a, protocol=protocol, extractor=extractor)
    for key in ABSENT_AT_FIRST:
        if a.protocol.has(key) != b.protocol.has(key):
            protocol = a.protocol.changed(key, b.protocol.setting(key))
            one, other = (side.protocol.setting(key) for side in (a, b))
            yield key, _called(one), _called(other), replace(a, protocol=protocol)


def _called(setting: object) -> object:
    """A rule for one medium by what it says of itself."""
    return setting["about"] if isinstance(setting, dict) else setting


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _provenance(record: Record) -> dict[str, object]:
    return {
        "real videos": record.real.fingerprint,
        "fake videos": record.fake.fingerprint,
        "real clips": record.n_real,
        "fake clips": record.n_fake,
        "protocol": record.protocol_digest,
        "weights": record.weights_sha256,
        "device": record.device,
        "decoder": record.real.decoder,
        "commit": record.commit,
        **{f"version of {name}": version for name, version in record.versions.items()},
    }


def _score_provenance(record: ScoreRecord) -> dict[str, object]:
    return {
        "videos": record.source.fingerprint,
        "videos with a value": record.videos_used,
        "frames without": record.frames_without,
        "real videos": None if record.against is None else record.against.source.fingerprint,
        "protocol": record.protocol_digest,
        "embedder": record.embedder,
        "weights": record.weights_sha256,
        "device": record.device,
        "decoder": record.source.decoder,
        "commit": record.commit,
        **{f"version of {name}": version for name, version in record.versions.items()},
    }
