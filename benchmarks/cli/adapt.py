"""The verb that runs other systems: adapt."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command("adapt")(adapt)


def adapt(
    method: Annotated[
        str, typer.Argument(help="leo-bench list methods; or a .toml of your own like theirs.")
    ],
    checkout: Annotated[Path, typer.Option(help="A clone of the method's repository.")],
    count: Annotated[int, typer.Option(min=1, help="Videos.")],
    out: Annotated[Path, typer.Option(help="Folder for the videos, the log and provenance.json.")],
    checkpoint: Annotated[
        list[str] | None,
        typer.Option(help="Weights: FILE, or NAME=FILE for each where a method has several."),
    ] = None,
    python: Annotated[
        Path | None,
        typer.Option(help="Interpreter of the method's environment; absent: CHECKOUT/.venv's."),
    ] = None,
    frames: Annotated[
        int | None, typer.Option(min=1, help="Of every video; absent: the method's own number.")
    ] = None,
    seed: Annotated[int, typer.Option(help="For samplers that take one.")] = 0,
    chunk: Annotated[
        int | None,
        typer.Option(min=1, help="Videos a run of the sampler, so that a stopped one goes on."),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(min=0.01, help="Minutes, after which the sampler is ended.")
    ] = None,
    layout: Annotated[
        str | None, typer.Option(help="Which of the method's layouts to read; absent: its first.")
    ] = None,
) -> None:
    """Make videos by another system's own sampler, in its own checkout and environment.

    OUT is then scored as METHOD:OUT. The same line again goes on where it stopped: parts that are
    done stay. Exit 2: the method has no sampler that gives what is measured, or the input is
    wrong. Exit 3: the sampler crashed, ran out of time, or wrote too little; what it wrote stays.

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
    show(f"{out}: {videos} videos of {chosen.title}; score them as --fake {source}")
