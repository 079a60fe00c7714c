"""What the API accepts as a side, and what it refuses in one line."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from leo_bench.benchmarks.api.sides import Videos, float_range, given_side
from leo_bench.benchmarks.sources.open import SourceOptions
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos
from leo_bench.evaluation.videos.float_range import FloatRange
from leo_bench.evaluation.videos.source import VideoSource, fingerprint

CLIPS = np.random.default_rng(0).integers(0, 256, (3, 4, 6, 5, 3), dtype=np.uint8)
OPTIONS = SourceOptions(OpenOptions(quantise="round"))


def opened(videos: Videos, floats: FloatRange | None = None) -> VideoSource:
    found = given_side(videos, "real", "mine", floats)
    assert found.spec == "memory:mine"
    assert found.opener is not None
    return found.opener(OPTIONS)


def tensor(clips: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(clips).permute(0, 1, 4, 2, 3)


@pytest.mark.parametrize(
    "videos",
    [
        CLIPS,
        tensor(CLIPS),
        tensor(CLIPS).contiguous(),
        list(CLIPS),
        tuple(tensor(CLIPS)),
        [CLIPS[0], tensor(CLIPS)[1], CLIPS[2]],
        np.asfortranarray(CLIPS),
    ],
    ids=["array", "tensor", "contiguous", "list", "tuple", "mixed", "fortran"],
)
def test_every_form_gives_the_same_frames_by_number(videos: Videos) -> None:
    source = opened(videos)
    assert source.names == ["000000", "000001", "000002"]
    assert source.frame_counts == [4, 4, 4]
    assert source.sizes() == [(6, 5)] * 3
    for video, clip in enumerate(tensor(CLIPS)):
        assert torch.equal(source.read(video, [1, 3]), clip[[1, 3]])


def test_one_video_is_a_side() -> None:
    assert opened(CLIPS[0]).names == ["000000"]
    assert opened(tensor(CLIPS)[0]).frame_counts == [4]


def test_clips_of_a_list_may_differ_in_length() -> None:
    assert opened([CLIPS[0], CLIPS[1][:2]]).frame_counts == [4, 2]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.float16])
@pytest.mark.parametrize("stated", ["01", "11"])
@pytest.mark.parametrize("quantise", ["round", "truncate"])
def test_an_array_is_the_same_source_as_its_file(
    tmp_path: Path, dtype: Any, stated: FloatRange, quantise: Any
) -> None:
    low, high = (0, 256) if dtype is np.uint8 else ((0, 1) if stated == "01" else (-1, 1))
    values = np.random.default_rng(1).uniform(low, high, CLIPS.shape).astype(dtype)
    np.save(tmp_path / "a.npy", values)
    options = OpenOptions(quantise=quantise, float_range=stated)
    file = open_videos(tmp_path / "a.npy", options)
    opener = given_side(values, "real", "mine", stated).opener
    assert opener is not None
    memory = opener(SourceOptions(options))
    assert fingerprint(memory) == fingerprint(file)
    assert list(memory.names) == list(file.names)
    for video in range(3):
        assert torch.equal(memory.read(video, [0, 2]), file.read(video, [0, 2]))


def test_no_frame_is_copied_before_it_is_read() -> None:
    clips = CLIPS.copy()
    source = opened(clips)
    clips[1, 2] = 7
    assert bool((source.read(1, [2]) == 7).all())
    with pytest.raises(InputError, match="000001: has changed while it was measured"):
        source.check_unchanged(1)
    source.check_unchanged(0)


def test_tensors_that_need_gradients_are_read() -> None:
    floats = (tensor(CLIPS).float() / 255).requires_grad_()
    assert torch.equal(opened(floats, "01").read(0, [0]), tensor(CLIPS)[0][:1])


def test_folders_and_sources_go_the_way_of_the_command_line(tmp_path: Path) -> None:
    assert given_side("toy-faces/test", "real", "real", None).spec == "toy-faces/test"
    assert given_side(tmp_path, "real", "real", None).spec == str(tmp_path)
    assert given_side([tmp_path], "real", "real", None).spec == str(tmp_path)
    both = given_side([tmp_path, f"{tmp_path}/b"], "real", "real", None)
    assert both.spec == f'paths:["{tmp_path}","{tmp_path}/b"]'
    assert both.opener is None


BAD: dict[str, tuple[Any, str]] = {
    "path": (Path("toy-faces"), "toy-faces: no such file or folder"),
    "empty path": ("", "is an empty string; give a folder or a source"),
    "number": (3, "int; expected a folder, a source, an array, a tensor, or a list"),
    "nothing": ([], "is empty; give 2 clips or more"),
    "no clip": (CLIPS[:0], "is empty; give 2 clips or more"),
    "a dictionary": ({"a": CLIPS[0]}, "dict; expected"),
    "words among clips": ([CLIPS[0], "a.mp4"], "clip 1 is a path among arrays"),
    "numbers": ([CLIPS[0], 3], "clip 1 is of type int; expected an array or a tensor"),
    "batches": ([CLIPS, CLIPS], "clip 0 has shape [3, 4, 6, 5, 3], a batch of clips; concatenate"),
    "a frame": (CLIPS[0, 0], "shape [6, 5, 3]; expected clips [N,T,H,W,3] or [N,T,3,H,W]"),
    "a frame in a list": ([CLIPS[0, 0]], "clip 0: shape [6, 5, 3]; expected [T,H,W,3]"),
    "grey": (CLIPS[..., :1], "clip 0: shape [4, 6, 5, 1]; expected [T,H,W,3] or [T,3,H,W]"),
    "colours twice": (np.zeros((2, 9, 3, 8, 3), np.uint8), "clip 0: ambiguous colour axis"),
    "colours first": (
        CLIPS.transpose(0, 4, 1, 2, 3),
        "clip 0: shape [3, 4, 6, 5]; expected [T,H,W,3] or [T,3,H,W]; for [N,3,T,H,W] give "
        "clips.swapaxes(1, 2)",
    ),
    "int64": (CLIPS.astype(np.int64), "clip 0 is int64; expected uint8 levels 0..255, or floats"),
    "bool": ([CLIPS[0], CLIPS[1] > 9], "clip 1 is bool; expected uint8 levels"),
    "bfloat16": (tensor(CLIPS).bfloat16(), "clip 0 is bfloat16; give clips.float()"),
    "objects": (CLIPS.astype(object), "clip 0 is object; expected uint8 levels"),
    "floats without a range": (
        CLIPS / 255,
        "clip 0 is float64; say value_range=(0, 1) or (-1, 1), or give uint8 levels 0..255",
    ),
    "one clip of floats": ([CLIPS[0], CLIPS[1] / 255], "clip 1 is float64; say value_range="),
}


@pytest.mark.parametrize(("videos", "said"), BAD.values(), ids=BAD)
def test_what_cannot_be_used_is_refused_by_side_and_clip(videos: Any, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"real side: {said}")) as refused:
        given_side(videos, "real", "real", None)
    assert "\n" not in str(refused.value)


def test_values_are_refused_when_they_are_read() -> None:
    bad = (CLIPS / 255).astype(np.float32)
    bad[1, 0, 0, 0, 0] = np.nan
    with pytest.raises(InputError, match=r"^000001: holds NaN or infinite values$"):
        opened(bad, "01")
    with pytest.raises(InputError, match=r"floats span \[0, 255\], where \[0,1\] is stated"):
        opened(CLIPS.astype(np.float32), "01")
    with pytest.raises(InputError, match=r"^000000: no plain tensor of numbers"):
        opened([torch.zeros(4, 3, 6, 5, device="meta", dtype=torch.uint8)])


@pytest.mark.parametrize(
    ("given", "found"),
    [(None, None), ("01", "01"), ("11", "11"), ((0, 1), "01"), ((-1.0, 1.0), "11"), ([0, 1], "01")],
)
def test_a_range_is_said_in_words_or_by_its_ends(given: Any, found: str | None) -> None:
    assert float_range(given) == found


@pytest.mark.parametrize("given", [(0, 255), "0..1", (1,), 1, ("a", "b"), (0, [1]), np.ones(2)])
def test_another_range_is_refused(given: Any) -> None:
    with pytest.raises(InputError, match=r"expected \(0, 1\) or \(-1, 1\), or '01' or '11'"):
        float_range(given)
