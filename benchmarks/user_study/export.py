"""Writes a study as a folder of static files that any web host serves.

SITE/index.html     texts, blind names of clips, all slots; no method and no right answer
SITE/study.css
SITE/study.js
SITE/clips/NAME.mp4
SITE/.leo-bench     says which command made the folder
"""

from dataclasses import dataclass
from pathlib import Path

from leo_bench.benchmarks.user_study.page import SCRIPT, STYLE, page
from leo_bench.benchmarks.user_study.page_data import PAGES, Ending, page_data
from leo_bench.benchmarks.user_study.study import (
    CLIPS,
    Study,
    clip_path,
    load_study,
    read_clip,
    shown_clips,
)
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.files.kinds import made_by
from leo_bench.evaluation.files.targets import claimed

COMMAND = "study export"
SITE = made_by(COMMAND)


@dataclass(frozen=True)
class Site:
    """What was written.

    Args:
        study: the study.
        files: number of files.
        size: of all files, in bytes.
    """

    study: Study
    files: int
    size: int


def export_site(folder: Path, out: Path, ending: Ending) -> Site:
    """Write the study in a folder as a static site.

    The clips that no slot shows are left out. `out` may be an older site of the same study.

    Raises:
        InputError: no study is there; a clip is missing or was changed; `out` has clips of another
            study or cannot be written to.
    """
    study = load_study(folder)
    shown = shown_clips(study)
    others = {path.name for path in (out / CLIPS).glob("*")} - {f"{name}.mp4" for name in shown}
    if others:
        raise InputError(
            f"{out / CLIPS}: has {len(others)} files that are not of this study, such as "
            f"{min(others)}; give a new folder"
        )
    given = page_data(study, range(study.raters), "site", ending=ending)
    files = {
        STYLE: (PAGES / STYLE).read_bytes(),
        SCRIPT: (PAGES / SCRIPT).read_bytes(),
        "index.html": page(given, "").encode(),
    }
    size = sum(map(len, files.values()))
    with claimed(out, COMMAND):
        for name in shown:
            content = read_clip(study, folder, name)
            write_atomically(clip_path(out, name), content)
            size += len(content)
        for name, content in files.items():
            write_atomically(out / name, content)
    return Site(study, len(shown) + len(files), size)
