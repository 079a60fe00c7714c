"""Files of features (.npz): the features of a source's clips, written and read."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from leo_bench.benchmarks.scores.plan import extractor_request, source_options
from leo_bench.benchmarks.scores.requests import NetworkOptions
from leo_bench.benchmarks.sources.open import dataset_behind, open_source
from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.distances.influence import ClipFeatures
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import build_extractor
from leo_bench.evaluation.features.of_clips import Resources, clip_features
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.given_files import check_regular, shortened
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


def read_features(path: Path) -> ClipFeatures:
    """Read `features` [N,D] and `videos` [N] of a file that `write_features` wrote.

    Raises:
        InputError: no such file, or not one of features.
    """
    check_regular(path)
    try:
        with np.load(path, allow_pickle=False) as content:
            features, videos = content["features"], content["videos"]
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: not a file of features, as `leo-bench features --out` writes: "
            f"{shortened(error)}"
        ) from None
    if features.ndim != 2 or features.dtype.kind != "f" or videos.shape != features.shape[:1]:
        raise InputError(
            f"{path}: features {features.dtype} {list(features.shape)} and videos "
            f"{list(videos.shape)}; floats [N,D] and [N] are expected"
        )
    return ClipFeatures(torch.from_numpy(features), [str(video) for video in videos])
