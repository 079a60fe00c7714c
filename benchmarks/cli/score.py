"""`leo-bench score`: several metrics of several fake sides at once, and their differences."""

from typing import TYPE_CHECKING, Annotated

from leo_bench.benchmarks.cli.headings import main_option
from leo_bench.benchmarks.cli.options import (
    Batch,
    ClipNetwork,
    Clips,
    Effort,
    Embedder,
    Json,
    Limit,
    OfDataset,
    Reading,
    Real,
    Records,
    Repeats,
    Resolution,
    Seed,
    Strides,
    fields_of,
)
from leo_bench.benchmarks.cli.tracking import Track, log_to

if TYPE_CHECKING:
    from leo_bench.benchmarks.cli.screen import Out
    from leo_bench.benchmarks.scores.together import Together


def score(
    *,
    metrics: Annotated[
        list[str],
        main_option(
            help="Metrics with their frames, as fvd16,fvd128,kvd16,precision16,fid,acd,drift."
        ),
    ],
    dataset: OfDataset = None,
    real: Real = None,
    fake: Annotated[
        list[str] | None,
        main_option(
            help="Fake videos, as SOURCE or NAME=SOURCE.",
            show_default="samples of the LEO run in runs/ID for --dataset ID",
            metavar="[NAME=]SOURCE",
        ),
    ] = None,
    protocol: Annotated[
        list[str] | None,
        main_option(
            help="Protocols of clips and of frames, by id or .toml file, with commas; a metric "
            "takes the first that has it.",
            show_default="the data set's, else stylegan-v (fvd, precision), digan (kvd) and "
            "pytorch-fid (fid)",
        ),
    ] = None,
    frames: Annotated[
        int | None,
        main_option(
            help="Frames of metrics without a number.", show_default="16, and 1024 of drift"
        ),
    ] = None,
    resolution: Resolution = None,
    clips: Clips = None,
    repeats: Repeats = None,
    seed: Seed = 0,
    strides: Strides,
    network: ClipNetwork,
    embedder: Embedder = None,
    reading: Reading,
    limit: Limit = None,
    effort: Effort,
    batch: Batch = None,
    json: Json = None,
    records: Records = None,
    track: Track = None,
) -> None:
    """Several metrics of one or more fake sides, in one pass over the videos.

    Every video is decoded once, and each number is that of the metric's own command. With several
    fake sides the difference of every two, with its interval, stands under the table. --extractor,
    --weights and --dtype are for the network of fvd, kvd and precision.

    Examples:

      leo-bench score --dataset faceforensics --fake samples/ --metrics fvd16,fvd128,kvd16,fid,acd

      leo-bench score --real real/ --fake mine=a/ --fake theirs=b/ --metrics fvd16,acd
      --protocol stylegan-v,acd-face --json scores.json

      leo-bench score --dataset toy-faces --fake blur=damaged:blur:toy-faces/test
      --fake frozen=damaged:frozen:toy-faces/test --metrics fvd16,kvd16,acd --clips 64
    """
    from functools import partial

    from leo_bench.benchmarks.cli.results import written
    from leo_bench.benchmarks.scores.asked import asked_metrics, named_fakes, named_protocols
    from leo_bench.benchmarks.scores.together import Asked, measure_together
    from leo_bench.evaluation.files.kinds import DOCUMENT, RECORDS
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.evaluation.records.distance import write_record

    check_targets(Target("--json", json, DOCUMENT), Target("--records", records, RECORDS))
    shared = fields_of(strides, reading)
    shared |= {"dataset": dataset, "real": real, "resolution": resolution, "seed": seed}
    fakes = named_fakes(fake or [])
    asked = Asked.through(
        fields_of(network),
        embedder,
        metrics=asked_metrics(metrics, frames),
        fakes=fakes,
        protocols=named_protocols(protocol or []),
        shared={**shared, "limit": limit},
        counts={"clips": clips, "repeats": repeats},
    )
    found = measure_together(asked, effort.resources("videos read", batch, "videos"))
    made = found.document
    in_tree = []
    if records is not None:
        in_tree = [(number.path(records), number.keep) for number in found.numbers]
        if found.differences:
            in_tree.append((records / "scores.json", partial(write_record, made)))
    with written(made, json, partial(write_record, made), in_tree, records=records) as show:
        _show(found, show)
    log_to(track, made, {each.spec: each.given for each in fakes if each.spec and each.given})


def _show(found: "Together", show: "Out") -> None:
    """The table of all numbers, the differences, and each note once."""
    from leo_bench.benchmarks.cli.screen import say, table
    from leo_bench.benchmarks.scores.scores_table import difference_lines, notes, rows
    from leo_bench.evaluation.metrics import ALL_COVER

    columns, cells = rows(found.numbers)
    table("", columns, cells, show)
    show(ALL_COVER)
    for line in difference_lines(found):
        show(line)
    for note in notes(found):
        say(note)
