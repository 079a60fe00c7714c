"""Which frames a file has, and when they are shown: the same for measuring and for preparing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_videos import clip, decoded, encode, moving, opened, same

from leo_bench.benchmarks.prepare.reading import file_notes, frame_times, read_frames, read_part

COUNT, HIDDEN = 40, 7

Shift = Callable[[int], int]


def copied(source: Path, path: Path, later: float, options: dict[str, str] | None = None) -> Path:
    """The same stream with its times moved by `later` seconds."""
    import av

    with av.open(str(source)) as whole, av.open(str(path), "w", options=options or {}) as target:
        stream = whole.streams.video[0]
        copy = target.add_stream_from_template(stream)
        for packet in whole.demux(stream):
            if packet.dts is not None:
                move = round(later / packet.time_base)
                packet.pts, packet.dts = packet.pts + move, packet.dts + move
                packet.stream = copy
                target.mux(packet)
    return path


def with_sound_before(path: Path, seconds: float) -> Path:
    """Pictures that begin later than the sound."""
    import av

    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"bf": "2", "g": "12"})
        video.height, video.width, video.pix_fmt = 48, 64, "yuv420p"
        sound = container.add_stream("pcm_s16le" if path.suffix == ".mkv" else "aac", rate=8000)
        sound.layout = "mono"
        for number in range(4):
            quiet = np.zeros((1, 1024), np.int16 if path.suffix == ".mkv" else np.float32)
            form = "s16" if path.suffix == ".mkv" else "fltp"
            samples = av.AudioFrame.from_ndarray(quiet, format=form, layout="mono")
            samples.sample_rate, samples.pts = 8000, 1024 * number
            container.mux(sound.encode(samples))
        for number, pixels in enumerate(moving(COUNT)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = number + round(25 * seconds)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        container.mux(sound.encode())
    return path


@pytest.fixture(
    params=["cut.mp4", "cut.mov", "late.mp4", "late.mov", "late.mkv", "sound.mp4", "sound.mkv"]
)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    if path.stem == "sound":
        return with_sound_before(path, 0.4)
    whole = encode(tmp_path / "whole.mp4", moving(COUNT), bf=2, g=12)
    if path.stem == "late":
        return copied(whole, path, 1.5)
    return copied(whole, path, -HIDDEN / 25)


def test_preparing_and_measuring_see_the_same_frames(file: Path) -> None:
    shown, source = decoded(file), opened(file)
    count = COUNT - HIDDEN if file.stem == "cut" else COUNT
    assert len(shown) == source.frame_counts[0] == count
    assert same(clip(source, 0, range(count)), shown)
    assert same(list(read_frames(file)), shown)
    for start, stop in ((0, 3), (5, 12), (19, 33), (count - 2, count + 5)):
        assert same(list(read_part(file, start, stop)), shown[start:stop])


def test_seconds_count_from_the_first_frame_shown(file: Path) -> None:
    times = frame_times(file)
    assert np.allclose(times, np.arange(len(times)) / 25, atol=1e-3)


def test_the_first_frame_of_a_cut_file_is_the_one_shown(tmp_path: Path) -> None:
    """Not the keyframe before it, which a copy without encoding has to keep."""
    greys = [np.full((48, 64, 3), 5 * n, np.uint8) for n in range(COUNT)]
    whole = encode(tmp_path / "whole.mp4", greys, bf=2, g=12, crf=4)
    path = copied(whole, tmp_path / "cut.mp4", -HIDDEN / 25)
    levels = [frame.mean() / 5 for frame in read_part(path, 10, 20)]
    assert np.allclose(levels, np.arange(10, 20) + HIDDEN, atol=0.3)
    assert file_notes(path) == ("header, packets and frames differ in number; frames count",)


def test_times_that_no_file_states_follow_from_its_rate(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.avi", moving(10), "mpeg4", bf=0)
    assert np.allclose(frame_times(path), np.arange(10) / 25, atol=1e-3)
