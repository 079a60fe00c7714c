"""UCF-101 by its official split lists; the videos stay where they are, and the splits link to them.

DIGAN and TATS read the downloaded files themselves, so nothing is gained by decoding 13,320 videos
to the disk again. StyleGAN-V's 256x256 JPEG frames (convert_videos_to_frames.py --target_size 256)
are made where a resolution is asked for.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from leo_bench.benchmarks.prepare.job import Cut, Job, Plan, PrepareOptions, store_for
from leo_bench.benchmarks.prepare.reading import frame_rate, read_frames
from leo_bench.benchmarks.prepare.resample import Frame, shorter_side_lanczos
from leo_bench.benchmarks.prepare.search import (
    by_stem,
    found_some,
    hidden_notes,
    metadata_file,
    videos_below,
)
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import read_given_text

LISTS = tuple(f"{part}list0{fold}.txt" for fold in (1, 2, 3) for part in ("train", "test"))
HOMEPAGE = "https://www.crcv.ucf.edu/data/UCF101.php"


def plan(download: Path, options: PrepareOptions) -> Plan:
    """One job for every video of every split list that is at hand, and of all of them as `all`."""
    if not download.is_dir():
        raise InputError(f"{download}: no such folder")
    videos = by_stem(
        found_some(videos_below(download), "video, as CLASS/v_CLASS_g01_c01.avi", download)
    )
    hidden = hidden_notes(download)
    lists = metadata_file(options.metadata, download, "ucfTrainTestlist", HOMEPAGE)
    splits = {
        path.name[:-4].replace("list", ""): _listed(path)
        for path in (lists / name for name in LISTS)
        if path.is_file()
    }
    found_some(list(splits), f"split list ({', '.join(LISTS)})", lists)
    splits["all"] = sorted({name for names in splits.values() for name in names})
    jobs = [
        Job(
            split,
            name,
            (videos[_stem(name)],),
            partial(_cut, videos[_stem(name)], options.resolution),
        )
        for split, names in splits.items()
        for name in names
        if _stem(name) in videos
    ]
    found_some(jobs, f"video that the lists of {lists} name", download)
    missing = [f"{name}: no video" for name in splits["all"] if _stem(name) not in videos]
    if options.resolution is None and options.storage == "published":
        links = "links to the download's own files"
        return Plan(tuple(jobs), "link", tuple(missing), (links, *hidden))
    return Plan(tuple(jobs), store_for(options, "jpeg"), tuple(missing), hidden)


def _listed(path: Path) -> Sequence[str]:
    """`Class/v_Class_g01_c01` of every line; train lists carry a label after it."""
    lines = read_given_text(path).split("\n")
    return sorted(line.split()[0].rsplit(".", 1)[0] for line in lines if line.strip())


def _stem(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _cut(path: Path, side: int | None) -> Cut:
    return Cut(_frames(path, side), frame_rate(path))


def _frames(path: Path, side: int | None) -> Iterator[Frame]:
    for frame in read_frames(path):
        yield frame if side is None else shorter_side_lanczos(frame, side)
