"""The commands `study create` and `study plan`: a study, and what it can find."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.headings import (
    checks_option,
    clips_option,
    consent_option,
    main_option,
)
from leo_bench.benchmarks.cli.options import (
    MANY,
    SIDE,
    TIMES,
    Reading,
    Seed,
    Strides,
    Workers,
    fields_of,
)

RATERS = 10_000
POWER = 0.8  # share of studies that find a preference


@dataclass(frozen=True)
class Clips:
    """What all clips have in common."""

    frames: Annotated[
        int | None,
        clips_option(
            max=MANY,
            help="Frames of a clip.",
            show_default="of the shortest video, at most 4 seconds",
        ),
    ] = None
    fps: Annotated[
        float | None,
        clips_option(
            help="Frames per second of all clips.",
            show_default="what the videos' files state, if they state one rate, or 25",
        ),
    ] = None
    size: Annotated[
        int | None,
        clips_option(
            max=SIDE, help="Resize videos to R x R.", show_default="the smallest one's side"
        ),
    ] = None


@dataclass(frozen=True)
class Attention:
    """Items with a right answer, and the rule that sets raters apart."""

    checks: Annotated[
        int, checks_option(min=0, max=100, help="Attention checks that a rater sees.")
    ] = 4
    practice: Annotated[
        int,
        checks_option(
            min=1,
            max=20,
            help="Practice items that a rater sees first; of two or more, the first is shown "
            "solved, as an example.",
        ),
    ] = 2
    check_right: Annotated[
        str | None,
        checks_option(help="Of a question of your own: videos that are the right answer."),
    ] = None
    check_wrong: Annotated[
        str | None,
        checks_option(help="Of a question of your own: videos that are the wrong answer."),
    ] = None
    most_failed: Annotated[
        int, checks_option(min=0, max=100, help="Set a rater apart who fails more checks.")
    ] = 1
    fewest_answered: Annotated[
        float,
        checks_option(min=0, max=1, help="Set a rater apart who answers a smaller share of items."),
    ] = 0.5
    shortest_median: Annotated[
        float,
        checks_option(min=0, help="Set a rater apart whose median seconds an item are fewer."),
    ] = 0.0


@dataclass(frozen=True)
class Consent:
    """What the consent text says."""

    contact: Annotated[
        str, consent_option(help="Whom raters can ask: an e-mail address or a link.")
    ] = ""
    kept: Annotated[
        str,
        consent_option(
            help="How long answers are kept, in the language of the pages, as 'until 2027-12-31'."
        ),
    ] = ""
    language: Annotated[
        str, consent_option(help="Language of the pages: en or de.", metavar="LANGUAGE")
    ] = "en"


def create(
    *,
    more: Annotated[
        list[str] | None,
        typer.Argument(
            help="The methods, as NAME=SOURCE; 'real' names the real videos.",
            metavar="NAME=SOURCE",
        ),
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(help="Another way to name a method, as NAME=SOURCE.", metavar="NAME=SOURCE"),
    ] = None,
    question: Annotated[
        str,
        main_option(
            help="realism, coherence, repetition, or a question of your own.", metavar="QUESTION"
        ),
    ],
    out: Annotated[Path, main_option(help="Folder for the study.")],
    raters: Annotated[int, main_option(min=1, max=RATERS, help="Number of raters.")] = 20,
    videos: Annotated[
        int,
        main_option(
            min=1,
            max=TIMES,
            help="Pairs of each two methods; with repetition, clips of each method.",
        ),
    ] = 20,
    per_rater: Annotated[
        int | None,
        main_option(min=1, max=MANY, help="Rated items that a rater sees.", show_default="all"),
    ] = None,
    against: Annotated[
        str | None,
        main_option(help="Compare only this method with each other one, as the paper does."),
    ] = None,
    clips: Clips,
    strides: Strides,
    attention: Attention,
    dataset: Annotated[
        str | None,
        typer.Option(help="Data set that the videos show.", show_default="that of the sources"),
    ] = None,
    consent: Consent,
    seed: Seed = 0,
    reading: Reading,
    workers: Workers = None,
) -> None:
    """Draw a user study: pairs of clips, checks, and what each rater sees.

    realism and coherence show two clips and ask which; repetition shows one and asks yes or no.
    Every two methods are compared, balanced over methods and sides, in an order of each rater's
    own. The same seed and videos make the same study.

    OUT/study.toml states everything, so it is not for raters. OUT/clips/ has the clips, H.264 of
    one size, length and frame rate, under names that say nothing.

    Examples:

      leo-bench study create ours=samples/ digan=other/ real=taichihd/test
      --question realism --raters 20 --out study

      leo-bench study create ours=with/ without=without/ --question repetition --out study5
    """
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.cli.screen import resources, say
    from leo_bench.benchmarks.user_study.create import create_study
    from leo_bench.benchmarks.user_study.study import DOCUMENT
    from leo_bench.benchmarks.user_study.study_plan import plan_lines
    from leo_bench.benchmarks.user_study.study_request import StudyRequest, check_place
    from leo_bench.evaluation.files.kinds import made_by
    from leo_bench.evaluation.files.targets import Target, check_targets, claimed
    from leo_bench.evaluation.preferences.power import Spread

    request = StudyRequest(
        pairs=(*(pairs or []), *(more or [])),
        question=question,
        raters=raters,
        videos=videos,
        per_rater=per_rater,
        against=against,
        dataset=dataset,
        seed=seed,
        **fields_of(clips, strides, attention, consent, reading),
    )
    check_place(request, out)
    check_targets(Target("--out", out, made_by("study create", DOCUMENT)))
    work = resources(workers=workers, keep=False, what="clips written")
    with claimed(out, "study create"):
        study, was_there = create_study(request, out, work)
    for note in study.notes:
        say(f"note: {note}")
    if was_there:
        say(f"{out}: this study is there already")
    show(f"{out}: study {study.id}, {len(study.clip)} clips")
    for line in plan_lines(study, Spread(), POWER):
        show(f"  {line}")


def plan(
    study: Annotated[Path, typer.Argument(help="Folder of a study.")],
    power: Annotated[
        float, typer.Option(help="Share of studies that find the preference, 0 to 1.")
    ] = POWER,
    spread_raters: Annotated[
        float, typer.Option(help="How much raters differ: standard deviation of log odds.")
    ] = 0.5,
    spread_items: Annotated[
        float, typer.Option(help="How much items differ: standard deviation of log odds.")
    ] = 0.5,
) -> None:
    """Show what a study asks of its raters, and how small a preference it can find.

    A preference is found where the 95 % interval of its share, for other raters and other videos,
    excludes 50 %. `study create` shows the same.

    Example: leo-bench study plan study --spread-raters 1 --spread-items 1
    """
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.cli.screen import say
    from leo_bench.benchmarks.user_study.study import check_clips, load_study
    from leo_bench.benchmarks.user_study.study_plan import plan_lines
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.preferences.power import Spread

    found = load_study(study)
    for line in plan_lines(found, Spread(spread_raters, spread_items), power):
        show(line)
    try:
        check_clips(found, study)
    except InputError as error:
        say(f"note: {error}")
