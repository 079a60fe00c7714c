"""The command adapt: videos by another system's own sampler."""

from pathlib import Path
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.headings import main_option


def adapt(
    method: Annotated[
        str, typer.Argument(help="Id of a method (leo-bench list methods), or a .toml file.")
    ],
    checkout: Annotated[Path, main_option(help="A clone of the method's repository.")],
    count: Annotated[int, main_option(min=1, help="Number of videos.")],
    out: Annotated[Path, main_option(help="Folder for the videos, the log and provenance.json.")],
    checkpoint: Annotated[
        list[str] | None,
        main_option(
            help="Weights: FILE, or NAME=FILE if the method has several.", metavar="[NAME=]FILE"
        ),
    ] = None,
    python: Annotated[
        Path | None,
        typer.Option(
            help="Python of the method's environment.", show_default="that of CHECKOUT/.venv"
        ),
    ] = None,
    frames: Annotated[
        int | None,
        main_option(min=1, help="Frames of each video.", show_default="the method's number"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed, for samplers that take one.")] = 0,
    chunk: Annotated[
        int | None,
        typer.Option(
            min=1, help="Videos per call of the sampler; finished calls are not repeated."
        ),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(min=0.01, help="Stop the sampler after so many minutes.")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            help="Which of the method's output layouts to read.", show_default="its first"
        ),
    ] = None,
) -> None:
    """Make videos by another system's own sampler, in its own checkout and environment.

    Measure them as METHOD:OUT. The same command continues where it stopped. Exit 2: bad input, or
    the method has no sampler for the videos that are measured. Exit 3: the sampler crashed, ran out
    of time, or wrote too little; what it wrote is kept.

    Examples:

      leo-bench adapt stylegan-v --checkout stylegan-v/ --checkpoint ffs.pkl --count 2048 --out sgv/

      leo-bench adapt tats --checkout TATS/ --checkpoint gpt=gpt.ckpt --checkpoint vqgan=vq.ckpt
      --python TATS/env/bin/python --count 2048 --time-limit 600 --out tats/

      leo-bench fvd --dataset faceforensics --frames 16 --fake stylegan-v:sgv/
    """
    from leo_bench.baselines.adapter import adapt
    from leo_bench.baselines.methods import load_method
    from leo_bench.baselines.planning import AdaptRequest, named_checkpoints
    from leo_bench.baselines.provenance import ADAPTED
    from leo_bench.benchmarks.cli.screen import Bar, say
    from leo_bench.benchmarks.cli.screen import out as show
    from leo_bench.evaluation.files.targets import Target, check_targets

    check_targets(Target("--out", out, ADAPTED))
    chosen = load_method(method)
    request = AdaptRequest(
        method=chosen,
        checkout=checkout,
        checkpoints=named_checkpoints(chosen, checkpoint or []),
        out=out,
        count=count,
        frames=frames,
        seed=seed,
        chunk=chunk,
        python=python,
        layout=layout,
        time_limit=None if time_limit is None else 60 * time_limit,
    )
    made = adapt(request, progress=Bar(f"adapt {chosen.id}", "videos"), say=say)
    videos = sum(part.videos for part in made.parts)
    source = f"{chosen.id}:{out}" if not method.endswith(".toml") else f"method:{method}:{out}"
    show(f"{out}: {videos} videos of {chosen.title}; measure them as --fake {source}")
