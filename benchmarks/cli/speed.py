"""`leo-bench speed`: how fast, as ratios within one run."""

import typer

app = typer.Typer(
    help="Measure speed on this machine, as ratios within one run.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def i3d() -> None:
    """I3D: plain form, fast form, and the machine's own convolution rate.

    Example: leo-bench speed i3d
    """
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.benchmarks.speed.i3d import COLUMNS, measure

    table("i3d", COLUMNS, [row.cells() for row in measure()])


@app.command()
def decode() -> None:
    """Reading videos: every layout, in sequence and by clip.

    Example: leo-bench speed decode
    """
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.benchmarks.speed.decode import COLUMNS, measure

    table("decode", COLUMNS, [row.cells() for row in measure()])


@app.command()
def statistics() -> None:
    """Fréchet distance, KVD and interval, in every form.

    Example: leo-bench speed statistics
    """
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.benchmarks.speed.statistics import COLUMNS, measure

    table("statistics", COLUMNS, [row.cells() for row in measure()])


@app.command()
def memory() -> None:
    """Peak memory: 200 against 2,000 clips, 16 against 128 frames, at 256x256.

    Example: leo-bench speed memory
    """
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.benchmarks.speed.memory import COLUMNS, measure

    table("memory", COLUMNS, [row.cells() for row in measure()])


@app.command()
def motion() -> None:
    """LEO's motion: 1,024 frames of codes with every sampler, one video or eight at once.

    Example: leo-bench speed motion
    """
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.benchmarks.speed.motion import COLUMNS, measure

    table("motion", COLUMNS, [row.cells() for row in measure()])


@app.command()
def long() -> None:
    """LEO's long videos: 128 against 1,024 frames of leo:toy-faces, time and peak memory.

    Example: leo-bench speed long
    """
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.benchmarks.speed.long import COLUMNS, measure

    table("long", COLUMNS, [row.cells() for row in measure()])


@app.command()
def animator() -> None:
    """LEO's image animator at 256x256: encode, decode, and both, plain form against fast form.

    Example: leo-bench speed animator
    """
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.benchmarks.speed.animator import COLUMNS, measure

    table("animator", COLUMNS, [row.cells() for row in measure()])


@app.command()
def train() -> None:
    """LEO's training loop: whether it waits for data, frames packed or read each time.

    Example: leo-bench speed train
    """
    from leo_bench.benchmarks.cli.screen import table
    from leo_bench.benchmarks.speed.train import COLUMNS, measure

    table("train", COLUMNS, [row.cells() for row in measure()])
