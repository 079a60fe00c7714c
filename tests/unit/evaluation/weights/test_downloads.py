"""Downloads from a real server on this machine's own loopback."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from places import ROOT

from conftest import Run
from leo_bench.evaluation.errors import InfrastructureError, InputError
from leo_bench.evaluation.weights import downloads
from leo_bench.evaluation.weights.downloads import download, fetch
from leo_bench.evaluation.weights.registry import WeightsFile

CONTENT = bytes(range(256)) * 4096  # 1 MiB
HALF = len(CONTENT) // 2


@dataclass
class Server:
    """What it was asked, and how it behaves at each path."""

    port: int = 0
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.asked.append((self.path, wanted))
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            match self.path:
                case "/absent":
                    self.send_error(404)
                case "/page":
                    self._send(200, b"\n<!doctype html><html>Quota exceeded</html>", 0)
                case "/wrong":
                    self._send(200, b"other weights", 0)
                case "/empty":
                    self._send(200, b"", 0)
                case "/truncated":
                    self._send(200, CONTENT, 0, until=HALF)
                case "/length":
                    self._send(200, CONTENT, 0, length="abc")
                case "/empty":
                    self._send(200, b"", 0)
                case "/no-ranges":
                    self._send(200, CONTENT, 0)
                case "/stalls" if not start:
                    self._send(200, CONTENT, 0, until=HALF, then=state.released.wait)
                case _ if start >= len(CONTENT):
                    self.send_error(416)
                case _:
                    self._send(206 if start else 200, CONTENT, start)

        def _send(
            self,
            status: int,
            body: bytes,
            start: int,
            until: int | None = None,
            then: Callable[[], object] | None = None,
            length: str | None = None,
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Length", length or str(len(body) - start))
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.end_headers()
            self.wfile.write(body[start:until])
            self.wfile.flush()
            if then is not None:
                then()

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    state.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    state.released.set()
    http.shutdown()
    thread.join()
    http.server_close()


def file_at(*addresses: str) -> WeightsFile:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return WeightsFile(
        about="",
        used_by=(),
        addresses=addresses,
        sha256=digest,
        size=len(CONTENT),
        licence="",
        lineage="",
    )


def leftovers(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir() if path.name.startswith("."))


def test_a_file_arrives_whole_with_progress(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    target = tmp_path / "new" / "w.pt"
    download(file_at(server.at("good")), target, lambda done, total: seen.append((done, total)))
    assert target.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)
    assert leftovers(target) == []


@pytest.mark.parametrize("bad", ["absent", "page", "wrong", "truncated", "length", "empty"])
def test_the_next_address_serves_when_one_fails(server: Server, tmp_path: Path, bad: str) -> None:
    download(file_at(server.at(bad), server.at("good")), tmp_path / "w.pt")
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


def test_what_a_truncated_answer_gave_is_continued_elsewhere(
    server: Server, tmp_path: Path
) -> None:
    download(file_at(server.at("truncated"), server.at("good")), tmp_path / "w.pt")
    assert server.asked == [("/truncated", None), ("/good", f"bytes={HALF}-")]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("absent", "HTTP 404"),
        ("page", "a web page instead of the file"),
        ("wrong", r"wrong file \(13 bytes, SHA-256 [0-9a-f]{64}\)"),
        ("truncated", "Incomplete"),
    ],
)
def test_failure_everywhere_says_what_each_address_did(
    server: Server, tmp_path: Path, bad: str, reason: str
) -> None:
    with pytest.raises(InfrastructureError, match=reason) as error:
        download(file_at(server.at(bad)), tmp_path / "w.pt")
    assert server.at(bad) in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "w.pt").exists()


@pytest.mark.parametrize("bad", ["absent", "page", "length", "empty"])
def test_a_failure_leaves_nothing_behind(server: Server, tmp_path: Path, bad: str) -> None:
    with pytest.raises(InfrastructureError, match=rf"/{bad}: .*Download it by hand"):
        download(file_at(server.at(bad)), tmp_path / "w.pt")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_answer_is_no_file_whose_digest_nobody_knows(
    server: Server, tmp_path: Path
) -> None:
    unknown = file_at(server.at("empty")).model_copy(
        update={"sha256": None, "size": None, "digest_unknown": True}
    )
    with pytest.raises(InfrastructureError, match="an empty file"):
        download(unknown, tmp_path / "w.pt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["verify", "fetch"])
def test_an_unknown_name_is_the_users_input(leo_bench: Run, verb: str) -> None:
    ended = leo_bench("weights", verb, "nope")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("leo-bench: nope: no such weights; known are ")
    assert len(ended.err) < 300  # a list of all names has 620 letters


def test_a_closed_port_is_an_infrastructure_error(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/w"
        with pytest.raises(InfrastructureError, match="could not be fetched"):
            download(file_at(address), tmp_path / "w.pt")


def test_a_server_without_ranges_sends_all_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".w.pt.part").write_bytes(CONTENT[:HALF])
    download(file_at(server.at("no-ranges")), tmp_path / "w.pt")
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


@pytest.mark.parametrize("rest", [b"garbage", b"x" * len(CONTENT), b"x" * (len(CONTENT) + 5)])
def test_a_spoiled_rest_of_an_earlier_download_is_thrown_away(
    server: Server, tmp_path: Path, rest: bytes
) -> None:
    (tmp_path / ".w.pt.part").write_bytes(rest)
    download(file_at(server.at("good")), tmp_path / "w.pt")
    assert (tmp_path / "w.pt").read_bytes() == CONTENT


def test_a_complete_rest_needs_no_network(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".w.pt.part").write_bytes(CONTENT)
    download(file_at(server.at("good")), tmp_path / "w.pt")
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert server.asked == []


def test_a_killed_download_is_resumed(server: Server, tmp_path: Path) -> None:
    file = file_at(server.at("stalls"))
    script = (
        "import sys; from pathlib import Path;"
        "from leo_bench.evaluation.weights.downloads import download;"
        "from leo_bench.evaluation.weights.registry import WeightsFile;"
        "download(WeightsFile.model_validate_json(sys.argv[1]), Path(sys.argv[2]))"
    )
    arguments = [sys.executable, "-c", script, file.model_dump_json(), str(tmp_path / "w.pt")]
    root = ROOT
    child = subprocess.Popen(arguments, cwd=root, env=os.environ | {"PYTHONPATH": str(root)})
    partial = tmp_path / ".w.pt.part"
    deadline = time.monotonic() + 60
    while not (partial.exists() and partial.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    kept = partial.stat().st_size
    assert 0 < kept <= HALF
    download(file, tmp_path / "w.pt")
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert server.asked[-1] == ("/stalls", f"bytes={kept}-")


def test_two_fetchers_at_once_download_once(server: Server, tmp_path: Path) -> None:
    file = file_at(server.at("good"))
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(download, file, tmp_path / "w.pt") for _ in range(2)]:
            done.result()
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_an_unwritable_folder_is_the_users_to_mend(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written"):
        download(file_at(server.at("good")), tmp_path / "file" / "w.pt")


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_sockets")
@pytest.mark.parametrize("by_variable", [True, False])
def test_offline_opens_no_socket_and_says_what_to_do(
    by_variable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEO_BENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("LEO_BENCH_OFFLINE", "1" if by_variable else "0")
    with pytest.raises(InputError, match=r"offline, so i3d_torchscript.pt is not fetched.*dropbox"):
        fetch("i3d_torchscript.pt", offline=not by_variable)


@pytest.mark.usefixtures("no_sockets")
def test_a_right_file_in_place_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEO_BENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(downloads, "entry", lambda _: file_at("http://127.0.0.1/never"))
    (tmp_path / "w.pt").write_bytes(CONTENT)
    assert fetch("w.pt") == tmp_path / "w.pt"


def unpublished(**rest: object) -> WeightsFile:
    """A file whose digest nobody published."""
    return WeightsFile.model_validate(
        {"about": "", "used_by": (), "addresses": (), "licence": "", "lineage": ""}
        | {"digest_unknown": True}
        | rest
    )


def test_without_a_digest_the_length_has_to_do(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".w.pt.part").write_bytes(b"x" * HALF)  # of what? nothing could tell
    file = unpublished(addresses=(server.at("page"), server.at("truncated"), server.at("good")))
    download(file, tmp_path / "w.pt")
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert server.asked[-1] == ("/good", None)
    assert leftovers(tmp_path / "w.pt") == []


def test_an_empty_file_is_none(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "w.pt"
    with pytest.raises(InfrastructureError, match="an empty file"):
        download(unpublished(addresses=(server.at("empty"),)), target)
    assert not target.exists()
    target.write_bytes(b"")  # as an older version left it
    download(unpublished(addresses=(server.at("empty"), server.at("good"))), target)
    assert target.read_bytes() == CONTENT


def test_what_only_a_person_can_get_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "https://a.page/"
    monkeypatch.setattr(downloads, "entry", lambda name: unpublished(by_hand=(page,)))
    monkeypatch.setenv("LEO_BENCH_WEIGHTS", str(tmp_path))
    message = f"w.pt cannot be fetched by a program; download {page} by hand and put it at"
    with pytest.raises(InputError, match=message):
        fetch("w.pt")
    (tmp_path / "w.pt").write_bytes(b"whatever it is")
    assert fetch("w.pt") == tmp_path / "w.pt"
