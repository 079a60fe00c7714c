"""Frames as the samples of a distance: which ones, how many, of which video; and their protocol."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from leo_bench.benchmarks.scores.plan import plan
from leo_bench.benchmarks.scores.requests import ScoreRequest
from leo_bench.benchmarks.scores.score import build_network, scored
from leo_bench.evaluation.clips import ClipRef, Window
from leo_bench.evaluation.embedders import Embedded, EmbedderRequest, build_embedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.of_frames import frame_features, spread_frames
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.protocols.of_clips import (
    Loading,
    SideChoice,
    list_protocols,
    load_protocol,
)
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos

AS_IT_IS = Loading(SideChoice(start="first"), resize="", path="")
FILTERS = build_embedder(EmbedderRequest("random-filters"))

# From before protocols could measure frames (commit c058c36): records hold these.
DIGESTS = {
    "cdfvd-i3d": "3c6d2382611931b1",
    "digan": "62da89eedb54ebd7",
    "latte": "0a1854af3975a5f3",
    "stylegan-v": "a8fc59fcd2da9a4c",
    "tats": "399b7281763d1baf",
    "tf-original": "547350a273669d55",
}


class FindsNothing:
    """An embedder that sees something in the first frame of a call only."""

    name, dim, weights, weights_verified, device = "blind", 2, "none", True, "cpu"

    def __call__(self, frames: torch.Tensor) -> Embedded:
        found = torch.zeros(len(frames), dtype=torch.bool)
        found[:1] = True
        return Embedded(torch.ones(len(frames), 2), found)


@pytest.mark.parametrize(
    ("of_clip", "window", "frames"),
    [
        (16, Window(4, 2), [3, 5, 7, 9]),
        (3, Window(9, 1), [3, 7, 11]),
        (2, Window(128, 1), [3, 130]),
        (1, Window(128, 1), [3]),
        (1, Window(1, 1), [3]),
    ],
)
def test_frames_are_spread_from_the_first_to_the_last(
    of_clip: int, window: Window, frames: list[int]
) -> None:
    assert spread_frames(window, 3, min(of_clip, window.frames)) == frames


def test_rows_are_the_frames_embeddings_under_their_videos_names(
    make_videos: Callable[..., Path],
) -> None:
    source = open_videos(make_videos("some", count=3), OpenOptions())
    refs = [ClipRef(2, 4), ClipRef(0, 0)]
    found = frame_features(FILTERS, 3, None, Resources(store=None))(
        source, refs, Window(5), AS_IT_IS
    )
    expected = [FILTERS(source.read(2, [4, 6, 8])), FILTERS(source.read(0, [0, 2, 4]))]
    assert torch.equal(found.values, torch.cat([e.values for e in expected]))
    assert found.videos == (source.names[2],) * 3 + (source.names[0],) * 3


def test_a_frame_with_nothing_to_embed_is_not_dropped_in_silence(
    make_videos: Callable[..., Path],
) -> None:
    source = open_videos(make_videos("some", count=2), OpenOptions())
    features_of = frame_features(FindsNothing(), 4, None, Resources(store=None))
    with pytest.raises(InputError, match="video000: blind finds nothing in 3 of 4 frames"):
        features_of(source, [ClipRef(0, 0)], Window(4), AS_IT_IS)


def test_fid_is_the_numpy_distance_of_the_embeddings(make_videos: Callable[..., Path]) -> None:
    real, fake = make_videos("real", count=6), make_videos("fake", count=5, seed=40)
    request = ScoreRequest(
        metric="fid",
        real=str(real),
        fake=str(fake),
        frames=16,
        extractor="random-filters",
        device="cpu",
    )
    found = scored(plan(request), Resources(store=None))
    sides = []
    for folder in (real, fake):
        source = open_videos(folder, OpenOptions())
        frames = [FILTERS(source.read(i, range(16))).values for i in range(len(source.names))]
        sides.append(torch.cat(frames).double().numpy())
    means = [side.mean(axis=0) for side in sides]
    covs = [np.cov(side, rowvar=False) for side in sides]
    roots = np.linalg.eigvals(covs[0] @ covs[1]).real.clip(min=0)
    expected = np.square(means[0] - means[1]).sum() + np.trace(sum(covs)) - 2 * np.sqrt(roots).sum()
    record = found.record
    assert record.value == record.value_float64 == pytest.approx(expected, rel=1e-5)
    assert (record.n_real, record.n_fake) == (96, 80)
    assert (record.real.clips, record.fake.clips) == (6, 5)
    assert record.interval is not None
    influences = found.measured.numbers.influences
    assert influences is not None
    assert set(influences.fake) == {f"video{i:03d}" for i in range(5)}


def test_digests_of_the_protocols_of_clips_have_not_moved() -> None:
    found = {p.id: p.digest for p in list_protocols() if p.id in DIGESTS}
    assert {name: digest[:16] for name, digest in found.items()} == DIGESTS
    absent = {"frames_of_clip", "frame_order", "files", "folders", "arrays"}
    assert not absent & load_protocol("digan").model_dump(mode="json").keys()
    # Of digan's file the version alone has changed: older records keep their digest.
    assert load_protocol("digan").changed("version", 1).digest[:16] == "4a22ae850a130233"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("frames_of_clip", None, "preprocess is 'embedder'"),
        ("frames_of_clip", 0, "frames_of_clip is 0: Input should be greater than or equal to 1"),
        ("metrics", ["fvd"], "only metrics of frames: fid"),
        ("preprocess", "squash-224", "known are .'embedder'."),
        ("real.requantise", "half-shift-truncate", "known are .'as-stored'."),
    ],
)
def test_a_protocol_of_frames_is_checked(key: str, value: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_protocol("pytorch-fid").changed(key, value)


def test_a_protocol_of_clips_has_no_fid() -> None:
    with pytest.raises(InputError, match="only metrics of frames: fid"):
        load_protocol("stylegan-v").changed("metrics", ["fid"])
    protocol = load_protocol("pytorch-fid")
    content = protocol.model_dump(mode="json")
    assert content["frames_of_clip"] == 16
    assert parse(type(protocol), content, where="") == protocol


def test_options_that_embedders_lack_are_refused() -> None:
    request = ScoreRequest(
        metric="fid", real="a", fake="b", frames=4, extractor="random-filters", precision="bf16"
    )
    chosen = plan(request)
    with pytest.raises(InputError, match="drop --dtype"):
        build_network(chosen.network, chosen.protocol)


def test_small_frames_are_refused_by_the_filters() -> None:
    with pytest.raises(InputError, match="frames of 19x40; 20x20 is the least"):
        FILTERS(torch.zeros(2, 3, 19, 40, dtype=torch.uint8))


def test_the_filters_give_a_frame_the_same_bits_in_any_company() -> None:
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (5, 3, 33, 40), generator=generator, dtype=torch.uint8)
    together = FILTERS(frames)
    assert bool(together.found.all())
    assert together.values.shape == (5, FILTERS.dim)
    assert torch.equal(together.values[3:4], FILTERS(frames[3:4]).values)
