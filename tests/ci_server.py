"""A small server with the parts of the APIs of GitHub and GitLab that the workflows call.

It also runs `leo-bench regress` for the scripts, in this process: starting Python anew for each of
them would take seconds.
"""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from typer.testing import CliRunner

from leo_bench.benchmarks.cli.main import app
from leo_bench.evaluation.errors import InputError

SUMMARY = "GITHUB_STEP_SUMMARY"  # `regress` reads it
BOT = 41898282  # id of the one who comments here


class Server(ThreadingHTTPServer):
    """Comments of one pull request; `comments` may be filled before."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.comments: list[dict[str, Any]] = []
        self.tokens: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, body: str, author: int = BOT, kind: str = "Bot") -> None:
        who = {"id": author, "type": kind}
        known = len(self.comments) + 1
        self.comments.append({"id": known, "body": body, "user": who, "author": who})


class _Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._note_token()
        path = self.path.partition("?")[0]
        if path == "/api/v4/user":
            self._answer({"id": BOT})
        elif path in (
            "/repos/us/model/issues/7/comments",
            "/api/v4/projects/1/merge_requests/7/notes",
        ):
            self._answer(self.server.comments)
        else:
            self._answer({"message": f"no {path}"}, 404)

    def do_POST(self) -> None:
        if self.path == "/leo-bench":
            self._run()
            return
        self._note_token()
        self.server.add(self._body())
        self._answer(self.server.comments[-1], 201)

    def do_PATCH(self) -> None:
        self._note_token()
        comment = self.server.comments[int(self.path.rpartition("/")[2]) - 1]
        comment["body"] = self._body()
        self._answer(comment)

    def do_PUT(self) -> None:
        self.do_PATCH()

    def _note_token(self) -> None:
        found = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN")
        self.server.tokens.add(str(found))

    def _given(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _body(self) -> str:
        """The comment's text: JSON at GitHub, a form at GitLab."""
        given = self._given().decode()
        if self.headers["Content-Type"] == "application/json":
            return str(json.loads(given)["body"])
        return parse_qs(given, strict_parsing=True)["body"][0]

    def _run(self) -> None:
        folder, summary, *arguments = self._given().decode().split("\0")[:-1]
        before = Path.cwd()
        os.chdir(folder)
        try:
            ended = CliRunner().invoke(app, arguments, env={SUMMARY: summary or None})
        finally:
            os.chdir(before)
        bad_input = isinstance(ended.exception, InputError)
        said = str(ended.exception) if bad_input else ended.output
        self._answer({"code": 2 if bad_input else ended.exit_code, "said": said})

    def _answer(self, content: object, status: int = 200) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test's output stays free."""


@contextmanager
def serving() -> Iterator[Server]:
    """A server on a port of its own, closed at the end."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
