"""Records of real statistics on made-up features, as a run would leave them."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from leo_bench.evaluation.distances.frechet import fit_gaussian
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.files.schema import settings_digest
from leo_bench.evaluation.protocols.of_clips import form_of, load_protocol
from leo_bench.evaluation.records.distance import Record, write_record
from leo_bench.evaluation.records.influences import beside_record
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.uncertainty.numbers import Numbers, numbers_of
from leo_bench.reports.bundles import SideStatistics, Statistics

DIMENSION = 8


def features(seed: int, count: int, shift: float = 0.0, name: str = "v") -> ClipFeatures:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(count, DIMENSION, generator=generator) + shift
    return ClipFeatures(values, [f"{name}{i:04}" for i in range(count)])


def fvd_of(real: ClipFeatures, fake: ClipFeatures) -> Numbers:
    return numbers_of(form_of("fvd", load_protocol("stylegan-v")), [(real, fake)], 0, None)


def keep_fvd(folder: Path, real: ClipFeatures, fake: ClipFeatures, **changes: Any) -> Path:
    """Write the record of FVD between these features, and the influences beside it."""
    numbers = fvd_of(real, fake)
    path = folder / "made-16f" / "model" / "fvd.json"
    made = record(numbers, real.values, fake.values, **changes)
    write_record(made, path, beside_record(numbers.influences))
    return path


def record(numbers: Numbers, real: Tensor, fake: Tensor, **changes: Any) -> Record:
    interval = numbers.interval
    content: dict[str, Any] = {
        "metric": "fvd",
        "value": numbers.value,
        "value_float64": numbers.value_float64,
        "spread": numbers.spread,
        "values": numbers.values,
        "values_float64": numbers.values_float64,
        "interval": None if interval is None else (interval.low, interval.high),
        "interval_level": None if interval is None else interval.level,
        "interval_method": None if interval is None else interval.method,
        "standard_error": None if interval is None else interval.standard_error,
        "fvd_infinity": None,
        "extrapolation": None,
        "protocol": "stylegan-v",
        "window_name": "",
        "frames": 16,
        "resolution": None,
        "seed": 0,
        "real": side("real", len(real)),
        "fake": side("fake", len(fake)),
        "extractor": "made-up",
        "weights_sha256": "none",
        "weights_verified": True,
        "precision": "fp32",
        "device": "cpu",
        "dataset": None,
        "caveats": (),
        "notes": (),
        "seconds": 1.0,
        "created": "2026-11-21T00:00:00+00:00",
        "versions": {"torch": "2.11"},
        "commit": "0" * 40,
        "dirty": False,
        "request": {},
    }
    return Record.model_validate(settled(content, changes))


def settled(content: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A record's fields with `changes`, and with all that follows from them."""
    new = content | changes
    if "protocol_settings" not in changes:
        version = {"version": changes["protocol_version"]} if "protocol_version" in changes else {}
        new["protocol_settings"] = load_protocol(new["protocol"]).model_dump(mode="json") | version
    new["protocol_version"] = new["protocol_settings"]["version"]
    new["protocol_digest"] = settings_digest(new["protocol_settings"])
    for name in ("real", "fake"):
        of_side = SideRecord.model_validate(new[name])
        if f"n_{name}" in changes:
            counts = dict.fromkeys(("videos", "videos_used", "clips"), changes[f"n_{name}"])
            new[name] = of_side.model_copy(update=counts)
        else:
            new[f"n_{name}"] = of_side.clips
    return new | {"comparable": not new["caveats"]}


def side(name: str, videos: int) -> SideRecord:
    return SideRecord(
        source=name,
        name=name,
        split=None,
        fingerprint=name,
        videos=videos,
        videos_used=videos,
        clips=videos,
        stride=1,
        frame_counts=(16, 16),
        sizes=((64, 64),),
        layout="made",
        codecs=(),
        decoder="none",
        lossy=False,
    )


def statistics(real: ClipFeatures, fake: ClipFeatures) -> Statistics:
    """Mean and covariance of both sides, as a bundle holds them."""
    sides = []
    for clips in (real, fake):
        gaussian = fit_gaussian(clips.values, correction=0)
        sides.append(SideStatistics(gaussian.mean.numpy(), gaussian.cov.numpy()))
    return Statistics(*sides)
