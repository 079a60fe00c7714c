"""docs/protocols.md: its tables say what the TOML files of the protocols say."""

import re
from collections.abc import Iterator

from places import ROOT

from leo_bench.evaluation.protocols.of_clips import EvalProtocol, SideChoice, list_protocols
from leo_bench.evaluation.protocols.of_frames import FrameProtocol, list_frame_protocols

PAGE = ROOT / "docs" / "protocols.md"
ROW = re.compile(r"^\| `([\w-]+)` \| (.*) \|$", re.M)
TOO_FEW = {"exact": "error", "fewer": "fewer", "again": "again"}


def of_clips(protocol: EvalProtocol) -> list[str]:
    stride = f"{protocol.real_stride}, {protocol.fake_stride}"
    return [
        link(protocol.source, protocol.commit),
        ", ".join(protocol.metrics),
        f"{clips(protocol.real)}, {clips(protocol.fake)}",
        ", ".join(dict.fromkeys(TOO_FEW[side.enough] for side in (protocol.real, protocol.fake))),
        str(protocol.repeats),
        stride,
        ", ".join(f"`{name}`" for name in protocol.weights),
        "yes" if protocol.comparable_to_paper else "no",
    ]


def of_frames(protocol: FrameProtocol) -> list[str]:
    return [
        protocol.subject,
        f"`{protocol.embedder}`",
        "0 to 2" if protocol.unit_length else "no bound",
        str(protocol.resolution or "as given"),
        "none" if not protocol.weights else ", ".join(f"`{name}`" for name in protocol.weights),
        "yes" if protocol.comparable_to_paper else "no",
    ]


def link(source: str, commit: str) -> str:
    """The repository's name, linked, with the commit that was read."""
    name = "/".join(source.removeprefix("https://github.com/").split("/")[:2])
    return f"[{name}]({source}) {commit}"


def clips(choice: SideChoice) -> str:
    return "all" if choice.count is None else f"{choice.count:,}"


def rows() -> Iterator[tuple[str, list[str]]]:
    for found in ROW.finditer(PAGE.read_text()):
        yield found[1], found[2].split(" | ")


def test_every_protocol_is_in_the_tables_as_its_file_has_it() -> None:
    expected = {one.id: of_clips(one) for one in list_protocols()}
    expected |= {one.id: of_frames(one) for one in list_frame_protocols()}
    said = list(rows())
    assert len(said) == len(expected)
    for name, cells in said:
        assert cells == expected[name], name


def test_named_windows_are_those_of_the_files() -> None:
    text = PAGE.read_text()
    windows = [(one.id, window) for one in list_protocols() for window in one.window]
    assert windows
    for name, window in windows:
        line = f"`{window.name}` is {window.frames} frames at stride {window.stride}"
        assert line in text, name
