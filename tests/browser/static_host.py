"""A web host on this machine that serves a folder, takes posts, and fails when it is told to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Host:
    """What the host was asked, and what it does.

    Args:
        address: with a slash at its end.
        posted: bodies of posts that were taken.
        refuse_posts: how many posts from now on it refuses.
        refuse_clips: how many clips from now on it refuses.
    """

    address: str = ""
    posted: list[Any] = field(default_factory=list)
    refuse_posts: int = 0
    refuse_clips: int = 0


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: Any, host: Host, **more: Any) -> None:
        self._host = host
        super().__init__(*arguments, **more)

    def do_GET(self) -> None:
        if self.path.endswith(".mp4") and self._host.refuse_clips > 0:
            self._host.refuse_clips -= 1
            self.send_error(503)
        else:
            super().do_GET()

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self._host.refuse_posts > 0:
            self._host.refuse_posts -= 1
            self.send_error(503)
            return
        self._host.posted.append(json.loads(content))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def hosted(folder: Path) -> Iterator[Host]:
    """Serve a folder on a free port."""
    host = Host()
    handler = partial(_Handler, directory=str(folder), host=host)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        host.address = f"http://localhost:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()
