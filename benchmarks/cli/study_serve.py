"""The commands `study serve`, `study invite` and `study forget`: a study on a server of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.headings import crowd_option, main_option

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="Folder of the study.")]


def serve(
    study: StudyFolder,
    *,
    port: Annotated[int, main_option(min=0, max=65_535, help="Port; 0: one that is free.")] = 8000,
    host: Annotated[
        str,
        main_option(
            help="Address to listen on; 0.0.0.0: every address of this machine.", metavar="ADDRESS"
        ),
    ] = "127.0.0.1",
    base: Annotated[
        str | None,
        main_option(
            metavar="URL",
            help="Where raters find the pages, behind a proxy: https://example.org/study.",
        ),
    ] = None,
    open_: Annotated[
        bool,
        main_option("--open", help="Also one link for everybody, for a crowd-working site."),
    ] = False,
    identifiers: Annotated[
        str,
        crowd_option(
            metavar="NAMES",
            help="With --open: parameters of the link by which the site knows its workers, with "
            "commas; the first tells them apart.",
        ),
    ] = "PROLIFIC_PID,STUDY_ID,SESSION_ID",
    completion: Annotated[
        str,
        crowd_option(
            metavar="URL",
            help="With --open: address to go to at the end; {CODE} and {NAME} of an identifier "
            "are filled in.",
        ),
    ] = "",
    code: Annotated[
        str, crowd_option(help="With --open: completion code that raters get at the end.")
    ] = "",
    show_results: Annotated[
        bool,
        typer.Option("--show-results", help="Show results so far on the page of who runs it."),
    ] = False,
) -> None:
    """Serve a study's pages, and keep every vote in STUDY/votes.sqlite.

    Prints the address of the page for the one who runs the study. Raters come by links of
    `study invite`, also while this runs, or with --open by one link for everybody. Ctrl-C ends it,
    and the same command goes on. A vote is on the disk before the browser is told so. No access
    log is written; neither names, IP addresses nor times are stored.

    Examples:

      leo-bench study serve study --port 8000

      leo-bench study serve study --base https://example.org/study

      leo-bench study serve study --open --code C1A2 --completion 'https://example.org/?cc={CODE}'
    """
    from contextlib import ExitStack

    from leo_bench.benchmarks.cli.screen import out, say
    from leo_bench.benchmarks.study_results.exclusion import set_apart
    from leo_bench.benchmarks.study_server.identifiers import Identifiers
    from leo_bench.benchmarks.study_server.raters import Raters
    from leo_bench.benchmarks.study_server.refusals import RefusalLog
    from leo_bench.benchmarks.study_server.watching import Watch
    from leo_bench.benchmarks.user_study.ending import LOCAL, ending_of
    from leo_bench.benchmarks.user_study.study import check_clips, load_study
    from leo_bench.evaluation.errors import InputError

    try:
        from leo_bench.benchmarks.study_server.pages import Site, study_app
        from leo_bench.benchmarks.study_server.serving import listening, run
    except ModuleNotFoundError as error:
        raise InputError(
            f"study serve needs {error.name}: pip install 'leo-bench[study]'"
        ) from None
    if (completion or code) and not open_:
        raise InputError("--completion and --code are of --open: invited raters have no site")
    ending = ending_of(
        post="", completion=completion, code=code, identifiers=identifiers.split(",")
    )
    found = load_study(study)
    check_clips(found, study)
    with ExitStack() as stack:
        listener = stack.enter_context(listening(host, port))
        raters = stack.enter_context(Raters(study, found))
        everybody = stack.enter_context(Identifiers(study, found, ending)) if open_ else None
        log = RefusalLog(say)
        stack.callback(log.close)
        raters.address = address = (
            _checked(base) if base else _own_address(host, listener.getsockname()[1])
        )
        watch = Watch(study, found, raters, set_apart, _shares_of(study) if show_results else None)
        say(f"study {found.id}: {found.raters} slots, {len(raters.all())} raters invited")
        if host not in LOCAL and not address.startswith("https:"):
            say(
                "note: votes and links go over the network without encryption; put a proxy with "
                "TLS before the server, and give its address with --base"
            )
        if host in ("0.0.0.0", "::") and not base:
            say(
                f"note: links name {host}, which no other machine reaches; give the address that "
                "raters use with --base"
            )
        out(f"the page for you: {address}/run/{raters.operator}")
        if open_:
            names = "&".join(f"{name}={{{{%{name}%}}}}" for name in ending.identifiers)
            out(f"the link for everybody: {address}/join/{raters.entrance}?{names}")
        say(f"invite raters: leo-bench study invite {study} --count N")
        run(study_app(Site(study, found, raters, everybody, watch), log), listener, log)


def invite(
    study: StudyFolder,
    *,
    count: Annotated[int, main_option(min=1, max=10_000, help="Number of links.")] = 1,
    base: Annotated[
        str | None,
        main_option(
            metavar="URL",
            help="Where raters find the pages.",
            show_default="as `serve` printed last",
        ),
    ] = None,
) -> None:
    """Print links for new raters, one a line; each is one rater's and cannot be guessed.

    The slots that the fewest raters have come first. Whoever has a link can answer in that rater's
    name: send each to one person. Works while `study serve` runs, and before.

    Examples:

      leo-bench study invite study --count 20 > links.txt

      leo-bench study invite study --base https://example.org/study
    """
    from leo_bench.benchmarks.cli.screen import out, say
    from leo_bench.benchmarks.study_server.database import VOTES
    from leo_bench.benchmarks.study_server.raters import Raters
    from leo_bench.benchmarks.user_study.study import load_study
    from leo_bench.evaluation.errors import InputError

    found = load_study(study)
    given = None if base is None else _checked(base)
    nowhere = InputError("no address for the links yet: run `leo-bench study serve`, or --base")
    if given is None and not (study / VOTES.file).exists():
        raise nowhere  # before the database is made
    with Raters(study, found) as raters:
        address = given or raters.address
        if not address:
            raise nowhere
        for rater in raters.invite(count):
            out(f"{address}/r/{rater.token}")
        invited = len(raters.all())
        if invited > found.raters:
            say(
                f"note: {invited} raters for {found.raters} slots: slots are used again, the least "
                "used first"
            )


def forget(
    study: StudyFolder,
    rater: Annotated[str, typer.Argument(metavar="TOKEN", help="The rater's token, or link.")],
) -> None:
    """Remove a rater's votes and identifiers, and refuse the rater's answers from now on.

    The bytes leave the databases. forgotten.txt gets the SHA-256 of the token, so that `study
    results` refuses answer files of this rater too. Works also for a static site, which has no
    database. Exit 2 if the database does not know the token; it is refused all the same.

    Example: leo-bench study forget study 3f2a60c1b7d84e5f9a0b1c2d3e4f5a6b
    """
    from leo_bench.benchmarks.cli.screen import out
    from leo_bench.benchmarks.study_server.database import FORGOTTEN, VOTES
    from leo_bench.benchmarks.study_server.forgetting import forget_rater, token_in
    from leo_bench.evaluation.errors import InputError

    token = token_in(rater)
    removed = forget_rater(study, token)
    refused = f"{study / FORGOTTEN}: answers of this rater are refused from now on"
    if removed is not None:
        out(f"removed the rater and {removed} vote{'' if removed == 1 else 's'}")
    elif (study / VOTES.file).exists():
        raise InputError(f"{study / VOTES.file}: no rater has this token; {refused}")
    out(refused)
    out("answer files of the rater, and tables made before, are yours to delete")


def _shares_of(folder: Path) -> Callable[[], list[tuple[str, str]]]:
    """The shares so far, without raters set apart, in words."""
    from leo_bench.benchmarks.study_results.collecting import collect
    from leo_bench.benchmarks.study_results.results import results_of
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.records.shown_digits import measured_text

    def shares() -> list[tuple[str, str]]:
        try:
            found = results_of(collect(folder, []))
        except InputError:
            return [("no votes yet", "")]
        rows = []
        for one in found.shares:
            label = f"{one.first} chosen over {one.second}" if one.second else f'{one.first}: "yes"'
            text = "no votes yet"
            if one.kept is not None:
                share = one.kept.share
                ends = (100 * share.interval[0], 100 * share.interval[1])
                text = f"{measured_text(100 * share.value, ends)} % of {share.votes:,} votes"
            rows.append((label, text))
        return rows

    return shares


def _own_address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _checked(base: str) -> str:
    """--base without a slash at its end."""
    import re

    from leo_bench.evaluation.errors import InputError

    if not re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", base):
        raise InputError(f"--base {base}: an address as https://example.org/study is expected")
    return base.rstrip("/")
