"""The command `study simulate`: answers of simulated raters, to try a study and its analysis."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.headings import main_option
from leo_bench.benchmarks.cli.options import TIMES


@dataclass(frozen=True)
class Raters:
    """How simulated raters choose."""

    prefer: Annotated[
        str,
        main_option(
            help="Strengths of methods, as A=1.0,B=0: log odds; A is chosen over B with the share "
            "1 / (1 + exp(B - A)).",
            metavar="A=NUMBER,...",
            show_default="0 for all",
        ),
    ] = ""
    yes: Annotated[
        str,
        main_option(
            help="Of repetition: shares of yes, as A=0.45,B=0.02.",
            metavar="A=SHARE,...",
            show_default="0.5 for all",
        ),
    ] = ""
    spread_raters: Annotated[
        float,
        typer.Option(min=0, max=3, help="Standard deviation of raters' effects, in log odds."),
    ] = 0.5
    spread_items: Annotated[
        float, typer.Option(min=0, max=3, help="Standard deviation of items' effects, in log odds.")
    ] = 0.5
    inattentive: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of raters who answer at random, checks too."),
    ] = 0.0
    left_bias: Annotated[
        float, typer.Option(min=-5, max=5, help="Added to the log odds of the left clip.")
    ] = 0.0


def simulate(
    study: Annotated[Path, typer.Argument(help="Folder of the study.")],
    *,
    out: Annotated[Path, main_option(help="New folder for the answer files.")],
    raters: Annotated[
        int | None,
        main_option(min=1, max=TIMES, help="Number of raters.", show_default="as many as slots"),
    ] = None,
    how: Raters,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
) -> None:
    """Write answers of simulated raters, to try a study before people are asked.

    Raters and items have normal effects; shares over all raters and items are the given ones. The
    same seed gives the same files. `study results` reads them like any answers, says that no
    person answered, and refuses them together with people's.

    Example:

      leo-bench study simulate study --prefer ours=1,digan=0,real=2 --inattentive 0.1 --out answers
    """
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.benchmarks.study_results.simulated import (
        Population,
        Simulation,
        given_strengths,
    )
    from leo_bench.benchmarks.user_study.study import load_study
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.files.atomic import write_together
    from leo_bench.evaluation.files.kinds import NEW
    from leo_bench.evaluation.files.targets import Target, check_targets
    from leo_bench.evaluation.preferences.power import Spread

    check_targets(Target("--out", out, NEW))
    found = load_study(study)
    simulation = Simulation(
        study=found,
        strengths=given_strengths(found, prefer=how.prefer, yes=how.yes),
        population=Population(
            spread=Spread(how.spread_raters, how.spread_items),
            inattentive=how.inattentive,
            left_bias=how.left_bias,
        ),
        seed=seed,
    )
    if how.left_bias and found.kind == "single":
        raise InputError("--left-bias: this study shows single clips, which have no sides")
    answers = simulation.answers(raters or found.raters)
    write_together(
        {out / f"simulated-{one.rater}.json": one.model_dump_json().encode() for one in answers}
    )
    show(f"{out}: answers of {len(answers)} simulated raters; no person answered")
