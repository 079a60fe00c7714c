"""Scanning in other processes: the same outcome as in threads; deaths and kills."""

import os
import subprocess
import sys
import textwrap
from collections import Counter
from itertools import chain
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest
from made_videos import encode, moving, opened
from thread_team import ThreadTeam, as_team

from leo_bench.evaluation.errors import BadVideoError, InfrastructureError
from leo_bench.evaluation.videos import scanned as scanned_videos
from leo_bench.evaluation.videos import scanning
from leo_bench.evaluation.videos.container import VideoFiles
from leo_bench.evaluation.videos.scan_processes import ScanProcesses
from leo_bench.evaluation.videos.stored import Place, Stored, StoredVideos

LONG_AGO = 1_600_000_000


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """70 small files, more than two processes take in one go, two of them broken."""
    folder = tmp_path / "videos"
    folder.mkdir()
    sound = encode(tmp_path / "sound.mkv", moving(3, 16, 16), "ffv1", "bgr0").read_bytes()
    for number in range(70):
        file = folder / f"{number:02d}.mkv"
        file.write_bytes(sound[:-40] if number in (40, 66) else sound)
        os.utime(file, (LONG_AGO, LONG_AGO))
    return folder


def test_the_source_does_not_depend_on_processes(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[int, list[tuple[int, int]]] = {}
    sources = []
    for many in (1, 1000):
        monkeypatch.setattr(scanning, "MANY", many)
        progress = told.setdefault(many, [])
        sources.append(
            opened(
                videos,
                on_error="skip",
                cache_root=tmp_path / str(many),
                on_progress=lambda *both, to=progress: to.append(both),
            )
        )
    assert sources[0].videos == sources[1].videos
    assert sources[0].skipped == sources[1].skipped
    assert [skipped.name for skipped in sources[0].skipped] == ["40.mkv", "66.mkv"]
    assert told[1] == told[1000] == [(n, 70) for n in range(1, 71)]


def test_the_first_broken_video_by_name_stops_processes_too(
    videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "MANY", 1)
    with pytest.raises(BadVideoError, match=r"^40\.mkv: .*cut off"):
        opened(videos)
    (videos / "40.mkv").unlink()
    (videos / "66.mkv").unlink()
    told: list[tuple[int, int]] = []
    opened(videos, on_progress=lambda *both: told.append(both))
    assert told[0][0] > 30  # what was found before the failure was kept


def test_a_process_that_dies_is_named_in_one_line() -> None:
    places = [Place(name, f"/v/{name}") for name in "abc"]
    reason = r"^a process that reads videos was ended by SIGKILL, at a or one of the 2 after it;"
    with ScanProcesses(VideoFiles(), 1) as processes:
        processes._all[0].kill()
        with pytest.raises(InfrastructureError, match=reason):
            list(processes.each(places))


def test_a_killed_command_goes_on_where_it_stopped(videos: Path, tmp_path: Path) -> None:
    """The script opens at its top level, as scripts do; `__main__` is not imported again."""
    for broken in ("40.mkv", "66.mkv"):
        (videos / broken).unlink()
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""
            import sys
            from pathlib import Path
            from leo_bench.evaluation.videos import scanning
            from leo_bench.evaluation.videos.discover import OpenOptions, open_videos

            def show(done, total):
                if done == 50:
                    print("half", flush=True)
                    sys.stdin.readline()

            scanning.MANY, scanning.STORE_SECONDS = 1, 0
            cache = Path({str(tmp_path / "cache")!r})
            open_videos(Path({str(videos)!r}), OpenOptions(cache_root=cache, on_progress=show))
        """)
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, script], stdin=pipe, stdout=pipe) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == b"half\n"
        command.kill()
    told: list[tuple[int, int]] = []
    opened(videos, cache_root=tmp_path / "cache", on_progress=lambda *both: told.append(both))
    assert told[0] == (51, 68)
    assert told[-1] == (68, 68)


def test_a_process_ends_with_its_pipe_and_loads_no_torch() -> None:
    program = (
        "import sys; from leo_bench.evaluation.videos.scan_processes import serve;"
        " import leo_bench.evaluation.videos.container, leo_bench.evaluation.videos.frames;"
        " serve(); sys.exit('torch' in sys.modules)"
    )
    here, there = Pipe()
    run = [sys.executable, "-c", program, str(there.fileno())]
    with subprocess.Popen(run, pass_fds=(there.fileno(),)) as process:
        there.close()
        here.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize("on_error", ["skip", "fail"])
def test_a_team_scans_each_video_once(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_error: str
) -> None:
    scanned: list[str] = []

    def counting(self: VideoFiles, place: Place, scan: Any = VideoFiles.scan) -> Stored:
        scanned.append(place.name)
        return scan(self, place)

    monkeypatch.setattr(VideoFiles, "scan", counting)
    alone = opened(videos, on_error="skip", cache_root=tmp_path / "alone")
    scanned.clear()
    found: dict[int, StoredVideos] = {}

    def of_one(team: ThreadTeam) -> None:
        found[team.rank] = opened(
            videos, on_error=on_error, cache_root=tmp_path / "shared", team=team
        )

    shared, ended = as_team(3, of_one)
    if on_error == "fail":
        assert [str(error)[:8] for error in ended] == ["40.mkv: "] * 3
        return
    assert ended == [None] * 3
    assert {source.videos for source in found.values()} == {alone.videos}
    assert {source.skipped for source in found.values()} == {alone.skipped}
    assert Counter(scanned) == {video.name: 1 for video in alone.videos} | {
        broken.name: 4
        for broken in alone.skipped  # by its share, then by each, as none is kept
    }
    assert sorted(chain(*shared.done_by.values())) == list(range(24))


def test_the_first_merges_what_a_team_wrote(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for broken in opened(videos, on_error="skip", cache_root=tmp_path / "alone").skipped:
        (videos / broken.name).unlink()
    monkeypatch.setattr(scanned_videos, "MOST_SEGMENTS", 3)
    cache = tmp_path / "shared"

    def of_one(team: ThreadTeam) -> None:
        opened(videos, cache_root=cache, team=team)

    _, ended = as_team(2, of_one)
    assert ended == [None, None]
    assert 0 < len(list(cache.rglob("*.rows"))) <= 3
