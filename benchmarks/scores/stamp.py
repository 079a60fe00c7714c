"""What every record states: its network, protocol and videos, and when and how it was made."""

import platform
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from leo_bench.benchmarks.sources.locations import absolute_source
from leo_bench.evaluation.embedders import FrameEmbedder
from leo_bench.evaluation.extractors import ClipExtractor
from leo_bench.evaluation.feature_files.sources import FeaturesSource, StatisticsSource
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.schema import Data
from leo_bench.evaluation.measure import SideFeatures
from leo_bench.evaluation.protocols.of_clips import EvalProtocol
from leo_bench.evaluation.protocols.of_frames import FrameProtocol
from leo_bench.evaluation.records.circumstances import circumstances
from leo_bench.evaluation.records.distance import RecordT
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.uncertainty.intervals import Interval, ends
from leo_bench.evaluation.videos.pace import rate_range, repeated_share
from leo_bench.evaluation.videos.source import VideoSource, fingerprint
from leo_bench.evaluation.weights.registry import prefix_note

# Differences between the two sides that records note.
RATES_APART = 0.1  # of the smaller median frame rate
REPEATED = 0.2  # share of frames that equal the frame before them, on one side only

FrozenNetwork = ClipExtractor | FrameEmbedder


def stamp(request: Data, network: FrozenNetwork, seconds: float) -> dict[str, Any]:
    """The fields of the network and of the run: weights, device, time, versions, commit, request.

    Args:
        request: stored as it is.
        network: made the features.
        seconds: that the measurement took.
    """
    return {
        "weights_sha256": network.weights,
        "weights_verified": network.weights_verified,
        "device": device_name(network.device),
        "seconds": seconds,
        **circumstances(),
        "request": request.model_dump(mode="json"),
    }


def protocol_fields(protocol: EvalProtocol | FrameProtocol) -> dict[str, Any]:
    """The fields of a record that state its protocol."""
    return {
        "protocol": protocol.id,
        "protocol_version": protocol.version,
        "protocol_digest": protocol.digest,
        "protocol_settings": protocol.model_dump(mode="json"),
    }


def interval_fields(interval: Interval | None) -> dict[str, Any]:
    """The fields of a record that state an interval."""
    return {
        "interval": ends(interval),
        "interval_level": None if interval is None else interval.level,
        "interval_method": None if interval is None else interval.method,
        "standard_error": None if interval is None else interval.standard_error,
    }


def seconds_since(began: float) -> float:
    """Seconds since `time.monotonic()` was `began`, to the millisecond."""
    return round(time.monotonic() - began, 3)


def side_record(
    spec: str,
    split: str | None,
    source: VideoSource,
    used: Sequence[int],
    clips: int,
    stride: int,
    chosen: Sequence[str] = (),
) -> SideRecord:
    """The record of one side.

    Args:
        spec: the source, as on the command line.
        split: of a data set.
        source: the videos.
        used: indices of those that gave clips.
        clips: how many clips they gave.
        stride: of the clips.
        chosen: notes on the choice of clips.
    """
    counts = [source.frame_counts[i] for i in used]
    sizes = source.sizes()
    return SideRecord(
        source=spec,
        name=source.name,
        split=split,
        fingerprint=fingerprint(source, used),
        videos=len(source.names),
        videos_used=len(used),
        clips=clips,
        stride=stride,
        frame_counts=(min(counts), max(counts)),
        sizes=tuple(sorted({sizes[i] for i in used})),
        layout=source.medium.layout,
        codecs=source.medium.codecs,
        decoder=source.medium.decoder,
        lossy=source.medium.lossy,
        skipped=tuple((s.name, s.reason) for s in source.skipped),
        notes=(*chosen, *source.notes),
        chosen=tuple(chosen),
        rates=rate_range(source, used),
        repeated=repeated_share(source, used),
        absolute=absolute_source(spec),
    )


def drawn_side(spec: str, split: str | None, drawn: SideFeatures) -> SideRecord:
    """The record of a side whose clips went through an extractor."""
    source, stride = drawn.side.source, drawn.side.window.stride
    if isinstance(source, StatisticsSource):
        return source.recorded(spec, absolute_source(spec))
    made = side_record(spec, split, source, drawn.used, drawn.clips, stride, drawn.notes)
    return source.completed(made) if isinstance(source, FeaturesSource) else made


def weights_notes(network: FrozenNetwork) -> tuple[str, ...]:
    """The note on how the network's weights were verified, if one is needed."""
    note = prefix_note(network.name, network.weights) if network.weights_verified else None
    return () if note is None else (note,)


def device_name(device: str) -> str:
    """A device as records name it: torch's name and the hardware.

    On a CPU every clip, frame and statistic is computed on one thread
    (`features.single_thread_pool`), several side by side, which changes no bit.
    """
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)}, TF32 off)"
    return f"{device} ({platform.machine()}, 1 thread)"


def with_news(record: RecordT, resources: Resources) -> RecordT:
    """The record with notes on the cache, such as damaged files."""
    return record.model_copy(update={"notes": (*record.notes, *resources.news())})


def side_notes(real: SideRecord, fake: SideRecord, frames: int) -> list[str]:
    """Notes on sides of different frame rates, or of which only one repeats frames.

    Args:
        real: one side.
        fake: the other.
        frames: of a clip.
    """
    return [*_on_rates(real, fake, frames), *_on_repeated(real, fake)]


def _on_rates(real: SideRecord, fake: SideRecord, frames: int) -> Iterator[str]:
    if real.rates is None or fake.rates is None:
        return
    of_real, of_fake = real.rates[1], fake.rates[1]
    if max(of_real, of_fake) > (1 + RATES_APART) * min(of_real, of_fake):
        seconds = (frames * real.stride / of_real, frames * fake.stride / of_fake)
        yield (
            f"real videos have {of_real:.4g} frames a second, fake ones {of_fake:.4g} (medians): "
            f"{frames} frames at strides {real.stride} and {fake.stride} last {seconds[0]:.3g} s "
            f"and {seconds[1]:.3g} s"
        )


def _on_repeated(real: SideRecord, fake: SideRecord) -> Iterator[str]:
    if real.repeated is None or fake.repeated is None:
        return
    if (real.repeated > REPEATED) != (fake.repeated > REPEATED):
        yield (
            "frames that equal the one before them to the bit: "
            f"{100 * real.repeated:.0f} % of the real side, {100 * fake.repeated:.0f} % of the "
            "fake one; doubled frames or stills are part of the value"
        )
