"""What is lost where frames that are not square become the model's squares."""

from leo_bench.evaluation.videos.source import VideoSource


def cut_note(source: VideoSource) -> str | None:
    """A line on videos whose middle square alone is used; None where all frames are square."""
    sizes = dict(zip(source.names, source.sizes(), strict=True))
    cut = {name: min(size) / max(size) for name, size in sizes.items() if len(set(size)) > 1}
    if not cut:
        return None
    worst = min(cut, key=lambda name: cut[name])
    if len(sizes) == 1:
        return cut_line(source.name, *sizes[worst])
    return (
        f"{source.name}: {len(cut)} of {len(sizes)} are not square; "
        f"{cut_line(worst, *sizes[worst])}"
    )


def cut_line(name: str, height: int, width: int) -> str:
    """How much of one picture that is not square is used."""
    side, ends = min(height, width), "left and right" if width > height else "top and bottom"
    lost = f"{1 - side / max(height, width):.0%}".replace("%", " %")
    return (
        f"{name}: of {width}x{height} the middle square of {side}x{side} is used; {lost} of the "
        f"picture is cut off, {ends}"
    )
