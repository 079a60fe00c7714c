"""Which frames a video file has, and when they are shown; the same for every command.

Frame 7 is the eighth that the decoder gives, from the start. Decoding everything defines it, and is
how most kinds of file are counted. Where the container has a timestamp for every packet and one
packet is one frame (MP4, MOV, MKV and WebM with the codecs below), the sorted timestamps are the
frames in order, and reading packets is enough. Frames that an edit list hides are not counted. The
first frame shown is at 0 seconds, whatever its timestamp.
"""

from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos.decoding import (
    decode,
    frames_in_order,
    moving_streams,
    opened,
    slice_checks,
)
from leo_bench.evaluation.videos.pixel_format import codec_name, pixel_notes
from leo_bench.evaluation.videos.seeking import FrameTimes, Int64, Listed
from leo_bench.evaluation.videos.stored import ALPHA_IGNORED, MAX_FRAMES, check_caps
from leo_bench.evaluation.videos.turning import not_applied, turn_of_matrix
from leo_bench.evaluation.videos.whole import states_its_length

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Containers with a timestamp for every packet, and codecs of one frame a packet. VP8 (hidden
# frames) and MPEG-4 part 2 (packets of two frames or none) are not among them.
_STAMPED = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
_ONE_TO_ONE = frozenset(
    {"h264", "hevc", "vp9", "av1", "ffv1", "prores", "mjpeg", "png", "dnxhd", "rawvideo", "utvideo"}
)
_REORDERED = 16  # pictures at most that H.264 and HEVC show after one stored later
_UNEVEN = 0.1  # of the usual step; a step may be off by one tick of the file's clock besides
_STEADY = 0.8  # of the steps are alike where the rate is steady
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class FileFrames(Listed):
    """A file's frames and properties.

    Args:
        codec: as a record names it.
        rate: frames per second over the whole file; that of the header if there are no times.
        stated_rate: frames per second in the header; None if it states none.
        seconds: when each frame is shown, the first at 0; None if there are no times.
        turn: how a player turns it (`evaluation.videos.turning`).
        notes: for the record.
    """

    codec: str
    rate: float | None
    stated_rate: float | None
    seconds: tuple[float, ...] | None
    turn: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Packets:
    """What the packets of a file tell without decoding."""

    container: str  # libavformat's name of its kind
    codec: str  # "av1", whichever library decodes it
    promised: int  # frames in the header; 0 where it does not say
    total: int  # packets
    first: int | None  # the first packet's presentation time
    stamps: list[int | None]  # presentation times of those that are shown, as stored
    keys: list[int | None]  # of those among them at which decoding may start
    tick: float  # seconds of a stamp's unit
    stated_rate: float | None  # frames a second, as the header says
    notes: tuple[str, ...]
    begin: "VideoFrame | None"  # the first frame, if it was decoded without any error


def frames_of(path: Path) -> FileFrames:
    """The frames of a video file.

    Raises:
        BadVideoError: the file is damaged or incomplete, or header, packets and frames differ.
        NotWholeError, FFmpegError, OSError: as `evaluation.videos.decoding.damage_named` names.
    """
    stated = states_its_length(path)
    packets = _read_packets(path)
    first = _first_frame(path, packets)
    check_caps(path.name, packets.total, first.height, first.width)
    times, count = _count(path, packets, first)
    notes = [*packets.notes, *pixel_notes(path.name, packets.codec, first)]
    if {len(packets.stamps), packets.promised or count} != {count}:
        notes.append("header, packets and frames differ in number; frames count")
        _refuse_a_hole(path.name, times)
    if not stated:
        notes.append("such a file does not state its length: a cut can go unseen")
        _refuse_a_gap_at_the_end(path.name, times)
    turn, of_turn = _turn_of(first)
    if first.interlaced_frame:
        notes.append("frames are interlaced, and used as stored")
    if not _are_even(times.stamps):
        notes.append("frames are not shown at an even rate; they are counted, never resampled")
    seconds = _seconds(times.stamps, packets.tick)
    return FileFrames(
        path=path,
        times=times,
        count=count,
        height=first.height,
        width=first.width,
        codec=codec_name(packets.codec, first),
        rate=_rate(seconds) or packets.stated_rate,
        stated_rate=packets.stated_rate,
        seconds=seconds,
        turn=turn,
        notes=(*notes, *of_turn),
    )


def _read_packets(path: Path, **options: str) -> _Packets:
    total, first = 0, None
    begin: VideoFrame | None = None
    sound = True  # the file up to here
    stamps: list[int | None] = []
    keys: list[int | None] = []
    with opened(path, **options) as (container, stream):
        checks = slice_checks(stream)
        for packet in container.demux(stream):
            if not packet.size:
                sound = False
                continue  # the end of the stream, or in an AVI "as before", which is no frame
            if packet.is_corrupt:
                raise BadVideoError(path.name, f"packet {total} is cut short")
            if (wrong := checks(packet)) is not None:
                raise BadVideoError(path.name, f"packet {total} is damaged: {wrong}")
            if begin is None and sound:
                begin, sound = _tried(packet)
            first = packet.pts if total == 0 else first
            total += 1
            if total > MAX_FRAMES:
                break
            if not packet.is_discard:  # outside of an MP4's edit list: decoded, never shown
                stamps.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
        codec = stream.codec_context.codec.canonical_name
        notes = []
        if codec == "ffv1" and not checks.tell:
            notes.append("FFV1 without checksums of its slices: damage can go unseen")
        if stream.metadata.get("alpha_mode") == "1":  # WebM keeps it beside VP8 and VP9
            notes.append(ALPHA_IGNORED)
        if (streams := len(moving_streams(container))) > 1:
            notes.append(f"{streams} video streams are stored, and the first is read")
        return _Packets(
            container=container.format.name,
            codec=codec,
            promised=stream.frames,
            total=total,
            first=first,
            stamps=stamps,
            keys=keys,
            tick=float(stream.time_base or 0),
            stated_rate=float(stream.average_rate) if stream.average_rate else None,
            notes=tuple(notes),
            begin=begin,
        )


def _tried(packet: "Packet[VideoStream]") -> tuple["VideoFrame | None", bool]:
    """The first frame that decoding a packet gives, and whether it gave no error."""
    import av

    try:
        given = decode(packet)
    except av.error.FFmpegError:
        return None, False
    sound = given.damage is None and not any(frame.is_corrupt for frame in given.frames)
    return (given.frames[0] if sound and given.frames else None), sound


def _first_frame(path: Path, packets: _Packets) -> "VideoFrame":
    if packets.begin is not None:
        return packets.begin
    with closing(frames_in_order(path, packets.total)) as frames:
        for frame in frames:
            return frame
    raise BadVideoError(path.name, f"decoding gives no frame; {packets.total} packets are stored")


def _count(path: Path, packets: _Packets, first: "VideoFrame") -> tuple[FrameTimes, int]:
    """The times of all frames, and how many there are."""
    stamps = sorted(stamp for stamp in packets.stamps if stamp is not None)
    one_to_one = packets.codec in _ONE_TO_ONE and not first.interlaced_frame  # else: two fields
    stamped = (
        packets.container in _STAMPED
        and one_to_one
        and len(set(stamps)) == len(packets.stamps)
        and stamps[:1] == [first.pts]
    )
    if stamped and packets.promised not in (0, packets.total):
        # An edit list may drop or repeat packets. Without it, the header must be right.
        every = _read_packets(path, ignore_editlist="1").total
        if every != packets.promised:
            raise BadVideoError(
                path.name, f"{every} of the {packets.promised} frames that its header promises"
            )
        stamped = False
    if not stamped:
        times, count = _count_by_decoding(path, packets)
        if one_to_one and not _fits(packets, count):
            raise BadVideoError(
                path.name,
                f"decoding gives {count} frames of the {len(packets.stamps)} that are stored: it is"
                " damaged; encode it anew if these are meant",
            )
        return times, count
    keys = np.searchsorted(stamps, sorted(key for key in packets.keys if key is not None))
    usable = keys.astype(np.int64) if len(keys) and keys[0] == 0 else _NONE
    return FrameTimes(np.array(stamps, np.int64), usable), len(stamps)


def _fits(packets: _Packets, count: int) -> bool:
    """Whether all stored frames were decoded, except those that refer to one before the first."""
    first = packets.first
    leading = sum(s is not None and first is not None and s < first for s in packets.stamps)
    return len(packets.stamps) - leading <= count <= len(packets.stamps)


def _count_by_decoding(path: Path, packets: _Packets) -> tuple[FrameTimes, int]:
    every = [frame.pts for frame in frames_in_order(path, packets.total)]
    stamps = [stamp for stamp in every if stamp is not None]
    ascending = len(stamps) == len(every) and all(a < b for a, b in pairwise(stamps))
    return FrameTimes(np.array(stamps, np.int64) if ascending else _NONE, _NONE), len(every)


def _refuse_a_gap_at_the_end(name: str, times: FrameTimes) -> None:
    """A cut between pictures stored out of order loses some that are shown before the last one."""
    steps = np.diff(times.stamps)
    if len(steps) and steps[-_REORDERED:].max() > 1.5 * np.median(steps):
        raise BadVideoError(
            name,
            "frames are missing near its end: it seems to be cut off; if it is not, copy the stream"
            " unchanged into .mkv",
        )


def _refuse_a_hole(name: str, times: FrameTimes) -> None:
    """A frame missing between others was lost by damage: edit lists hide frames at the ends only.

    This is detected at a steady frame rate only.
    """
    steps = np.diff(times.stamps)
    if len(steps) == 0:
        return
    usual = float(np.median(steps))
    steady = np.abs(steps - usual) <= 1
    if steps.max() > 1.5 * usual and steady.mean() >= _STEADY:
        raise BadVideoError(
            name,
            f"its header counts other frames than are shown, and {int((~steady).sum())} are missing"
            " between others: it is damaged; if not, copy the stream unchanged into .mkv",
        )


def _turn_of(first: "VideoFrame") -> tuple[str, list[str]]:
    """How a player turns the frames, and the note on it."""
    from av.sidedata.sidedata import SideData

    matrix = first.side_data.get("DISPLAYMATRIX")
    turn = turn_of_matrix(bytes(matrix)) if isinstance(matrix, SideData) else ""
    if turn is None:
        return "", [f"a rotation by {first.rotation} degrees is stated, and not applied"]
    return turn, [not_applied(turn)] if turn else []


def _are_even(stamps: Int64) -> bool:
    """Whether the steps between frames are equal, up to the resolution of the file's clock."""
    steps = np.diff(stamps)
    if len(steps) == 0:
        return True
    usual = float(np.median(steps))
    return float(np.abs(steps - usual).max()) <= max(1.0, _UNEVEN * usual)


def _seconds(stamps: Int64, tick: float) -> tuple[float, ...] | None:
    """When each frame is shown, the first at 0; None if the file has no times."""
    return tuple(((stamps - stamps[0]) * tick).tolist()) if len(stamps) else None


def _rate(seconds: tuple[float, ...] | None) -> float | None:
    """Frames per second from the first to the last; None for a single frame or without times."""
    if seconds is None or len(seconds) < 2 or seconds[-1] <= 0:
        return None
    return (len(seconds) - 1) / seconds[-1]
