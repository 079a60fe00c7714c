"""The verb that guards a build: regress."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command("regress")(regress)


def regress(
    old: Annotated[Path, typer.Option(help="Folder of records to hold the new ones against.")],
    new: Annotated[Path, typer.Option(help="Folder of records of the change.")],
    settings: Annotated[
        Path | None,
        typer.Option(help="Floors and false alarms as TOML; absent: reports/regression.toml."),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Write a comment for a pull request here.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML here.")] = None,
    summary: Annotated[
        Path | None,
        typer.Option(
            envvar="GITHUB_STEP_SUMMARY", help="Add the Markdown to this file, as GitHub wants it."
        ),
    ] = None,
) -> None:
    """Fail where a number got worse by more than chance and by more than its floor.

    Exit 0: none did. 1: one did. 2: old and new measure different things, or bad input. 3: a
    number is missing or cannot be judged, such as after a run that crashed, or with fewer than 8
    videos on a side.

    Examples:

      leo-bench regress --old records/main --new records/change --markdown comment.md

      leo-bench regress --old records/main --new records/change --junit regress.xml
    """
    from leo_bench.benchmarks.cli.screen import out, say, table
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.files.atomic import write_atomically
    from leo_bench.evaluation.files.kinds import ANY_TEXT, JUNIT, MARKDOWN
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.reports.comparing import SETTINGS, compare, exit_code, load_settings
    from leo_bench.reports.regression_text import COLUMNS, LEGEND, headline, provenance_changes, row
    from leo_bench.reports.regression_text import junit as as_junit
    from leo_bench.reports.regression_text import markdown as as_markdown

    check_targets(
        Target("--markdown", markdown, MARKDOWN),
        Target("--junit", junit, JUNIT),
        Target("--summary", summary, ANY_TEXT),
    )
    changes = compare(old, new, load_settings(settings or SETTINGS))
    text = as_markdown(changes, old, new)
    if markdown is not None:
        write_atomically(markdown, text.encode())
    if junit is not None:
        write_atomically(junit, as_junit(changes).encode())
    if summary is not None:
        try:
            with summary.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise InputError(f"--summary {summary}: cannot be added to: {error.strerror}") from None
    table("", COLUMNS, [row(change) for change in changes])
    say(LEGEND)
    for change in changes:
        if change.why:
            say(f"{change.key}: {change.why}")
    for line in provenance_changes(changes):
        say(f"also changed: {line}")
    out(headline(changes))
    raise typer.Exit(exit_code(changes))
