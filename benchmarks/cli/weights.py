"""`leo-bench weights`: the external files, where they lie, and getting them."""

from collections.abc import Callable
from typing import Annotated

import typer

app = typer.Typer(
    help="External weights: list, fetch, verify.", no_args_is_help=True, rich_markup_mode=None
)

# Of what the registry knows a digest; "prefix": the first digits, which tell damage alone.
DIGESTS = {"digest": "known", "prefix": "prefix verified", "unknown": "unknown"}

Name = Annotated[list[str] | None, typer.Argument(help="File names; absent: all of the registry.")]


@app.command("list")
def list_weights(
    urls: Annotated[bool, typer.Option("--urls", help="Only the addresses, one a line.")] = False,
) -> None:
    """What is registered: whether it is here, how far its digest is known, lineage.

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


@app.command()
def fetch(
    names: Name = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Open no socket; only say what is missing.")
    ] = False,
) -> None:
    """Download, check and put in place; continues what was interrupted.

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
    """A bar told of bytes, whose number in all may be unknown."""

    def show(done: int, total: int | None) -> None:
        bar(done, total or done + 1)

    return show


@app.command()
def verify(names: Name = None) -> None:
    """Check the digests of the files that are here; exit 1 where one is wrong, empty, or absent.

    "Prefix verified": only the first digits of the digest are published. Absent: of those named.

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
