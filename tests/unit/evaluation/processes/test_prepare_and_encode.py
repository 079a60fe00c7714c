"""Threads divide a preparation and an encoding as processes do."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from thread_team import Shared, ThreadTeam, as_team
from torch import Tensor

from leo_bench.benchmarks.datasets.preparation import JOURNAL, Entry, PartJournal, PrepareReport
from leo_bench.benchmarks.prepare import work
from leo_bench.benchmarks.prepare.run import prepare
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.processes.team import Alone, ShareDone, UnlikeError
from leo_bench.evaluation.videos.tensors import TensorVideos
from leo_bench.leo.data.encode import VIDEOS_A_PART, CodeBook, encode
from leo_bench.leo.data.videos import open_training_videos

STRIPS = 40
CHANGES = {"created", "resumed", "download"}


@pytest.fixture
def download(tmp_path: Path) -> Path:
    """Strips of Weizmann, one of which is no picture."""
    folder = tmp_path / "download"
    folder.joinpath("0").mkdir(parents=True)
    for number in range(STRIPS):
        Image.new("RGB", (128, 64), (number, 0, 90)).save(folder / "0" / f"{number:08d}.jpg", "PNG")
    (folder / "0" / "00000008.jpg").write_bytes(b"no picture")
    return folder


def facts(report: PrepareReport) -> dict[str, object]:
    return report.model_dump(mode="json", exclude=CHANGES)


def lines(folder: Path) -> list[str]:
    return sorted((folder / "weizmann" / JOURNAL).read_text().splitlines())


def test_several_prepare_what_one_prepares(tmp_path: Path, download: Path) -> None:
    alone = prepare("weizmann", download, tmp_path / "one")
    reports = list[PrepareReport]()
    told = list[tuple[int, int]]()

    def run(team: ThreadTeam) -> None:
        reports.append(
            prepare(
                "weizmann",
                download,
                tmp_path / "three",
                progress=lambda done, total, name: told.append((done, total)),
                team=team,
            )
        )

    shared, ended = as_team(3, run)
    assert [type(error) for error in ended] == [type(None), ShareDone, ShareDone]
    (report,) = reports
    assert facts(report) == facts(alone)
    assert [failure.name for failure in report.failed] == [alone.failed[0].name]
    assert lines(tmp_path / "three") == lines(tmp_path / "one")
    assert max(told)[0] == max(told)[1]
    assert len(shared.done_by) > 1
    left = [path.name for path in (tmp_path / "three").rglob(".*") if path.name != ".lock"]
    assert left == []


def test_the_journal_of_a_killed_process_is_taken_in(
    tmp_path: Path, download: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare("weizmann", download, tmp_path)
    journal = tmp_path / "weizmann" / JOURNAL
    header, *entries = journal.read_text().splitlines(keepends=True)
    journal.write_text(header + "".join(entries[:10]))
    part = journal.with_name(".prepare-1.jsonl")
    part.write_text(header + "".join(entries[10:]) + entries[0][:20])  # killed in the midst of one
    made = list[str]()
    store = work.store_video
    monkeypatch.setattr(
        work, "store_video", lambda job, *rest: made.append(job.name) or store(job, *rest)
    )
    report = prepare("weizmann", download, tmp_path)
    assert report.resumed == len(entries)
    assert len(made) == 1  # the one that is no picture
    assert not part.exists()
    assert {json.loads(line)["name"] for line in journal.read_text().splitlines()[1:]} == {
        json.loads(line)["name"] for line in entries
    }


def test_a_process_that_finds_other_videos_is_refused(tmp_path: Path, download: Path) -> None:
    team = ThreadTeam(1, 2, Shared())
    team.agree(f"videos of weizmann in {download}", "those of the first")
    with pytest.raises(UnlikeError, match="videos of weizmann"):
        prepare("weizmann", download, tmp_path / "out", team=team)
    assert not (tmp_path / "out").exists()


def test_a_journal_that_cannot_be_written_is_said_by_any_process(tmp_path: Path) -> None:
    journal = PartJournal(tmp_path, {"dataset": "weizmann"}, 1)
    (path,) = tmp_path.iterdir()
    path.unlink()
    path.mkdir()
    entry = Entry(split="train", name="a", path="a", frames=1, sources=(), digest="0" * 64)
    with pytest.raises(InputError, match=r"prepare-1\.jsonl: cannot be written: Is a directory"):
        journal.add(entry)


class Means:
    """An animator whose code of a frame is its mean colour; it counts the frames."""

    def __init__(self) -> None:
        self.frames = 0

    def codes(self, frames: Tensor) -> Tensor:
        self.frames += len(frames)
        return frames.float().mean(dim=(2, 3))


def test_several_encode_what_one_encodes_and_keep_it_when_killed(tmp_path: Path) -> None:
    random = torch.Generator().manual_seed(0)
    count = 3 * VIDEOS_A_PART + 1
    clips = {
        f"{i:03d}": torch.randint(0, 256, (3 + i % 5, 3, 8, 8), dtype=torch.uint8, generator=random)
        for i in range(count)
    }
    videos = open_training_videos(TensorVideos("made", clips, "round"), 8, 0.1, 0)
    alone = encode(Means(), videos, "digest", "AVX2", tmp_path / "one", Alone())
    animators, books = [Means(), Means()], list[CodeBook]()

    def run(team: ThreadTeam) -> None:
        books.append(encode(animators[team.rank], videos, "digest", "AVX2", tmp_path / "two", team))

    _, ended = as_team(2, run)
    assert [type(error) for error in ended] == [type(None), ShareDone]
    frames = sum(len(clip) for clip in clips.values())
    assert sum(animator.frames for animator in animators) == frames
    assert torch.equal(books[0].codes, alone.codes)
    assert books[0].lengths == [len(clip) for clip in clips.values()]

    damaged = next((tmp_path / "two").rglob("000001.safetensors"))
    damaged.write_bytes(damaged.read_bytes()[:50])
    again = Means()
    book = encode(again, videos, "digest", "AVX2", tmp_path / "two", Alone())
    assert torch.equal(book.codes, alone.codes)
    assert 0 < again.frames < frames / 2

    other = Means()
    encode(other, videos, "digest", "AVX512", tmp_path / "two", Alone())
    assert other.frames == frames  # last bits of two machines are not mixed
