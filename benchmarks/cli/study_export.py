"""The command `study export`: a study as a folder of static files."""

from pathlib import Path
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.headings import crowd_option, main_option


def study_export(
    study: Annotated[
        Path, typer.Argument(help="Folder of the study.", metavar="STUDY", show_default=False)
    ],
    out: Annotated[Path, main_option(help="Folder to write, for a web host.")],
    post: Annotated[
        str, main_option(help="Address to post each rater's answers to; else a download.")
    ] = "",
    completion: Annotated[
        str,
        crowd_option(
            help="Address to go to at the end; {CODE} and {NAME} of an identifier are filled in."
        ),
    ] = "",
    code: Annotated[
        str,
        crowd_option(
            help="Completion code.", show_default="with --completion: one of each rater's own"
        ),
    ] = "",
    identifiers: Annotated[
        str, crowd_option(help="Parameters of the link that a crowd-working site adds.")
    ] = "PROLIFIC_PID,STUDY_ID,SESSION_ID",
) -> None:
    """Write a study as static files that any web host serves.

    Progress stays in the rater's browser. At the end the answers are downloaded as a JSON file, or
    posted. A crowd-working site's identifiers fill in the completion address and are never in the
    answers. A static page cannot authenticate raters: `study results` detects duplicates and
    contradictions, and cannot detect forged answers. `study serve` gives a link to each rater.

    Examples:

      leo-bench study export study --out site

      leo-bench study export study --out site --post https://example.org/answers
      --completion "https://crowd.example.org/complete?cc={CODE}" --code C1A2B3
    """
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.cli.screen import say
    from leo_bench.benchmarks.user_study.ending import ending_of
    from leo_bench.benchmarks.user_study.export import SITE, export_site
    from leo_bench.evaluation.files.targets import Target, check_targets

    named = [name for name in identifiers.split(",") if name]
    ending = ending_of(post=post, completion=completion, code=code, identifiers=named)
    check_targets(Target("--out", out, SITE))
    site = export_site(study, out, ending)
    last = site.study.raters - 1
    show(
        f"{out}: study {site.study.id}: {site.study.raters} slots, {site.files} files, "
        f"{site.size / 1e6:.1f} MB"
    )
    for line in (
        "copy the folder to any web host; to try it here:",
        f"    python -m http.server --bind 127.0.0.1 --directory {out}",
        f"link of a rater: ADDRESS/?slot=K, with K from 0 to {last}, each for one rater",
        "link of a crowd-working site: ADDRESS/ and its parameters; the page draws a slot",
        f"answers: {_answers(post, completion or code)}",
        "a static page cannot authenticate raters: `leo-bench study results` detects duplicates",
        "    and contradictions, and cannot detect forged answers",
    ):
        say(line)


def _answers(post: str, completion: str) -> str:
    if not post and completion:
        return (
            "raters download a file, then get the completion code, and must still send you the "
            "file; --post sends the answers"
        )
    if not post:
        return "raters download a file at the end and send it to you"
    return (
        f"posted as JSON to {post}, which must allow the site's origin (CORS), or downloaded where "
        "that fails"
    )
