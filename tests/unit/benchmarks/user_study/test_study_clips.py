"""What all clips have in common, their names, and their files, decoded again."""

from pathlib import Path

import av
import pytest
import torch
from torch import Tensor

from leo_bench.benchmarks.user_study.drawing import MethodVideos
from leo_bench.benchmarks.user_study.showing import (
    DATE,
    Footage,
    Look,
    blind_name,
    frames_of,
    length_of,
    size_of,
    write_clips,
)
from leo_bench.benchmarks.user_study.study import clip_path
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.tensors import TensorVideos


def moving(frames: int, height: int, width: int, colour: int = 200) -> Tensor:
    """A bright square that moves to the right over a smooth ground."""
    ramp = torch.linspace(40, 120, width).expand(3, height, width)
    clip = ramp.to(torch.uint8).repeat(frames, 1, 1, 1)
    for t in range(frames):
        clip[t, 0, height // 4 : height // 2, t : t + width // 4] = colour
    return clip


def method(name: str = "a", *clips: Tensor, stride: int = 1) -> MethodVideos:
    videos = {f"v{i}": clip for i, clip in enumerate(clips or (moving(12, 64, 64),))}
    inner = TensorVideos(name, videos, "round")
    return MethodVideos(name, f"{name}/", inner, name == "real", stride)


def test_a_clip_is_as_long_as_the_shortest_video_and_at_most_four_seconds() -> None:
    short = method("a", moving(30, 16, 16), moving(20, 16, 16))
    strided = method("b", moving(90, 16, 16), stride=5)
    assert length_of([short, strided], None, 25.0) == 18
    assert length_of([short], None, 4.0) == 16
    assert length_of([short], None, 1.0) == 8  # and not fewer than a clip needs
    assert length_of([short], 30, 25.0) == 30
    with pytest.raises(InputError, match="c: v0 has 4 frames to show, and a clip needs 8 or more"):
        length_of([short, method("c", moving(4, 16, 16))], None, 25.0)


def test_the_size_is_that_of_the_smallest_video_and_notes_say_what_is_resized() -> None:
    small, wide = method("small", moving(8, 65, 65)), method("wide", moving(8, 100, 160))
    methods, shown = [small, wide], {"small": [0], "wide": [0]}
    side, times, notes = size_of(methods, shown, None)
    assert (side, times) == (64, 4)
    assert notes == [
        "small: 65x65 resized to 64x64 (Lanczos)",
        "wide: 160x100 resized to 64x64 (Lanczos) and cut to the central square",
        "clips are enlarged 4 times (Lanczos), to 256 pixels",
    ]
    assert size_of(methods, shown, 300)[:2] == (300, 1)
    for size in (63, 8):
        with pytest.raises(InputError, match=f"--size {size}: clips have an even side of 16"):
            size_of(methods, shown, size)
    with pytest.raises(InputError, match="the smallest video's side, 8: clips have an even side"):
        size_of([method("a", moving(8, 8, 8))], {"a": [0]}, None)


def test_files_have_one_size_length_rate_and_date_and_the_right_frames(tmp_path: Path) -> None:
    wide, small = method("wide", moving(40, 96, 128), stride=3), method("small")
    clips = {
        blind_name("secret", "clip", m.spec, "v0"): Footage(m.name, m.spec, m.source, 0, m.stride)
        for m in (wide, small)
    }
    look = Look(side=64, times=4, frames=12, fps=12.5)
    done = []
    digests = write_clips(
        clips, look, tmp_path, workers=2, progress=lambda *counts: done.append(counts)
    )
    assert done == [(1, 2), (2, 2)]
    assert len(set(digests.values())) == 2
    for name, made_of in clips.items():
        path = clip_path(tmp_path, name)
        assert path.stat().st_mtime == DATE
        with av.open(str(path)) as file:
            stream = file.streams.video[0]
            assert (stream.width, stream.height, stream.average_rate) == (256, 256, 12.5)
            assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
            assert dict(file.metadata).keys() <= {
                "major_brand", "minor_version", "compatible_brands",
            }  # fmt: skip
            frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
        assert len(frames) == 12
        wanted = list(frames_of(made_of, look))
        for frame, right in zip(frames, wanted, strict=True):
            loss = (torch.from_numpy(frame).permute(2, 0, 1).float() - right.float()).abs().mean()
            assert loss < 2.0
        # A frame fits no other frame as well: none is doubled, left out or out of order.
        first = torch.from_numpy(frames[5]).permute(2, 0, 1).float()
        errors = [float((first - other.float()).abs().mean()) for other in wanted]
        assert errors.index(min(errors)) == 5
    # The square of the wide video: its centre.
    direct = next(frames_of(clips[next(iter(clips))], Look(96, 1, 12, 25.0)))
    assert torch.equal(direct, moving(40, 96, 128)[0, :, :, 16:112])


def test_the_same_clips_are_the_same_bytes_and_those_that_are_there_are_kept(
    tmp_path: Path,
) -> None:
    made_of = method()
    clips = {"00aa": Footage("a", "a/", made_of.source, 0, 1)}
    look = Look(64, 4, 8, 25.0)
    one = write_clips(clips, look, tmp_path / "one", workers=1)
    assert one == write_clips(clips, look, tmp_path / "two", workers=2)
    path = clip_path(tmp_path / "one", "00aa")
    before = path.stat().st_ino
    assert write_clips(clips, look, tmp_path / "one", workers=1) == one
    assert path.stat().st_ino == before


def test_names_are_blind() -> None:
    name = blind_name("secret", "clip", "ours/", "video-007")
    assert len(name) == 16
    assert set(name) <= set("0123456789abcdef")
    others = {
        blind_name("secret", "clip", "ours/", "video-008"),
        blind_name("secret", "item", "ours/", "video-007"),
        blind_name("other", "clip", "ours/", "video-007"),
        name,
    }
    assert len(others) == 4
