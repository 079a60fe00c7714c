"""UCF-101 by its official split lists: links to the downloaded videos, or JPEG frames.

DIGAN and TATS read the downloaded files themselves, so the videos stay where they are and the
splits link to them. With a resolution, StyleGAN-V's 256x256 JPEG frames are made
(convert_videos_to_frames.py --target_size 256).
"""

from functools import partial
from pathlib import Path

from leo_bench.benchmarks.prepare.job import Cut, Job, Plan, PrepareOptions
from leo_bench.benchmarks.prepare.reading import frame_rate, read_frames
from leo_bench.benchmarks.prepare.resample import shorter_side_lanczos
from leo_bench.benchmarks.prepare.search import (
    by_stem,
    found_some,
    hidden_notes,
    metadata_file,
    videos_below,
)
from leo_bench.evaluation.files.given_files import read_given_text

LISTS = tuple(f"{part}list0{fold}.txt" for fold in (1, 2, 3) for part in ("train", "test"))
HOMEPAGE = "https://www.crcv.ucf.edu/data/UCF101.php"


def plan(download: Path, options: PrepareOptions) -> Plan:
    """One job for every video of every split list found; the split `all` is their union."""
    videos = by_stem(
        found_some(videos_below(download), "video, as CLASS/v_CLASS_g01_c01.avi", download)
    )
    lists = metadata_file(options.metadata, download, "ucfTrainTestlist", HOMEPAGE)
    splits = {
        name[:-4].replace("list", ""): _listed(lists / name)
        for name in LISTS
        if (lists / name).is_file()
    }
    found_some(list(splits), f"split list ({', '.join(LISTS)})", lists)
    splits["all"] = sorted({name for names in splits.values() for name in names})
    jobs = [
        Job(split, name, (video,), partial(_cut, video, options.resolution))
        for split, names in splits.items()
        for name in names
        if (video := videos.get(_stem(name)))
    ]
    found_some(jobs, f"video that the lists of {lists} name", download)
    missing = tuple(f"{name}: no video" for name in splits["all"] if _stem(name) not in videos)
    hidden = hidden_notes(download)
    if options.resolution is None and options.storage == "published":
        notes = ("links to the download's own files", *hidden)
        return Plan(tuple(jobs), "link", missing, notes)
    return Plan(tuple(jobs), options.store("jpeg"), missing, hidden)


def _listed(path: Path) -> list[str]:
    """`Class/v_Class_g01_c01` of every line; in train lists a label follows."""
    lines = read_given_text(path).split("\n")
    return sorted(line.split()[0].rsplit(".", 1)[0] for line in lines if line.strip())


def _stem(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _cut(path: Path, side: int | None) -> Cut:
    frames = read_frames(path)
    if side is not None:
        frames = (shorter_side_lanczos(frame, side) for frame in frames)
    return Cut(frames, frame_rate(path))
