"""The command `study demo`: a study that opens in the browser at once."""

from pathlib import Path
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.headings import main_option

HOST = "127.0.0.1"


def demo(
    out: Annotated[Path, main_option(help="Folder for the study.")] = Path("study-demo"),
    port: Annotated[int, main_option(min=0, max=65_535, help="Port; 0: one that is free.")] = 8000,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the links and open no browser.")
    ] = False,
) -> None:
    """Answer a small study yourself: samples of a shipped LEO, damaged and untouched videos.

    Needs no download. Makes the study, serves it on this machine and opens the page of a rater.
    Ctrl-C ends it, and the same command goes on with the same study: with the rater who has not
    finished, or else with a new one.

    Example: leo-bench study demo --out study-demo
    """
    import threading
    import webbrowser
    from contextlib import ExitStack

    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.cli.screen import resources, say
    from leo_bench.benchmarks.study_results.exclusion import set_apart
    from leo_bench.benchmarks.study_server.demo import demo_study, open_rater
    from leo_bench.benchmarks.study_server.raters import Raters
    from leo_bench.benchmarks.study_server.refusals import RefusalLog
    from leo_bench.benchmarks.study_server.watching import Watch
    from leo_bench.benchmarks.user_study.study import DOCUMENT, check_clips
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.files.kinds import made_by
    from leo_bench.evaluation.files.targets import Target, check_targets, claimed

    try:
        from leo_bench.benchmarks.study_server.pages import Site, study_app
        from leo_bench.benchmarks.study_server.serving import listening, run
    except ModuleNotFoundError as error:
        raise InputError(f"study demo needs {error.name}: pip install 'leo-bench[study]'") from None
    check_targets(Target("--out", out, made_by("study demo", DOCUMENT)))
    with ExitStack() as stack:
        listener = stack.enter_context(listening(HOST, port))
        with claimed(out, "study demo"):
            study = demo_study(out, resources(workers=2, keep=False, what="clips written"))
        check_clips(study, out)
        raters = stack.enter_context(Raters(out, study))
        log = RefusalLog(say)
        stack.callback(log.close)
        raters.address = f"http://{HOST}:{listener.getsockname()[1]}"
        link = f"{raters.address}/r/{open_rater(raters).token}"
        show(f"the page of a rater: {link}")
        show(f"the page for you: {raters.address}/run/{raters.operator}")
        say(f"more raters: leo-bench study invite {out} --count N")
        say(f"results, when somebody has finished: leo-bench study results {out}")
        if not no_browser:
            # Of its own, for a browser in the terminal returns only when it is closed.
            threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()
        run(
            study_app(Site(out, study, raters, None, Watch(out, study, raters, set_apart)), log),
            listener,
            log,
        )
