"""The guide pages of docs: their quick commands run and print what the pages show.

The folders are made up and small, and fewer clips are taken, so digits are not compared.
"""

import shlex
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_commands import Block, blocks, check_commands
from places import ROOT
from shown import same_shape

from conftest import Run, write_frames
from leo_bench.evaluation.videos.discover import open_videos
from leo_bench.evaluation.videos.write import write_video

DOCS = ROOT / "docs"
COUNT = 8
PAGES = ("first-steps", "measure", "reading-a-number", "protocols", "faq")


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three sides in three kinds of files, one of another size, and one with a broken video."""
    monkeypatch.chdir(tmp_path)
    for number in range(COUNT):
        write_frames(Path(f"real/{number}"), 20, seed=number)
        write_frames(Path(f"mine/{number}"), 16, seed=50 + number)
        write_frames(Path(f"small/{number}"), 16, size=(16, 16), seed=number)
    mine = open_videos(Path("mine"))
    for folder in (Path("theirs"), Path("broken")):
        folder.mkdir()
    for number in range(COUNT):
        with zipfile.ZipFile(f"theirs/{number}.zip", "w") as archive:
            for frame in sorted(Path(f"real/{number}").iterdir())[:16]:
                archive.write(frame, frame.name)
        video = Path(f"broken/sample-{number:06d}.mkv")
        write_video(video, iter(mine.read(number, range(16))), 25.0)
    video = Path("broken/sample-000003.mkv")
    video.write_bytes(video.read_bytes()[: video.stat().st_size * 2 // 3])


def smaller(block: Block) -> Iterator[list[str]]:
    """The commands of a block, with fewer clips."""
    for line in block.lines:
        yield shlex.split(line.replace("--clips 32", f"--clips {COUNT}"))[1:]


@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_a_page_is_one(name: str) -> None:
    check_commands(DOCS / f"{name}.md", 3)


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize("name", ["first-steps", "measure", "reading-a-number"])
def test_commands_print_what_the_page_shows(name: str, leo_bench: Run) -> None:
    found = list(blocks(DOCS / f"{name}.md"))
    assert len(found) >= 3
    for block in found:
        ended = [leo_bench(*words) for words in smaller(block)]
        if block.said.startswith("leo-bench: "):
            (one,) = ended
            assert (one.code, one.out) == (2, ""), block.lines[0]
            same_shape(one.err, block.said, block.lines[0])
            continue
        for line, one in zip(block.lines, ended, strict=True):
            assert one.code == 0, f"{line}: {one.err}"
        same_shape("".join(one.out for one in ended), block.said, block.lines[0])
