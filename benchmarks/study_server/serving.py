"""Runs the server of a study with uvicorn, without an access log."""

import contextlib
import logging
import socket
from collections.abc import Iterator

import uvicorn

from leo_bench.benchmarks.study_server.guard import Guard
from leo_bench.benchmarks.study_server.refusals import RefusalLog
from leo_bench.evaluation.errors import InputError

CONNECTIONS = 4096  # at once; a browser opens up to six
GRACE = 3  # seconds that open requests get at the end


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens; port 0 takes any that is free.

    Raises:
        InputError: the port is taken, or the address is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        found = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        what = (error.strerror or str(error)).partition(" (")[0]
        raise InputError(
            f"--host {host} --port {port}: {what}; --port 0 takes a free one"
        ) from None
    with found:
        yield found


def run(app: Guard, listener: socket.socket, log: RefusalLog) -> None:
    """Answer requests until Ctrl-C."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=GRACE,
    )
    with _warnings_to(log), _many_files():
        uvicorn.Server(config).run(sockets=[listener])


@contextlib.contextmanager
def _many_files() -> Iterator[None]:
    """Let this process open a file for each connection, as far as the system allows."""
    try:
        import resource
    except ImportError:  # a system without such limits
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = 2 * CONNECTIONS if hard == unlimited else min(2 * CONNECTIONS, hard)
    if soft != unlimited and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def _warnings_to(log: RefusalLog) -> Iterator[None]:
    """Uvicorn's own warnings, such as those of what is no HTTP, as lines of the log."""
    logger = logging.getLogger("uvicorn.error")
    handler = _Lines(log)
    before = logger.level, logger.propagate
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before


class _Lines(logging.Handler):
    def __init__(self, log: RefusalLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Say the message without its arguments, which may hold what a client sent."""
        self._log(f"refused: {str(record.msg).splitlines()[0]}")
