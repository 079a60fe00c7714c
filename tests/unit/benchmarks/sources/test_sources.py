"""What stands on a command line as SOURCE: patterns, damages, doubles, names, sides."""

from pathlib import Path

import numpy as np
import pytest
from made_videos import encode, moving
from PIL import Image

from leo_bench.benchmarks.scores.plan import plan
from leo_bench.benchmarks.scores.requests import FrameScoreRequest, ScoreRequest
from leo_bench.benchmarks.scores.score import open_sides
from leo_bench.benchmarks.sources.damage import DAMAGES
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import each_levels

PLAIN = SourceOptions(files=OpenOptions(quantise="round"), resolution=64)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Two video files, and two folders of frames."""
    folder = tmp_path / "mixed"
    for seed in range(2):
        (folder / f"v{seed}").mkdir(parents=True)
        encode(folder / f"{seed}.mkv", moving(4, 16, 16, seed), "ffv1", "bgr0")
        for number, frame in enumerate(moving(3, 16, 16, seed)):
            Image.fromarray(frame).save(folder / f"v{seed}" / f"{number}.png")
    return folder


def test_a_mixture_says_the_way_out_and_that_is_one(mixed: Path) -> None:
    with pytest.raises(InputError, match="a mixture") as raised:
        open_source(str(mixed), PLAIN)
    pattern = str(raised.value).split("'")[1]
    assert pattern == f"{mixed}/*.mkv"
    files = open_source(pattern, PLAIN)
    assert (files.name, list(files.names)) == (pattern, ["0.mkv", "1.mkv"])
    folders = open_source(f"{mixed}/v*", PLAIN)
    assert (list(folders.names), list(folders.frame_counts)) == (["v0", "v1"], [3, 3])
    assert any("2 mkv of another name" in note for note in folders.notes)
    one = open_source(f"{mixed}/v[1]/*.png", PLAIN)
    assert list(one.names) == ["v1"]


def test_a_folder_whose_name_looks_like_a_pattern_is_that_folder(tmp_path: Path) -> None:
    (tmp_path / "set[1]").mkdir()
    encode(tmp_path / "set[1]" / "a.mkv", moving(4, 16, 16), "ffv1", "bgr0")
    assert list(open_source(str(tmp_path / "set[1]"), PLAIN).names) == ["a.mkv"]
    with pytest.raises(InputError, match="no videos there"):
        open_source(str(tmp_path / "set[1]" / "*.mp4").replace("[1]", "*"), PLAIN)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("amount", ["nan", "inf", "-inf", "1e308", "0", "-1", "", "much"])
def test_amounts_of_damage_that_are_none_are_refused(mixed: Path, damage: str, amount: str) -> None:
    with pytest.raises(InputError, match="the amount must be a number above 0 and at most"):
        open_source(f"damaged:{damage}={amount}:{mixed}/*.mkv", PLAIN)


def test_usual_and_largest_amounts_are_taken(mixed: Path) -> None:
    for name, known in DAMAGES.items():
        for text in (name, f"{name}={known.most}"):
            assert len(open_source(f"damaged:{text}:{mixed}/*.mkv", PLAIN).names) == 2
    most = f"damaged:blur={DAMAGES['blur'].most}:{mixed}/*.mkv"
    assert open_source(most, PLAIN).read(0, [0]).shape == (1, 3, 16, 16)


@pytest.mark.parametrize("kind", ["leo", "gaussian"])
def test_an_option_that_is_given_twice_is_refused(kind: str) -> None:
    with pytest.raises(InputError, match="steps= is there twice"):
        open_source(f"{kind}:toy-faces?steps=5&steps=2", PLAIN)


def test_fewer_videos_than_the_limit_are_not_called_its_number(mixed: Path) -> None:
    for limit, name in ((1, " (first 1)"), (2, ""), (4, "")):
        spec = f"{mixed}/*.mkv"
        options = SourceOptions(files=OpenOptions(), limit=limit)
        assert open_source(spec, options).name == f"{spec}{name}"


def request(real: Path, fake: Path, **options: object) -> ScoreRequest:
    return ScoreRequest(
        metric="fvd", frames=2, real=str(real), fake=str(fake), protocol="stylegan-v", **options
    )


def arrays(folder: Path) -> tuple[Path, Path]:
    levels = np.stack([np.stack(moving(4, 16, 16, seed)) for seed in range(3)])
    np.save(folder / "real.npy", levels)
    unit = (levels / 255).astype(np.float32)
    unit[:, 0, 0, 0, 0] = -1e-3
    np.save(folder / "fake.npy", unit)
    return folder / "real.npy", folder / "fake.npy"


def test_the_range_is_refused_by_side_and_settled_by_an_option(tmp_path: Path) -> None:
    real, fake = arrays(tmp_path)
    resources = Resources(None)
    for side, (one, other) in (("fake", (real, fake)), ("real", (fake, real))):
        with pytest.raises(InputError, match=rf"^{side} side: .*fake\.npy: floats span \[-0\.001"):
            open_sides(plan(request(one, other)), resources)
    sides = open_sides(plan(request(real, fake, float_range="01")), resources)
    assert len(sides[1].source.names) == 3


def test_a_broken_video_is_named_with_side_and_path(tmp_path: Path) -> None:
    real, fake = arrays(tmp_path)
    values = np.full((3, 4, 16, 16, 3), -1, np.float32)
    values[1, 0, 0, 0, 0] = np.nan
    np.save(fake, values)
    with pytest.raises(BadVideoError) as raised:
        open_sides(plan(request(real, fake)), Resources(None))
    assert str(raised.value) == f"fake side: {fake}: 000001: holds NaN or infinite values"
    assert raised.value.video == "000001"


@pytest.mark.parametrize("model", [ScoreRequest, FrameScoreRequest])
def test_requests_of_older_records_are_read(model: type[ScoreRequest]) -> None:
    old = model(metric="fvd", frames=16)
    assert (old.float_range, old.frames_glob) == (None, None)


def test_a_source_of_ones_own_has_to_give_levels(mixed: Path) -> None:
    class Floats:
        def __init__(self) -> None:
            self.base = open_source(f"{mixed}/*.mkv", PLAIN)
            self.name, self.names = "mine", self.base.names

        def each_frame(self, index: int, frames: list[int]) -> object:
            return (frame / 127.5 - 1 for frame in self.base.each_frame(index, frames))

    with pytest.raises(InputError, match=r"mine: 0\.mkv: gives float32 \[3, 16, 16\] that span"):
        list(each_levels(Floats(), 0, [0, 1]))  # type: ignore[arg-type]
