"""Where results may go: what lies at a target decides, and looking changes nothing."""

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_scores import SCORE
from PIL import Image

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically, write_together
from leo_bench.evaluation.files.kinds import (
    CLAIM,
    DOCUMENT,
    FEATURES,
    JUNIT,
    MARKDOWN,
    NEW,
    PAGE,
    PICTURE,
    RECORD,
    RECORDS,
    FileKind,
    made_by,
)
from leo_bench.evaluation.files.targets import (
    Target,
    check_free,
    check_targets,
    claimed,
    file_of,
    started,
)
from leo_bench.evaluation.records.distance import make_room, write_record
from leo_bench.evaluation.records.documents import document_of


def tree(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """What lies below a folder: inode, mode and content by path; links are not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(state.st_mode) else b""
        found[str(path.relative_to(folder))] = (state.st_ino, state.st_mode, content)
    return found


@pytest.fixture
def bystander(tmp_path: Path) -> Iterator[Path]:
    """What else may lie at a path, in a folder; a socket is open meanwhile."""
    (tmp_path / "folder" / "v0").mkdir(parents=True)
    (tmp_path / "folder" / "v0" / "000000.png").write_bytes(b"a frame")
    (tmp_path / "notes.txt").write_text("my own notes\n")
    (tmp_path / "empty").touch()
    (tmp_path / "other.json").write_text('{"versions": {"x": "1"}, "request": {}}')
    (tmp_path / "deep.json").write_text("[" * 100_000)
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "notes.txt", "pipe", "socket", "loop"):
        (tmp_path / f"to-{name}").symlink_to("to-loop" if name == "loop" else name)
    (tmp_path / "to-device").symlink_to(os.devnull)
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tmp_path)  # the name of a socket is short
        try:
            listening.bind("socket")
        finally:
            os.chdir(here)
        yield tmp_path


FOREIGN = {
    "folder": "is a folder",
    "notes.txt": "is there already, and no record of leo-bench",
    "empty": "is there already, and no record of leo-bench",
    "other.json": "is there already, and no record of leo-bench",
    "deep.json": "is there already, and no record of leo-bench",
    "pipe": "is a pipe",
    "socket": "is a socket",
    "to-folder": "is a folder",
    "to-notes.txt": "is there already, and no record of leo-bench",
    "to-pipe": "is a pipe",
    "to-socket": "is a socket",
    "to-device": "is a device",
    "to-loop": "Too many levels of symbolic links",
    "notes.txt/below": "Not a directory",
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("kind", [DOCUMENT, RECORD], ids=["document", "record"])
def test_what_no_record_is_is_refused_as_a_target(
    bystander: Path, name: str, kind: FileKind
) -> None:
    before = tree(bystander)
    with pytest.raises(InputError, match=FOREIGN[name]) as caught:
        check_targets(Target("--json", bystander / name, kind))
    assert str(caught.value).startswith(f"--json {bystander / name}: ")
    assert "\n" not in str(caught.value)
    assert tree(bystander) == before


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full", "/dev/zero"])
def test_a_device_is_no_target(device: str) -> None:
    with pytest.raises(InputError, match="is a device, no place for a record"):
        check_targets(Target("--json", Path(device), RECORD))
    assert stat.S_ISCHR(Path(device).stat().st_mode)


@pytest.mark.parametrize("name", ["folder", "pipe", "socket", "to-pipe", "to-device", "to-folder"])
def test_whatever_is_asked_no_file_takes_the_place_of_what_is_none(
    bystander: Path, name: str
) -> None:
    before = tree(bystander)
    for write in (
        lambda path: write_atomically(path, b"x"),
        lambda path: write_record(SCORE, path),
    ):
        with pytest.raises(InputError, match="no place for a file"):
            write(bystander / name)
    assert tree(bystander) == before


@pytest.mark.parametrize("name", ["notes.txt", "to-notes.txt", "other.json", "empty"])
def test_a_record_does_not_take_the_place_of_somebodys_file(bystander: Path, name: str) -> None:
    before = tree(bystander)
    with pytest.raises(InputError, match="is no record of leo-bench, and is not replaced"):
        write_record(SCORE, bystander / name)
    assert tree(bystander) == before


def test_a_missing_path_and_an_older_record_are_targets(tmp_path: Path) -> None:
    write_record(SCORE, tmp_path / "acd.json", {".videos.csv": b"side,video,influence,in_halves\n"})
    (tmp_path / "list.json").write_text(f"[{SCORE.to_json()}]")  # an older drift's
    write_record(document_of("acd", [SCORE, SCORE]), tmp_path / "two.json")
    (tmp_path / "link.json").symlink_to("acd.json")
    (tmp_path / "dangling.json").symlink_to("nothing.json")
    before = tree(tmp_path)
    for name in (
        "acd.json",
        "list.json",
        "two.json",
        "link.json",
        "dangling.json",
        "new.json",
        "a/b/c.json",
    ):
        check_targets(Target("--json", tmp_path / name, RECORD))
    check_targets(Target("--records", tmp_path / "a/b", RECORDS))
    assert tree(tmp_path) == before


def test_a_link_stays_and_what_it_leads_to_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    write_record(SCORE, tmp_path / "kept" / "acd.json")
    (tmp_path / "link.json").symlink_to("kept/acd.json")
    write_record(SCORE.model_copy(update={"value": 0.5}), tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert '"value": 0.5' in (tmp_path / "kept" / "acd.json").read_text()
    (older,) = (tmp_path / "kept").glob("acd.*.json")
    assert '"value": 0.25' in older.read_text()


def test_what_lies_beside_a_record_is_guarded_likewise(tmp_path: Path) -> None:
    (tmp_path / "x.videos.csv").write_text("my,own,table\n1,2,3\n")
    before = tree(tmp_path)
    with pytest.raises(InputError, match=r"x\.videos\.csv: is there already, and no table of inf"):
        check_targets(Target("--json", tmp_path / "x.json", RECORD))
    with pytest.raises(InputError, match=r"x\.videos\.csv: is no table of influences"):
        write_record(SCORE, tmp_path / "x.json", {".videos.csv": b"side,"})
    assert tree(tmp_path) == before


def test_influences_whose_record_is_gone_are_set_aside(tmp_path: Path) -> None:
    old = b"side,video,influence,in_halves\nfake,a,1,1\n"
    (tmp_path / "x.videos.csv").write_bytes(old)
    write_record(SCORE, tmp_path / "x.json")
    assert not (tmp_path / "x.videos.csv").exists()  # else it would be read as the new record's
    (aside,) = tmp_path.glob("x.*.videos.csv")
    assert aside.read_bytes() == old


def test_in_a_tree_a_record_that_was_cut_off_makes_room_and_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "fvd.json"
    assert make_room(path) == path
    path.write_text('{"metric": "fvd", "val')
    make_room(path)
    (aside,) = tmp_path.iterdir()
    assert aside.read_text() == '{"metric": "fvd", "val'
    for content in ("my notes", '{"metric": "of mine"}'):
        path.write_text(content)
        with pytest.raises(InputError, match="is no record of leo-bench; move it out"):
            make_room(path)
        assert path.read_text() == content


def test_a_folder_is_taken_where_it_is_new_empty_or_marked(tmp_path: Path) -> None:
    kind = made_by("demo", "sample.json")
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / ".DS_Store").touch()
    (tmp_path / "marked").mkdir()
    (tmp_path / "marked" / "sample.json").touch()
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").touch()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("videos")
    with claimed(tmp_path / "claimed", "demo"):
        (tmp_path / "claimed" / "clips.png").touch()
    before = tree(tmp_path)
    for name in ("new", "new/deeper", "hidden", "marked", "claimed"):
        check_targets(Target("--out", tmp_path / name, kind))
    for name, why in (
        ("videos", "is not empty, and no folder of `leo-bench demo`; give a new or empty folder"),
        ("link", "is not empty, and no folder of"),
        ("file", "is a file, and a folder is wanted"),
        ("pipe", "is a pipe, and a folder is wanted"),
        ("file/below", "cannot be written: Not a directory"),
    ):
        with pytest.raises(InputError, match=f"^--out {tmp_path / name}: {why}"):
            check_targets(Target("--out", tmp_path / name, kind))
    with pytest.raises(InputError, match="no folder of `leo-bench tables`"):
        check_targets(Target("--out", tmp_path / "claimed", made_by("tables")))
    assert tree(tmp_path) == before


def test_a_folder_of_records_is_told_by_its_records(tmp_path: Path) -> None:
    write_record(SCORE, tmp_path / "records" / "benchmark" / "model" / "acd.json")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "sample.json").write_text("{}")
    check_targets(Target("--records", tmp_path / "records", RECORDS))
    with pytest.raises(InputError, match="no folder of records"):
        check_targets(Target("--records", tmp_path / "others", RECORDS))


def test_two_options_do_not_share_a_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("x")
    for other in ("x", "link"):
        with pytest.raises(InputError, match=r"--out .*: is the path of --json, too"):
            check_targets(
                Target("--json", tmp_path / "x", DOCUMENT),
                Target("--out", tmp_path / other, PICTURE),
            )


def test_a_dash_is_standard_output_for_records_alone() -> None:
    check_targets(Target("--json", Path("-"), RECORD), Target("--records", None, RECORDS))
    assert file_of(Path("-")) is None
    for option, kind in (("--out", PAGE), ("--records", RECORDS), ("--markdown", MARKDOWN)):
        with pytest.raises(InputError, match=f"{option} -: standard output is for --json alone"):
            check_targets(Target(option, Path("-"), kind))


def test_files_of_a_kind_are_told_by_content(tmp_path: Path) -> None:
    path = tmp_path / "x"
    Image.new("RGB", (4, 4)).save(path, "PNG")
    for kind in (PAGE, PICTURE, MARKDOWN, JUNIT, FEATURES):
        with pytest.raises(InputError, match=f"is there already, and no {kind.name} of leo-bench"):
            check_targets(Target("--out", path, kind))
    path.write_bytes(b'<!doctype html>\n<meta name="generator" content="leo-bench">')
    check_targets(Target("--out", path, PAGE))


def test_a_file_is_whole_or_not_there_and_so_are_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="File name too long"):
        write_atomically(tmp_path / "a" / "b" / ("x" * 300), b"content")
    assert not list(tmp_path.iterdir())
    write_atomically(tmp_path / "old", b"old")
    before = tree(tmp_path)
    with pytest.raises(InputError):
        write_together({tmp_path / "old": b"new", tmp_path / "c" / ("x" * 300): b"content"})
    assert tree(tmp_path) == before


def test_a_failed_start_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "config.toml").touch()

    def work(folder: Path) -> None:
        with started(folder, "config.toml", ".lock"):
            (folder / "stage").mkdir(parents=True)
            (folder / "stage" / ".lock").touch()
            (folder / "config.toml").touch()
            raise InputError("oh")

    for name in ("new/deeper", "begun"):
        with pytest.raises(InputError, match="oh"):
            work(tmp_path / name)
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "begun" / "config.toml").exists()
    with pytest.raises(InputError, match="oh"), claimed(tmp_path / "claimed", "demo"):
        raise InputError("oh")
    assert not (tmp_path / "claimed").exists()


def test_what_was_done_before_a_failure_stays(tmp_path: Path) -> None:
    folder = tmp_path / "made"

    def work() -> None:
        with claimed(folder, "demo"):
            (folder / "clips.png").write_bytes(b"half an hour")
            raise InputError("oh")

    with pytest.raises(InputError, match="oh"):
        work()
    assert sorted(path.name for path in folder.iterdir()) == [CLAIM, "clips.png"]
    check_targets(Target("--out", folder, made_by("demo")))


def test_what_is_free_is_free(tmp_path: Path) -> None:
    check_free(tmp_path / "new")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(InputError, match="is there already"):
        check_free(tmp_path / "link")
    check_targets(Target("--out", tmp_path / "link", NEW))
