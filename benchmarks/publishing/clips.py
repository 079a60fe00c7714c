"""Example clips of a report: the videos with the largest and smallest influence on FVD.

A fake video that increases FVD is unlike the real videos; a real video that increases it is not
covered by the fakes. The influences are stored beside a record (`records.influences`).
"""

import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from PIL import Image

from leo_bench.benchmarks.scores.score import open_sides
from leo_bench.benchmarks.verify_and_explain.plan_of_record import settings_of
from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.influences import Pair, read_influences
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.evaluation.videos.write import write_video
from leo_bench.reports.page import Clip, ClipRow
from leo_bench.reports.records import RecordTree, StoredRecord

FPS = 10  # slow enough to watch 16 frames
MOST_FRAMES = 64  # of a clip on the page


@dataclass(frozen=True)
class Picked:
    """The most and least typical videos of one side, (name, influence) each, extreme ones first."""

    typical: Sequence[tuple[str, float]]
    odd: Sequence[tuple[str, float]]


def clip_rows(
    tree: RecordTree, each: int, resources: Resources, say: Callable[[str], None]
) -> dict[str, list[ClipRow]]:
    """Rows of clips by key of the record: its most and least typical fake and real videos.

    A record whose videos are missing is skipped, and `say` is called with the reason.
    """
    rows: dict[str, list[ClipRow]] = {}
    for key, stored in tree.records.items():
        if stored.metric != "fvd":
            continue
        try:
            made = _rows_of(stored, each, resources)
        except InputError as error:
            say(f"{key}: no clips: {error}")
            continue
        rows[key] = made
    return rows


def picked(influences: Mapping[str, Pair], count: int) -> Picked:
    """The `count` videos with the most negative and with the most positive influence."""
    ranked = sorted(
        ((video, whole) for video, (whole, _) in influences.items()), key=lambda pair: pair[1]
    )
    count = min(count, len(ranked) // 2)
    return Picked(ranked[:count], ranked[::-1][:count])


def _rows_of(stored: StoredRecord, each: int, resources: Resources) -> list[ClipRow]:
    influences = read_influences(stored.path)
    if influences is None:
        raise InputError(f"{stored.path}: no influences beside it; make the record again")
    if not isinstance(stored.record, Record):
        raise InputError(f"{stored.path}: no record of a distance")
    chosen = settings_of(stored.record)
    of_fake, of_real = picked(influences.fake, each), picked(influences.real, each)
    record = stored.record
    reals, fakes = open_sides(chosen, resources)
    fake = _clips("fake", record.fake.name, fakes.source, fakes.window, of_fake)
    real = _clips("real", record.real.name, reals.source, reals.window, of_real)
    return [
        ClipRow("most typical, and real ones it covers", [*fake[0], *real[0]]),
        ClipRow("least typical, and real ones it misses", [*fake[1], *real[1]]),
    ]


def _clips(
    side: str, name_of_side: str, source: VideoSource, window: Window, wanted: Picked
) -> tuple[list[Clip], list[Clip]]:
    """Typical and odd clips; captions name the side as the record does, without today's path."""
    index = {name: i for i, name in enumerate(source.names)}
    sides = []
    for videos in (wanted.typical, wanted.odd):
        missing = [name for name, _ in videos if name not in index]
        if missing:
            raise InputError(f"{source.name}: {missing[0]} is not in there any more")
        sides.append(
            [
                Clip(
                    f"{side}: {name}",
                    f"{name_of_side}; moves FVD by {moves:+.3g}",
                    *_pictures(source, index[name], window),
                )
                for name, moves in videos
            ]
        )
    return sides[0], sides[1]


def _pictures(source: VideoSource, video: int, window: Window) -> tuple[bytes, bytes]:
    """A video as MP4, and its first frame as JPEG."""
    span = source.frame_counts[video]
    wanted = range(0, span, window.stride)[: min(window.frames, MOST_FRAMES)]
    height, width = source.sizes()[video]
    frames = source.each_frame(video, wanted)
    even = (frame[:, : height - height % 2, : width - width % 2] for frame in frames)
    start = next(even)
    first = io.BytesIO()
    Image.fromarray(start.permute(1, 2, 0).numpy()).save(first, "JPEG", quality=85)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "clip.mp4"
        write_video(path, chain((start,), even), FPS)
        return path.read_bytes(), first.getvalue()
