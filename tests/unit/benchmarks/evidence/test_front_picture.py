"""The README's picture: a column a kind of clip, read from the folder of the demo."""

from pathlib import Path

import pytest
import torch
from made_records import features, fvd_of, record
from PIL import Image

from leo_bench.benchmarks.evidence.front_picture import KINDS, Column, columns, draw
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.records.distance import write_record
from leo_bench.evaluation.videos.write import write_video

RECORDS = Path("records", "toy-bodies-test-part-1-2-stored-16f-s1-stylegan-v")
SAMPLED = ("from-first-frames", "unconditional")


def demo(folder: Path, kinds: list[str]) -> Path:
    """A folder as `leo-bench demo` leaves it, of these kinds of fake sides."""
    real = features(0, 8)
    for place, kind in enumerate(kinds):
        fake = features(place + 1, 8, shift=len(kinds) - place)
        source = f"part:2/2:damaged:{kind}:toy-bodies/test"
        if kind in SAMPLED:
            source = f"samples/toy-bodies-{kind}"
            frames = torch.zeros(16, 3, 64, 64, dtype=torch.uint8)
            write_video(folder / source / "a.mkv", frames, fps=25)
        if kind.startswith("part:"):
            source = "part:2/2:toy-bodies/test"
        made = record(fvd_of(real, fake), real.values, fake.values, request={"fake": source})
        write_record(made, folder / RECORDS / f"model{place}" / "fvd.json")
    return folder


def test_columns_are_sorted_by_their_numbers_and_drawn(tmp_path: Path) -> None:
    shown = columns(demo(tmp_path, list(KINDS)), "toy-bodies", video=0)
    assert [column.kind for column in shown] == list(reversed(KINDS))
    assert all(column.frames.shape == (3, 3, 64, 64) for column in shown)
    still = next(column for column in shown if column.kind == "frozen").frames
    assert torch.equal(still[0], still[2])
    draw(shown, tmp_path / "front.png")
    with Image.open(tmp_path / "front.png") as picture:
        assert picture.size == (960, 530)
        colours = set(picture.convert("RGB").get_flattened_data())
    assert {(255, 255, 255), (0, 114, 178), (213, 94, 0)} <= colours


def test_a_kind_that_was_not_measured_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no FVD of .*'blur'.*leo-bench demo"):
        columns(demo(tmp_path, ["frozen"]), "toy-bodies", video=0)


def test_colours_tell_real_leo_and_damaged_apart() -> None:
    real = features(0, 8)
    made = record(fvd_of(real, real), real.values, real.values)
    frames = torch.zeros(3, 3, 64, 64, dtype=torch.uint8)
    colours = {Column(kind, made, frames).colour for kind in ("part:2/2:toy", "blur", SAMPLED[0])}
    assert len(colours) == 3
