"""The command plan: how many videos a number needs."""

from typing import TYPE_CHECKING, Annotated

import typer

from leo_bench.benchmarks.cli.headings import main_option
from leo_bench.benchmarks.cli.options import MANY, Json, Seed

if TYPE_CHECKING:
    from leo_bench.benchmarks.cli.screen import Out
    from leo_bench.evaluation.records.planned import PlanExtra, PlannedNumber, PlanRow


def plan(
    *,
    records: Annotated[
        list[str] | None,
        typer.Argument(
            help="A record with its .videos.csv, two of them to compare, or a folder of records.",
            metavar="RECORD|FOLDER",
        ),
    ] = None,
    width: Annotated[
        str | None,
        main_option(
            help="Wished width of the interval, from end to end: 20, or 10% of the pilot's number.",
            metavar="WIDTH",
        ),
    ] = None,
    difference: Annotated[
        str | None,
        main_option(
            help="Or: the difference of two models to find: 5, or 10% of the number.",
            metavar="DIFFERENCE",
        ),
    ] = None,
    power: Annotated[
        float, typer.Option(help="With --difference: the chance to find it, 0 to 1.")
    ] = 0.8,
    level: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    real_videos: Annotated[
        int | None,
        typer.Option(
            max=MANY, help="There are so many real videos.", show_default="as many as fakes"
        ),
    ] = None,
    real: Annotated[
        str | None,
        main_option(help="Features of a few real videos (`leo-bench features`).", metavar="FILE"),
    ] = None,
    fake: Annotated[
        list[str] | None,
        main_option(
            help="Features of a few fake videos; twice for a difference of two models.",
            metavar="FILE",
        ),
    ] = None,
    metric: Annotated[
        str | None, main_option(help="Of features: fvd or kvd.", metavar="METRIC")
    ] = None,
    protocol: Annotated[
        str | None, main_option(help="Of features: protocol id, or a .toml file.")
    ] = None,
    seed: Seed = 0,
    json: Json = None,
) -> None:
    """Show how many videos each side needs, before they are sampled.

    For an interval of a given width, or to find a difference of a given size between two models.
    The variance comes from records, or from features of a few videos, 16 or more a side. From one
    record, --difference takes the other model to be like this one, and its samples independent.

    Exit 1 if no number of videos is enough.

    Examples:

      leo-bench plan fvd.json --width 10%

      leo-bench plan mine.json theirs.json --difference 5 --power 0.9

      leo-bench plan fvd.json --difference 10% --real-videos 400

      leo-bench plan --real real.npz --fake fake.npz --metric fvd --protocol stylegan-v --width 20
    """
    from functools import partial

    from leo_bench.benchmarks.cli.results import written
    from leo_bench.benchmarks.cli.screen import say
    from leo_bench.benchmarks.planning.sample_size import PlanRequest, plan_videos
    from leo_bench.evaluation.files.kinds import DOCUMENT
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.evaluation.records.distance import write_record
    from leo_bench.evaluation.records.documents import document_of

    check_targets(Target("--json", json, DOCUMENT))
    request = PlanRequest(
        records=tuple(records or ()),
        real=real,
        fake=tuple(fake or ()),
        metric=metric,
        protocol=protocol,
        seed=seed,
        width=width,
        difference=difference,
        power=power,
        level=level,
        real_videos=real_videos,
    )
    found = plan_videos(request)
    made = document_of("plan", [], found)
    with written(made, json, partial(write_record, made)) as show:
        if len(found.numbers) == 1:
            _show_one(found.numbers[0], found, show)
        else:
            _show_all(found, show)
        for line in dict.fromkeys(text for one in found.numbers for text in one.assumes):
            show(f"  assumed: {line}")
        for one in found.numbers:
            name = "" if len(found.numbers) == 1 else f"{one.name}: "
            for note in one.notes:
                say(f"note: {name}{note}")
        for name, why in found.refused:
            say(f"not planned: {name}: {why}")
    if any(one.needed is None for one in found.numbers):
        raise typer.Exit(1)


def _show_one(one: "PlannedNumber", found: "PlanExtra", show: "Out") -> None:
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.evaluation.records.shown_digits import number_text, width_text

    width = f"{100 * found.level:g} % interval's width"
    biased = any(row.bias for row in one.rows)
    columns = ["videos", one.label, *(["of it bias"] if biased else []), width, "", ""]
    if found.power is not None:
        columns = ["videos", "standard error", width, "power", "", ""]
    rows = []
    for row in one.rows:
        around = (row.value - row.width / 2, row.value + row.width / 2)
        bias = [number_text(row.bias, around)] if biased else []
        # No Fréchet distance is below 0: there the bias is not known well enough.
        value = "?" if biased and row.value < 0 else number_text(row.value, around)
        numbers = [value, *bias, width_text(row.width)]
        if row.power is not None:
            error = width_text(row.standard_error)
            numbers = [error, width_text(row.width), f"{row.power:.2f}"]
        what = "needed" if row == one.needed else "pilot" if row == one.now else ""
        rows.append([_counts(row), *numbers, what, "rough" if row.rough else ""])
    title = (
        one.name
        if found.power is None
        else f"{one.name}: a difference of {number_text(one.target)}"
    )
    table(title, columns, rows, show)
    if one.infinity is not None:
        show(f"{one.label}∞ = {number_text(one.infinity, (0, one.now.width))}")
    show(_answer(one, found))


def _show_all(found: "PlanExtra", show: "Out") -> None:
    """A line for each record of a folder."""
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.evaluation.records.shown_digits import number_text, width_text

    rows = []
    for one in found.numbers:
        now = one.now.width if one.now.power is None else one.now.power
        needed = "never" if one.needed is None else _counts(one.needed)
        rough = "rough" if one.needed is None or one.needed.rough else ""
        rows.append(
            [
                one.name,
                *([number_text(one.now.value, (0, one.now.width))] if found.power is None else []),
                _counts(one.now),
                width_text(now),
                number_text(one.target),
                needed,
                _between(one),
                rough,
            ]
        )
    what = "width" if found.power is None else "power"
    wished = "wished" if found.power is None else "difference"
    value = ["value"] if found.power is None else []
    columns = ["record", *value, "videos", what, wished, "needed", "between", ""]
    table("", columns, rows, show)


def _answer(one: "PlannedNumber", found: "PlanExtra") -> str:
    """The number of videos that is needed, or that there is none."""
    from leo_bench.evaluation.records.shown_digits import number_text, width_text

    level, target = f"{100 * found.level:g} %", number_text(one.target)
    wish = f"a {level} interval {target} wide"
    if found.power is not None:
        wish = f"a difference of {target} found with a power of {found.power:g}"
    if one.needed is None:
        size = width_text(one.best)
        best = f"{size} wide" if found.power is None else f"a power of {size}"
        fixed = found.request.get("real_videos")
        where = f"the {fixed} real videos alone leave" if fixed else "any number of videos leaves"
        return f"never: {wish} is out of reach: {where} {best}"
    between = _between(one)
    sure = f"; between {between}, by what the pilot's videos say" if between else ""
    return f"needed: {_in_words(one.needed)} for {wish}{sure}"


def _between(one: "PlannedNumber") -> str:
    if one.between is None:
        return ""
    low, high = one.between
    return f"{low:,} and {'infinitely many' if high is None else format(high, ',')}"


def _counts(row: "PlanRow") -> str:
    """The videos of a row, as a cell."""
    if row.real is None or row.fake is None:
        return f"{row.fake or row.real:,}"
    if row.real == row.fake:
        return f"{row.real:,} a side"
    return f"{row.real:,} real, {row.fake:,} fake"


def _in_words(row: "PlanRow") -> str:
    if row.real == row.fake:
        return f"{row.real:,} videos a side"
    return f"{_counts(row)} videos"
