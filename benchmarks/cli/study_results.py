"""The command `study results`: tables, records and votes of a user study."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from leo_bench.benchmarks.cli.headings import main_option
from leo_bench.benchmarks.cli.options import Json, Records


def results(
    *,
    study: Annotated[Path, typer.Argument(help="Folder of the study.")],
    answers: Annotated[
        list[Path] | None,
        typer.Argument(help="Answer files, or folders of them; the server's are in STUDY."),
    ] = None,
    on_error: Annotated[
        Literal["fail", "skip"],
        typer.Option(
            help="skip: leave out answer files that cannot be used, with a note each; answers that "
            "contradict each other are always refused."
        ),
    ] = "fail",
    format: Annotated[
        Literal["terminal", "markdown", "latex", "html"], main_option(help="Output format.")
    ] = "terminal",
    csv: Annotated[
        Path | None, main_option(help="Write all votes to this CSV file, one line a vote.")
    ] = None,
    raters_csv: Annotated[
        Path | None, main_option(help="Write all raters to this CSV file, one line a rater.")
    ] = None,
    json: Json = None,
    records: Records = None,
) -> None:
    """Show the results of a user study: shares of answers with intervals, ranking, agreement.

    For pairs, how often one method is chosen over another, as in the paper's Table 3, and a
    Bradley-Terry ranking; for single clips, the share of "yes", as in Table 5, and differences.
    Intervals are for other raters and other videos. Raters who break the rule of study.toml are set
    apart; the numbers with them stand beside those without them. Answers of the server and of
    answer files go together.

    With --records R, `leo-bench table 3 --records R` shows the shares beside the paper's; of single
    clips, `table 5` does.

    Examples:

      leo-bench study results study

      leo-bench study results study answers/ --records records --csv votes.csv
    """
    import time
    from functools import partial

    from leo_bench.benchmarks.cli.results import written
    from leo_bench.benchmarks.cli.screen import say
    from leo_bench.benchmarks.study_results.collecting import collect
    from leo_bench.benchmarks.study_results.result_records import document_of_study
    from leo_bench.benchmarks.study_results.result_tables import tables_of
    from leo_bench.benchmarks.study_results.result_text import FORMATS, apart_lines, headline
    from leo_bench.benchmarks.study_results.results import results_of
    from leo_bench.benchmarks.study_results.votes import raters_frame, votes_frame, write_votes
    from leo_bench.evaluation.files.kinds import DOCUMENT, RATERS, RECORDS, VOTES
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.evaluation.records.distance import write_record
    from leo_bench.evaluation.records.preference import PreferenceRecord, preference_path

    check_targets(
        Target("--csv", csv, VOTES),
        Target("--raters-csv", raters_csv, RATERS),
        Target("--json", json, DOCUMENT),
        Target("--records", records, RECORDS),
    )
    started, given = time.monotonic(), answers or []
    collected = collect(study, given, on_error=on_error)
    found = results_of(collected)
    made = document_of_study(found, study, given, time.monotonic() - started)
    if csv is not None:
        write_votes(votes_frame(collected), csv)
    if raters_csv is not None:
        write_votes(raters_frame(collected), raters_csv)
    in_tree = [
        (preference_path(records, record), partial(write_record, record))
        for record in made.records
        if records is not None and isinstance(record, PreferenceRecord)
    ]
    with written(made, json, partial(write_record, made), in_tree) as show:
        if format == "terminal":
            show(f"{headline(found)}\n")
        else:  # a file of LaTeX or HTML is the tables alone
            say(headline(found))
        show(FORMATS[format](tables_of(found)).rstrip())
        for line in (*apart_lines(found), *(f"note: {note}" for note in collected.notes)):
            say(line)
