"""Long motion measured by hand: seams, steps, ways, and what stays outside."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from leo_bench.benchmarks.ablations.ablation import load_ablation
from leo_bench.benchmarks.ablations.code_windows import Windows
from leo_bench.benchmarks.ablations.combining import Score, Scores, combine
from leo_bench.benchmarks.ablations.long_motion import LongMotion, changes_within, outside, ratios
from leo_bench.benchmarks.ablations.runs import Trained
from leo_bench.benchmarks.scores.code_motion import Bends, seams, step_lengths, ways
from leo_bench.evaluation.errors import InputError
from leo_bench.leo.config import load_config

HISTORY = load_ablation("history")
FRAMES, SEAM = 80, 10


def circles(speed: float, count: int = 4) -> Tensor:
    """Codes on circles of different sizes, all at one angle a frame: [count,FRAMES,2]."""
    angle = speed * torch.arange(FRAMES, dtype=torch.float64)
    circle = torch.stack([angle.cos(), angle.sin()], dim=1)
    return circle * torch.arange(1, count + 1)[:, None, None]


def bent(codes: Tensor) -> Tensor:
    """The same to SEAM, then backwards."""
    return torch.cat([codes[:, : SEAM + 1], codes[:, :SEAM].flip(1)], dim=1)


def measured(real: Tensor, drawn: Tensor, met: list[int]) -> dict[str, Score]:
    names = [str(i) for i in range(len(real))]
    motion = LongMotion(Windows(real, names), met, changes_within(list(circles(0.1))))
    return {measure.name: score for measure, score in motion.scores(drawn)}


def test_windows_meet_where_the_next_one_begins() -> None:
    config = load_config("toy64").lmdm.model_copy(update={"length": 64, "spare": 1})
    assert list(seams(config, 128)) == [62, 124]
    assert list(seams(config, 125)) == [62]  # a step must follow


def test_a_turn_at_a_seam_is_found_there_alone() -> None:
    bends = Bends.of(bent(circles(0.1)))
    assert torch.allclose(bends.at([SEAM]).cosine, torch.tensor(-1.0, dtype=torch.float64))
    assert bends.elsewhere([SEAM]).cosine.min() > 0.99
    assert bends.at([SEAM]).second.min() > 10 * bends.elsewhere([SEAM]).second.max() / 4


def test_motion_like_the_real_one_has_ratios_of_one() -> None:
    found = measured(circles(0.1), circles(0.1), [20, 40])
    assert list(found) == [
        "second difference at seams",
        "cosine at seams",
        "step over real",
        "way at frame 64 over real",
        f"way at frame {FRAMES} over real",
        "outside",
        "outside, less real",
    ]
    for name, score in found.items():
        expected = {"cosine at seams": 0.995, "outside": 0.0, "outside, less real": 0.0}
        assert abs(score.value - expected.get(name, 1.0)) < 1e-4, name


def test_a_ratio_has_the_influences_of_its_videos() -> None:
    over, under = torch.tensor([1.0, 4.0, 2.0]).double(), torch.tensor([1.0, 2.0, 3.0]).double()
    values = ratios(over, under)
    assert abs(float(values.mean()) - 7 / 6) < 1e-12
    weights = torch.ones(3, dtype=torch.float64, requires_grad=True)
    ratio = (weights * over).sum() / (weights * under).sum()
    ratio.backward()
    assert weights.grad is not None
    assert torch.allclose((values - values.mean()) / 3, weights.grad)


def test_a_video_that_stays_far_away_is_outside() -> None:
    far = torch.zeros(3, 10, dtype=torch.float64)
    far[0, 3:7] = 2.0
    far[1, 3:6] = 2.0  # 24 frames, not 32
    assert outside(far, 1.0).tolist() == [1.0, 0.0, 0.0]
    real, gone = circles(0.1), circles(0.1)
    gone[0, 30:] += 20.0
    found = measured(real, gone, [20])
    assert found["outside"].value == 0.25
    assert found["outside, less real"].value == 0.25


def test_changes_within_videos_go_both_ways() -> None:
    video = torch.tensor([[0.0], [1.0], [3.0]])
    assert changes_within([video, video + 5]).flatten().tolist() == [-3, 0, 3, -3, 0, 3]


def test_shorter_real_videos_tell_what_they_can() -> None:
    found = measured(circles(0.1)[:, :30], circles(0.1), [20, 40])
    assert list(found) == ["second difference at seams", "cosine at seams", "step over real"]
    real = circles(0.1)
    assert step_lengths(real)[1] == 2 * step_lengths(real)[0]
    assert ways(real)[:, 0].eq(0).all()


def test_still_real_videos_are_refused() -> None:
    with pytest.raises(InputError, match="nothing moves"):
        LongMotion(Windows(torch.ones(3, 9, 2), ["a", "b", "c"]), [4], torch.ones(5, 2))


def test_shares_that_never_vary_have_no_interval() -> None:
    scores = Scores()
    for name in ("paper", "both"):
        for seed in range(3):
            trained = Trained(name, seed, Path(name), reused=False)
            scores.add("outside", "by hand", trained, Score(0.0, 4, None))
    (found,) = combine(scores, HISTORY, ("paper", "both"))
    assert [row.interval for row in (*found.rows, *found.changes)] == [None, None, None]


def test_every_variant_differs_from_both_in_one_part_but_the_papers() -> None:
    tables = {
        name: load_config("grid64", variant.changes).lmdm
        for name, variant in HISTORY.variants.items()
    }
    facts = {name: (t.history, t.anchor, t.noise) for name, t in tables.items()}
    assert facts["paper"] == (1, False, "white")
    for name in ("history", "anchor", "motion-noise"):
        parts = zip(facts[name], facts["both"], strict=True)
        assert sum(mine != other for mine, other in parts) == 1, name
    diffusion = tables["motion-noise"].diffusion
    assert (diffusion.prediction, diffusion.schedule) == ("v", "cosine")
