"""`leo-bench features`: the features of a source's clips, written to an .npz file."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from leo_bench.benchmarks.scores.plan import extractor_request, source_options
from leo_bench.benchmarks.scores.requests import NetworkOptions
from leo_bench.benchmarks.sources.open import dataset_behind, open_source
from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.extractors import build_extractor
from leo_bench.evaluation.features.of_clips import Resources, clip_features
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.measure import Settings, Side, draw
from leo_bench.evaluation.protocols.of_clips import load_protocol
from leo_bench.evaluation.videos.source import check_unchanged


class FeaturesRequest(NetworkOptions):
    """Options of features.

    Args:
        resolution: size of the resized frames; None: that of papers for the data set of `source`,
            or as stored.
        side: clips are chosen as the protocol does for this side.
    """

    source: str
    frames: int
    stride: int
    protocol: str
    side: Literal["real", "fake"]
    resolution: int | None
    seed: int


def write_features(request: FeaturesRequest, out: Path, resources: Resources) -> tuple[int, int]:
    """Extract and write `features` float32 [N,D] and `videos` [N] to `out`.

    Returns:
        N and D.

    Raises:
        InputError: the source, the weights or `out` cannot be used.
    """
    protocol = load_protocol(request.protocol).changed("repeats", 1)
    behind = dataset_behind(request.source)
    resolution = request.resolution or (behind.evaluation.resolution if behind else None)
    options = source_options(request, resolution, protocol, resources)
    window = Window(request.frames, request.stride)
    own = protocol.real if request.side == "real" else protocol.fake
    made = replace(options, frames=own.frames_needed(window))
    source = open_source(request.source, made)
    extractor = build_extractor(extractor_request(request, protocol))
    settings = Settings(
        features_of=clip_features(extractor, protocol, resolution, resources),
        seed=request.seed,
        resolution=resolution,
        on_error=request.on_error,
        store=resources.store,
    )
    loading = protocol.loading(request.side, source.medium.layout)
    if loading.choice.start != "every":  # a video has hundreds: keep the number
        loading = replace(loading, choice=loading.choice.model_copy(update={"count": None}))
    draws = draw(Side(source, window, request.side), loading, protocol, settings)
    check_unchanged(draws.side.source, draws.used)
    content = io.BytesIO()
    np.savez(content, features=draws.values[0].numpy(), videos=np.array(draws.videos[0]))
    write_atomically(out, content.getvalue())
    count, size = draws.values[0].shape
    return count, size
