"""`leo-bench cache`: what is kept of earlier runs, and deleting it."""

from typing import Annotated

import typer

app = typer.Typer(
    help="Features and indexes kept from earlier runs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def info() -> None:
    """Where the cache is and how large.

    Example: leo-bench cache info
    """
    from benchmarks.cli.screen import out
    from evaluation.cache import FeatureStore
    from evaluation.places import cache_root

    size = FeatureStore(cache_root()).size()
    out(f"{cache_root()}: features of {size.files} videos, {size.bytes / 1e6:.1f} MB")


@app.command()
def prune(
    older_than: Annotated[
        float, typer.Option(help="Delete what was written more than so many days ago; 0: all.")
    ],
) -> None:
    """Delete cached features.

    Example: leo-bench cache prune --older-than 30
    """
    from benchmarks.cli.screen import out
    from evaluation.cache import FeatureStore
    from evaluation.places import cache_root

    freed = FeatureStore(cache_root()).prune(older_than_days=older_than)
    out(f"deleted features of {freed.files} videos, {freed.bytes / 1e6:.1f} MB")
