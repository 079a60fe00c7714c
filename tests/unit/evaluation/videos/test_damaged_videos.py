"""Video files cut or altered anywhere: the same frames, or one clear refusal, and nothing else."""

import random
from pathlib import Path

import pytest
from made_videos import clip, encode, moving, opened, same

from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.whole import NotWholeError, states_its_length

COUNT = 24
KINDS = {
    "b-frames.mp4": ("libx264", "yuv420p", {"bf": 3, "g": 12}),
    "index-first.mp4": ("libx264", "yuv420p", {"bf": 3, "g": 12}),
    "motion.mov": ("mjpeg", "yuvj420p", {}),
    "open-gop.mkv": ("libx264", "yuv420p", {"x264_params": "open-gop=1:keyint=12:bframes=3"}),
    "vp9.webm": ("libvpx-vp9", "yuv420p", {"g": 12}),
    "ffv1.mkv": ("ffv1", "bgr0", {}),
    "mpeg4.avi": ("mpeg4", "yuv420p", {"bf": 2, "g": 12}),
    "huffyuv.avi": ("huffyuv", "rgb24", {}),
    "mpeg1.mpg": ("mpeg1video", "yuv420p", {"bf": 2, "g": 12}),
    "mpeg2.mpg": ("mpeg2video", "yuv420p", {"bf": 2, "g": 12}),
    "windows.wmv": ("wmv2", "yuv420p", {"g": 12}),
    "animation.gif": ("gif", "rgb8", {}),
    "animation.apng": ("apng", "rgb24", {}),
}


def make(folder: Path, kind: str) -> Path:
    codec, pixels, settings = KINDS[kind]
    path = encode(folder / kind, moving(COUNT), codec, pixels, **settings)
    return index_first(path) if kind.startswith("index-first") else path


def index_first(path: Path) -> Path:
    """The same stream with the index before the pictures: it opens however much is missing."""
    import av

    moved = path.with_name(f"moved-{path.name}")
    options = {"movflags": "+faststart"}
    with av.open(str(path)) as source, av.open(str(moved), "w", options=options) as target:
        copy = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
    moved.replace(path)
    assert path.read_bytes().index(b"moov") < path.read_bytes().index(b"mdat")
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_anywhere_is_refused_or_gives_the_same_frames(tmp_path: Path, kind: str) -> None:
    """Cuts lie closer together near the end, where one picture or an index is all that is gone."""
    path = make(tmp_path, kind)
    whole, data = clip(opened(path), 0, range(COUNT)), path.read_bytes()
    refused = 0
    for step in range(40):
        cut = len(data) - 1 - int((len(data) - 1) * (step / 40) ** 2)
        path.write_bytes(data[:cut])
        try:
            source = opened(path)
            got = clip(source, 0, range(source.frame_counts[0]))
            assert same(got, whole), f"other frames from the first {cut} bytes"
        except (BadVideoError, InputError):
            refused += 1
    assert refused >= 30  # a WMV ends with padding and an index, which no frame needs


@pytest.mark.parametrize("kind", KINDS)
def test_altered_bytes_give_frames_or_a_refusal(tmp_path: Path, kind: str) -> None:
    """Which frames, no decoder can say; the digest tells that the file is another one."""
    path = make(tmp_path, kind)
    data, digest, chance = path.read_bytes(), opened(path).digest(0), random.Random(kind)
    for _ in range(25):
        bent = bytearray(data)
        for _ in range(chance.choice([1, 3, 20])):
            area = len(data) if chance.random() < 0.5 else min(len(data), 600)
            bent[chance.randrange(area)] = chance.randrange(256)
        path.write_bytes(bent)
        try:
            source = opened(path)
            got = source.read(0, range(min(source.frame_counts[0], COUNT)))
            assert got.shape[1] == 3
            assert (source.digest(0) == digest) == (bent == data)
        except (BadVideoError, InputError):
            continue


def test_a_clip_before_the_damage_is_refused_too(tmp_path: Path) -> None:
    path = make(tmp_path, "index-first.mp4")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadVideoError, match=r"index-first\.mp4: the file is cut off"):
        opened(path)


def test_damage_inside_names_both_numbers(tmp_path: Path) -> None:
    """The packets are all there; one of them does not decode."""
    path = make(tmp_path, "motion.mov")
    data = path.read_bytes()
    starts = [i for i in range(len(data) - 2) if data[i : i + 3] == b"\xff\xd8\xff"]
    path.write_bytes(data[: starts[9]] + bytes(1000) + data[starts[9] + 1000 :])
    source = opened(path)
    assert source.frame_counts == (COUNT,)
    assert same(clip(source, 0, [8]), [clip(source, 0, [7, 8])[1]])
    with pytest.raises(BadVideoError, match="decoding gives 9 of 24 frames, then: Invalid data"):
        source.read(0, [9])


def test_a_header_that_promises_more_frames_than_are_stored_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path, "b-frames.mp4")
    data = path.read_bytes()
    at = data.index(b"stsz") + 12
    assert int.from_bytes(data[at : at + 4], "big") == COUNT
    samples = bytearray(data)
    samples[at + 4 + 4 * (COUNT - 1) : at + 8 + 4 * (COUNT - 1)] = (1 << 28).to_bytes(4, "big")
    path.write_bytes(samples)
    with pytest.raises(BadVideoError, match=r"packet 23 is cut short|23 of the 24 frames"):
        opened(path)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_follows_the_end_does_no_harm(tmp_path: Path, kind: str) -> None:
    """Zeros that pad a download, as some servers send."""
    path = make(tmp_path, kind)
    stated = states_its_length(path)
    assert stated == (not kind.endswith(".mpg"))
    path.write_bytes(path.read_bytes() + bytes(512))
    assert states_its_length(path) == stated


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"\x1a\x45\xdf\xa3",
        b"RIFF",
        b"RIFF\xff\x00\x00\x00AVI ",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"\x00\x00\x00\x18ftypmp42",
        b"\x00\x00\x01\xba\x21",
        bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
        b"FLV\x01",
        b"\x47" * 188,
    ],
)
def test_a_beginning_alone_is_not_whole(tmp_path: Path, beginning: bytes) -> None:
    (tmp_path / "a").write_bytes(beginning)
    with pytest.raises(NotWholeError):
        states_its_length(tmp_path / "a")


def test_a_live_recording_is_read_with_a_word_of_warning(tmp_path: Path) -> None:
    import av

    path = tmp_path / "live.mkv"
    with av.open(str(path), "w", options={"live": "1"}) as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "bgr0"
        for frame in moving(COUNT):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    source = opened(path)
    assert "does not state its length" in source.notes[0]
    assert same(clip(source, 0, range(COUNT)), moving(COUNT))


def test_reading_sixteen_frames_does_not_hold_the_video(tmp_path: Path) -> None:
    """All 1,000 frames are 196 MB, and one keyframe makes the last clip decode them all."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("needs Linux to measure the peak")
    frames = moving(1000, 256, 256)
    path = encode(tmp_path / "long.mp4", frames, preset="ultrafast", g=2000)
    last = frames[-16:]
    del frames
    source = opened(path)
    source.read(0, range(16))
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = memory("VmHWM")
    got = source.read(0, range(984, 1000))
    assert memory("VmHWM") - before < 30e6
    assert got.shape == (16, 3, 256, 256)
    assert abs(got.float().mean() - sum(f.mean() for f in last) / 16) < 5


def memory(field: str) -> int:
    """A figure of /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))
