"""The commands `leo-bench weights ...` and `leo-bench cache ...`: files on this machine."""

from collections.abc import Callable
from typing import Annotated

import typer

# By the registry's `strength`; "prefix": the first digits alone, which find damage, not forgery.
DIGESTS = {"digest": "known", "prefix": "prefix verified", "unknown": "unknown"}

Name = Annotated[list[str] | None, typer.Argument(help="File names; default: all of the registry.")]


def list_weights(
    urls: Annotated[
        bool, typer.Option("--urls", help="Print only the addresses, one per line.")
    ] = False,
) -> None:
    """List the registered weight files: where they are, digest, licence and lineage.

    Example: leo-bench weights list
    """
    from leo_bench.benchmarks.cli.screen import out, table
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.weights.registry import find, load_registry

    registry = load_registry()
    if urls:
        for file in registry.values():
            for address in file.pages:
                out(address)
        return
    rows = []
    for name, file in registry.items():
        try:
            where = str(find([name]))
        except InputError:
            where = "absent"
        users = ", ".join(file.used_by) or "nothing"
        rows.append([name, where, DIGESTS[file.strength], users, file.licence, file.lineage])
    table("weights", ["file", "where", "digest", "used by", "licence", "lineage"], rows)


def fetch_weights(
    names: Name = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not use the network; only say what is missing.")
    ] = False,
) -> None:
    """Download weight files and check their digests; continues an interrupted download.

    Examples:

      leo-bench weights fetch i3d_torchscript.pt

      leo-bench weights fetch
    """
    from leo_bench.benchmarks.cli.screen import Bar, out
    from leo_bench.evaluation.weights import downloads
    from leo_bench.evaluation.weights.registry import entry, load_registry

    registry = load_registry()
    used = [name for name, file in registry.items() if file.used_by]
    if not names:
        for name in used:
            if not registry[name].downloads:
                out(f"{name}: only by hand, from {' or '.join(registry[name].pages)}")
    for name in names or ():
        entry(name)  # an unknown name stops before the first download
    for name in names or [name for name in used if registry[name].downloads]:
        path = downloads.fetch(name, offline, _progress(Bar(name, "bytes")))
        out(f"{name}: {path}")


def _progress(bar: Callable[[int, int], None]) -> Callable[[int, int | None], None]:
    """The bar as a callback of downloads, whose total number of bytes may be unknown."""

    def show(done: int, total: int | None) -> None:
        bar(done, total or done + 1)

    return show


def verify_weights(names: Name = None) -> None:
    """Check the digests of the weight files on this machine.

    "prefix verified": only the first digits of the digest are published. Exit 1 if a digest is
    wrong, a file is empty, or a file that was named is absent.

    Example: leo-bench weights verify
    """
    from leo_bench.benchmarks.cli.screen import out
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.weights.registry import entry, find, identify, load_registry

    wrong = False
    files = {name: entry(name) for name in names or load_registry()}
    for name, file in files.items():
        try:
            path = find([name])
        except InputError as error:
            out(f"{name}: absent" if not names else str(error))
            wrong = wrong or bool(names)
            continue
        if path.stat().st_size == 0:
            wrong = True
            out(f"{name}: EMPTY ({path})")
            continue
        if file.digest_unknown:
            out(f"{name}: nobody published its digest, here {identify(path, {}).sha256} ({path})")
            continue
        right = identify(path, {name: file}).verified
        wrong = wrong or not right
        words = "prefix verified" if file.strength == "prefix" else "right"
        out(f"{name}: {words if right else 'WRONG DIGEST'} ({path})")
    if wrong:
        raise typer.Exit(1)


def cache_info() -> None:
    """Show where the cache is and how large it is.

    Example: leo-bench cache info
    """
    from leo_bench.benchmarks.cli.screen import out
    from leo_bench.evaluation.features.cache import FeatureStore
    from leo_bench.evaluation.files.places import cache_root

    size = FeatureStore(cache_root()).size()
    what = "features of videos, numbers, frames packed for training"
    out(f"{cache_root()}: {size.files} files, {size.bytes / 1e6:.1f} MB: {what}")


def prune_cache(
    older_than: Annotated[
        float,
        typer.Option(min=0, help="Delete what was written more than this many days ago; 0: all."),
    ],
) -> None:
    """Delete cached features, numbers and packed frames; they are computed again when needed.

    Example: leo-bench cache prune --older-than 30
    """
    from leo_bench.benchmarks.cli.screen import out
    from leo_bench.evaluation.features.cache import FeatureStore
    from leo_bench.evaluation.files.places import cache_root

    freed = FeatureStore(cache_root()).prune(older_than_days=older_than)
    out(f"deleted {freed.files} files, {freed.bytes / 1e6:.1f} MB")
