"""Entry point of the `leo-bench` script: sees that leo-bench's packages are leo-bench's.

Their names are everyday words. A folder on PYTHONPATH that has a package `evaluation` of its own
would be imported in their place.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("benchmarks", "reports", "baselines", "leo", "evaluation")
HOME = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run the command, unless something else would be imported in its place: then exit code 2."""
    for name in PACKAGES:
        why = foreign(name)
        if why is not None:
            print(f"leo-bench: {why}", file=sys.stderr)  # noqa: T201
            sys.exit(2)
    from benchmarks.cli.main import main as run

    run()


def foreign(name: str) -> str | None:
    """Why a package of this name is not leo-bench's own; None: it is."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return f"its package {name!r} is not there; install leo-bench again"
    found = Path(spec.origin).resolve().parent
    if found == HOME / name:
        return None
    return (
        f"{spec.origin} shadows leo-bench's own package {name!r}; start leo-bench without that "
        "folder on PYTHONPATH"
    )
