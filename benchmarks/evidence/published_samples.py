"""Cuts the samples that authors published into clips; arranges real faces as FaceForensics.

    python -m leo_bench.benchmarks.evidence.published_samples --from SHARED_DATA --out DIR

SHARED_DATA holds `clips.csv`, one row a clip with the box of its tile, and the videos that it
names. Every tile of a grid becomes a lossless clip; a clip that fills its file is copied:

    DIR/METHOD/DATASET-SETTING/PAGE/TILE.mkv    leo/taichihd128-uncond/leo--grid-128res-100/r0c0.mkv
    DIR/real/DATASET/PAGE/TILE.mkv              the same of real video
    DIR/FaceForensics_compressed/train/...      real heads with stand-in masks, for `data prepare`

Pages are kept apart: the ACD of one method differs between pages by a factor of up to two.
Single-speaker GRID, UCF-101 and Weizmann are left out, since `data prepare` reads them directly.
A second run continues the first.
"""

import argparse
import csv
import io
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import BaseModel

from leo_bench.benchmarks.evidence.standin_masks import mask_frames
from leo_bench.benchmarks.prepare.reading import frame_rate, read_frames
from leo_bench.benchmarks.prepare.resample import Frame
from leo_bench.benchmarks.prepare.store import write_frames
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import read_given_text
from leo_bench.evaluation.files.schema import parse

LEFT_OUT = ("grid-s1", "ucf101", "weizmann")  # real sets that have a preparation of their own
TILES_AT_ONCE = 10  # clips in memory; a video of more tiles is decoded several times


class ClipRow(BaseModel):
    """One row of clips.csv; the box is in pixels, after resizing to `pre_w` x `pre_h` if given."""

    clip_id: str
    kind: str
    domain: str
    dataset: str
    method: str
    setting: str
    file: str
    tile_row: int | None
    x: int
    y: int
    w: int
    h: int
    pre_w: int | None
    pre_h: int | None
    frames: int

    @property
    def place(self) -> str:
        """Path of the clip in DIR, without suffix."""
        file = Path(self.file).with_suffix("")
        if self.tile_row is None:
            page, tile = "--".join(file.parent.parts[1:]), file.name
        else:
            page, tile = "--".join(file.parts[1:]), self.clip_id.rsplit("__", 1)[-1]
        if self.kind == "real":
            return f"real/{self.dataset}/{page}/{tile}"
        return f"{self.method.lower()}/{self.dataset}-{self.setting}/{page}/{tile}"

    @property
    def tile(self) -> str:
        """The clip's name on its page."""
        return self.place.rsplit("/", 1)[-1]

    def of(self, picture: Frame) -> Frame:
        """The tile, cut from its page's resized frame.

        Raises:
            InputError: the box reaches outside the picture.
        """
        # Latte's grids (save_video_grid) have no padding before the first tile, by their pixels;
        # clips.csv assumes one pixel, with which each box would end on a black line.
        shift = 1 if "/latte_page/" in self.file else 0
        left, top = self.x - shift, self.y - shift
        part = picture[top : top + self.h, left : left + self.w]
        if part.shape[:2] != (self.h, self.w):
            raise InputError(f"{self.file}: tile {self.clip_id} leaves the picture")
        return np.ascontiguousarray(part)


def read_rows(shared: Path) -> list[ClipRow]:
    """The rows of clips.csv.

    Raises:
        InputError: the file is missing or malformed.
    """
    path = shared / "clips.csv"
    if not path.is_file():
        raise InputError(f"{path}: no such file; --from has to be the folder that holds clips.csv")
    table = csv.DictReader(io.StringIO(read_given_text(path), newline=""))
    rows = [{k: v if v != "" else None for k, v in row.items()} for row in table]
    return [
        parse(
            ClipRow,
            {**row, "setting": row["setting"] or ""},
            where=f"{path}: {row['clip_id']}",
        )
        for row in rows
    ]


def cut_clips(shared: Path, rows: Iterable[ClipRow], out: Path) -> Iterator[str]:
    """Cut or copy the clip of every row; yields the path of each clip in `out`."""
    by_file: dict[str, list[ClipRow]] = defaultdict(list)
    for row in rows:
        by_file[row.file].append(row)
    for file, tiles in by_file.items():
        done = [row for row in tiles if any((out / row.place).parent.glob(f"{row.tile}.*"))]
        yield from (row.place for row in done)
        waiting = [row for row in tiles if row not in done]
        for first in range(0, len(waiting), TILES_AT_ONCE):
            batch = waiting[first : first + TILES_AT_ONCE]
            if batch[0].tile_row is None:
                _copy(shared / file, (out / batch[0].place).with_suffix(Path(file).suffix))
            else:
                _cut_tiles(shared / file, batch, out)
            yield from (row.place for row in batch)


def lay_out_faces(shared: Path, rows: Iterable[ClipRow], out: Path) -> Iterator[str]:
    """Write real faces in FaceForensics' folders, with masks that follow the face."""
    train = out / "FaceForensics_compressed" / "train"
    for row in rows:
        original = train / "original" / Path(row.file).name
        mask = train / "mask" / f"{original.stem}.mkv"
        if not mask.exists():
            _copy(shared / row.file, original)
            write_frames(mask, mask_frames(read_frames(original)), frame_rate(original))
        yield original.stem


def _cut_tiles(path: Path, tiles: Sequence[ClipRow], out: Path) -> None:
    clips: list[list[Frame]] = [[] for _ in tiles]
    for frame in read_frames(path):
        picture = unstretched(frame, tiles[0])
        for clip, tile in zip(clips, tiles, strict=True):
            clip.append(tile.of(picture))
    for clip, tile in zip(clips, tiles, strict=True):
        if len(clip) != tile.frames:
            raise InputError(f"{path}: {len(clip)} frames, clips.csv says {tile.frames}")
        write_frames((out / tile.place).with_suffix(".mkv"), clip, frame_rate(path))


def unstretched(frame: Frame, tile: ClipRow) -> Frame:
    """The frame at its original size: some pages stretched it to a multiple of 16 pixels."""
    if tile.pre_w is None or tile.pre_h is None:
        return frame
    image = Image.fromarray(frame).resize((tile.pre_w, tile.pre_h), Image.Resampling.LANCZOS)
    return np.asarray(image)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, temporary)
    temporary.replace(target)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--from", dest="shared", type=Path, required=True, help="folder with clips.csv"
    )
    parser.add_argument("--out", type=Path, required=True, help="where the clips go")
    chosen = parser.parse_args(arguments)
    try:
        rows = [r for r in read_rows(chosen.shared) if not _has_preparation(r)]
        faces = [r for r in rows if r.kind == "real" and r.file.startswith("real/faces256/")]
        clips = [r for r in rows if r not in faces]
        for number, place in enumerate(cut_clips(chosen.shared, clips, chosen.out), 1):
            sys.stderr.write(f"\r{number}/{len(clips)} {place[:70]:70}")
        for number, place in enumerate(lay_out_faces(chosen.shared, faces, chosen.out), 1):
            sys.stderr.write(f"\r{number}/{len(faces)} {place[:70]:70}")
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stderr.write(f"\n{len(clips)} clips, {len(faces)} faces in {chosen.out}\n")
    return 0


def _has_preparation(row: ClipRow) -> bool:
    return row.kind == "real" and row.dataset in LEFT_OUT and row.setting != "real"


if __name__ == "__main__":
    sys.exit(main())
