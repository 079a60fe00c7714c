"""Files of strangers end in one line: pipes, devices, endless depth, sizes that are promised."""

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_videos import opened

from leo_bench.baselines.provenance import NAME as ADAPTATION
from leo_bench.baselines.provenance import read_adaptation
from leo_bench.benchmarks.datasets.preparation import JOURNAL, REPORT, read_journal, read_report
from leo_bench.benchmarks.runs.settings import read_settings
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import (
    listed,
    read_given,
    read_given_text,
    read_toml,
    shortened,
)
from leo_bench.evaluation.protocols.of_clips import FOLDER as PROTOCOLS
from leo_bench.evaluation.protocols.of_clips import load_protocol
from leo_bench.evaluation.records.documents import read_any_record
from leo_bench.evaluation.records.influences import influences_path, read_influences
from leo_bench.evaluation.weights.registry import identify
from leo_bench.reports.curves import loss_curves
from leo_bench.reports.origins import MODELS, read_models
from leo_bench.reports.records import read_tree

DEEP_JSON = "[" * 100_000 + "]" * 100_000
DEEP_TOML = "a = " + DEEP_JSON
LONG_KEY = "a" + ".a" * 100_000 + " = 1"

# A reader of a given file, and what the file is called.
READERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "record": (read_any_record, "fvd.json"),
    "settings": (read_settings, "sample.json"),
    "adaptation": (lambda path: read_adaptation(path.parent), ADAPTATION),
    "report": (lambda path: read_report(path.parent), REPORT),
    "journal": (lambda path: read_journal(path.parent), JOURNAL),
    "protocol": (lambda path: load_protocol(str(path)), "mine.toml"),
    "models": (lambda path: read_models(path.parent), MODELS),
    "influences": (lambda path: read_influences(path.parent / "fvd.json"), "fvd.videos.csv"),
    "losses": (lambda path: loss_curves(path.parent), "a.log.jsonl"),
}
JSON = ("record", "settings", "adaptation", "report", "journal", "losses")
TOML = ("protocol", "models")


def one_line(read: Callable[[], object], *said: str) -> None:
    with pytest.raises(InputError) as raised:
        read()
    message = str(raised.value)
    assert "\n" not in message
    assert len(message) < 400
    assert all(words in message for words in said), message


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kind", ["pipe", "link to a device", "folder"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, name: str, kind: str) -> None:
    read, file = READERS[name]
    path = tmp_path / file
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    if kind != "folder" and name == "adaptation":
        assert read(path) is None  # no adaptation was made there
        return
    if kind == "folder" and name == "adaptation":
        assert read(path) is None
        return
    one_line(lambda: read(path), str(path))


@pytest.mark.parametrize("name", [*JSON, *TOML])
def test_endless_depth_is_one_line(tmp_path: Path, name: str) -> None:
    read, file = READERS[name]
    for text in (DEEP_JSON,) if name in JSON else (DEEP_TOML, LONG_KEY, f"[{LONG_KEY[:-4]}]"):
        (tmp_path / file).write_text(text + "\n")
        one_line(lambda: read(tmp_path / file), str(tmp_path / file), "nested")


@pytest.mark.parametrize("name", READERS)
def test_bytes_that_are_no_text_are_one_line(tmp_path: Path, name: str) -> None:
    read, file = READERS[name]
    (tmp_path / file).write_bytes(b"\xff\xfe\x00\n")
    one_line(lambda: read(tmp_path / file), str(tmp_path / file), "UTF-8")


@pytest.mark.parametrize(
    ("key", "value"), [("repeats", "9" * 5000), ("bn_eps", "inf"), ("bn_eps", "-nan")]
)
def test_numbers_that_are_none_in_a_protocol_are_one_line(
    tmp_path: Path, key: str, value: str
) -> None:
    path = tmp_path / "stylegan-v.toml"
    lines = (PROTOCOLS / path.name).read_text().split("\n")
    changed = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in lines]
    assert changed != lines
    path.write_text("\n".join(changed))
    one_line(lambda: load_protocol(str(path)), str(path))


def test_a_key_that_is_not_known_is_one_short_line(tmp_path: Path) -> None:
    path = tmp_path / "stylegan-v.toml"
    path.write_text((PROTOCOLS / path.name).read_text().replace("repeats", "x" * 5000, 1))
    one_line(lambda: load_protocol(str(path)), f"{path}: unknown key 'xxx", "known are")
    one_line(lambda: load_protocol("y" * 5000), "no protocol")


def test_a_file_is_read_to_its_bound_and_no_further(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10)
    assert read_given(tmp_path / "a", most=10) == b"x" * 10
    one_line(lambda: read_given(tmp_path / "a", most=9), "over 9 bytes")
    one_line(lambda: read_given(tmp_path / "b"), "b: no such file")
    one_line(lambda: read_given_text(Path("\0")), "cannot be read")
    (tmp_path / "sparse.toml").touch()
    os.truncate(tmp_path / "sparse.toml", 2**40)
    one_line(lambda: read_toml(tmp_path / "sparse.toml"), "bytes")
    (tmp_path / "link").symlink_to("a")
    assert read_given(tmp_path / "link") == b"x" * 10


def test_a_folder_of_records_with_a_pipe_in_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / "fvd.json")
    (tmp_path / "a" / "kvd.json").symlink_to("/dev/zero")
    broken = read_tree(tmp_path).broken
    assert broken.keys() == {"a/fvd", "a/kvd"}
    assert all("is a pipe or a device" in why for why in broken.values())


def test_influences_that_are_not_there_are_none(tmp_path: Path) -> None:
    assert read_influences(tmp_path / "fvd.json") is None
    assert influences_path(tmp_path / "fvd.json").name == "fvd.videos.csv"


def test_weights_that_are_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "w.pt")
    one_line(lambda: identify(tmp_path / "w.pt", {}), "w.pt: is a pipe or a device")


@pytest.mark.parametrize("suffix", ["npy", "npz", "pt", "pth", "zip", "mp4", "png"])
def test_a_source_that_is_a_pipe_or_a_device_is_refused(tmp_path: Path, suffix: str) -> None:
    os.mkfifo(tmp_path / f"a.{suffix}")
    (tmp_path / f"b.{suffix}").symlink_to("/dev/zero")
    for name in "ab":
        one_line(lambda n=name: opened(tmp_path / f"{n}.{suffix}"), f"{name}.{suffix}: is a pipe")  # type: ignore[misc]


def header(shape: str, dtype: str = "|u1") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (64 - (len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize(
    "content",
    [
        header("(-1, 64, 64, 3)") + bytes(64 * 64 * 3),
        header("(4, -8, -8, 3)") + bytes(4 * 8 * 8 * 3),
        header("(1000000000000, 64, 64, 3)"),
        header("(1000000000, 0, 8, 8, 3)"),
        header("(4, 8, 8, 3)", "|O") + bytes(800),
        header("(" * 3000 + ")" * 3000),
        header("(4, 8, 8, 3)" + " " * 60_000),
        header("(9" + "9" * 6000 + ", 8, 8, 3)"),
        header("(True, 8, 8, 3)") + bytes(800),
        header("(4, 8, 8, 3)", "|V0"),
        b"\x93NUMPY\x09\x00",
        b"",
    ],
    ids=lambda content: content[60:90].decode(errors="replace").strip() or "short",
)
def test_hostile_headers_of_arrays_are_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    one_line(lambda: opened(tmp_path / "a.npy", quantise="round"), "a.npy: ")
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(tmp_path / "a.npz", "w", packing) as archive:
            archive.writestr("a.npy", content)
            archive.writestr("b.npy", header("(4, 8, 8, 3)") + bytes(768))
        one_line(lambda: opened(tmp_path / "a.npz", quantise="round"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_promises_the_next_ones_bytes_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", header("(8, 8, 8, 3)") + bytes(4 * 8 * 8 * 3))
        archive.writestr("b.npy", header("(8, 8, 8, 3)") + bytes(8 * 8 * 8 * 3))
    one_line(lambda: opened(tmp_path / "a.npz"), "'a.npy' is cut off: 768 of 1,536 bytes")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        for _ in range(2):
            archive.writestr("a.npy", header("(8, 8, 8, 3)") + bytes(8 * 8 * 8 * 3))
    one_line(lambda: opened(tmp_path / "b.npz"), "'a.npy' occurs twice")


@pytest.mark.parametrize("suffix", ["npy", "npz", "zip", "pt"])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damage_anywhere_gives_videos_or_one_line(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    content = bytearray(_sound(suffix))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(content[: cut or None])
    said = ""
    try:
        source = opened(path, quantise="round", cache_root=tmp_path / "none")
        source.read(0, range(source.frame_counts[0]))
    except InputError as error:
        said = str(error)
    assert "\n" not in said
    assert len(said) < 400


def _sound(suffix: str) -> bytes:
    out = io.BytesIO()
    array = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    if suffix == "npy":
        np.save(out, array)
    elif suffix == "npz":
        np.savez(out, a=array, b=array[:1])
    elif suffix == "pt":
        torch.save({"a": torch.from_numpy(array)}, out)
    else:
        from PIL import Image

        with zipfile.ZipFile(out, "w") as archive:
            for number, pixels in enumerate(array):
                picture = io.BytesIO()
                Image.fromarray(pixels).save(picture, "PNG")
                archive.writestr(f"v/{number}.png", picture.getvalue())
    return out.getvalue()


@given(st.text(), st.integers(10, 60))
def test_foreign_text_is_short_and_one_line(text: str, most: int) -> None:
    line = shortened(text, most)
    assert len(line) <= most
    assert "\n" not in line


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1), st.integers(20, 200))
def test_long_lists_say_how_many_there_are(names: list[str], most: int) -> None:
    line = listed(names, most)
    if len(", ".join(names)) <= most:
        assert line == ", ".join(names)
    else:
        assert line.endswith(f"... ({len(names):,} in all)")
        assert len(line) < most + 30
