"""Explain: the settings that two records do not share, each measured, and other differences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from leo_bench.benchmarks.scores.plan import Plan
from leo_bench.benchmarks.scores.score import scored
from leo_bench.benchmarks.verify_and_explain.plan_of_record import (
    NOTHING_GIVEN,
    Given,
    settings_of,
    weights_of,
)
from leo_bench.benchmarks.verify_and_explain.record_facts import SETTINGS, facts, short
from leo_bench.benchmarks.verify_and_explain.verify import exact_of
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.schema import leaves
from leo_bench.evaluation.protocols.of_clips import ABSENT_AT_FIRST
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.documents import MeasuredRecord, measured_of, read_documents

# Fields of a protocol that describe it and change no number.
DESCRIPTIVE = {"id", "version", "about", "source", "commit", "caveat", "comparable_to_paper"}
DESCRIPTIVE |= {"window", "metrics", "weights", "real_stride", "fake_stride", "extractor"}
DESCRIPTIVE |= {"files.about", "folders.about", "arrays.about"}

# Fields of a record that `differences` lists as settings.
OF_SETTINGS = frozenset({"frames", "resolution", "seed", "real.stride", "fake.stride"})

# Settings that cannot be tried in another record: permissions and places.
UNMEASURED = DESCRIPTIVE | {"allow_unverified", "trust_torchscript", "device", "data_root"}


# The row of a record that is measured again as it is.
UNCHANGED = "(none: A again)"

# A setting, its value in A, in B, and the plan of A with the value of B.
Toggle = tuple[str, object, object, Plan]


@dataclass(frozen=True)
class Difference:
    """One setting that two records do not share, and its effect on the first one's number."""

    setting: str
    a: str
    b: str
    value: str
    moves: str


def check_alike(a: MeasuredRecord, b: MeasuredRecord) -> None:
    """Refuse two records of different metrics.

    Raises:
        InputError: the metrics differ.
    """
    if a.metric != b.metric:
        raise InputError(f"{a.metric} and {b.metric} cannot be explained by one another")


def record_pairs(a: Path, b: Path) -> list[tuple[MeasuredRecord, MeasuredRecord]]:
    """The records of two files of results in pairs.

    Raises:
        InputError: a file holds no record, or raters' answers; the files hold different numbers of
            records, or the records of a pair have different metrics.
    """
    documents = read_documents(a), read_documents(b)
    for path, document in zip((a, b), documents, strict=True):
        if len(measured_of(document)) < len(document.records):
            raise InputError(
                f"{path}: raters' answers, of which no setting can be tried: compare what "
                "`leo-bench study results` shows of both studies"
            )
    first, second = map(measured_of, documents)
    if len(first) != len(second) or not first:
        raise InputError(
            f"{a} holds {len(first)} records, and {b} {len(second)}: give files with the same "
            "number of records, at least one"
        )
    pairs = list(zip(first, second, strict=True))
    for one, other in pairs:
        check_alike(one, other)
    return pairs


def differences(
    a: Record, b: Record, resources: Resources, given: Given = NOTHING_GIVEN
) -> list[Difference]:
    """Every setting in which two records differ, and the number of `a` with the setting of `b`.

    The first row is `a` as recorded, measured here: what it moves by comes from code, libraries,
    hardware or changed videos. The other rows are compared with it, so that they are of the setting
    alone. Without differing settings the list is empty, and nothing is measured.

    Args:
        a: a record.
        b: another of the same metric.
        resources: cache, threads and progress.
        given: permissions, and where the videos of `a` are now; those of `b` are read from their
            recorded place where they are not the videos of `a`.

    Raises:
        InputError: the records are of different metrics.
    """
    check_alike(a, b)
    toggles = list(_all_toggles(a, b, given))
    if not toggles:
        return []
    now = _measured(settings_of(a, given), a, resources, given)
    found = [_difference((UNCHANGED, "", "", settings_of(a, given)), now, a.value)]
    base = a.value if isinstance(now, InputError) else now
    for toggle in toggles:
        # Another network has its own weights; otherwise those of A are used.
        of_network = toggle[0] in ("extractor name", "weights")
        value = _measured(toggle[3], b if of_network else a, resources, given)
        found.append(_difference(toggle, value, base))
    return found


def _measured(
    plan: Plan, weights_from: Record, resources: Resources, given: Given
) -> float | InputError:
    """The number of a plan with the weights of a record, or why it cannot be measured."""
    try:
        weights = weights_of(plan.network.name, weights_from.weights_sha256, given)
        plan = replace(
            plan,
            network=replace(plan.network, weights=weights),
            weights_sha256=weights_from.weights_sha256,
        )
        return scored(plan, resources).record.value
    except InputError as error:
        return error


def _difference(toggle: Toggle, value: float | InputError, base: float) -> Difference:
    setting, one, other, _ = toggle
    if isinstance(value, InputError):
        return Difference(setting, str(one), str(other), f"not possible: {value}", "")
    return Difference(setting, str(one), str(other), f"{value:.6g}", f"{value - base:+.4g}")


def listed_settings(a: MeasuredRecord, b: MeasuredRecord) -> list[tuple[str, str, str]]:
    """(setting, in A, in B) of all settings that two records do not share."""
    return _unlike(_settings(a), _settings(b))


def other_facts(a: MeasuredRecord, b: MeasuredRecord) -> list[tuple[str, str, str]]:
    """(field, in A, in B) of other differences: versions, commit, device, digests, ..."""
    unlike = []
    for record in (a, b):
        kept = {k: v for k, v in facts(record.content()).items() if k not in OF_SETTINGS}
        kept |= {k: v for k, v in _settings(record).items() if k.rpartition(".")[2] in UNMEASURED}
        unlike.append(kept)
    return _unlike(*unlike)


def numbers_differ(a: MeasuredRecord, b: MeasuredRecord) -> bool:
    """Whether the two have different values."""
    return (a.value, exact_of(a)) != (b.value, exact_of(b))


def _settings(record: MeasuredRecord) -> dict[str, object]:
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


def _all_toggles(a: Record, b: Record, given: Given) -> Iterator[Toggle]:
    of_a = settings_of(a, given)
    # Sides of one digest are the same videos, wherever they are.
    real = of_a.real.spec if a.real.fingerprint == b.real.fingerprint else None
    fake = of_a.fake.spec if a.fake.fingerprint == b.fake.fingerprint else None
    of_b = settings_of(b, replace(given, real=real, fake=fake))
    yield from _toggles(of_a, of_b)
    if a.weights_sha256 != b.weights_sha256 and of_a.network.name == of_b.network.name:
        yield "weights", a.weights_sha256[:16], b.weights_sha256[:16], of_a


def _toggles(a: Plan, b: Plan) -> Iterator[Toggle]:
    for side in ("real", "fake"):
        one, other = getattr(a, side), getattr(b, side)
        if one.spec != other.spec:
            changed = replace(a, **{side: replace(one, spec=other.spec)})
            yield f"{side} videos", one.spec, other.spec, changed
    frames = b.real.window.frames
    if a.real.window.frames != frames:
        changed = _asked(a, frames=frames)
        for side in ("real", "fake"):
            changed = _with_window(changed, side, frames=frames)
        yield "frames", a.real.window.frames, frames, changed
    for side in ("real", "fake"):
        stride, other_stride = (getattr(plan, side).window.stride for plan in (a, b))
        if stride != other_stride:
            changed = _asked(a, **{f"{side}_stride": other_stride})
            changed = _with_window(changed, side, stride=other_stride)
            yield f"{side} stride", stride, other_stride, changed
    if a.resolution != b.resolution:
        changed = replace(_asked(a, resolution=b.resolution), resolution=b.resolution)
        yield "resolution", a.resolution, b.resolution, changed
    for field in ("seed", "limit", "on_error", "float_range", "frames_glob", "only", "decoder"):
        one, other = getattr(a.request, field), getattr(b.request, field)
        if one != other:
            yield field, one, other, _asked(a, **{field: other})
    mine, theirs = a.network, b.network
    if mine.name != theirs.name:
        network = replace(theirs, bn_eps=mine.bn_eps, precision=mine.precision)
        yield "extractor name", mine.name, theirs.name, replace(a, network=network)
    if mine.precision != theirs.precision:
        network = replace(mine, precision=theirs.precision)
        changed = replace(a, network=network)
        yield "extractor precision", mine.precision, theirs.precision, changed
    yield from _protocol_toggles(a, b)


def _with_window(plan: Plan, side: str, **changes: int) -> Plan:
    planned = getattr(plan, side)
    return replace(plan, **{side: replace(planned, window=replace(planned.window, **changes))})


def _asked(plan: Plan, **changes: object) -> Plan:
    """The plan with changes of its request, which the record of the measurement states."""
    return replace(plan, request=plan.request.model_copy(update=changes))


def _protocol_toggles(a: Plan, b: Plan) -> Iterator[Toggle]:
    settings_a = dict(leaves(a.protocol.model_dump(mode="json")))
    settings_b = dict(leaves(b.protocol.model_dump(mode="json")))
    for path in sorted(settings_a.keys() & settings_b.keys()):
        one, other = settings_a[path], settings_b[path]
        if one != other and path not in DESCRIPTIVE:
            protocol = a.protocol.changed(path, other)
            network = replace(a.network, bn_eps=protocol.bn_eps)
            yield path, one, other, replace(a, protocol=protocol, network=network)
    for key in ABSENT_AT_FIRST:
        if a.protocol.has(key) != b.protocol.has(key):
            protocol = a.protocol.changed(key, b.protocol.setting(key))
            one, other = (side.protocol.setting(key) for side in (a, b))
            yield key, _called(one), _called(other), replace(a, protocol=protocol)


def _called(setting: object) -> object:
    """A setting for a table; a rule for one medium by its description."""
    return setting["about"] if isinstance(setting, dict) else setting
