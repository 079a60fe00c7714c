"""`leo-bench score`: the numbers of the single commands, in one pass, with their differences."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Run
from leo_bench.evaluation.records.comparison import ScoresExtra
from leo_bench.evaluation.records.distance import Record
from leo_bench.evaluation.records.documents import read_documents
from leo_bench.evaluation.records.score import ScoreRecord
from leo_bench.evaluation.videos.frames import FrameFolders
from leo_bench.reports.records import read_tree

Make = Callable[..., Path]
CLIPS = ("--extractor", "pixels", "--clips", 4, "--repeats", 2)
MAY_DIFFER = {"seconds", "created", "request"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sides(make_videos: Make) -> dict[str, Path]:
    return {
        "real": make_videos("real", count=4, frames=40),
        "mine": make_videos("mine", count=4, frames=40, seed=50),
        "theirs": make_videos("theirs", count=4, frames=40, seed=90),
    }


def numbers(path: Path) -> Iterator[dict[str, Any]]:
    """Every record in a folder, without what may differ from command to command."""
    for file in sorted(path.rglob("*.json")):
        if file.name in ("fvd.json", "kvd.json", "fid.json", "acd.json", "drift.json"):
            content = json.loads(file.read_text())
            rest = {key: value for key, value in content.items() if key not in MAY_DIFFER}
            yield {"file": file.name, "content": json.dumps(rest)}


def test_every_record_is_that_of_the_single_command(
    leo_bench: Run, sides: dict[str, Path], tmp_path: Path
) -> None:
    real, fake = ("--real", sides["real"]), ("--fake", sides["mine"])
    asked = "fvd16,fvd10,kvd16,fid,acd,drift40,precision16"
    together = (
        "score", *real, *fake, "--metrics", asked, "--protocol", "acd-toy", *CLIPS,
        "--embedder", "mean-colour", "--records",
    )  # fmt: skip
    for options in (("together",), ("uncached", "--no-cache")):
        said = leo_bench(*together, *options)
        assert said.code == 0, said.err
    single: list[tuple[object, ...]] = [
        ("fvd", "--frames", 16, "--protocol", "stylegan-v", *CLIPS),
        ("fvd", "--frames", 10, "--protocol", "stylegan-v", *CLIPS),
        ("precision", "--frames", 16, "--protocol", "stylegan-v", *CLIPS),
        ("kvd", "--frames", 16, "--protocol", "digan", *CLIPS),
        ("fid", "--frames", 16, "--extractor", "mean-colour", *CLIPS[2:]),
        ("acd", "--frames", 16, "--protocol", "acd-toy", "--embedder", "mean-colour"),
    ]
    for verb, *options in single:
        said = leo_bench(verb, *real, *fake, *options, "--no-cache", "--records", "singly")
        assert said.code == 0, said.err
    drift = (sides["mine"], *real, "--frames", 40, "--protocol", "acd-toy")
    said = leo_bench(
        "drift", *drift, "--embedder", "mean-colour", "--no-cache", "--records", "singly"
    )
    assert said.code == 0, said.err
    paths = [
        {path.relative_to(folder) for path in (tmp_path / folder).rglob("*.json")}
        for folder in (tmp_path / "together", tmp_path / "singly")
    ]
    assert paths[0] == paths[1]
    assert len(paths[0]) == 9
    assert list(numbers(tmp_path / "together")) == list(numbers(tmp_path / "singly"))
    assert list(numbers(tmp_path / "together")) == list(numbers(tmp_path / "uncached"))
    precision = [
        json.loads(next((tmp_path / folder).rglob("precision.json")).read_text())["extra"]
        for folder in ("together", "singly")
    ]
    assert precision[0] == precision[1]


def test_a_frame_is_decoded_once(
    leo_bench: Run, sides: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[str, int]] = []
    plain = FrameFolders.each_frame

    def watched(self: FrameFolders, video: Any, frames: Any) -> Iterator[Any]:
        read.extend((f"{video.path}", frame) for frame in frames)
        return plain(self, video, frames)

    monkeypatch.setattr(FrameFolders, "each_frame", watched)
    # Every record looks at a few frames besides, for a note on repeated ones.
    monkeypatch.setattr("leo_bench.benchmarks.scores.stamp.repeated_share", lambda *_: None)
    said = leo_bench(
        "score", "--real", sides["real"], "--fake", sides["mine"], "--fake", sides["theirs"],
        "--metrics", "fvd16,fvd24,kvd10,fid,acd", "--protocol", "acd-toy", *CLIPS,
        "--embedder", "mean-colour",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert len({path for path, _ in read}) == 12
    assert len(read) == len(set(read))


def scores(leo_bench: Run, *arguments: object) -> tuple[list[Record | ScoreRecord], ScoresExtra]:
    said = leo_bench("score", *arguments, "--json", "scores.json")
    assert said.code == 0, said.err
    document = read_documents(Path("scores.json"))
    assert document.kind == "scores"
    assert isinstance(document.extra, ScoresExtra)
    return list(document.records), document.extra


def test_differences_are_of_every_two_fakes(leo_bench: Run, sides: dict[str, Path]) -> None:
    said = leo_bench(
        "score", "--real", sides["real"], "--fake", f"mine={sides['mine']}",
        "--fake", f"others={sides['theirs']}", "--metrics", "fvd16,precision16,acd", *CLIPS,
        "--protocol", "acd-toy,tats", "--protocol", "stylegan-v", "--embedder", "mean-colour",
        "--records", "records", "--json", "scores.json",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "FVD16 (tats): mine less others: " in said.out
    assert "4 videos paired by name" in said.out
    assert "recall16" in said.out
    assert "no metric is measured under protocol stylegan-v" in said.err
    document = read_documents(Path("scores.json"))
    records, extra = document.records, document.extra
    assert isinstance(extra, ScoresExtra)
    assert [record.metric for record in records] == ["fvd", "fvd", "acd", "acd", "acd"]
    assert isinstance(records[0], Record)
    assert records[0].fake.name == "mine"
    fvd, acd = extra.differences
    assert (fvd.first, fvd.second, fvd.paired) == (0, 1, 4)
    assert (acd.first, acd.second, acd.paired) == (3, 4, 4)
    for one in (fvd, acd):
        assert one.interval is not None
        assert one.interval[0] < one.value < one.interval[1]
    assert acd.value == records[3].value - records[4].value
    kept = read_tree(Path("records"))
    assert not kept.broken
    assert len(kept.records) == 5
    fakes = {key.split("/")[1] for key in kept.records if "fvd" in key}
    assert fakes == {"mine", "others"}  # as the user named them
    assert Path("records/scores.json").is_file()


REFUSED = {
    "unknown metric": (("--metrics", "fvd16,blurriness"), "known are fvd, kvd, fid"),
    "other verb": (("--metrics", "repetition"), "`leo-bench repetition` measures it"),
    "no frames": (("--metrics", "fvd", "--frames", 0), "must be 1 or more"),
    "twice": (("--metrics", "fvd16,fvd"), "fvd16 is named twice"),
    "lacks": (
        ("--metrics", "fvd16,kvd16", "--protocol", "stylegan-v"),
        "kvd is in digan, tats",
    ),
    "no protocol of frames": (("--metrics", "acd"), "acd-face"),
    "unknown protocol": (("--metrics", "fvd", "--protocol", "dogan"), "no protocol 'dogan'"),
    "same name": (("--metrics", "fvd", "--fake", "{fake}"), "name them"),
    "nothing behind a name": (("--metrics", "fvd", "--fake", "mine="), "behind the name"),
    "counts": (("--metrics", "kvd16", "--extractor", "pixels"), "--clips 3 or fewer"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_input_gets_one_line(
    leo_bench: Run, make_videos: Make, case: str, tmp_path: Path
) -> None:
    folder = make_videos("real", count=3)
    arguments, expected = REFUSED[case]
    given = [str(word).format(fake=folder) for word in arguments]
    said = leo_bench("score", "--real", folder, "--fake", folder, *given)
    assert said.code == 2
    assert expected in said.err
    assert said.err.count("\n") == 1, said.err


def test_the_name_of_the_real_videos_is_taken(leo_bench: Run, sides: dict[str, Path]) -> None:
    acd = ("--metrics", "acd", "--protocol", "acd-toy", "--embedder", "mean-colour")
    said = leo_bench("score", "--real", "real", "--fake", "real=mine", *acd)
    assert said.code == 2
    assert "the real videos are called real, too: give another name" in said.err


def test_a_path_with_an_equals_sign_is_a_path(leo_bench: Run, make_videos: Make) -> None:
    real, fake = make_videos("real", count=4), make_videos("scale=2", count=4, seed=50)
    records, _ = scores(
        leo_bench, "--real", real, "--fake", fake.name, "--metrics", "fvd10", *CLIPS
    )
    assert isinstance(records[0], Record)
    assert records[0].fake.source == "scale=2"


def test_a_document_is_verified_with_its_differences(
    leo_bench: Run, make_videos: Make, tmp_path: Path
) -> None:
    real, mine = make_videos("real", count=4), make_videos("mine", count=4, seed=50)
    theirs = make_videos("theirs", count=4, seed=90)
    scores(
        leo_bench, "--real", real, "--fake", f"mine={mine}", "--fake", theirs, "--metrics",
        "fvd10,precision10,acd", "--protocol", "acd-toy", *CLIPS, "--embedder", "mean-colour",
    )  # fmt: skip
    verified = leo_bench("verify", "scores.json")
    assert verified.code == 0, verified.out
    assert "difference of records 0 and 1: 5 numbers: the same" in verified.out
    assert "recall of record 1" in verified.out
    false = json.loads(Path("scores.json").read_text())
    false["extra"]["differences"][0]["standard_error"] *= 1.01
    for end in (0, 1):
        value = false["extra"]["differences"][0]["value"]
        reach = false["extra"]["differences"][0]["interval"][end] - value
        false["extra"]["differences"][0]["interval"][end] = value + 1.01 * reach
    Path("false.json").write_text(json.dumps(false))
    assert leo_bench("verify", "false.json").code == 1
    for change, message in (({"second": 7}, "names record 7"), ({"note": "why"}, "one of the two")):
        lying = json.loads(Path("scores.json").read_text())
        lying["extra"]["differences"][0] |= change
        Path("lying.json").write_text(json.dumps(lying))
        refused = leo_bench("verify", "lying.json")
        assert refused.code == 2
        assert message in refused.err
    several = leo_bench("verify", "scores.json", "--fake", mine)
    assert several.code == 2
    assert "2 fake sides" in several.err
    explained = leo_bench("explain", "scores.json", "scores.json")
    assert explained.code == 0, explained.err


def test_only_chooses_media_and_is_in_the_record(
    leo_bench: Run, make_videos: Make, tmp_path: Path
) -> None:
    real, fake = make_videos("real", count=4), make_videos("fake", count=4, seed=50)
    np.save(fake / "codes.npy", np.zeros((16, 32, 32, 3), np.uint8))
    single = ("fvd", "--real", real, "--fake", fake, "--frames", 10, "--protocol", "stylegan-v")
    refused = leo_bench(*single, *CLIPS)
    assert refused.code == 2
    assert "--only" in refused.err
    assert leo_bench(*single, *CLIPS, "--only", "frames", "--json", "fvd.json").code == 0
    record = json.loads(Path("fvd.json").read_text())
    assert record["request"]["only"] == "frames"
    assert "--only left out: 1 npy" in record["fake"]["notes"]
    assert leo_bench("verify", "fvd.json").code == 0
    (fake / "codes.npy").unlink()
    assert leo_bench(*single, *CLIPS, "--json", "plain.json").code == 0
    plain = json.loads(Path("plain.json").read_text())
    assert "only" not in plain["request"]
    assert plain["value_float64"] == record["value_float64"]


def test_a_broken_video_is_left_out_of_each_metric(leo_bench: Run, sides: dict[str, Path]) -> None:
    """Frame 30 is damaged: the clip of 10 frames does not have it, that of 40 does."""
    first = sides["mine"] / "video002"
    (first / "000030.png").write_bytes((first / "000030.png").read_bytes()[:200])
    given = ("--real", sides["real"], "--fake", sides["mine"], "--metrics", "fvd10,fvd40")
    options = ("--extractor", "pixels", "--clips", 3)
    failed = leo_bench("score", *given, *options)
    assert failed.code == 2
    assert "video002" in failed.err
    records, _ = scores(leo_bench, *given, *options, "--on-error", "skip")
    skipped = [
        [name for name, _ in record.fake.skipped]
        for record in records
        if isinstance(record, Record)
    ]
    assert skipped == [[], ["video002"]]
