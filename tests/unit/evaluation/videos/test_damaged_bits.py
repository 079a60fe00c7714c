"""One changed bit: the same pixels or a refusal, whatever is read first."""

import itertools
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from made_videos import Frames, clip, encode, moving, opened, same

from leo_bench.benchmarks.prepare.store import write_frames
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.container import VideoFiles
from leo_bench.evaluation.videos.stored import Place, Stored

COUNT = 5


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """As `leo-bench sample` and `data prepare` write it."""
    path = tmp_path / "sample.mkv"
    write_frames(path, moving(COUNT, 16, 24), 25)
    return path


def packets(path: Path) -> list[tuple[int, int]]:
    """(first byte, one behind the last) of every picture as stored."""
    import av

    with av.open(str(path)) as container:
        stored = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    data = path.read_bytes()
    return [(data.index(packet), data.index(packet) + len(packet)) for packet in stored]


def flipped(data: bytes, bit: int) -> bytes:
    bent = bytearray(data)
    bent[bit // 8] ^= 1 << bit % 8
    return bytes(bent)


def test_every_bit_of_a_sample_counts_or_moves_no_pixel(sample: Path) -> None:
    data, layout, whole = sample.read_bytes(), VideoFiles(), clip(opened(sample), 0, range(COUNT))
    refused = 0
    for bit in range(5, 8 * len(data), 67):
        sample.write_bytes(flipped(data, bit))
        try:
            video = layout.scan(Place(sample.name, str(sample)))
            assert video.frames == COUNT
            assert same(pixels(layout, video, [2]), whole[2:3]), f"bit {bit}"
            assert same(pixels(layout, video, range(COUNT)), whole), f"bit {bit}"
        except BadVideoError:
            refused += 1
    assert refused > 0.85 * len(range(5, 8 * len(data), 67))  # the rest lies in what fills gaps


def pixels(layout: VideoFiles, video: Stored, frames: Sequence[int]) -> Frames:
    return [frame.permute(1, 2, 0).numpy() for frame in layout.each_frame(video, frames)]


@pytest.mark.parametrize("name", ["slices.mkv", "slices.avi", "between.mkv"])
def test_each_damaged_picture_of_ffv1_is_refused_at_opening(tmp_path: Path, name: str) -> None:
    """An AVI has no checksums of its own, and pictures of 9 slices have 9."""
    settings = {"g": 4} if name == "between.mkv" else {"slices": 9}
    path = encode(tmp_path / name, moving(COUNT, 64, 64), "ffv1", "bgr0", level=3, **settings)
    data, chance = path.read_bytes(), random.Random(name)
    assert same(clip(opened(path), 0, range(COUNT)), moving(COUNT, 64, 64))
    for (start, stop), _ in itertools.product(packets(path), range(4)):
        path.write_bytes(flipped(data, chance.randrange(8 * start, 8 * stop)))
        with pytest.raises(BadVideoError, match="damaged: the checksum of"):
            opened(path)


@pytest.mark.parametrize("name", ["sample.mkv", "sample.avi"])
@pytest.mark.parametrize("damaged", [0, 3, COUNT - 1])
def test_damage_after_opening_is_seen_in_any_order_of_reading(
    tmp_path: Path, name: str, damaged: int
) -> None:
    path = encode(tmp_path / name, moving(COUNT, 32, 32), "ffv1", "bgr0", level=3, g=1)
    source, data = opened(path), path.read_bytes()
    start, stop = packets(path)[damaged]
    path.write_bytes(flipped(data, 4 * (start + stop)))
    for frames in ([damaged], range(COUNT), [0, damaged] if damaged else [0, 1]):
        with pytest.raises(BadVideoError, match=r"is damaged: the checksum of an FFV1 slice"):
            source.read(0, frames)
    if damaged:
        assert same(clip(source, 0, range(damaged)), moving(COUNT, 32, 32)[:damaged])


def test_a_damaged_configuration_of_ffv1_is_refused(tmp_path: Path) -> None:
    import av

    path = encode(tmp_path / "a.avi", moving(COUNT, 32, 32), "ffv1", "bgr0", level=3)
    with av.open(str(path)) as container:
        record = bytes(container.streams.video[0].codec_context.extradata)
    data = path.read_bytes()
    for at in range(0, len(record), 7):
        path.write_bytes(flipped(data, 8 * (data.index(record) + at) + 3))
        with pytest.raises(BadVideoError):
            opened(path)


@pytest.mark.parametrize("settings", [{"level": 3, "slicecrc": 0}, {"level": 1}])
def test_ffv1_without_checksums_is_read_with_a_note(
    tmp_path: Path, settings: dict[str, int]
) -> None:
    source = opened(encode(tmp_path / "a.mkv", moving(3), "ffv1", "bgr0", **settings))
    assert same(clip(source, 0, range(3)), moving(3))
    assert source.notes == [
        "FFV1 without checksums of its slices: damage can go unseen: 1 video, first a.mkv"
    ]


def test_checksums_of_ffv1s_version_4_are_known(tmp_path: Path) -> None:
    settings = {"level": 4, "slicecrc": 2, "strict": -2}
    path = encode(tmp_path / "a.mkv", moving(3), "ffv1", "bgr0", **settings)
    assert opened(path).notes == []


def concealed(folder: Path) -> tuple[Path, Path]:
    """A sound MJPEG file and one in which a frame breaks off: decoders fill it with grey."""
    sound = encode(folder / "sound.mov", moving(12, 64, 64), "mjpeg", "yuvj420p")
    broken, data = folder / "broken.mov", bytearray(sound.read_bytes())
    start, stop = packets(sound)[6]
    middle = (start + stop) // 2
    data[middle:stop] = b"\xff\xd9" + bytes(stop - middle - 2)
    broken.write_bytes(data)
    return sound, broken


def test_what_a_decoder_reports_is_damage(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = opened(concealed(tmp_path)[1])
    for frames in ([6], range(12), [6]):  # again: libav leaves out what it has said before
        with pytest.raises(BadVideoError, match=r"^broken\.mov: frame 6 of 12 is damaged: "):
            source.read(0, frames)
    assert len(clip(source, 0, [0, 5, 7, 11])) == 4
    assert capfd.readouterr().err == ""


def test_damage_is_told_of_the_file_that_has_it(tmp_path: Path) -> None:
    """Decoders report to one log for the whole process; files are read in threads."""
    source = opened(concealed(tmp_path)[0].parent)
    assert source.names == ("broken.mov", "sound.mov")
    whole = clip(source, 1, range(12))

    def read(index: int) -> str:
        try:
            return "well" if same(clip(source, index, range(12)), whole) else "other pixels"
        except BadVideoError as error:
            return error.video

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(read, [0, 1] * 30))
    assert outcomes == ["broken.mov", "well"] * 30


def test_a_frame_that_a_damaged_index_hides_is_missed(tmp_path: Path) -> None:
    """Its header counts 20; the time of one lies behind the end, so that 19 are shown."""
    path = encode(tmp_path / "a.mp4", moving(20), g=20, bf=2)
    data = path.read_bytes()
    table = data.index(b"ctts") + 8  # ISO/IEC 14496-12, 8.6.1.3: pairs of (how many, offset)
    offsets = [table + 8 + 8 * k for k in range(int.from_bytes(data[table : table + 4], "big"))]
    late = next(at for at in offsets[4:] if data[at - 1] == 1)
    path.write_bytes(flipped(data, 8 * (late + 1) + 5))
    with pytest.raises(BadVideoError, match="header counts other frames than are shown"):
        opened(path)


def test_an_apng_is_held_against_the_checksums_of_its_chunks(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.apng", moving(COUNT), "apng", "rgb24")
    data, whole = path.read_bytes(), clip(opened(path), 0, range(COUNT))
    assert same(whole, moving(COUNT))
    for bit in range(70, 8 * len(data), 509):
        path.write_bytes(flipped(data, bit))
        with pytest.raises(BadVideoError):
            opened(path)


def test_a_file_that_no_part_of_a_segment_begins_is_refused(sample: Path) -> None:
    data = bytearray(sample.read_bytes())
    data[data.index(bytes.fromhex("1f43b675"))] ^= 4  # a Cluster that demuxers pass over
    sample.write_bytes(data)
    with pytest.raises(InputError, match="structure is broken at byte"):
        opened(sample)


def test_a_frame_of_noise_is_as_sound_as_any(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3)).astype(np.uint8)
    path = encode(tmp_path / "a.mkv", list(noise), "ffv1", "bgr0", level=3)
    assert same(clip(opened(path), 0, range(3)), list(noise))
