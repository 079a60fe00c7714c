"""Files of features and statistics as sides: whether they fit a measurement."""

from collections.abc import Iterator
from pathlib import Path

from leo_bench.benchmarks.scores.plan import Plan
from leo_bench.benchmarks.scores.stamp import FrozenNetwork
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.feature_files.files import kind_at
from leo_bench.evaluation.feature_files.origin import COUNTS, Origin
from leo_bench.evaluation.feature_files.sources import FeaturesSource, StatisticsSource
from leo_bench.evaluation.features.of_clips import FEATURES_VERSION
from leo_bench.evaluation.features.of_frames import FRAME_FEATURES_VERSION
from leo_bench.evaluation.files.schema import leaves
from leo_bench.evaluation.measure import Side
from leo_bench.evaluation.preprocess import PREPROCESS_VERSION
from leo_bench.evaluation.protocols.of_clips import EvalProtocol

# What differs, in the file, in the measurement, and what to do.
Difference = tuple[str, object, object, str]


def check_fits(side: Side, chosen: Plan, network: FrozenNetwork) -> None:
    """See that a side that is a file of features or statistics was made as the plan asks.

    A side of videos passes. Device, decoder and versions of packages may differ: they move features
    by rounding, and the record's note names them.

    Raises:
        InputError: it was made otherwise; the message names the first difference, and both values.
    """
    source = side.source
    if not isinstance(source, FeaturesSource | StatisticsSource):
        return
    if isinstance(source, StatisticsSource):
        source.check_side(side.name)
    for what, mine, asked, todo in _differences(source, side, chosen, network):
        if mine != asked:
            raise InputError(
                f"{source.path}: made with {what} {_said(mine)}, and this measurement has "
                f"{_said(asked)}: {todo}"
            )


def check_features_known(chosen: Plan, what: str) -> None:
    """See that neither side of a plan is a file of statistics alone.

    Raises:
        InputError: one is, and `what` is computed from features.
    """
    for spec in (chosen.real.spec, chosen.fake.spec):
        if kind_at(Path(spec).expanduser()) == "statistics":
            raise InputError(
                f"{spec}: holds mean and covariance of features: {what} needs the features "
                "themselves (`leo-bench features` without --statistics writes them)"
            )


def _differences(
    source: FeaturesSource | StatisticsSource, side: Side, chosen: Plan, network: FrozenNetwork
) -> Iterator[Difference]:
    origin, protocol, again = source.origin, chosen.protocol, "make the file again"
    name = f"{origin.protocol} v{origin.protocol_version}"
    yield "protocol", name, f"{protocol.id} v{protocol.version}", "give --protocol, or " + again
    yield from _of_settings(source, protocol)
    window, option = side.window, f"--{side.name}-stride {origin.videos.stride}"
    yield "frames", origin.frames, window.frames, f"give --frames {origin.frames}"
    yield "stride", origin.videos.stride, window.stride, f"give {option}"
    resolution = f"give --resolution {origin.resolution}" if origin.resolution else again
    yield "resolution", origin.resolution, chosen.resolution, resolution
    yield "extractor", origin.extractor, network.name, f"give --extractor {origin.extractor}"
    yield "weights", origin.weights_sha256[:16], network.weights[:16], "give --weights"
    yield "weights", origin.weights_sha256, network.weights, "give --weights"
    precision = chosen.network.precision
    yield "number format", origin.precision, precision, f"give --dtype {origin.precision}"
    yield "features of version", origin.features_version, features_version(protocol), again
    yield "preprocessing of version", origin.preprocess_version, PREPROCESS_VERSION, again
    if isinstance(source, StatisticsSource):
        yield "seed", origin.seed, chosen.request.seed, f"give --seed {origin.seed}"
    if side.name and not _is_one_choice(origin, protocol):
        todo = f"run `leo-bench features` with --side {side.name}"
        yield "the choice of clips of side", origin.side, side.name, todo


def _of_settings(
    source: FeaturesSource | StatisticsSource, protocol: EvalProtocol
) -> Iterator[Difference]:
    """Every setting of the protocol; counts and repeats are settings of statistics alone."""
    mine, asked = (
        dict(leaves(settings))
        for settings in (source.origin.protocol_settings, protocol.model_dump(mode="json"))
    )
    free = COUNTS if isinstance(source, FeaturesSource) else ()
    for key in {**mine, **asked}:
        if key not in free:
            todo = "give --clips or --repeats" if key in COUNTS else "make the file again"
            what = f"protocol {protocol.id}, {key}"
            yield what, mine.get(key), asked.get(key), todo


def features_version(protocol: EvalProtocol) -> int:
    """The version of the code between the videos and the features of a protocol."""
    return FEATURES_VERSION if protocol.frames_of_clip is None else FRAME_FEATURES_VERSION


def _is_one_choice(origin: Origin, protocol: EvalProtocol) -> bool:
    """Whether the protocol chooses clips of these videos alike on both sides."""
    layout = origin.videos.layout
    return protocol.loading("real", layout) == protocol.loading("fake", layout)


def _said(value: object) -> str:
    return "none" if value is None else str(value)
