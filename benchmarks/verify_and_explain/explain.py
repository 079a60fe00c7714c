"""What sets two records apart: settings, each one measured, and all else that is recorded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from leo_bench.benchmarks.scores.plan import Plan
from leo_bench.benchmarks.scores.score import score_plan
from leo_bench.benchmarks.verify_and_explain.plan_again import (
    NOTHING_GIVEN,
    Given,
    settings_of,
    weights_of,
)
from leo_bench.benchmarks.verify_and_explain.recorded import SETTINGS, facts, leaves, short
from leo_bench.benchmarks.verify_and_explain.verify import exact_of
from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.protocols.of_clips import ABSENT_AT_FIRST
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.documents import AnyRecord, read_documents

# Fields of a protocol that say what it is and not what it computes.
DESCRIPTIVE = {"id", "version", "about", "source", "commit", "caveat", "comparable_to_paper"}
DESCRIPTIVE |= {"window", "metrics", "weights", "real_stride", "fake_stride", "extractor"}
DESCRIPTIVE |= {"files.about", "folders.about", "arrays.about"}

# Fields of a record that a setting stands for in `differences`.
OF_SETTINGS = frozenset({"frames", "resolution", "seed", "real.stride", "fake.stride"})

# Settings that cannot be put into another record: who gave leave, and where things lay.
UNMEASURED = DESCRIPTIVE | {"allow_unverified", "trust_torchscript", "device", "data_root"}


@dataclass(frozen=True)
class Difference:
    """One setting that two records do not share, and what it does to the first one's number."""

    setting: str
    a: str
    b: str
    value: str
    moves: str


def check_alike(a: AnyRecord, b: AnyRecord) -> None:
    """Refuse two records that cannot be explained by one another.

    Raises:
        InputError: they are of different metrics.
    """
    if a.metric != b.metric:
        raise InputError(f"{a.metric} and {b.metric} cannot be explained by one another")


def record_pairs(a: Path, b: Path) -> list[tuple[AnyRecord, AnyRecord]]:
    """The records of two files of results, one beside the other.

    Raises:
        InputError: a file holds no record, or another number of them than the other; two that
            stand beside each other are not of one number (`check_alike`).
    """
    first, second = read_documents(a).records, read_documents(b).records
    if len(first) != len(second) or not first:
        raise InputError(
            f"{a} holds {len(first)} records, and {b} {len(second)}: as many, and at least one, "
            "are compared"
        )
    pairs = list(zip(first, second, strict=True))
    for one, other in pairs:
        check_alike(one, other)
    return pairs


def differences(
    a: Record, b: Record, resources: Resources, given: Given = NOTHING_GIVEN
) -> list[Difference]:
    """Every setting in which two records differ, each put into `a` alone and measured.

    Raises:
        InputError: the records are of different metrics.
    """
    check_alike(a, b)
    found = []
    for setting, one, other, changed in _all_toggles(a, b, given):
        try:
            # Of another network the weights are its own; else those that A was made with.
            wanted = b if setting in ("extractor name", "weights") else a
            weights = weights_of(changed.extractor.name, wanted.weights_sha256, given)
            changed = replace(
                changed,
                extractor=replace(changed.extractor, weights=weights),
                weights_sha256=wanted.weights_sha256,
            )
            value = score_plan(changed, resources).value
            shown, moves = f"{value:.6g}", f"{value - a.value:+.4g}"
        except InputError as error:
            shown, moves = f"not possible: {error}", ""
        found.append(Difference(setting, str(one), str(other), shown, moves))
    return found


def listed_settings(a: AnyRecord, b: AnyRecord) -> list[tuple[str, str, str]]:
    """(setting, in A, in B) of all settings that two records do not share, unmeasured."""
    return _unlike(_settings(a), _settings(b))


def other_facts(a: AnyRecord, b: AnyRecord) -> list[tuple[str, str, str]]:
    """(field, in A, in B) of all else recorded that differs: versions, device, digests ..."""
    unlike = []
    for record in (a, b):
        kept = {k: v for k, v in facts(record.content()).items() if k not in OF_SETTINGS}
        kept |= {k: v for k, v in _settings(record).items() if k.rpartition(".")[2] in UNMEASURED}
        unlike.append(kept)
    return _unlike(*unlike)


def numbers_differ(a: AnyRecord, b: AnyRecord) -> bool:
    """Whether the two have different values."""
    return (a.value, exact_of(a)) != (b.value, exact_of(b))


def _settings(record: AnyRecord) -> dict[str, object]:
    content = record.content()
    own = {name: content[name] for name in ("frames", "resolution", "seed")}
    tables = {name: content[name] for name in sorted(SETTINGS)}
    return dict(leaves(own | tables))


def _unlike(a: Mapping[str, object], b: Mapping[str, object]) -> list[tuple[str, str, str]]:
    return [
        (name, short(a.get(name)), short(b.get(name)))
        for name in {**a, **b}
        if a.get(name) != b.get(name)
    ]


def _all_toggles(a: Record, b: Record, given: Given) -> Iterator[tuple[str, object, object, Plan]]:
    of_a, of_b = settings_of(a, given), settings_of(b, given)
    # Of one digest they are the same videos, wherever they lie.
    same = {"real": a.real.fingerprint == b.real.fingerprint}
    same["fake"] = a.fake.fingerprint == b.fake.fingerprint
    of_b = replace(of_b, **{side: getattr(of_a, side) for side in same if same[side]})
    yield from _toggles(of_a, of_b)
    if a.weights_sha256 != b.weights_sha256 and of_a.extractor.name == of_b.extractor.name:
        yield "weights", a.weights_sha256[:16], b.weights_sha256[:16], of_a


def _toggles(a: Plan, b: Plan) -> Iterator[tuple[str, object, object, Plan]]:
    """(setting, its value in a, in b, and `a` with b's value)."""
    for side in ("real", "fake"):
        if getattr(a, side) != getattr(b, side):
            changed = replace(a, **{side: getattr(b, side)})
            yield f"{side} videos", getattr(a, side), getattr(b, side), changed
    if a.real_window.frames != b.real_window.frames:
        frames = b.real_window.frames
        changed = replace(
            _asked(a, frames=frames),
            real_window=Window(frames, a.real_window.stride),
            fake_window=Window(frames, a.fake_window.stride),
        )
        yield "frames", a.real_window.frames, frames, changed
    if a.real_window.stride != b.real_window.stride:
        window = Window(a.real_window.frames, b.real_window.stride)
        changed = replace(_asked(a, real_stride=window.stride), real_window=window)
        yield "real stride", a.real_window.stride, window.stride, changed
    if a.fake_window.stride != b.fake_window.stride:
        window = Window(a.fake_window.frames, b.fake_window.stride)
        changed = replace(_asked(a, fake_stride=window.stride), fake_window=window)
        yield "fake stride", a.fake_window.stride, window.stride, changed
    if a.resolution != b.resolution:
        changed = replace(_asked(a, resolution=b.resolution), resolution=b.resolution)
        yield "resolution", a.resolution, b.resolution, changed
    for field in ("seed", "limit", "on_error", "float_range", "frames_glob"):
        one, other = getattr(a.request, field), getattr(b.request, field)
        if one != other:
            yield field, one, other, _asked(a, **{field: other})
    for field in ("name", "precision"):
        one, other = getattr(a.extractor, field), getattr(b.extractor, field)
        if one != other:
            extractor = (
                replace(b.extractor, bn_eps=a.extractor.bn_eps, precision=a.extractor.precision)
                if field == "name"
                else replace(a.extractor, **{field: other})
            )
            yield f"extractor {field}", one, other, replace(a, extractor=extractor)
    yield from _protocol_toggles(a, b)


def _asked(plan: Plan, **changes: object) -> Plan:
    """The plan with another request; a record's request says what was measured."""
    return replace(plan, request=plan.request.model_copy(update=changes))


def _protocol_toggles(a: Plan, b: Plan) -> Iterator[tuple[str, object, object, Plan]]:
    settings_a = dict(leaves(a.protocol.model_dump(mode="json")))
    settings_b = dict(leaves(b.protocol.model_dump(mode="json")))
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
