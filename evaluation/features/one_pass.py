"""One pass over videos for several measurements: each video is decoded once for all of them.

`fill` reads the union of the frames that the jobs need of a video, in ascending order, and hands
each frame to the clips and blocks that contain it. A clip goes to its network as soon as its last
frame came, so memory holds the frames of clips that are begun, each once, whatever the length and
number of the videos. Features are kept in the store under the keys by which `of_clips.extract` and
`of_frames.embed_frames` look for them, with the same bits: no network's output depends on what else
goes through it.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import cycle
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from leo_bench.evaluation.embedders import FrameEmbedder
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.extractors import ClipExtractor
from leo_bench.evaluation.extractors.numerics import full_precision
from leo_bench.evaluation.features.jobs import ClipPiece, Job, Piece, VideoWork, needs, works
from leo_bench.evaluation.features.of_clips import (
    AHEAD_BYTES,
    FRAMES_A_BATCH,
    INPUT_BYTES,
    MEMORY_SHARE,
    WORKING_BYTES,
    Resources,
)
from leo_bench.evaluation.features.single_thread_pool import Lanes, available_bytes, lanes, readers
from leo_bench.evaluation.features.stores import Store


class _Event(NamedTuple):
    """What reading comes to next: a piece of a video, its end, or that it is broken."""

    work: VideoWork
    piece: Piece | None = None
    error: BadVideoError | None = None


def fill(
    jobs: Sequence[Job], store: Store, resources: Resources, on_error: Literal["fail", "skip"]
) -> None:
    """Compute what the jobs need and the store does not have, each video in one pass.

    A broken video is left to its jobs: some may need only frames of it that can be read.

    Args:
        jobs: of any sources.
        store: keeps what is computed.
        resources: threads and progress, in videos; its own store is not used.
        on_error: "fail" does the jobs of a broken video at once, which raises; "skip" leaves them.

    Raises:
        BadVideoError: a broken video, under "fail".
        InputError: features that are not finite; a video that has changed since it was opened, of
            which nothing is kept.
    """
    compute(works(needs(jobs), store), store, resources, on_error)


def compute(
    todo: Sequence[VideoWork],
    store: Store,
    resources: Resources,
    on_error: Literal["fail", "skip"],
) -> None:
    """Compute what is missing of each video (see `fill`).

    Raises:
        BadVideoError, InputError: as `fill`.
    """
    if not todo:
        return
    largest = max(height * width for work in todo for height, width in [work.size])
    begun = max(work.begun_frames for work in todo) * INPUT_BYTES
    count = max(1, min(readers(resources.workers, largest), AHEAD_BYTES // max(1, begun)))
    made = _Made(store, resources, len(todo))
    networks = _Networks(made, resources.batch)
    with full_precision(), Lanes(count) as reading:
        for event in _read(reading, todo):
            if event.error is not None:
                made.forget(event.work)
                if on_error == "fail":
                    _alone(event.work, store)
            elif event.piece is None:
                made.is_read(event.work)
            else:
                networks.take(event.work, event.piece)
        networks.finish()


def _alone(work: VideoWork, store: Store) -> None:
    """Do the jobs of a broken video one by one, as the measurements would."""
    for job in work.jobs:
        try:
            job.alone(Resources(store))
        except BadVideoError as error:
            raise error.placed(job.source.name) from None


def _read(reading: Lanes, todo: Sequence[VideoWork]) -> Iterator[_Event]:
    """The events of all videos: as many are read side by side as there are lanes, in turns."""
    striped = [_events(todo[lane :: reading.count]) for lane in range(reading.count)]
    ended: set[int] = set()

    def following(lane: int) -> tuple[int, _Event | None]:
        return lane, next(striped[lane], None)

    # With `ahead` one below the number of lanes, none is asked twice at the same time.
    for lane, event in reading.map(following, cycle(range(reading.count)), reading.count - 1):
        if event is not None:
            yield event
            continue
        ended.add(lane)
        if len(ended) == len(striped):
            return


def _events(todo: Sequence[VideoWork]) -> Iterator[_Event]:
    for work in todo:
        try:
            for piece in work.pieces():
                yield _Event(work, piece)
                del piece  # it may be large, and belongs to its network now
        except BadVideoError as error:
            yield _Event(work, error=error)
        else:
            yield _Event(work)


class _Made:
    """Features of videos that are not complete yet; those of a complete one are stored."""

    def __init__(self, store: Store, resources: Resources, videos: int) -> None:
        self._store, self._progress, self._videos = store, resources.progress, videos
        self._features: dict[int, dict[str, dict[str, Tensor]]] = {}  # by id of the work
        self._coming: Counter[int] = Counter()
        self._read: set[int] = set()
        self._described: set[str] = set()
        self._done = 0

    def expect(self, work: VideoWork) -> None:
        """The feature of one more clip or frame is on its way."""
        self._features.setdefault(id(work), {})
        self._coming[id(work)] += 1

    def arrive(self, work: VideoWork, key: str, name: str, feature: Tensor) -> None:
        """The feature of a clip or frame, by its name in the store.

        Raises:
            InputError: as `fill`.
        """
        self._coming[id(work)] -= 1
        kept = self._features.get(id(work))
        if kept is None:  # the video turned out to be broken
            return
        if not bool(torch.isfinite(feature).all()):
            start = name.partition(":")[0]
            raise InputError(
                f"{work.name}: what begins at frame {start} gives features that are not finite: "
                "the weights or the precision cannot be used"
            )
        kept.setdefault(key, {})[name] = feature
        self._keep_if_complete(work)

    def is_read(self, work: VideoWork) -> None:
        """No more will be expected of this video."""
        self._read.add(id(work))
        self._keep_if_complete(work)

    def forget(self, work: VideoWork) -> None:
        """The video is broken: nothing of it is kept."""
        self._features.pop(id(work), None)
        self._tell()

    def _keep_if_complete(self, work: VideoWork) -> None:
        if id(work) not in self._read or self._coming[id(work)]:
            return
        work.source.check_unchanged(work.video)
        decoder, digest = work.source.medium.decoder, work.source.digest(work.video)
        for key, features in self._features.pop(id(work)).items():
            if key not in self._described:
                self._store.describe(key, work.recipe(key).facts(decoder, work.size))
                self._described.add(key)
            self._store.write(key, digest, features)
        self._tell()

    def _tell(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._videos)


class _Row(NamedTuple):
    """Whose feature a row of a network's output is."""

    work: VideoWork
    key: str
    name: str


class _Sent(NamedTuple):
    """A batch that is in its network."""

    rows: Sequence[_Row]
    features: Future[list[Tensor]]
    cost: int


class _Networks:
    """The networks at work: batches side by side, as many as the memory allows."""

    def __init__(self, made: _Made, batch: int | None) -> None:
        self._made, self._batch = made, batch
        self._filling: dict[tuple[str, int], list[tuple[_Row, ClipPiece]]] = {}
        self._sent: deque[_Sent] = deque()
        self._room = available_bytes() // MEMORY_SHARE
        self._used = 0

    def take(self, work: VideoWork, piece: Piece) -> None:
        """Send a piece through its network: on a GPU a clip goes with others of its kind.

        Raises:
            InputError: as `fill`.
        """
        if not isinstance(piece, ClipPiece):
            rows = [_Row(work, piece.key, str(frame)) for frame in piece.frames]
            self._expect(rows)
            cost = piece.pixels.numel() + len(rows) * WORKING_BYTES
            run = partial(_embedded, piece.recipe.embedder, piece.pixels)
            self._send(piece.recipe.embedder.device, run, rows, cost)
            return
        row, frames = _Row(work, piece.key, piece.name), piece.clip.shape[1]
        self._expect([row])
        batch = self._filling.setdefault((piece.key, frames), [])
        batch.append((row, piece))
        on_cpu = torch.device(piece.recipe.extractor.device).type == "cpu"
        if len(batch) >= (1 if on_cpu else self._batch or max(1, FRAMES_A_BATCH // frames)):
            self._send_clips(self._filling.pop((piece.key, frames)))

    def finish(self) -> None:
        """Send what waits for others of its kind, and wait for everything.

        Raises:
            InputError: as `fill`.
        """
        while self._filling:
            self._send_clips(self._filling.popitem()[1])
        while self._sent:
            self._receive()

    def _expect(self, rows: Sequence[_Row]) -> None:
        for row in rows:
            self._made.expect(row.work)

    def _send_clips(self, batch: Sequence[tuple[_Row, ClipPiece]]) -> None:
        clips = batch[0][1].clip[None]  # one clip, as on a CPU, is not copied
        if len(batch) > 1:
            clips = torch.stack([piece.clip for _, piece in batch])
        extractor = batch[0][1].recipe.extractor
        cost = len(batch) * clips.shape[2] * (INPUT_BYTES + WORKING_BYTES)
        rows = [row for row, _ in batch]
        self._send(extractor.device, partial(_extracted, extractor, clips), rows, cost)

    def _send(
        self, device: str, run: Callable[[], list[Tensor]], rows: Sequence[_Row], cost: int
    ) -> None:
        at_work = lanes(device)
        while self._sent and (
            self._used + cost > self._room or len(self._sent) > 2 * at_work.count
        ):
            self._receive()
        self._used += cost
        self._sent.append(_Sent(rows, at_work.submit(run), cost))

    def _receive(self) -> None:
        rows, features, cost = self._sent.popleft()
        for row, feature in zip(rows, features.result(), strict=True):
            self._made.arrive(row.work, row.key, row.name, feature)
        self._used -= cost


def _extracted(extractor: ClipExtractor, clips: Tensor) -> list[Tensor]:
    """The feature of each clip, float32 [D]."""
    return list(extractor(clips))


def _embedded(embedder: FrameEmbedder, frames: Tensor) -> list[Tensor]:
    """The embedding of each frame, float32 [D], or [0] where nothing was found."""
    found = embedder(frames)
    return [
        value.clone() if there else torch.zeros(0)
        for value, there in zip(found.values, found.found, strict=True)
    ]
