"""The command `study metrics`: the metric beside the people."""

from pathlib import Path
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.headings import main_option
from leo_bench.benchmarks.cli.options import (
    Batch,
    ClipNetwork,
    Clips,
    Effort,
    Embedder,
    Json,
    OfDataset,
    Reading,
    Repeats,
    Resolution,
    Seed,
    Strides,
    fields_of,
)


def study_metrics(
    *,
    study: Annotated[Path, typer.Argument(help="Folder of the study.")],
    answers: Annotated[
        list[Path] | None,
        typer.Argument(help="Answer files, or folders of them, besides the study's own votes."),
    ] = None,
    metrics: Annotated[
        list[str],
        main_option(help="Metrics with their frames, as fvd16,kvd16,fid,acd,drift,repetition64."),
    ],
    dataset: OfDataset = None,
    real: Annotated[
        str | None,
        main_option(help="Real videos to measure against.", show_default="those of the study"),
    ] = None,
    protocol: Annotated[
        list[str] | None,
        main_option(help="Protocols of clips and of frames, as in `leo-bench score`."),
    ] = None,
    resolution: Resolution = None,
    clips: Clips = None,
    repeats: Repeats = None,
    seed: Seed = 0,
    strides: Strides,
    network: ClipNetwork,
    embedder: Embedder = None,
    reading: Reading,
    effort: Effort,
    batch: Batch = None,
    json: Json = None,
    markdown: Annotated[
        Path | None, main_option(help="Also write the tables to this file.")
    ] = None,
) -> None:
    """How often metrics agree with the raters of a study, by methods and by clips.

    Measures the sources that the study shows, as `leo-bench score` does. By pair of methods: which
    one a metric prefers, and which one the raters. By pair of clips: how many votes go to the clip
    that the metric prefers, where 50 % is chance, beside how often a rater agrees with the others.
    A clip has its own value of acd, drift and repetition, and its influence on fvd, kvd and fid.

    Examples:

      leo-bench study metrics STUDY --metrics fvd16,kvd16,acd

      leo-bench study metrics STUDY answers/ --metrics fvd16,acd --real real/
      --protocol stylegan-v,acd-face --json metrics.json --markdown metrics.md
    """
    from functools import partial

    from leo_bench.benchmarks.cli.results import written
    from leo_bench.benchmarks.cli.screen import say, table, wrapped
    from leo_bench.benchmarks.scores.asked import named_protocols
    from leo_bench.benchmarks.scores.together import Asked
    from leo_bench.benchmarks.study_results.agreement_text import as_markdown, raters, tables
    from leo_bench.benchmarks.study_results.collecting import collect
    from leo_bench.benchmarks.study_results.metrics_report import agreement_of, asked_of_study
    from leo_bench.evaluation.files.atomic import write_atomically
    from leo_bench.evaluation.files.kinds import DOCUMENT, MARKDOWN
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.evaluation.records.distance import write_record
    from leo_bench.evaluation.records.documents import document_of

    check_targets(Target("--json", json, DOCUMENT), Target("--markdown", markdown, MARKDOWN))
    collected = collect(study, answers or [])
    named, repetition = asked_of_study(metrics, collected.study)
    shared = fields_of(strides, reading)
    shared |= {"dataset": dataset, "real": real, "resolution": resolution, "seed": seed}
    asked = Asked.through(
        fields_of(network),
        embedder,
        metrics=named,
        fakes=(),
        protocols=named_protocols(protocol or []),
        shared={**shared, "limit": None},
        counts={"clips": clips, "repeats": repeats},
    )
    work = effort.resources("videos read", batch, "videos")
    records, found = agreement_of(collected, asked, repetition, work)
    made = document_of("study-metrics", records, found)
    if markdown is not None:
        write_atomically(markdown, as_markdown(found).encode())
    with written(made, json, partial(write_record, made)) as show:
        for one in tables(found):
            table(one.title, one.columns, one.rows, show)
            for line in one.notes:
                show(wrapped(line))
            show("")
        for line in (*raters(found), *found.notes):
            say(f"note: {line}")
