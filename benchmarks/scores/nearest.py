"""Nearest: the training video that each sample is nearest to, to see whether a model copies.

A sample's distance to its nearest training clip means little alone. It is compared with the same
distances of held-out real videos, which cannot have been copied: samples that lie nearer to the
training videos than those do are suspicious (`evaluation.distances.neighbours.copying`).

Of a training video all clips of its non-overlapping blocks are searched; of a sample and of a
held-out video the first clip. Training clips are read in blocks: memory does not grow with them.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from leo_bench.benchmarks.datasets import names_dataset
from leo_bench.benchmarks.montage import montage
from leo_bench.benchmarks.scores.plan import Plan, open_side, plan, source_options
from leo_bench.benchmarks.scores.requests import NetworkOptions, ScoreRequest
from leo_bench.benchmarks.scores.stamp import drawn_side, seconds_since, side_record, stamp
from leo_bench.benchmarks.sources.locations import with_definitions
from leo_bench.evaluation.clips import ClipChoice, ClipRef, Needs, Short, choose_clips
from leo_bench.evaluation.distances.neighbours import copying, nearest
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import build_extractor
from leo_bench.evaluation.features.clip_blocks import ClipBlocks
from leo_bench.evaluation.features.jobs import ClipJob
from leo_bench.evaluation.features.of_clips import FeatureRecipe, Resources, clip_features
from leo_bench.evaluation.features.shared_pass import fill_together
from leo_bench.evaluation.measure import Settings, Side, draw, wanted_of_side
from leo_bench.evaluation.protocols.of_clips import Loading, SideChoice
from leo_bench.evaluation.records.documents import NearestExtra, Pair
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.videos.frame_sizes import check_one_size, check_same_size
from leo_bench.evaluation.videos.source import VideoSource, check_unchanged, without

PAIRS_SHOWN = 12


class NearestRequest(NetworkOptions):
    """Options of nearest; None: as the protocol or the data set says.

    Args:
        held_out: real videos that were not trained on; None: ID/test if `train` is ID/train.
    """

    fake: str
    train: str
    frames: int
    held_out: str | None = None
    protocol: str | None = None
    resolution: int | None = None
    seed: int = 0
    real_stride: int | None = None
    fake_stride: int | None = None


def find_nearest(
    request: NearestRequest, resources: Resources, picture: Path | None = None
) -> NearestExtra:
    """Find each sample's nearest training clip, and test whether samples are too near.

    Several processes divide the videos among them, and the first goes on alone.

    Args:
        request: the options.
        resources: cache, threads, progress, processes.
        picture: a PNG to write: the first frames of the nearest pairs, samples on the left.

    Raises:
        ShareDone: in every process but the first.
        InputError: sources or weights cannot be used, or held-out videos are training videos, too.
    """
    began = time.monotonic()
    request = request.model_copy(update={"train": with_definitions(request.train)})
    chosen = plan(_score_request(request))
    protocol = chosen.protocol
    options = source_options(request, chosen.resolution, protocol, resources)
    held_out_spec = request.held_out or _other_split(chosen, request)
    window = chosen.real.window
    made = replace(options, frames=chosen.fake.window.block)
    train = open_side("train", chosen.real.spec, options)
    held_out = Side(open_side("held-out", held_out_spec, options), window, "held-out")
    fake = Side(open_side("fake", request.fake, made), chosen.fake.window, "fake")
    _check_apart(train, held_out.source)
    of_train = protocol.loading("real", train.medium.layout)
    of_unseen = _first_clips(protocol.loading("real", held_out.source.medium.layout), "discard")
    of_samples = _first_clips(protocol.loading("fake", fake.source.medium.layout), "error")
    resolution = of_train.resolution(chosen.resolution)
    for source, loading in ((fake.source, of_samples), (held_out.source, of_unseen)):
        check_same_size(train, source, resolution, loading.resolution(chosen.resolution))

    extractor = build_extractor(chosen.network)
    settings = Settings(
        features_of=clip_features(extractor, protocol, chosen.resolution, resources),
        seed=request.seed,
        resolution=chosen.resolution,
        on_error=request.on_error,
        store=resources.store,
    )
    once = protocol.changed("repeats", 1)
    needs: Needs = "block+1" if of_train.choice.needs == "block+1" else "block"
    choice = ClipChoice(start="blocks", needs=needs)
    refs = choose_clips(train.names, train.frame_counts, window, choice, request.seed)
    if resolution is None:
        check_one_size(train, {ref.video for ref in refs})
    recipe = FeatureRecipe.of(extractor, protocol, of_train, chosen.resolution)

    def jobs() -> list[ClipJob]:
        found = [ClipJob(train, refs, window, recipe)]
        for side, loading in ((fake, of_samples), (held_out, of_unseen)):
            wanted = wanted_of_side(side, loading, once, settings)
            of_side = FeatureRecipe.of(extractor, protocol, loading, chosen.resolution)
            found.append(ClipJob(side.source, wanted.refs, side.window, of_side))
        return found

    fill_together(jobs, resources, request.on_error)
    samples = draw(fake, of_samples, once, settings)
    unseen = draw(held_out, of_unseen, once, settings)
    walk = ClipBlocks(train, refs, window, recipe, on_error=request.on_error, resources=resources)
    found = nearest(torch.cat([samples.values[0], unseen.values[0]]), walk)

    count = len(samples.values[0])
    said = copying(found.distances[:count], found.distances[count:])
    pairs = [
        Pair(
            sample=sample,
            train=train.names[ref.video],
            start=ref.start,
            distance=distance,
            percentile=percentile,
        )
        for sample, ref, distance, percentile in zip(
            samples.videos[0],
            found.which[:count],
            found.distances[:count].tolist(),
            said.percentiles.tolist(),
            strict=True,
        )
    ]
    pairs.sort(key=lambda pair: (pair.distance, pair.sample))
    if picture is not None:
        _picture(samples.side.source, train, recipe, pairs[:PAIRS_SHOWN], picture)
    for draws in (samples, unseen):
        check_unchanged(draws.side.source, draws.used)
    sound = [ref.video for ref in refs if train.names[ref.video] not in walk.broken]
    check_unchanged(train, sound)
    return NearestExtra(
        share_near=said.share_near,
        closer_than_all=said.closer_than_all,
        z=said.z,
        p=said.p,
        pairs=tuple(pairs),
        held_out_distances=tuple(found.distances[count:].sort().values.tolist()),
        frames=request.frames,
        resolution=chosen.resolution,
        protocol=protocol.id,
        protocol_digest=protocol.digest,
        fake=drawn_side(request.fake, None, samples),
        train=_train_record(chosen, train, refs, walk),
        held_out=drawn_side(held_out_spec, None, unseen),
        extractor=extractor.name,
        precision=extractor.precision,
        dataset=chosen.benchmark,
        comparable=False,
        caveats=("distances in one extractor's features: compare them within one report only",),
        notes=(
            f"of each training video the clips that start every {window.block} frames",
            *resources.news(),
        ),
        **stamp(request, extractor, seconds_since(began)),
    )


def _score_request(request: NearestRequest) -> ScoreRequest:
    """The request of a distance between the samples and the training videos."""
    is_dataset = names_dataset(request.train)
    shared = request.model_dump(exclude={"train", "held_out"})
    return ScoreRequest(
        **shared,
        dataset=request.train if is_dataset else None,
        real=None if is_dataset else request.train,
        metric="fvd",
    )


def _other_split(chosen: Plan, request: NearestRequest) -> str:
    if (
        chosen.dataset is None
        or chosen.real.split != "train"
        or "test" not in chosen.dataset.splits
    ):
        raise InputError(
            f"--train {request.train}: give real videos that no training saw as --held-out SOURCE "
            "(the split test, where --train is ID/train of a data set that has one)"
        )
    return f"dataset:{chosen.dataset.id}/test"


def _check_apart(train: VideoSource, held_out: VideoSource) -> None:
    """Refuse held-out videos that were trained on: they would hide copying."""
    seen = {train.digest(i) for i in range(len(train.names))}
    both = [name for i, name in enumerate(held_out.names) if held_out.digest(i) in seen]
    if both:
        raise InputError(
            f"{held_out.name}: {len(both)} of {len(held_out.names)} held-out videos are among the "
            f"training videos of {train.name} (such as {both[0]}): give others as --held-out"
        )


def _first_clips(loading: Loading, short: Short) -> Loading:
    """The side's loading with the choice of each video's first clip."""
    requantise = loading.choice.requantise
    choice = SideChoice(start="first", short=short, requantise=requantise)
    return replace(loading, choice=choice, path="")


def _train_record(
    chosen: Plan, train: VideoSource, refs: Sequence[ClipRef], walk: ClipBlocks
) -> SideRecord:
    kept = [ref for ref in refs if train.names[ref.video] not in walk.broken]
    used = {train.names[ref.video] for ref in kept}
    for skipped in walk.broken.values():
        train = without(train, skipped)
    places = [i for i, name in enumerate(train.names) if name in used]
    side = chosen.real
    return side_record(side.spec, side.split, train, places, len(kept), side.window.stride)


def _picture(
    samples: VideoSource,
    train: VideoSource,
    recipe: FeatureRecipe,
    pairs: Sequence[Pair],
    path: Path,
) -> None:
    """Write one row for each pair: the first frames of the sample and of the training clip."""
    rows = []
    for pair in pairs:
        sample = samples.read(samples.names.index(pair.sample), [0])
        clip = train.read(train.names.index(pair.train), [pair.start])
        rows.append(torch.cat([recipe.load(sample), recipe.load(clip)]))
    labels = [f"{p.sample} | {p.train} @{p.start}  {p.distance:.3g}" for p in pairs]
    montage(rows, labels, path)
