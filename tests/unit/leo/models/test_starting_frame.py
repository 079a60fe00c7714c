"""Starting frames: batches of frames with codes, what is learned from them, what is drawn."""

import math

import pytest
import torch
from tiny_codes import saved
from torch import Tensor
from torch.nn import functional as F

from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.leo.config import CddpmConfig, Diffusion
from leo_bench.leo.data.encode import CodeBook
from leo_bench.leo.data.videos import TrainingVideos
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.models.starting_frame import FrameModel, StartingFrames, shrunk
from leo_bench.leo.networks.layers import from_pixels
from leo_bench.leo.networks.network_config import UNet2dConfig
from leo_bench.leo.seeds import normal
from leo_bench.leo.stage import Share, Stage
from leo_bench.leo.stages import cddpm, super_resolution
from leo_bench.leo.training_config import Optimiser, Training

VIDEOS, FRAMES, CODE = 10, 2, 6
TINY = UNet2dConfig(channels=32, multipliers=(1, 2), blocks=1, attention=(4, 8), heads=2, patch=2)


@pytest.fixture(scope="module")
def videos() -> TrainingVideos:
    """Eight training videos and two held out: 32 pixels, 2 frames each."""
    source = open_world("toy-faces", "train", WorldShape(32, FRAMES, VIDEOS))
    packed = torch.cat([source.read(i, range(FRAMES)) for i in range(VIDEOS)]).numpy()
    return TrainingVideos(source, 32, range(8), [8, 9], packed, "worlds")


@pytest.fixture(scope="module")
def codes(videos: TrainingVideos) -> CodeBook:
    """Codes that are far from unit scale, one a video, so that a video is what a code means."""
    each = 30 * normal((VIDEOS, CODE), "codes") + 100
    return CodeBook(
        codes=each.repeat_interleave(FRAMES, 0),
        lengths=[FRAMES] * VIDEOS,
        names=list(videos.source.names),
        held_out=[8, 9],
        digest="codes",
    )


def config(resolution: int, batch: int = 8, condition_dropout: float = 0.0) -> CddpmConfig:
    return CddpmConfig(
        training=Training(steps=100, batch=batch),
        optimiser=Optimiser(learning_rate=3e-3),
        network=TINY,
        diffusion=Diffusion(prediction="sample", schedule="cosine"),  # learns soonest
        resolution=resolution,
        condition_dropout=condition_dropout,
    )


def learn(stage: Stage, steps: int) -> list[float]:
    """Train a stage's network a little; -> its losses."""
    (player,) = stage.players
    optimiser = torch.optim.Adam(player.module.parameters(), player.optimiser.learning_rate)
    found = []
    for step in range(steps):
        losses, _ = player.module(stage.batch(step, Share()))
        optimiser.zero_grad()
        losses["mse"].backward()
        optimiser.step()
        found.append(losses["mse"].item())
    player.module.eval()
    return found


def drawer(stage: Stage, like: CddpmConfig) -> FrameModel:
    """The model as it comes back from a file."""
    return FrameModel.of(saved(stage), like)


@pytest.fixture(scope="module")
def base(videos: TrainingVideos, codes: CodeBook) -> FrameModel:
    """A base of 16 pixels that has learned for a moment."""
    stage = cddpm.build(config(16), videos, codes, seed=0)
    learn(stage, 3)
    return drawer(stage, config(16))


@pytest.fixture(scope="module")
def finer(videos: TrainingVideos, codes: CodeBook) -> FrameModel:
    """Super-resolution from 16 to 32 pixels that has learned for a moment."""
    stage = super_resolution.build(config(32, batch=4), 16, videos, codes, seed=0)
    learn(stage, 2)
    return drawer(stage, config(32))


def test_a_batch_pairs_a_frame_with_its_own_code(videos: TrainingVideos, codes: CodeBook) -> None:
    stage = cddpm.build(config(32, batch=32), videos, codes, seed=0)
    batch = stage.batch(3, Share())
    told = batch["code"] * stage.tensors["scale"] + stage.tensors["mean"]
    pictures = torch.stack([videos.frames(i, range(FRAMES)) for i in videos.training])
    seen = set()
    for frame, code in zip(batch["frame"], told, strict=True):
        near = torch.stack([codes.of(i)[0] for i in videos.training]) - code
        video = int(near.abs().sum(1).argmin())
        places = (pictures == frame).flatten(2).all(2).nonzero()
        assert places[:, 0].unique().tolist() == [video]
        seen.add(video)
    assert seen == set(videos.training)  # of 32 draws, each of 8 videos: chance of a miss 0.1
    assert batch["code"].std() == pytest.approx(1.0, abs=0.2)


def test_a_held_out_frame_is_never_learned_from(videos: TrainingVideos, codes: CodeBook) -> None:
    stage = cddpm.build(config(32, batch=64), videos, codes, seed=0)
    batch = stage.batch(0, Share())
    for video in videos.held_out:
        for frame in videos.frames(video, range(FRAMES)):
            assert not (batch["frame"] == frame).flatten(1).all(1).any()


@pytest.mark.parametrize("low", [None, 16], ids=["base", "super-resolution"])
def test_parts_of_a_batch_make_up_the_whole(
    videos: TrainingVideos, codes: CodeBook, low: int | None
) -> None:
    like = config(32, condition_dropout=0.5)
    stage = (
        cddpm.build(like, videos, codes, seed=1)
        if low is None
        else super_resolution.build(like, low, videos, codes, seed=1)
    )
    whole = stage.batch(5, Share())
    parts = [stage.batch(5, Share(part, 4)) for part in range(4)]
    for name, values in whole.items():
        assert torch.equal(torch.cat([part[name] for part in parts]), values)
    assert 0 < whole["told"].sum() < 8
    assert not torch.equal(stage.batch(6, Share())["noise"], whole["noise"])


def test_the_same_seed_starts_the_same_network(videos: TrainingVideos, codes: CodeBook) -> None:
    def first(seed: int) -> Tensor:
        stage = cddpm.build(config(16), videos, codes, seed)
        return stage.players[0].module.network.get_parameter("unet.conv_in.weight")

    assert torch.equal(first(0), first(0))
    assert not torch.equal(first(0), first(1))


def test_draws_the_pictures_it_has_learned_by_heart(
    videos: TrainingVideos, codes: CodeBook
) -> None:
    like = config(16)
    stage = cddpm.build(like, videos, codes, seed=0)
    losses = learn(stage, 150)
    assert sum(losses[-20:]) < 0.2 * sum(losses[:20])
    wanted = shrunk(torch.cat([videos.frames(i, [0]) for i in videos.training]), 16).float()
    keys = [("by heart", i) for i in range(8)]
    own = torch.stack([codes.of(i)[0] for i in videos.training])
    drawn = StartingFrames(drawer(stage, like)).draw(own, keys, Sampler("ddim", 20)).float()
    of_mean_picture = F.mse_loss(wanted.mean(0).expand_as(wanted), wanted)
    assert F.mse_loss(drawn, wanted) < 0.1 * of_mean_picture
    # and whose picture it is follows from the code: each is nearest to its own
    distances = torch.cdist(drawn.flatten(1), wanted.flatten(1))
    assert distances.argmin(1).tolist() == list(range(8))


def test_is_judged_alike_every_time_even_with_nothing_held_out(
    videos: TrainingVideos, codes: CodeBook
) -> None:
    everything = TrainingVideos(videos.source, 32, range(8), [], videos.packed, "worlds")
    stage = cddpm.build(config(16), everything, codes, seed=0)
    network = stage.players[0].module.network
    numbers = stage.validate(network)
    assert set(numbers) == {"loss", "loss with wrong codes"}
    assert numbers == stage.validate(network)
    picture = stage.picture(network)
    assert picture is not None
    assert (picture.shape, picture.dtype) == ((3, 3 * 16, 8 * 16), torch.uint8)


@pytest.mark.parametrize("sampler", [Sampler("ddim", 4, 4), Sampler("ddpm", 4, 4)])
@pytest.mark.parametrize("with_finer", [False, True], ids=["base", "with super-resolution"])
def test_a_picture_does_not_depend_on_its_company(
    base: FrameModel, finer: FrameModel, sampler: Sampler, with_finer: bool
) -> None:
    frames = StartingFrames(base, finer if with_finer else None)
    wanted, keys = 100 + 30 * normal((6, CODE), "asked"), [("seed", 7, i) for i in range(6)]
    drawn = frames.draw(wanted, keys, sampler)
    assert drawn.shape == (6, 3, frames.resolution, frames.resolution)
    assert drawn.dtype == torch.uint8
    order = [4, 1, 5]
    again = frames.draw(wanted[order], [keys[i] for i in order], sampler)
    assert torch.equal(again, drawn[order])


def test_guidance_of_one_is_none_and_more_of_it_changes_the_picture(base: FrameModel) -> None:
    code, keys, sampler = (
        100 + 30 * normal((2, CODE), "asked"),
        [("a",), ("b",)],
        Sampler("ddim", 4),
    )
    plain = StartingFrames(base).draw(code, keys, sampler)
    guided = StartingFrames(base, guidance=5.0).draw(code, keys, sampler)
    assert not torch.equal(plain, guided)


def test_super_resolution_learns_from_the_small_picture(
    videos: TrainingVideos, codes: CodeBook
) -> None:
    stage = super_resolution.build(config(32), 16, videos, codes, seed=0)
    losses = learn(stage, 25)
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])
    network = stage.players[0].module.network
    batch = {**stage.batch(100, Share()), "step": torch.full((8,), 600)}
    wrong = {**batch, "low": batch["low"].roll(1, 0)}
    module = stage.players[0].module
    with torch.no_grad():
        assert module(batch)[0]["mse"] < module(wrong)[0]["mse"]
    picture = stage.picture(network)
    assert picture is not None
    assert picture.shape == (3, 3 * 32, 8 * 32)


def test_errors_count_more_where_there_is_less_noise_up_to_a_bound(
    videos: TrainingVideos, codes: CodeBook
) -> None:
    weighted = config(16).diffusion.model_copy(update={"most_weight": 5.0})
    like = config(16).model_copy(update={"diffusion": weighted})
    module = cddpm.build(like, videos, codes, seed=0).players[0].module
    batch = cddpm.build(like, videos, codes, seed=0).batch(0, Share())
    # noise^2 of the cosine schedule at step 350 is 1 - cos^2(...); the network's output is 0.
    part = math.cos((0.351 + 0.008) / 1.008 * math.pi / 2) ** 2
    noise = 1 - part / math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    for step, weight in ((5, 5.0), (350, 1 / noise), (999, 1.0)):
        losses, _ = module({**batch, "step": torch.full((8,), step)})
        plain = from_pixels(batch["frame"]).square().mean()
        assert losses["mse"].item() == pytest.approx(weight * plain.item(), rel=0.01)


def test_a_bound_of_weights_needs_predictions_of_the_clean_picture() -> None:
    with pytest.raises(ValueError, match="most_weight"):
        Diffusion(prediction="v", most_weight=5.0)


def test_small_pictures_are_those_of_the_frames(videos: TrainingVideos, codes: CodeBook) -> None:
    stage = super_resolution.build(config(32), 16, videos, codes, seed=0)
    batch = stage.batch(0, Share())
    clean = from_pixels(shrunk(batch["frame"], 16))
    off = (batch["low"] - clean).flatten(1).std(1)
    torch.testing.assert_close(off, batch["level"], rtol=0.1, atol=1e-3)
    assert torch.equal(shrunk(batch["frame"], 32), batch["frame"])
