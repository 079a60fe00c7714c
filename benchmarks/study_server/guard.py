"""What holds for every request: headers, bounds, same origin, and one line for each refusal."""

import asyncio
import sqlite3
from pathlib import Path
from traceback import extract_tb
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leo_bench.benchmarks.study_server.refusals import RefusalLog, RefusedError
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.json_files import parse_json

LARGEST = 4096  # bytes of a body
PATIENCE = 20.0  # seconds for a body to arrive
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PAGE_POLICY = (  # of a page that says what is refused
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
LINES = {404: "unknown page", 405: "method not allowed"}


class Guard:
    """An ASGI application around another.

    Args:
        app: raises `RefusedError` where it refuses a request.
        log: gets a line for each refusal and for each failure.
    """

    def __init__(self, app: ASGIApp, log: RefusalLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":  # start and end of the server
            await self._app(scope, receive, send)
            return
        scope["app"] = self  # so that the router raises where it finds no route
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            _check_origin(scope)
            await self._app(scope, receive, send_with_headers)
            if status >= 400:
                self._log(f"refused: {_kind(scope)}: status {status}")
        except ClientDisconnect:
            pass
        except Exception as error:
            reply = self._reply_to(error, scope)
            if not status:
                await reply(scope, receive, send_with_headers)

    def _reply_to(self, error: Exception, scope: Scope) -> Response:
        if isinstance(error, HTTPException):
            error = RefusedError(error.status_code, LINES.get(error.status_code, "refused"))
        if isinstance(error, sqlite3.OperationalError):  # a full disk, or a database that is held
            error = RefusedError(503, "the database cannot be written now; try again")
        if isinstance(error, RefusedError):
            self._log(f"refused: {_kind(scope)}: {error.what}")
            if error.more is not None:
                return JSONResponse(error.more, error.status)
            if error.page:
                policy = {"Content-Security-Policy": PAGE_POLICY}
                return HTMLResponse(error.page, error.status, policy)
            headers = {"Connection": "close"} if error.status in (408, 413) else None
            return PlainTextResponse(f"{error.what}\n", error.status, headers)
        # Neither its message nor its traceback: they may hold what a rater sent.
        at = extract_tb(error.__traceback__)[-1]
        where = f"{Path(at.filename).name}:{at.lineno}"
        self._log(f"failed: {_kind(scope)}: {type(error).__name__} at {where}")
        return PlainTextResponse("the server failed; try again\n", 500)


def _kind(scope: Scope) -> str:
    """What was asked for, without anything that the request holds."""
    return str(getattr(scope.get("endpoint"), "__name__", "request"))


def _check_origin(scope: Scope) -> None:
    """Refuse what a page of another site sends.

    Browsers say with `Sec-Fetch-Site` where a request comes from, over https and on this machine;
    elsewhere the host of `Origin` is compared.
    """
    if scope["method"] in ("GET", "HEAD"):
        return
    headers = Headers(scope=scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        is_own = site == "same-origin"
    else:
        is_own = origin is None or _host_of(origin) == headers.get("host")
    if not is_own:
        raise RefusedError(403, "sent by a page of another site")


def _host_of(origin: str) -> str | None:
    """Host and port of an origin; None if it is no address."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


async def body_of(request: Request) -> bytes:
    """The body of a request, of at most `LARGEST` bytes, also where no length is declared.

    Raises:
        RefusedError: it is larger, or does not arrive.
    """
    declared = request.headers.get("content-length", "0")
    too_large = RefusedError(413, f"a body of more than {LARGEST:,} bytes")
    if not declared.isdecimal() or int(declared[:9]) > LARGEST:
        raise too_large
    found = b""
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                found += part
                if len(found) > LARGEST:
                    raise too_large
    except TimeoutError:
        raise RefusedError(408, f"a body that did not arrive within {PATIENCE:g} s") from None
    return found


async def json_of(request: Request) -> Any:
    """The JSON of a request.

    Raises:
        RefusedError: it is of another type, too large, or not JSON as `parse_json` reads it.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(415, "a content type other than application/json")
    try:
        return parse_json((await body_of(request)).decode(), "")
    except (UnicodeDecodeError, InputError):
        raise RefusedError(422, "no JSON, or JSON that is not allowed") from None
