"""Video files: every video a file of its own, opened and counted.

Frame 7 is the eighth that the decoder gives, from the start. Decoding everything is the definition,
and for most kinds of file the way to count. Where a container stamps every packet itself and one
packet is one frame (MP4, MOV, MKV and WebM with the codecs below), the sorted stamps are the frames
in order, and reading packets is enough.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from evaluation.errors import BadVideoError
from evaluation.videos.decoding import damage_named, frames_in_order, opened
from evaluation.videos.digests import file_sha256
from evaluation.videos.seeking import FrameTimes, read_by_index
from evaluation.videos.stored import LOSSLESS, MAX_FRAMES, Place, Stored, check_caps
from evaluation.videos.whole import states_its_length

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

SUFFIXES = frozenset(
    {"mp4", "m4v", "mov", "3gp", "mkv", "webm", "avi", "mpg", "mpeg", "gif", "apng", "wmv", "asf"}
    | {"flv", "ts", "m2ts"}  # refused with a word on why (evaluation.videos.whole)
)

# Containers that stamp every packet, and codecs of which one packet gives one frame. Not among
# them: VP8 (hidden frames) and MPEG-4 part 2 (packets of two frames or of none).
_STAMPED = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
_ONE_TO_ONE = frozenset(
    {"h264", "hevc", "vp9", "av1", "ffv1", "prores", "mjpeg", "png", "dnxhd", "rawvideo", "utvideo"}
)
_REORDERED = 16  # pictures at most that H.264 and HEVC show after one stored later
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class Packets:
    """What a file tells without being decoded."""

    container: str  # libavformat's name of its kind
    codec: str  # "av1", whichever library decodes it
    promised: int  # frames in the header; 0 where it does not say
    total: int  # packets
    stamps: list[int | None]  # presentation times of those that are shown, as stored
    keys: list[int | None]  # of those among them at which decoding may start


class VideoFiles:
    """Videos that PyAV reads, one a file."""

    kind = "video files"

    @property
    def decoder(self) -> str:
        """PyAV, and the libraries in it that make the pixels."""
        import av

        codec, scale = (
            ".".join(map(str, av.library_versions[name])) for name in ("libavcodec", "libswscale")
        )
        return f"PyAV {av.__version__} / libavcodec {codec} / libswscale {scale}"

    @property
    def reading(self) -> str:
        """Counts and stamps are what these libraries read."""
        return self.decoder

    def scan(self, place: Place) -> Stored:
        """See Layout.scan."""
        with damage_named(place.name):
            stated = states_its_length(place.path)
            digest = file_sha256(place.path)
            packets = _read_packets(place.path)
            first = _first_frame(place.path, packets)
            check_caps(place.name, packets.total, first.height, first.width)
            times, count = _count(place.path, packets, first)
            notes = _notes_on(first)
            if {len(packets.stamps), packets.promised or count} != {count}:
                notes.append("header, packets and frames differ in number; frames count")
            if not stated:
                notes.append("such a file does not state its length: a cut can go unseen")
                _refuse_a_gap_at_the_end(place.name, times)
        return Stored(
            name=place.name,
            path=place.path,
            inner=place.inner,
            frames=count,
            height=first.height,
            width=first.width,
            codecs=(_codec_name(packets.codec, first),),
            digest=digest,
            index=times.pack(),
            notes=tuple(notes),
        )

    def read(self, video: Stored, frames: Sequence[int]) -> Tensor:
        """See Layout.read."""
        with damage_named(video.name):
            return read_by_index(video, frames)


def _read_packets(path: Path, **options: str) -> Packets:
    total = 0
    stamps: list[int | None] = []
    keys: list[int | None] = []
    with opened(path, **options) as (container, stream):
        for packet in container.demux(stream):
            if not packet.size:
                continue  # the end of the stream, or in an AVI "as before", which is no frame
            if packet.is_corrupt:
                raise BadVideoError(path.name, f"packet {total} is cut short")
            total += 1
            if total > MAX_FRAMES:
                break
            if not packet.is_discard:  # outside of an MP4's edit list: decoded, never shown
                stamps.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
        codec = stream.codec_context.codec.canonical_name
        return Packets(container.format.name, codec, stream.frames, total, stamps, keys)


def _first_frame(path: Path, packets: Packets) -> "VideoFrame":
    with closing(frames_in_order(path, packets.total)) as frames:
        for frame in frames:
            return frame
    raise BadVideoError(path.name, f"decoding gives no frame; {packets.total} packets are stored")


def _count(path: Path, packets: Packets, first: "VideoFrame") -> tuple[FrameTimes, int]:
    """The times of all frames, and how many there are."""
    stamps = sorted(stamp for stamp in packets.stamps if stamp is not None)
    stamped = (
        packets.container in _STAMPED
        and packets.codec in _ONE_TO_ONE
        and not first.interlaced_frame  # two packets may be two fields of one frame
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
        return _count_by_decoding(path, packets)
    keys = np.searchsorted(stamps, sorted(key for key in packets.keys if key is not None))
    usable = keys.astype(np.int64) if len(keys) and keys[0] == 0 else _NONE
    return FrameTimes(np.array(stamps, np.int64), usable), len(stamps)


def _count_by_decoding(path: Path, packets: Packets) -> tuple[FrameTimes, int]:
    every = [frame.pts for frame in frames_in_order(path, packets.total)]
    stamps = [stamp for stamp in every if stamp is not None]
    ascending = len(stamps) == len(every) and all(a < b for a, b in pairwise(stamps))
    return FrameTimes(np.array(stamps, np.int64) if ascending else _NONE, _NONE), len(every)


def _refuse_a_gap_at_the_end(name: str, times: FrameTimes) -> None:
    """A cut between pictures that are stored out of order takes some from before the last shown."""
    steps = np.diff(times.stamps)
    if len(steps) and steps[-_REORDERED:].max() > 1.5 * np.median(steps):
        raise BadVideoError(
            name,
            "frames are missing near its end: it seems to be cut off; if it is not, copy the stream"
            " unchanged into .mkv",
        )


def _notes_on(first: "VideoFrame") -> list[str]:
    notes = []
    if first.rotation:
        notes.append(f"a rotation by {first.rotation} degrees is stated, and not applied")
    if first.interlaced_frame:
        notes.append("frames are interlaced, and used as stored")
    return notes


def _codec_name(codec: str, first: "VideoFrame") -> str:
    """A lossless codec of chroma-subsampled pixels has lost something before."""
    rgb = first.format.is_rgb or first.format.name.startswith(("gray", "pal8"))
    return codec if rgb or codec not in LOSSLESS else f"{codec} {first.format.name}"
