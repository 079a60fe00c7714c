"""The addresses of the server: pages, clips and votes of raters, and the page of who runs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import compare_digest
from typing import NoReturn

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route, Router

from leo_bench.benchmarks.study_server.database import is_forgotten
from leo_bench.benchmarks.study_server.guard import Guard, body_of, json_of
from leo_bench.benchmarks.study_server.identifiers import VALUE, Identifiers
from leo_bench.benchmarks.study_server.raters import (
    TOKEN,
    ClosedError,
    OtherAnswerError,
    Raters,
    UnknownRaterError,
    WrongVoteError,
)
from leo_bench.benchmarks.study_server.refusals import RefusalLog, RefusedError
from leo_bench.benchmarks.study_server.watching import HERE, WATCH_SCRIPT, WATCH_STYLE
from leo_bench.benchmarks.user_study.answers import Vote
from leo_bench.benchmarks.user_study.page import SCRIPT, STYLE, page, page_of_no_link, policy
from leo_bench.benchmarks.user_study.page_data import PAGES, Ending, page_data
from leo_bench.benchmarks.user_study.study import Study, clip_path, shown_clips
from leo_bench.evaluation.errors import InputError

UP = "../"  # from a page to the addresses of files, so that a proxy may put a prefix before all
NO_FRAMES = "frame-ancestors 'none'"
WATCH_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    f"base-uri 'none'; form-action 'none'; {NO_FRAMES}"
)
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}  # names of clips are random


@dataclass(frozen=True)
class Site:
    """What the server serves.

    Args:
        folder: of the study.
        study: the study.
        raters: its raters.
        identifiers: of those who come through the link for everybody; None: there is no such link.
        watch: makes the page of the one who runs the study; gets the address of the styles.
    """

    folder: Path
    study: Study
    raters: Raters
    identifiers: Identifiers | None
    watch: Callable[[str], str]


def study_app(site: Site, log: RefusalLog) -> Guard:
    """The server of a study as an ASGI application."""
    served = _Pages(site)
    routes = [
        Route("/r/{token}", served.rater_page),
        Route("/r/{token}/begin", served.begin, methods=["POST"]),
        Route("/r/{token}/votes", served.vote, methods=["POST"]),
        Route("/r/{token}/finish", served.finish, methods=["POST"]),
        Route("/clips/{name}", served.clip),
        Route(f"/{STYLE}", served.style),
        Route(f"/{SCRIPT}", served.script),
        Route("/join/{token}", served.join),
        Route("/run/{token}", served.watch),
        Route(f"/{WATCH_STYLE}", served.watch_style),
        Route(f"/{WATCH_SCRIPT}", served.watch_script),
    ]
    return Guard(Router(routes, redirect_slashes=False), log)


class _Pages:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._clips: Mapping[str, Path] = {
            f"{name}.mp4": clip_path(site.folder, name) for name in shown_clips(site.study)
        }

    def rater_page(self, request: Request) -> Response:
        try:
            return self._page_of(self._token(request))
        except RefusedError as error:
            told = page_of_no_link(self._site.study.language, UP)
            raise RefusedError(error.status, error.what, page=told) from None

    async def begin(self, request: Request) -> Response:
        token = self._token(request)
        await body_of(request)
        try:
            await run_in_threadpool(self._site.raters.begin, token)
        except UnknownRaterError:
            self._refuse(token)
        return JSONResponse({"begun": True})

    async def vote(self, request: Request) -> Response:
        token = self._token(request)
        content = await json_of(request)
        try:
            vote = Vote.model_validate(content, strict=True)
            count = await run_in_threadpool(self._site.raters.save, token, vote)
        except (ValidationError, WrongVoteError):
            raise RefusedError(422, "no vote of this rater's slot") from None
        except ClosedError:
            await self._refuse_with_answers(token, "a vote after the end")
        except OtherAnswerError as error:
            await self._refuse_with_answers(token, str(error))
        except UnknownRaterError:
            self._refuse(token)
        return JSONResponse({"saved": count})

    async def finish(self, request: Request) -> Response:
        token = self._token(request)
        await body_of(request)
        try:
            missing = await run_in_threadpool(self._site.raters.finish, token)
        except UnknownRaterError:
            self._refuse(token)
        if missing:
            raise RefusedError(409, "the end with answers missing", {"missing": missing})
        ending = await run_in_threadpool(self._ending, token)
        return JSONResponse({"completion": ending.completion, "code": ending.code})

    def clip(self, request: Request) -> Response:
        path = self._clips.get(request.path_params["name"])
        if path is None:
            raise RefusedError(404, "no clip of this study")
        return FileResponse(path, media_type="video/mp4", headers=FOREVER)

    def style(self, request: Request) -> Response:
        return _file(PAGES / STYLE, "text/css")

    def script(self, request: Request) -> Response:
        return _file(PAGES / SCRIPT, "text/javascript")

    def watch_style(self, request: Request) -> Response:
        return _file(HERE / WATCH_STYLE, "text/css")

    def watch_script(self, request: Request) -> Response:
        return _file(HERE / WATCH_SCRIPT, "text/javascript")

    def join(self, request: Request) -> Response:
        identifiers = self._site.identifiers
        entrance = request.path_params["token"]
        if identifiers is None or not _same(entrance, self._site.raters.entrance):
            raise RefusedError(404, "unknown token")
        given = {name: request.query_params.get(name, "") for name in identifiers.names}
        if not all(VALUE.fullmatch(value) for value in given.values()):
            raise RefusedError(400, "identifiers that are missing or malformed")
        try:
            token = identifiers.token_of(given, self._site.raters)
        except InputError:
            raise RefusedError(503, "a rater more than the study takes") from None
        return RedirectResponse(f"{UP}r/{token}", 303)

    def watch(self, request: Request) -> Response:
        if not _same(request.path_params["token"], self._site.raters.operator):
            raise RefusedError(404, "unknown token")
        return _html(self._site.watch(UP), WATCH_POLICY)

    def _page_of(self, token: str) -> Response:
        try:
            answers = self._site.raters.answers(token)
        except UnknownRaterError:
            self._refuse(token)
        ending = self._ending(token)
        if not answers.finished:  # a code in the page could be read before the end
            ending = Ending(identifiers=ending.identifiers)
        data = page_data(
            self._site.study,
            [answers.slot],
            "server",
            clips=f"{UP}clips",
            rater=token,
            answers=answers,
            ending=ending,
        )
        return _html(page(data, UP), f"{policy(data)}; {NO_FRAMES}")

    def _token(self, request: Request) -> str:
        token: str = request.path_params["token"]
        if not TOKEN.fullmatch(token):
            raise RefusedError(404, "unknown token")
        return token

    def _refuse(self, token: str) -> NoReturn:
        if is_forgotten(self._site.folder, token):
            raise RefusedError(410, "the answers of this rater were removed") from None
        raise RefusedError(404, "unknown token") from None

    async def _refuse_with_answers(self, token: str, what: str) -> NoReturn:
        """The page takes the answers over: they were given in another window."""
        answers = await run_in_threadpool(self._site.raters.answers, token)
        raise RefusedError(409, what, {"answers": answers.model_dump(mode="json")}) from None

    def _ending(self, token: str) -> Ending:
        identifiers = self._site.identifiers
        return Ending(identifiers=()) if identifiers is None else identifiers.ending_of(token)


def _html(content: str, content_policy: str) -> Response:
    return HTMLResponse(content, headers={"Content-Security-Policy": content_policy})


def _file(path: Path, kind: str) -> Response:
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "no-cache"})


def _same(given: str, token: str) -> bool:
    return compare_digest(given.encode(), token.encode())
