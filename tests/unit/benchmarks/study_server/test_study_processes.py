"""The server as a process: killed in the middle of votes, sent raw bytes, ended by Ctrl-C."""

import hashlib
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from made_studies import answers_to, made_study

from leo_bench.benchmarks.study_server.database import answers_in
from leo_bench.benchmarks.study_server.raters import Rater, Raters
from leo_bench.benchmarks.user_study.answers import Vote
from leo_bench.benchmarks.user_study.study import clip_path

THREADS = 8


@pytest.fixture(autouse=True)
def quick_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files in place of clips, which no test here plays."""

    def write_clip(folder: Path, name: str, colour: int) -> str:
        path = clip_path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        return hashlib.sha256(name.encode()).hexdigest()

    monkeypatch.setattr("made_studies.write_clip", write_clip)


@contextmanager
def server(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """`leo-bench study serve`; -> its process, host and port."""
    command = [sys.executable, "-m", "leo_bench", "study", "serve", str(folder), "--port", "0"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found is not None, line
            address = urlsplit(found[0])
            yield process, str(address.hostname), int(address.port or 0)
        finally:
            process.kill()


def vote_until_it_breaks(
    host: str, port: int, rater: Rater, votes: tuple[Vote, ...], acknowledged: list[str]
) -> None:
    """Send votes one after another; note those that the server acknowledged."""
    connection = HTTPConnection(host, port, timeout=30)
    try:
        for vote in votes:
            connection.request(
                "POST",
                f"/r/{rater.token}/votes",
                vote.model_dump_json(),
                {"Content-Type": "application/json"},
            )
            reply = connection.getresponse()
            assert (reply.status, json.load(reply)) == (200, {"saved": len(acknowledged) + 1})
            acknowledged.append(vote.item)
    except (OSError, HTTPException):
        pass
    finally:
        connection.close()


def test_no_acknowledged_vote_is_lost_by_kill_9(tmp_path: Path) -> None:
    study = made_study(tmp_path, raters=THREADS, videos=40)
    acknowledged: list[list[str]] = [[] for _ in range(THREADS)]
    with server(tmp_path) as (process, host, port):
        with Raters(tmp_path, study) as raters:
            invited = raters.invite(THREADS)
        threads = [
            threading.Thread(
                target=vote_until_it_breaks,
                args=(host, port, rater, answers_to(study, rater.slot).votes, found),
            )
            for rater, found in zip(invited, acknowledged, strict=True)
        ]
        for thread in threads:
            thread.start()
        while sum(map(len, acknowledged)) < 200:
            assert any(thread.is_alive() for thread in threads)
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
    sent = sum(map(len, acknowledged))
    assert 200 <= sent < THREADS * len(answers_to(study, 0).votes)  # in the middle of them
    with server(tmp_path) as (_, host, port):
        kept = {found.rater: [vote.item for vote in found.votes] for found in answers_in(tmp_path)}
        for rater, items in zip(invited, acknowledged, strict=True):
            stored = kept.get(rater.token, [])
            assert stored[: len(items)] == items
            assert len(stored) <= len(items) + 1  # saved, and killed before the reply
            given = answers_to(study, rater.slot).votes
            rest = given[len(stored) :]
            more = list(stored)
            vote_until_it_breaks(host, port, rater, rest[:2], more)
            assert len(more) == min(len(stored) + 2, len(given))


def raw(host: str, port: int, request: bytes) -> bytes:
    """What the server answers to bytes, until it closes the connection."""
    with socket.create_connection((host, port), timeout=30) as connection:
        connection.sendall(request)
        found = b""
        while part := connection.recv(65_536):
            found += part
    return found


def test_raw_bytes_are_refused_and_the_log_tells_nobody(tmp_path: Path) -> None:
    study = made_study(tmp_path, methods=("a", "b"), videos=1)
    with Raters(tmp_path, study) as raters:
        (rater,) = raters.invite(1)
    with server(tmp_path) as (process, host, port):
        head = f"Host: {host}\r\nConnection: close\r\n".encode()
        for target in (b"/clips/../study.toml", b"/clips/..%2fstudy.toml", b"//etc/passwd",
                       b"/clips/%2e%2e/%2e%2e/study.toml", b"/r/%00", b"*"):  # fmt: skip
            reply = raw(host, port, b"GET " + target + b" HTTP/1.1\r\n" + head + b"\r\n")
            assert reply.startswith(b"HTTP/1.1 404 "), target
            assert b"exclusion" not in reply
        vote = f"POST /r/{rater.token}/votes HTTP/1.1\r\n".encode()
        kind = b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"400\r\n" + b" " * 1024 + b"\r\n"
        reply = raw(host, port, vote + head + kind + 5 * chunk)
        assert reply.startswith(b"HTTP/1.1 413 ")
        assert raw(host, port, b"\x16\x03\x01 no http\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        long = b"GET /r/" + b"0" * 70_000 + b" HTTP/1.1\r\n" + head + b"\r\n"
        assert raw(host, port, long).startswith(b"HTTP/1.1 4")
        reply = raw(host, port, f"GET /r/{rater.token} HTTP/1.1\r\n".encode() + head + b"\r\n")
        assert reply.startswith(b"HTTP/1.1 200 ")
        assert b"server:" not in reply.lower().partition(b"\r\n\r\n")[0]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    first = [line for line in err.splitlines() if line.startswith("refused: ")]
    assert len(first) == 9, err
    for hidden in (rater.token, host, "study.toml\n", "passwd"):
        assert hidden not in "\n".join(first)
    assert out == ""
    assert not (tmp_path / "votes.sqlite-wal").exists()


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    made_study(tmp_path, methods=("a", "b"), videos=1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "leo_bench", "study", "serve", str(tmp_path)]
        ended = subprocess.run([*command, "--port", str(port)], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert f"--port {port}: Address already in use; --port 0 takes a free one" in ended.stderr
