"""`leo-bench cache`: what is kept of earlier runs, and deleting it."""

from typing import Annotated

import typer

app = typer.Typer(
    help="Features, numbers and packed frames kept from earlier runs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def info() -> None:
    """Where the cache is and how large.

    Example: leo-bench cache info
    """
    from leo_bench.benchmarks.cli.screen import out
    from leo_bench.evaluation.features.cache import FeatureStore
    from leo_bench.evaluation.files.places import cache_root

    size = FeatureStore(cache_root()).size()
    what = "features of videos, numbers, frames packed for training"
    out(f"{cache_root()}: {size.files} files, {size.bytes / 1e6:.1f} MB: {what}")


@app.command()
def prune(
    older_than: Annotated[
        float,
        typer.Option(min=0, help="Delete what was written more than so many days ago; 0: all."),
    ],
) -> None:
    """Delete cached features, numbers and packed frames; what is wanted again is made again.

    Example: leo-bench cache prune --older-than 30
    """
    from leo_bench.benchmarks.cli.screen import out
    from leo_bench.evaluation.features.cache import FeatureStore
    from leo_bench.evaluation.files.places import cache_root

    freed = FeatureStore(cache_root()).prune(older_than_days=older_than)
    out(f"deleted {freed.files} files, {freed.bytes / 1e6:.1f} MB")
