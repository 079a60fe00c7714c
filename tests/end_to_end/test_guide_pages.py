"""The guide pages of docs: their quick commands run and print what the pages show.

The folders are made up and small, and fewer clips are taken, so digits are not compared.
"""

import shlex
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_commands import Block, blocks
from places import ROOT
from shown import same_shape

from conftest import Run, write_frames
from leo_bench.evaluation.videos.discover import open_videos
from leo_bench.evaluation.videos.write import write_video

DOCS = ROOT / "docs"
COUNT = 16  # videos of a side; fewer than that get other notes
CLIPS = 8


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sides of several kinds of files, one of another size, and one with a broken video."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEO_BENCH_WEIGHTS")  # the cache of this test has none either
    for folder in (Path("real"), Path("broken")):
        folder.mkdir()
    for number in range(COUNT):
        write_frames(Path(f"mine/{number}"), 16, seed=20 + number)
        write_frames(Path(f"theirs/{number}"), 16, seed=70 + number)
        write_frames(Path(f"small/{number}"), 16, size=(16, 16), seed=number)
        _zip(number)
    mine = open_videos(Path("mine"))
    for number in range(COUNT // 2):
        video = Path(f"broken/sample-{number:06d}.mkv")
        write_video(video, iter(mine.read(number, range(16))), 25.0)
    video.write_bytes(video.read_bytes()[: video.stat().st_size * 2 // 3])


def _zip(number: int) -> None:
    frames = Path(f"frames/{number}")
    write_frames(frames, 20, seed=number)
    with zipfile.ZipFile(f"real/{number}.zip", "w") as archive:
        for frame in sorted(frames.iterdir()):
            archive.write(frame, frame.name)


def smaller(block: Block) -> Iterator[list[str]]:
    """The commands of a block, with fewer clips."""
    for line in block.lines:
        yield shlex.split(line.replace("--clips 32", f"--clips {CLIPS}"))[1:]


@pytest.mark.usefixtures("folders")
def test_commands_print_what_the_pages_show(leo_bench: Run) -> None:
    for name in ("first-steps", "measure", "reading-a-number"):
        found = list(blocks(DOCS / f"{name}.md"))
        assert len(found) >= 3
        for block in found:
            ended = [leo_bench(*words) for words in smaller(block)]
            refused = block.said.startswith("leo-bench: ")
            for line, one in zip(block.lines, ended, strict=True):
                assert one.code == (2 if refused else 0), f"{line}: {one.err}"
            shown = "".join(one.err if refused else one.out for one in ended)
            same_shape(shown, block.said, f"{name}: {block.lines[0]}")
        shutil.rmtree("records", ignore_errors=True)
