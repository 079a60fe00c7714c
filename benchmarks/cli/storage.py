"""The commands `leo-bench weights ...` and `leo-bench cache ...`: files on this machine."""

from collections.abc import Callable
from typing import Annotated

import typer

from leo_bench.benchmarks.cli.headings import main_option

# By the registry's `strength`; "prefix": the first digits alone, which find damage, not forgery.
DIGESTS = {"digest": "known", "prefix": "prefix verified", "unknown": "unknown"}

Name = Annotated[
    list[str] | None,
    typer.Argument(help="File names.", show_default="all of the registry", metavar="FILE"),
]


def list_weights(
    urls: Annotated[
        bool, typer.Option("--urls", help="Print only the addresses, one per line.")
    ] = False,
) -> None:
    """List the registered weight files: size, where they are, what needs them, address, licence.

    Of several files behind one command any one serves.

    Example: leo-bench weights list
    """
    from leo_bench.benchmarks.cli.screen import out, wrapped
    from leo_bench.benchmarks.weights_uses import commands, uses, without_weights
    from leo_bench.evaluation.errors import InputError
    from leo_bench.evaluation.weights.registry import find, load_registry

    registry, every = load_registry(), uses()
    for name, file in registry.items():
        if urls:
            for address in file.pages:
                out(address)
            continue
        size = file.size
        try:
            path = find([name])
            where, size = str(path), path.stat().st_size
        except InputError:
            where = "absent"
        out(f"{name}: {'size unknown' if size is None else f'{size / 1e6:.3g} MB'}, {where}")
        needed = [f"for {text}" for text in commands(use for use in every if name in use.files)]
        for line in needed or ["no command needs it"]:
            out(wrapped(line))
        for address in file.pages:
            out(f"  {address}")
        out(wrapped(f"digest {DIGESTS[file.strength]}; {file.licence}; {file.lineage}"))
    if not urls:
        options = [f"{option} {name}" for name, option in without_weights().items()]
        out(f"need no file: {', '.join(options)}")


def fetch_weights(
    names: Name = None,
    needed: Annotated[
        list[str] | None,
        main_option(
            "--for",
            help="What this protocol (id or .toml), extractor, embedder, command, config of LEO or "
            "data set needs.",
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not use the network; only say what is missing.")
    ] = False,
) -> None:
    """Download weight files and check their digests; continues an interrupted download.

    Examples:

      leo-bench weights fetch --for acd-face

      leo-bench weights fetch i3d_torchscript.pt

      leo-bench weights fetch
    """
    from leo_bench.benchmarks.cli.screen import Bar, out, say
    from leo_bench.benchmarks.weights_uses import commands, needed_for, uses
    from leo_bench.evaluation.weights import downloads
    from leo_bench.evaluation.weights.registry import entry, load_registry

    registry = load_registry()
    wanted = list(names or ())
    for name in needed or ():
        files = needed_for(name)
        out(f"{name} needs {', '.join(files) or 'no weights'}")
        wanted += [file for file in files if file not in wanted]
    if not (names or needed):
        wanted = [name for name, file in registry.items() if file.used_by and file.downloads]
        for name, file in registry.items():
            if file.used_by and not file.downloads:
                out(f"{name}: only by hand, from {' or '.join(file.pages)}")
    # An unknown name stops before the first download; what only a person can get comes last.
    for name in sorted(wanted, key=lambda name: not entry(name).downloads):
        path = downloads.fetch(name, offline, _progress(Bar(name, "bytes")))
        unknown = "; nobody published its digest: commands need --allow-unverified"
        out(f"{name}: {path}{unknown * registry[name].digest_unknown}")
    for text in commands(use for use in uses() if (names or needed) and {*use.files} & {*wanted}):
        say(f"for {text}")


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
    what = "features of videos, numbers, scanned videos, frames packed for training"
    out(f"{cache_root()}: {size.files} files, {size.bytes / 1e6:.1f} MB: {what}")


def prune_cache(
    older_than: Annotated[
        float,
        typer.Option(min=0, help="Delete what was written more than this many days ago; 0: all."),
    ],
) -> None:
    """Delete cached features, numbers, scanned videos and packed frames; all are made again.

    Example: leo-bench cache prune --older-than 30
    """
    from leo_bench.benchmarks.cli.screen import out
    from leo_bench.evaluation.features.cache import FeatureStore
    from leo_bench.evaluation.files.places import cache_root

    freed = FeatureStore(cache_root()).prune(older_than_days=older_than)
    out(f"deleted {freed.files} files, {freed.bytes / 1e6:.1f} MB")
