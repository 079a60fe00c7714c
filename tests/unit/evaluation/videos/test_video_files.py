"""Video files by frame index: every kind against plain decoding in order."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_videos import clip, decoded, encode, moving, opened, same
from places import SHARED_FOLDER

from leo_bench.evaluation.errors import BadVideoError, InputError

SHARED = SHARED_FOLDER / "data"

# Name of the file -> codec, pixel format, encoder settings.
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "b-frames.mp4": ("libx264", "yuv420p", {"bf": 3, "g": 12}),
    "open-gop.mp4": ("libx264", "yuv420p", {"x264_params": "open-gop=1:keyint=12:bframes=3"}),
    "open-gop.mkv": ("libx264", "yuv420p", {"x264_params": "open-gop=1:keyint=12:bframes=3"}),
    "intra-refresh.mp4": ("libx264", "yuv420p", {"x264_params": "intra-refresh=1:keyint=12"}),
    "intra-refresh.mkv": ("libx264", "yuv420p", {"x264_params": "intra-refresh=1:keyint=12"}),
    "full-colour.mp4": ("libx264", "yuv444p", {"g": 8}),
    "rgb.mp4": ("libx264rgb", "rgb24", {"crf": 0}),
    "hevc.mp4": (
        "libx265",
        "yuv420p",
        {"x265_params": "keyint=12:bframes=3:open-gop=1:log-level=none"},
    ),
    "ten-bits.mkv": ("libx265", "yuv420p10le", {"x265_params": "keyint=9:log-level=none"}),
    "vp8.webm": ("libvpx", "yuv420p", {"auto_alt_ref": 1, "lag_in_frames": 16, "g": 12}),
    "vp9.webm": ("libvpx-vp9", "yuv420p", {"auto_alt_ref": 1, "lag_in_frames": 16, "g": 12}),
    "mpeg4.mp4": ("mpeg4", "yuv420p", {"bf": 2, "g": 12}),
    "mpeg4.avi": ("mpeg4", "yuv420p", {"bf": 2, "g": 12}),
    "h264.avi": ("libx264", "yuv420p", {"bf": 2, "g": 12}),
    "mpeg1.mpg": ("mpeg1video", "yuv420p", {"bf": 2, "g": 12}),
    "mpeg2.mpg": ("mpeg2video", "yuv420p", {"bf": 2, "g": 12}),
    "mpeg2.mkv": ("mpeg2video", "yuv420p", {"bf": 2, "g": 12}),
    "windows.wmv": ("wmv2", "yuv420p", {}),
    "motion.avi": ("mjpeg", "yuvj420p", {}),
    "motion.mov": ("mjpeg", "yuvj420p", {}),
    "prores.mov": ("prores_ks", "yuv422p10le", {}),
    "ffv1.mkv": ("ffv1", "bgr0", {}),
    "alpha.mkv": ("ffv1", "bgra", {}),
    "grey.mkv": ("ffv1", "gray", {}),
    "huffyuv.avi": ("huffyuv", "rgb24", {}),
    "animation.gif": ("gif", "rgb8", {}),
    "animation.apng": ("apng", "rgb24", {}),
}
COUNT = 40


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for name, (codec, pixels, settings) in KINDS.items():
        encode(folder / name, moving(COUNT), codec, pixels, **settings)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_frames_by_index_are_those_of_decoding_in_order(made: Path, kind: str) -> None:
    whole = decoded(made / kind)
    source = opened(made / kind)
    assert source.frame_counts == (len(whole),) == (COUNT,)
    assert source.sizes() == [(48, 64)]
    assert same(clip(source, 0, range(COUNT)), whole)
    for frame in range(0, COUNT, 3):
        assert same(clip(source, 0, [frame]), [whole[frame]])
    for start, stop, stride in ((3, 19, 1), (11, COUNT, 3), (34, COUNT, 1), (5, COUNT, 17)):
        chosen = range(start, stop, stride)
        assert same(clip(source, 0, chosen), [whole[i] for i in chosen])


def test_only_stamped_containers_are_sought_in(made: Path) -> None:
    """MP4 and MKV lead to a keyframe; what has no stamps of its own is decoded from the start."""
    sought = {path.name for path in made.iterdir() if _keys(path) > 1}
    assert {"b-frames.mp4", "open-gop.mkv", "hevc.mp4", "vp9.webm", "ffv1.mkv"} <= sought
    assert not {"mpeg4.avi", "h264.avi", "mpeg1.mpg", "animation.gif", "vp8.webm"} & sought


def test_lossless_files_give_back_every_pixel(made: Path) -> None:
    for kind in ("ffv1.mkv", "huffyuv.avi", "rgb.mp4", "animation.apng"):
        assert same(clip(opened(made / kind), 0, range(COUNT)), moving(COUNT))


def test_alpha_is_dropped(made: Path) -> None:
    assert same(clip(opened(made / "alpha.mkv"), 0, range(COUNT)), moving(COUNT))


def test_many_threads_read_one_file(made: Path) -> None:
    source, whole = opened(made / "open-gop.mp4"), decoded(made / "open-gop.mp4")
    with ThreadPoolExecutor(8) as pool:
        clips = list(pool.map(lambda i: clip(source, 0, [i % COUNT]), range(120)))
    assert all(same(got, [whole[i % COUNT]]) for i, got in enumerate(clips))


@pytest.mark.parametrize(
    ("kind", "codec", "lossy"),
    [
        ("b-frames.mp4", "h264", True),
        ("hevc.mp4", "hevc", True),
        ("vp9.webm", "vp9", True),
        ("ffv1.mkv", "ffv1", False),
        ("animation.gif", "gif", True),
        ("animation.apng", "apng", False),
    ],
)
def test_the_medium_says_what_loses_pixels(made: Path, kind: str, codec: str, lossy: bool) -> None:
    medium = opened(made / kind).medium
    assert (medium.layout, medium.codecs, medium.lossy) == ("video files", (codec,), lossy)
    assert medium.decoder.startswith("PyAV ")
    assert " / libavcodec " in medium.decoder


def test_a_lossless_codec_of_subsampled_colours_counts_as_lossy(tmp_path: Path) -> None:
    medium = opened(encode(tmp_path / "a.mkv", moving(3), "ffv1", "yuv420p")).medium
    assert (medium.codecs, medium.lossy) == (("ffv1 yuv420p",), True)


@pytest.mark.parametrize("name", ["varying.mkv", "varying.mp4"])
def test_a_varying_frame_rate_changes_nothing(tmp_path: Path, name: str) -> None:
    times = np.cumsum(np.random.default_rng(0).integers(5, 400, 30)).tolist()
    path = encode(tmp_path / name, moving(30), bf=2, g=8, times=times)
    whole = decoded(path)
    source = opened(path)
    assert source.frame_counts == (30,)
    for frame in range(30):
        assert same(clip(source, 0, [frame]), [whole[frame]])


@pytest.mark.parametrize("size", [(35, 33), (64, 48), (17, 130)])
def test_odd_sizes_are_read_as_stored(tmp_path: Path, size: tuple[int, int]) -> None:
    frames = moving(5, *size)
    source = opened(encode(tmp_path / "odd.mkv", frames, "ffv1", "bgr0"))
    assert source.sizes() == [size]
    assert same(clip(source, 0, range(5)), frames)


def test_a_sixteen_frame_gif_has_sixteen_frames_at_any_rate(tmp_path: Path) -> None:
    """DisCo#36: a tool that resampled in time made 128 of them."""
    times = [40 * t * t for t in range(16)]
    path = encode(tmp_path / "a.gif", moving(16), "gif", "rgb8", times=times)
    assert opened(path).frame_counts == (16,)


def test_a_rotation_is_noted_and_not_applied(tmp_path: Path) -> None:
    path = encode(
        tmp_path / "turned.mp4", moving(6), before=lambda stream: stream.set_display_rotation(90)
    )
    source = opened(path)
    assert source.sizes() == [(48, 64)]
    assert any("rotation" in note and "turned.mp4" in note for note in source.notes)


def test_frames_outside_of_an_edit_list_are_not_frames(tmp_path: Path) -> None:
    """A cut without re-encoding starts at a keyframe and hides what comes before the cut."""
    import av

    whole = encode(tmp_path / "whole.mp4", moving(COUNT), bf=2, g=12)
    path = tmp_path / "cut.mp4"
    with av.open(str(whole)) as source, av.open(str(path), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.pts -= 5 * 512
                packet.dts -= 5 * 512
                packet.stream = copy
                target.mux(packet)
    shown = decoded(path)
    assert len(shown) == COUNT - 5
    cut = opened(path)
    assert cut.frame_counts == (COUNT - 5,)
    assert "frames differ in number" in cut.notes[0]
    for frame in range(COUNT - 5):
        assert same(clip(cut, 0, [frame]), [shown[frame]])


def test_cover_art_and_sound_are_no_videos(tmp_path: Path) -> None:
    import av

    path = tmp_path / "both.mkv"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("pcm_s16le", rate=8000)
        sound.layout = "mono"
        video = container.add_stream("ffv1", rate=25)
        video.height, video.width, video.pix_fmt = 48, 64, "bgr0"
        for pixels in moving(7):
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            samples = av.AudioFrame.from_ndarray(
                np.zeros((1, 320), np.int16), format="s16", layout="mono"
            )
            samples.sample_rate = 8000
            container.mux(sound.encode(samples))
        container.mux(video.encode())
    assert same(clip(opened(path), 0, range(7)), moving(7))


def test_a_file_with_sound_alone_is_refused(tmp_path: Path) -> None:
    import av

    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("pcm_s16le", rate=8000)
        sound.layout = "mono"
        samples = av.AudioFrame.from_ndarray(
            np.zeros((1, 320), np.int16), format="s16", layout="mono"
        )
        samples.sample_rate = 8000
        container.mux(sound.encode(samples))
    with pytest.raises(BadVideoError, match=r"sound\.mkv: holds no video stream"):
        opened(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello\n" * 100,
        b"\x00" * 4096,
        b"ffconcat version 1.0\nfile 'real.mp4'\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nreal.mp4\n#EXT-X-ENDLIST\n",
    ],
    ids=["empty", "text", "zeros", "a list of other files", "a playlist"],
)
def test_what_is_no_video_is_refused_whatever_its_name(tmp_path: Path, content: bytes) -> None:
    encode(tmp_path / "real.mp4", moving(3))
    (tmp_path / "false.mp4").write_bytes(content)
    with pytest.raises(BadVideoError, match=r"^false\.mp4: .") as refusal:
        opened(tmp_path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["stream.ts", "stream.flv"])
def test_kinds_that_do_not_show_a_cut_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadVideoError, match="copy the stream unchanged"):
        opened(encode(tmp_path / name, moving(12), bf=2))


def test_names_that_libav_would_read_as_protocols_or_patterns_are_names(tmp_path: Path) -> None:
    for name in ("concat:a|b.mkv", "http:x.mkv", "%03d.mkv", "-y.mkv", "sp ace é.mkv"):
        encode(tmp_path / name, moving(3), "ffv1", "bgr0")
    source = opened(tmp_path)
    assert len(source.names) == 5
    assert all(same(clip(source, i, range(3)), moving(3)) for i in range(5))


def test_a_title_in_another_encoding_does_no_harm(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "a plain title"
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "bgr0"
        for pixels in moving(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    data = path.read_bytes()
    assert data.count(b"a plain title") == 1
    bent = data.replace(b"a plain title", b"a \xffl\xe9in title")
    information = bent.index(bytes.fromhex("1549a966"))
    checksum = bent.index(b"\xbf\x84", information)  # as a writer without checksums: a Void
    path.write_bytes(bent[:checksum] + b"\xec" + bent[checksum + 1 :])
    assert same(clip(opened(path), 0, range(3)), moving(3))


def test_a_file_that_changes_after_opening_is_refused(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", moving(12), "ffv1", "bgr0")
    source = opened(path)
    encode(path, moving(5), "ffv1", "bgr0")
    with pytest.raises(BadVideoError, match="5 frames; 12 were counted"):
        source.read(0, [11])
    encode(path, moving(12, 32, 32), "ffv1", "bgr0")
    with pytest.raises(BadVideoError, match="size"):
        source.read(0, [0])
    path.unlink()
    with pytest.raises(BadVideoError, match="No such file"):
        source.read(0, [0])


@pytest.mark.parametrize("frames", [[], [3, 3], [4, 2]])
def test_frames_have_to_ascend(made: Path, frames: list[int]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        opened(made / "ffv1.mkv").read(0, frames)


@pytest.mark.parametrize("frames", [[-1], [COUNT], [0, COUNT]])
def test_frames_have_to_be_there(made: Path, frames: list[int]) -> None:
    with pytest.raises(IndexError, match="of a video of 40"):
        opened(made / "ffv1.mkv").read(0, frames)


def test_a_video_too_large_to_be_meant_is_refused(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leo_bench.evaluation.videos.stored.MAX_FRAMES", COUNT - 1)
    monkeypatch.setattr("leo_bench.evaluation.videos.file_frames.MAX_FRAMES", COUNT - 1)
    with pytest.raises(BadVideoError, match="40 frames; at most 39"):
        opened(made / "ffv1.mkv")
    monkeypatch.undo()
    monkeypatch.setattr("leo_bench.evaluation.videos.stored.MAX_PIXELS", 48 * 64 - 1)
    with pytest.raises(InputError, match="64x48 pixels"):
        opened(made / "ffv1.mkv")


@pytest.mark.parametrize(
    "name",
    [
        "official_layout/UCF-101/BabyCrawling/v_BabyCrawling_g08_c01.avi",
        "official_layout/UCF-101/Punch/v_Punch_g01_c01.avi",
        "official_layout/grid/s1/bbaf2n.mpg",
        "real/taichi/lia_driving2.mp4",
        "generated/g3an/multi_0_24.mp4",
    ],
)
def test_real_files_are_read_as_decoding_in_order_reads_them(name: str) -> None:
    path = SHARED / name
    if not path.exists():
        pytest.skip("the shared data is not here")
    whole = decoded(path)
    source = opened(path)
    assert source.frame_counts == (len(whole),)
    for start in np.random.default_rng(0).integers(0, len(whole) - 4, 6).tolist():
        chosen = range(start, min(start + 16, len(whole)))
        assert same(clip(source, 0, chosen), [whole[i] for i in chosen])


def test_weizmann_files_are_the_published_strips_pixel_for_pixel() -> None:
    from PIL import Image

    videos = sorted((SHARED / "real" / "weizmann64").glob("0000000[0246]_*.mp4"))
    if not videos:
        pytest.skip("the shared data is not here")
    for path in videos:
        strip_name = f"{path.name[:8]}.jpg"
        strip = next((SHARED / "official_layout" / "mocogan_actions").rglob(strip_name))
        pixels = np.asarray(Image.open(strip).convert("RGB"))
        frames = np.split(pixels, pixels.shape[1] // 64, axis=1)
        assert same(clip(opened(path), 0, range(len(frames))), frames)


def _keys(path: Path) -> int:
    from leo_bench.evaluation.videos.seeking import FrameTimes

    return len(FrameTimes.unpack(opened(path).videos[0].index).keys)
