"""Motion as a Gaussian of windows: fits what is Gaussian, and nothing but that."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from conftest import Run
from leo_bench.benchmarks.sources.gaussian_samples import open_gaussian
from leo_bench.benchmarks.sources.leo_samples import LeoPlace
from leo_bench.benchmarks.sources.open import SourceOptions, open_source
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.diffusion.codes import code_windows
from leo_bench.leo.models.gaussian_motion import GaussianCodes, GaussianMotion


def walks(count: int, frames: int = 12, size: int = 3) -> list[Tensor]:
    """Codes that tend to 1 from where they begin, with noise: alpha' = 0.8 alpha + 0.2 + noise."""
    chance = torch.Generator().manual_seed(0)
    codes = [torch.randn(count, size, generator=chance)]
    for _ in range(frames - 1):
        noise = 0.1 * torch.randn(count, size, generator=chance)
        codes.append(0.8 * codes[-1] + 0.2 + noise)
    return list(torch.stack(codes, dim=1))


def drawn(motion: GaussianMotion, first: Tensor, frames: int, count: int = 600) -> Tensor:
    return torch.stack([motion.codes(first, frames, ("test", i)) for i in range(count)])


def test_drawn_motion_has_the_mean_and_spread_of_the_process() -> None:
    motion = GaussianMotion.fit(code_windows(walks(4000, frames=6), 6))
    first = torch.tensor([2.0, 0.0, -1.0])
    found = drawn(motion, first, 6)
    assert torch.equal(found[:, 0], first.expand(600, -1))
    for step in range(1, 6):
        wanted = 1 + 0.8**step * (first - 1)
        spread = 0.1 * sum(0.8 ** (2 * k) for k in range(step)) ** 0.5
        assert torch.allclose(found[:, step].mean(0), wanted, atol=0.03)
        assert torch.allclose(found[:, step].std(0), torch.full((3,), spread), atol=0.02)
    steps = found[:, 5] - 0.8 * found[:, 4] - 0.2  # what is new in the last step, as in the process
    assert torch.allclose(steps.std(0), torch.full((3,), 0.1), atol=0.02)


def test_windows_follow_each_other_without_a_seam() -> None:
    motion = GaussianMotion.fit(code_windows(walks(2000, frames=6), 6))
    found = drawn(motion, torch.zeros(3), 26, count=200)
    assert found.shape == (200, 26, 3)
    steps = (found[:, 1:] - 0.8 * found[:, :-1] - 0.2).std(dim=(0, 2))
    assert torch.allclose(steps, torch.full((25,), 0.1), atol=0.02)


def test_the_same_key_gives_the_same_codes_and_a_longer_video_begins_alike() -> None:
    motion = GaussianMotion.fit(code_windows(walks(100), 5))
    first = torch.zeros(3)
    short, long = motion.codes(first, 9, ("a", 1)), motion.codes(first, 30, ("a", 1))
    assert torch.equal(short, long[:9])
    assert not torch.equal(short, motion.codes(first, 9, ("a", 2)))


def test_fewer_windows_than_dimensions_still_fit() -> None:
    motion = GaussianMotion.fit(code_windows(walks(3, frames=12), 12))
    found = drawn(motion, walks(3)[0][0], 12, count=20)
    assert found.isfinite().all()
    assert found.abs().max() < 20


def test_too_little_to_fit_is_refused() -> None:
    with pytest.raises(InputError, match="1 windows of 12 codes"):
        GaussianMotion.fit(code_windows(walks(1), 12))


def test_single_codes_have_no_motion() -> None:
    codes = GaussianCodes.fit(code_windows(walks(500), 5)).codes(torch.zeros(3), 400, ("a", 0))
    later = codes[1:]
    assert torch.equal(codes[0], torch.zeros(3))
    every = torch.cat(walks(500))
    assert torch.allclose(later.mean(0), every.mean(0), atol=0.1)
    assert torch.allclose(later.std(0), every.std(0), atol=0.1)
    along = torch.corrcoef(torch.stack([later[:-1, 0], later[1:, 0]]))[0, 1]
    assert abs(float(along)) < 0.2


def opened(query: str) -> VideoSource:
    def open_start(spec: str, side: int) -> VideoSource:
        return open_source(spec, SourceOptions(files=OpenOptions(), resolution=side))

    return open_gaussian(f"leo:toy-faces?{query}", LeoPlace(open_start, device="cpu"))


QUERY = "start=part:1/128:toy-faces/test&fit=toy-faces/train&videos=1&frames=16"


def test_a_shipped_animator_is_moved_from_given_frames() -> None:
    source = opened(QUERY)
    starts = open_source(
        "part:1/128:toy-faces/test", SourceOptions(files=OpenOptions(), resolution=64)
    )
    assert len(source.names) == len(starts.names) == 2
    assert source.frame_counts == [16] * 2
    clip = source.read(1, range(16))
    assert clip.shape == (16, 3, 64, 64)
    assert torch.equal(clip[0], starts.read(1, [0])[0])
    assert not torch.equal(clip[1], clip[15])
    assert torch.equal(opened(QUERY).read(1, [5]), clip[5:6])  # in any order, from a new start
    other = opened(QUERY + "&seed=1")
    assert other.digest(1) != source.digest(1) == opened(QUERY).digest(1)
    assert not torch.equal(other.read(1, [5]), clip[5:6])
    assert "113 windows of 1 video of toy-faces/train" in source.notes[0]
    single = opened(QUERY + "&motion=frames")
    assert "single codes, drawn anew" in single.notes[0]
    assert not torch.equal(single.read(1, [5]), clip[5:6])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("fit=toy-faces/train", "key 'start' is missing"),
        ("start=toy-faces/test", "say whose codes are to be fitted: fit=SOURCE"),
        (QUERY + "&motion=none", "motion is 'none'"),
        (QUERY + "&frames", "'frames' behind the . is not OPTION=VALUE"),
        (QUERY + "&frames=4", "frames= is there twice"),
    ],
)
def test_wrong_options(query: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        opened(query)


def test_the_command_line(leo_bench: Run, tmp_path: Path) -> None:
    found = leo_bench(
        *("features", f"gaussian:leo:toy-faces?{QUERY}", "--frames", 16, "--device", "cpu"),
        *("--protocol", "stylegan-v", "--extractor", "pixels", "--out", tmp_path / "f.npz"),
    )
    assert found.code == 0, found.err
    assert "2 clips" in found.out
