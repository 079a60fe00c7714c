"""`leo_bench.fvd`, `kvd`, `fid` and `precision`: two sets of videos, measured as by the command."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Unpack

from leo_bench.benchmarks.api.keywords import DistanceKeywords, fields, resources, sides, takes
from leo_bench.benchmarks.api.marks import SideInMemory, marked, marks
from leo_bench.benchmarks.api.results import DistanceResult, PrecisionResult
from leo_bench.benchmarks.api.sides import GivenSides, Videos
from leo_bench.benchmarks.scores.plan import Plan, plan
from leo_bench.benchmarks.scores.precision import shares_of
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import Scored, scored
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.measure import SideFeatures
from leo_bench.evaluation.protocols.of_clips import SideName
from leo_bench.evaluation.records.influences import beside_record

# The protocol where neither the caller nor a data set names one.
USUAL = {"fvd": "stylegan-v", "kvd": "digan"}


@takes(DistanceKeywords)
def fvd(
    real: Videos | None = None,
    fake: Videos | None = None,
    *,
    protocol: str | None = None,
    frames: int = 16,
    extractor: str | None = None,
    **keywords: Unpack[DistanceKeywords],
) -> DistanceResult:
    """Fréchet Video Distance of fake videos to real ones; lower is better.

    Args:
        real: a folder, any source of the command line, uint8 clips `[N,T,H,W,3]` or `[N,T,3,H,W]`,
            or a list of paths or clips; None: `dataset` names them.
        fake: likewise; None: samples of the data set's LEO run in `runs/ID`.
        protocol: id or .toml file; None: that of `dataset`, or "stylegan-v".
        frames: in a clip; I3D needs at least 9.
        extractor: in the place of the protocol's, such as "i3d-toy", which needs no download.
        **keywords: see below; they have the names of the command's options.

    Returns:
        `value`, `interval`, `fvd_infinity`, and `record` with the provenance.

    Raises:
        InputError: videos, options or weights cannot be used; one line says which and what to do.

    Example:
        >>> leo_bench.fvd(real, fake, extractor="i3d-toy")  # uint8 [8,20,32,32,3] of docs/api.md
        FVD16 = 352 [292, 469] (stylegan-v v2, 8 real, 8 fake clips; not comparable ...
    """
    asked = {"frames": frames, "protocol": protocol, "extractor": extractor}
    return _distance("fvd", real, fake, asked, keywords)


@takes(DistanceKeywords)
def kvd(
    real: Videos | None = None,
    fake: Videos | None = None,
    *,
    protocol: str | None = None,
    frames: int = 16,
    extractor: str | None = None,
    **keywords: Unpack[DistanceKeywords],
) -> DistanceResult:
    """Kernel Video Distance (unbiased squared MMD) of fake videos to real ones; lower is better.

    Args:
        real: as in `fvd`.
        fake: as in `fvd`.
        protocol: id or .toml file; None: that of `dataset`, or "digan", which takes 2,048 clips a
            side unless `clips` says otherwise.
        frames: as in `fvd`.
        extractor: as in `fvd`.
        **keywords: as in `fvd`.

    Returns:
        As `fvd`; `fvd_infinity` is None, since KVD is not biased. It may be negative.

    Raises:
        InputError: as `fvd`.

    Example:
        >>> leo_bench.kvd(real, fake, clips=8, extractor="i3d-toy")
        KVD16 = 152 [69, 249] (digan v2, 8 real, 8 fake clips; not comparable ...
    """
    asked = {"frames": frames, "protocol": protocol, "extractor": extractor}
    return _distance("kvd", real, fake, asked, keywords)


@takes(DistanceKeywords)
def fid(
    real: Videos | None = None,
    fake: Videos | None = None,
    *,
    protocol: str | None = None,
    frames: int = 16,
    extractor: str | None = None,
    **keywords: Unpack[DistanceKeywords],
) -> DistanceResult:
    """Fréchet Inception Distance of the frames of clips; lower is better.

    Args:
        real: as in `fvd`.
        fake: as in `fvd`.
        protocol: id or .toml file; None: "pytorch-fid".
        frames: in a clip, of which the protocol takes up to 16.
        extractor: an embedder of frames in the place of the protocol's, such as "random-filters",
            which needs no download.
        **keywords: as in `fvd`.

    Returns:
        As `fvd`; `fvd_infinity` is FID without the bias of few frames.

    Raises:
        InputError: as `fvd`.

    Example:
        >>> leo_bench.fid(real, fake, extractor="random-filters")
        FID16 = 399 [310, 592] (pytorch-fid v2, 128 real, 128 fake frames; not comparable ...
    """
    asked = {"frames": frames, "protocol": protocol, "extractor": extractor}
    return _distance("fid", real, fake, asked, keywords)


@takes(DistanceKeywords)
def precision(
    real: Videos | None = None,
    fake: Videos | None = None,
    *,
    protocol: str | None = None,
    frames: int = 16,
    extractor: str | None = None,
    **keywords: Unpack[DistanceKeywords],
) -> PrecisionResult:
    """Precision and recall of fake videos, on the features that FVD uses; higher is better.

    Precision is the share of fake clips that lie among the real ones, recall the share of real
    clips that lie among the fake ones (Kynkäänniemi et al. 2019, 3 nearest neighbours).

    Args:
        real: as in `fvd`.
        fake: as in `fvd`.
        protocol: as in `fvd`.
        frames: as in `fvd`.
        extractor: as in `fvd`.
        **keywords: as in `fvd`.

    Returns:
        `precision` and `recall`, each with an interval from 32 videos a side on, and `fvd`.

    Raises:
        InputError: as `fvd`.

    Example:
        >>> leo_bench.precision(real, fake, extractor="i3d-toy")
        precision = 0.75, recall = 0.375 (stylegan-v v2, 8 real, 8 fake clips; not comparable ...
    """
    asked = {"frames": frames, "protocol": protocol, "extractor": extractor}
    found = _scored("fvd", real, fake, asked, keywords)
    shares = shares_of(found, found.record.seed)
    return PrecisionResult(found.record, shares, _beside(found))


def _distance(
    metric: str,
    real: Videos | None,
    fake: Videos | None,
    asked: dict[str, Any],
    keywords: DistanceKeywords,
) -> DistanceResult:
    found = _scored(metric, real, fake, asked, keywords)
    return DistanceResult(found.record, _beside(found))


def _scored(
    metric: str,
    real: Videos | None,
    fake: Videos | None,
    asked: dict[str, Any],
    keywords: DistanceKeywords,
) -> Scored:
    """As the command of this name measures it, with the caveats of videos in memory."""
    given = sides(real, fake, keywords)
    if asked["protocol"] is None and not keywords.get("dataset"):
        asked = asked | {"protocol": USUAL.get(metric)}
    named = {"metric": metric} | asked | given.specs | fields(keywords)
    request = parse(ScoreRequest, named, where=metric)
    chosen = plan(request)
    chosen = replace(chosen, real=given.opened_by(chosen.real), fake=given.opened_by(chosen.fake))
    found = scored(chosen, resources(keywords))
    return replace(found, record=marked(found.record, list(_marks(chosen, found, given))))


def _marks(chosen: Plan, found: Scored, given: GivenSides) -> Iterator[str]:
    """The caveats of the sides that were in memory."""
    protocol, measured = chosen.protocol, found.measured
    both: list[tuple[SideName, SideFeatures]] = [("real", measured.real), ("fake", measured.fake)]
    for name, draws in both:
        side = given.in_memory(name)
        if side is None:
            continue
        loading = protocol.loading(name, draws.side.source.medium.layout)
        yield from marks(
            SideInMemory(
                name=name,
                source=draws.side.source,
                used=draws.used,
                clips=draws.clips,
                window=draws.side.window,
                choice=loading.choice,
                resize=loading.resize,
                resolution=chosen.resolution,
                protocol=protocol.id,
                rule=protocol.quantise if side.has_floats else "",
            )
        )


def _beside(found: Scored) -> dict[str, bytes]:
    return beside_record(found.measured.numbers.influences)
