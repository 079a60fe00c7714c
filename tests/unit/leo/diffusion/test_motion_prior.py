"""Noise like motion: what is diffused is white for real codes, and goes on from what is told."""

from dataclasses import replace

import pytest
import torch
from tiny_codes import CODE, LENGTH, book, lmdm_config, saved, waves
from torch import Tensor

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.checkpoint import load_model, save_model
from leo_bench.leo.diffusion.codes import CodeStats, code_windows
from leo_bench.leo.diffusion.context import Context, Told
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.diffusion.motion_prior import MotionPrior, with_prior
from leo_bench.leo.models.motion_models import MotionModel
from leo_bench.leo.stages import lmdm

CONTEXT = Context(history=4, anchor=False, factor=2)
MOTION = {"noise": "motion", "history": 4}
FAST = Sampler("ddim", 10, batch=4)


def test_held_out_videos_need_no_codes_before_a_window() -> None:
    short = book(lengths=(LENGTH,) * 2 + (40,) * 4)
    stage = lmdm.build(lmdm_config(**MOTION), short, seed=0)
    assert stage.validate(stage.players[0].module.network)["loss"] > 0


def walks(count: int, frames: int) -> list[Tensor]:
    """Velocities that change slowly, added up: Gaussian sequences [T,2]."""
    random = torch.Generator().manual_seed(3)
    velocity = torch.zeros(count, 2)
    codes = [torch.randn(count, 2, generator=random)]
    for _ in range(frames - 1):
        velocity = 0.9 * velocity + torch.randn(count, 2, generator=random)
        codes.append(codes[-1] + velocity)
    return list(torch.stack(codes, dim=1))


def prior_of(stats: CodeStats, sequences: list[Tensor], context: Context) -> MotionPrior:
    found = with_prior(stats, sequences, context, LENGTH, 1)
    assert found.covariance is not None
    assert found.sizes is not None
    return MotionPrior(found.covariance, context, found.sizes)


@pytest.fixture(scope="module")
def sequences() -> list[Tensor]:
    return walks(4000, 3 + LENGTH)


@pytest.fixture(scope="module")
def stats(sequences: list[Tensor]) -> CodeStats:
    return CodeStats.of(code_windows(sequences, LENGTH))


@pytest.fixture(scope="module")
def prior(sequences: list[Tensor], stats: CodeStats) -> MotionPrior:
    return prior_of(stats, sequences, CONTEXT)


def told_of(codes: Tensor, known: int) -> tuple[Tensor, Tensor, Told]:
    """Residuals [B,S,M], first codes [B,M] and what is told, of codes with three before them."""
    first, before = codes[:, 3], codes[:, 3 - known : 3]
    return codes[:, 4:] - first[:, None], first, CONTEXT.given(first, before, None)


@pytest.mark.parametrize("known", [0, 1, 3])
def test_states_of_real_motion_are_white(
    sequences: list[Tensor], stats: CodeStats, prior: MotionPrior, known: int
) -> None:
    residual, first, told = told_of(stats.normalised(torch.stack(sequences)), known)
    state = prior.state(residual, first, told).double()
    covariance = torch.einsum("bsm,btm->mst", state, state) / len(state)
    # Of 4,000 walks: 0.09 is four standard errors, and the floor takes 2 % of a small component.
    torch.testing.assert_close(
        covariance, torch.eye(LENGTH - 1).double().expand(2, -1, -1), rtol=0, atol=0.12
    )
    back = prior.residual(state.float(), first, told)
    torch.testing.assert_close(back, residual, rtol=0, atol=1e-3)


def test_the_first_state_of_sampling_goes_on_as_real_motion_does(
    sequences: list[Tensor], stats: CodeStats, prior: MotionPrior
) -> None:
    codes = stats.normalised(torch.stack(sequences))
    _, first, told = told_of(codes, 3)
    white = torch.randn(len(codes), LENGTH - 1, 2, generator=torch.Generator().manual_seed(1))
    drawn = torch.cat([first[:, None], first[:, None] + prior.residual(white, first, told)], 1)
    real = codes[:, 3:].diff(dim=1)
    steps = drawn.diff(dim=1)
    assert steps.std() == pytest.approx(float(real.std()), rel=0.05)
    before = codes[:, 3] - codes[:, 2]
    for found in (real, steps):
        turned = torch.cosine_similarity(before, found[:, 0], dim=1)
        assert float(turned.median()) > 0.8
    assert (steps[:, 0] - before).std() == pytest.approx(
        float((real[:, 0] - before).std()), rel=0.1
    )


def test_long_motion_is_drawn_back_to_where_its_video_began() -> None:
    """Codes wander around a place of each video's own; the anchor says where that is."""
    random = torch.Generator().manual_seed(4)
    places = 3 * torch.randn(1500, 1, 2, generator=random)
    wander = torch.stack(walks(1500, 40))
    sequences = list(places + wander - wander.mean(1, keepdim=True))
    context = Context(history=4, anchor=True, factor=2)
    prior = prior_of(CodeStats.of(code_windows(sequences, LENGTH)), sequences, context)
    first, still = torch.zeros(2, 2), torch.zeros(2, 3, 2)
    away = torch.tensor([[0.0, 0.0], [1.0, -2.0]])
    rest = torch.zeros(2, LENGTH - 1, 2)
    for known, pulled in ((0, 0.0), (3, 0.04)):
        told = context.given(first, still[:, :known], away)
        last = prior.residual(rest, first, told)[:, -1]
        assert not last[0].any()
        assert (last[1] * away[1] >= pulled * away[1].square()).all()
        assert (last[1] * away[1] <= away[1].square()).all()


def test_networks_see_and_predict_what_is_of_one_size(prior: MotionPrior) -> None:
    """Output that is what is shown is a prediction that is the state itself."""
    random = torch.Generator().manual_seed(2)
    state = torch.randn(2000, LENGTH - 1, 2, generator=random)
    told = CONTEXT.given(torch.zeros(2000, 2), torch.randn(2000, 2, 2, generator=random), None)
    size = torch.stack([torch.linspace(0.1, 3, 2000), torch.linspace(2, 0.5, 2000)], dim=1)
    told = told._replace(size=size)
    seen, sizes = prior.shown(state, told).split(2, dim=2)
    # Four standard errors.
    torch.testing.assert_close(seen.std(0), torch.ones(LENGTH - 1, 2), rtol=0, atol=0.08)
    assert torch.equal(sizes, size.log()[:, None].expand(-1, LENGTH - 1, -1))
    torch.testing.assert_close(prior.prediction(seen, told), state, rtol=0, atol=1e-3)


def test_videos_that_move_more_have_states_of_the_same_size(
    sequences: list[Tensor], stats: CodeStats, prior: MotionPrior
) -> None:
    residual, first, told = told_of(stats.normalised(torch.stack(sequences)), 3)
    mean = prior.residual(torch.zeros_like(residual), first, told)
    size = prior.sized(residual, first, told).size
    for scale in (0.8, 1.0, 4.0):
        moved = mean + scale * (residual - mean)
        sized = prior.sized(moved, first, told)
        state = prior.state(moved, first, sized)
        torch.testing.assert_close(
            state.square().mean((1, 2)), torch.ones(len(state)), rtol=0, atol=1e-3
        )
        torch.testing.assert_close(prior.residual(state, first, sized), moved, rtol=0, atol=4e-3)
        torch.testing.assert_close(sized.size, scale * size, rtol=1e-3, atol=0)
        # Settled once, a state keeps its sizes, whatever they were.
        torch.testing.assert_close(prior.settled(state, sized), state, rtol=0, atol=1e-3)
        torch.testing.assert_close(prior.settled(5 * state, sized), state, rtol=0, atol=5e-3)


def test_the_fast_size_is_of_what_trembles_and_the_slow_one_of_what_goes_far(
    sequences: list[Tensor], stats: CodeStats, prior: MotionPrior
) -> None:
    residual, first, told = told_of(stats.normalised(torch.stack(sequences)), 3)
    size = prior.sized(residual, first, told).size
    slots = torch.arange(1, LENGTH)
    tremble = 0.05 * (-1.0) ** slots
    slow, fast = (prior.sized(residual + tremble[:, None], first, told).size / size).unbind(1)
    assert float((slow - 1).abs().median()) < 0.02
    assert float(fast.median()) > 1.2
    far = 2 * (slots / LENGTH) ** 2
    slow, fast = (prior.sized(residual + far[:, None], first, told).size / size).unbind(1)
    assert float(slow.median()) > 1.2
    assert float((fast - 1).abs().median()) < 0.05


def test_the_first_code_says_where_motion_goes() -> None:
    """Codes that wander around one place return to it: half of the way, far ahead."""
    random = torch.Generator().manual_seed(6)
    velocity = torch.randn(3000, LENGTH, 2, generator=random)
    walk = [torch.randn(3000, 2, generator=random)]
    for step in velocity.unbind(1):
        walk.append(0.8 * walk[-1] + 0.6 * step)
    sequences = list(torch.stack(walk, dim=1))
    context = Context(history=1, anchor=False, factor=1)
    prior = prior_of(CodeStats.of(code_windows(sequences, LENGTH)), sequences, context)
    first = torch.tensor([[1.0, -2.0]])
    mean = prior.residual(torch.zeros(1, LENGTH - 1, 2), first, context.given(first, None, None))
    back = 0.8 ** torch.arange(1, LENGTH) - 1
    torch.testing.assert_close(mean, back[None, :, None] * first, rtol=0, atol=0.12)


def test_a_rank_is_the_share_of_training_windows_that_move_less(
    sequences: list[Tensor], stats: CodeStats, prior: MotionPrior
) -> None:
    residual, first, told = told_of(stats.normalised(torch.stack(sequences)), 3)
    sized = prior.sized(residual, first, told)
    found = prior.rank(sized)
    order = sized.size.argsort(dim=0).argsort(dim=0) / len(found)
    torch.testing.assert_close(found, order, rtol=0, atol=0.03)
    inner = ((found > 0.05) & (found < 0.95)).all(1)
    again = prior.of_rank(found, told).size
    torch.testing.assert_close(again[inner], sized.size[inner], rtol=0.03, atol=0)
    ends = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    found = prior.of_rank(ends, Told(*(each[:2] for each in told))).size
    torch.testing.assert_close(found, torch.stack([sized.size.amin(0), sized.size.amax(0)]))


def test_a_model_draws_motion_of_the_rank_it_is_told() -> None:
    made = saved(lmdm.build(lmdm_config(**MOTION), book(), seed=0))
    sizes = torch.linspace(0.2, 2, 257).expand_as(made.stats["sizes"])
    model = MotionModel.of(replace(made, stats={**made.stats, "sizes": sizes}))
    first, keys = waves(1, 0.4), [("a", 0)]
    few, many = (
        model.windows(first, keys, FAST, rank_B2=torch.full((1, 2), rank)) for rank in (0.0, 1.0)
    )
    assert (many - first).norm() > 3 * (few - first).norm()
    drawn = model.windows(first, keys, FAST)
    assert torch.equal(drawn, model.windows(first, keys, FAST, rank_B2=model.ranks(keys)))
    rank = model.rank(waves(LENGTH, 0.4)[None])
    assert rank is not None
    assert rank.shape == (1, 2)
    assert ((rank >= 0) & (rank <= 1)).all()
    assert MotionModel.of(saved(lmdm.build(lmdm_config(), book(), seed=0))).rank(few) is None


def test_bf16_training_keeps_the_prior_in_float32(prior: MotionPrior) -> None:
    random = torch.Generator().manual_seed(5)
    residual = torch.randn(8, LENGTH - 1, 2, generator=random)
    first = torch.randn(8, 2, generator=random)
    told = CONTEXT.given(first, torch.randn(8, 3, 2, generator=random), None)
    steps = (prior.state(residual, first, told), prior.shown(residual, told))
    predicted = prior.prediction(residual.bfloat16(), told)
    with torch.autocast("cpu", torch.bfloat16):
        again = (prior.state(residual, first, told), prior.shown(residual, told))
        assert torch.equal(prior.prediction(residual.bfloat16(), told), predicted)
    for found, wanted in zip(again, steps, strict=True):
        assert torch.equal(found, wanted)
    assert predicted.dtype == torch.float32


def test_a_model_keeps_its_prior_in_float32(tmp_path) -> None:
    stage = lmdm.build(lmdm_config(**MOTION), book(), seed=0)
    made = saved(stage, noise=0.05)
    save_model(tmp_path / "model.safetensors", made, torch.float16)
    opened = MotionModel.of(load_model(tmp_path / "model.safetensors"))
    assert opened.stats.covariance is not None
    assert torch.equal(opened.stats.covariance, made.stats["covariance"])
    assert opened.stats.covariance.shape == (CODE, 4 + LENGTH - 1, 4 + LENGTH - 1)


def test_a_drawn_window_has_the_size_that_it_was_told() -> None:
    model = MotionModel.of(saved(lmdm.build(lmdm_config(**MOTION), book(), seed=0), noise=0.05))
    codes = waves(8, 0.4)[None]
    rank = torch.tensor([[0.7, 0.2]])
    window = model.windows(codes[:, -1], [("a", 0)], FAST, codes[:, :-1], rank_B2=rank)
    scale, context = model.reading.scale, model.reading.context
    first, before = (model.stats.normalised(each) for each in (codes[:, -1], codes[:, :-1]))
    told = context.given(first, before, None)
    found = model.reading.sized(model.stats.normalised(window), told)
    torch.testing.assert_close(found.size, scale.of_rank(rank, told).size, rtol=0.01, atol=0)


def test_windows_begin_and_end_where_they_may() -> None:
    model = MotionModel.of(saved(lmdm.build(lmdm_config(**MOTION), book(), seed=0), noise=0.05))
    codes = waves(8, 0.4)[None].expand(2, -1, -1)
    keys = [("a", 0), ("a", 1)]
    window = model.windows(codes[:, -1], keys, FAST, codes[:, :-1])
    assert torch.equal(window[:, 0], codes[:, -1])
    residual = model.stats.normalised(window) - model.stats.normalised(window[:, :1])
    assert (residual[:, 1:].abs() <= model.stats.bounds * 1.01 + 1e-3).all()
    alone = model.windows(codes[:1, -1], keys[:1], FAST, codes[:1, :-1])
    assert torch.equal(alone, window[:1])


def test_motion_is_smoother_at_first_than_with_white_noise() -> None:
    """An untrained network answers 0: what is drawn is the noise."""
    rough = {}
    for noise in ("white", "motion"):
        model = MotionModel.of(saved(lmdm.build(lmdm_config(noise=noise), book(), seed=0)))
        window = model.windows(waves(4, 0.0), [("n", i) for i in range(4)], FAST)
        steps = model.stats.normalised(window).diff(dim=1)
        rough[noise] = float(steps.diff(dim=1).norm() / steps.norm())
    assert rough["motion"] < rough["white"] / 3


def test_videos_must_hold_a_window_and_the_codes_before_it() -> None:
    with pytest.raises(InputError, match="no video has the 19 frames of a window and the 3 codes"):
        lmdm.build(lmdm_config(**MOTION), book(lengths=(18,) * 12), seed=0)


def test_whole_windows_have_white_noise() -> None:
    for condition in ("none", "replace", "concat-abs"):
        with pytest.raises(ValueError, match='noise = "motion" is noise on residuals'):
            lmdm_config(condition=condition, noise="motion")


def test_a_model_of_white_noise_has_no_prior() -> None:
    stage = lmdm.build(lmdm_config(history=4), book(), seed=0)
    assert "covariance" not in stage.tensors
    assert replace(MotionModel.of(saved(stage)).stats).covariance is None
