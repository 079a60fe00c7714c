"""Pictures that matplotlib draws, written whole or not at all; the extra `report` brings it."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg", ".pdf")
DOTS = 130  # to an inch


def need_matplotlib(path: Path) -> None:
    """Stop before the work, not after it, where no picture could be drawn.

    Raises:
        InputError: matplotlib is not installed; the path has no ending of a picture.
    """
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"--out {path}: a picture ends in {', '.join(ENDINGS)}")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError(
            "a picture needs matplotlib: install leo-bench with the extra `report`, or drop --out"
        ) from None


def write_figure(figure: "Figure", path: Path) -> None:
    """Write a figure; a PNG says that leo-bench made it (`evaluation.files.kinds.PICTURE`).

    Raises:
        InputError: it cannot be written.
    """
    kind = path.suffix.lower().removeprefix(".")
    about = {"Software": "leo-bench"} if kind == "png" else None
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=DOTS, metadata=about)
    write_atomically(path, content.getvalue())
