"""Simulated raters as HTTP clients, all at once, at a study's server that is killed in between.

Every rater is a thread with one connection. It reads its page and the clips of an item, consents,
answers every item and finishes, as fast as the server answers. Some answers are sent twice, some
are changed, some old ones are sent again, and some pages are loaded again: by `ODDS`. What gets no
reply is sent again, as the page's script does.
"""

import http.client
import json
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from leo_bench.benchmarks.user_study.answers import Vote
from leo_bench.benchmarks.user_study.study import Choice
from leo_bench.evaluation.errors import InfrastructureError

HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds that a rater goes on trying to reach the server
ODDS = {"twice": 0.1, "changed": 0.1, "old": 0.05, "reloaded": 0.02}
PAGE = re.compile(rb'<script id="study" type="application/json">(.*?)</script>', re.S)

Pressed = Mapping[str, Choice]  # what the rater of a slot presses, by item


@dataclass
class Traffic:
    """What all raters saw together; safe among threads."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    retries: int = 0
    acknowledged: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, seconds: float, retries: int) -> None:
        """Count a request that was answered; `seconds` of the last attempt."""
        with self.lock:
            self.seconds.setdefault(kind, []).append(seconds)
            self.retries += retries
            self.acknowledged += kind == "vote"


@dataclass(frozen=True)
class Visit:
    """What one rater knows at the end: its token and the last acknowledged vote of each item."""

    rater: str
    slot: int
    votes: Mapping[str, Vote]


class Client:
    """HTTP/1.1 with one connection; requests without a reply are sent again."""

    def __init__(self, port: int, traffic: Traffic) -> None:
        self._at = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
        self._traffic = traffic

    def ask(
        self,
        kind: str,
        method: str,
        path: str,
        body: object = None,
        expected: Sequence[int] = (200, 206),
    ) -> bytes:
        """The reply's body.

        Raises:
            InfrastructureError: a reply of another status than those expected, or none.
        """
        content = None if body is None else json.dumps(body).encode()
        headers = {} if content is None else {"Content-Type": "application/json"}
        retries, give_up = 0, time.monotonic() + PATIENCE
        while True:
            begun = time.monotonic()
            try:
                self._at.request(method, path, content, headers)
                reply = self._at.getresponse()
                text = reply.read()
                break
            except (OSError, http.client.HTTPException):
                self._at.close()
                if time.monotonic() > give_up:
                    raise InfrastructureError(f"{path}: no reply in {PATIENCE:g} s") from None
                retries += 1
                time.sleep(0.1)
        if reply.status not in expected:
            raise InfrastructureError(f"{method} {path}: {reply.status} {text[:200]!r}")
        self._traffic.add(kind, time.monotonic() - begun, retries)
        return text

    def close(self) -> None:
        """Close the connection."""
        self._at.close()


def visit(port: int, token: str, pressed: Sequence[Pressed], seed: int, traffic: Traffic) -> Visit:
    """One rater, from the link to the last page.

    Args:
        port: of the server.
        token: of the rater.
        pressed: by slot.
        seed: of what the rater does besides answering.
        traffic: is added to.

    Raises:
        InfrastructureError: the server refuses a request, cannot be reached, or has lost a vote.
    """
    draw = random.Random(f"{seed} {token}")
    client = Client(port, traffic)
    link = f"/r/{token}"
    try:
        page = _page_of(client.ask("page", "GET", link))
        ((number, items),) = page["slots"].items()
        slot = int(number)
        for clip in items[1]["clips"]:
            client.ask("clip", "GET", urljoin(link, clip))
        client.ask("begin", "POST", f"{link}/begin")
        votes: dict[str, Vote] = {}
        turn = 0
        for item in items:
            if item["right"] is not None:
                continue
            for choice in _presses(pressed[slot][item["item"]], draw):
                turn += 1
                vote = Vote(item=item["item"], choice=choice, ms=draw.randint(900, 9000), turn=turn)
                for _ in range(1 + (draw.random() < ODDS["twice"])):
                    client.ask("vote", "POST", f"{link}/votes", vote.model_dump())
                votes[vote.item] = vote
            if draw.random() < ODDS["old"]:
                old = votes[draw.choice(sorted(votes))]
                older = {**old.model_dump(), "turn": 0}  # refused: the server has a later one
                client.ask("vote", "POST", f"{link}/votes", older, expected=(409,))
            if draw.random() < ODDS["reloaded"]:
                _check_page(_page_of(client.ask("page", "GET", link)), votes)
        client.ask("finish", "POST", f"{link}/finish")
        return Visit(token, slot, votes)
    finally:
        client.close()


def _presses(choice: Choice, draw: random.Random) -> tuple[Choice, ...]:
    """What a rater presses on one item; the last counts."""
    other: dict[Choice, Choice] = {"left": "right", "right": "left", "yes": "no", "no": "yes"}
    return (other[choice], choice) if draw.random() < ODDS["changed"] else (choice,)


def _page_of(page: bytes) -> dict[str, Any]:
    found = PAGE.search(page)
    if found is None:
        raise InfrastructureError("the page has no data of the study")
    data: dict[str, Any] = json.loads(found[1])
    return data


def _check_page(page: Mapping[str, Any], votes: Mapping[str, Vote]) -> None:
    there = {vote["item"]: vote["choice"] for vote in page["answers"]["votes"]}
    lost = [item for item, vote in votes.items() if there.get(item) != vote.choice]
    if lost:
        raise InfrastructureError(f"the page that was loaded again lacks {len(lost)} votes")


class Server:
    """`leo-bench study serve` as a process of its own, on one port of this machine.

    Raises:
        InfrastructureError: it does not start.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._line = ["study", "serve", str(folder), "--port", str(port)]
        self.start()

    def start(self) -> None:
        """Start the process and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "leo_bench", *self._line],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            time.sleep(0.05)
        self.kill()
        raise InfrastructureError(f"`leo-bench {' '.join(self._line)}` does not answer")

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()


def free_port() -> int:
    """A port that no process listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def send_raters(
    folder: Path, tokens: Sequence[str], pressed: Sequence[Pressed], kills: int, seed: int
) -> tuple[list[Visit], Traffic, float]:
    """All raters at once -> their visits, their traffic, and seconds.

    Args:
        folder: of the study.
        tokens: one for each rater.
        pressed: by slot.
        kills: how often the server is killed, evenly over all votes.
        seed: of what the raters do besides answering.

    Raises:
        InfrastructureError: a rater was refused, or met a lost vote.
    """
    traffic = Traffic()
    votes = sum(map(len, pressed))
    server = Server(folder, free_port())
    try:
        begun = time.monotonic()
        with ThreadPoolExecutor(len(tokens)) as pool:
            waiting = [
                pool.submit(visit, server.port, token, pressed, seed, traffic) for token in tokens
            ]
            for number in range(kills):
                while traffic.acknowledged < votes * (number + 1) / (kills + 1):
                    if all(one.done() for one in waiting):
                        raise InfrastructureError("the raters were done before the server's end")
                    time.sleep(0.01)
                server.kill()
                server.start()
            visits = [one.result() for one in waiting]
        return visits, traffic, time.monotonic() - begun
    finally:
        server.stop()
