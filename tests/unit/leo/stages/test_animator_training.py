"""The animator's training data, losses and validation."""

import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.errors import InputError
from leo_bench.leo.animator_config import Augmentation
from leo_bench.leo.config import load_config
from leo_bench.leo.data.augmentation import augment
from leo_bench.leo.data.videos import FramePairs, open_training_videos
from leo_bench.leo.networks.generator import Generator, start_from_copy
from leo_bench.leo.networks.layers import Widths, from_pixels
from leo_bench.leo.seeds import generator
from leo_bench.leo.stage import Share
from leo_bench.leo.stages import animator
from leo_bench.leo.stages.losses import (
    blur_kernel,
    discriminator_adversarial,
    generator_adversarial,
    pixel_pyramid,
    shrink,
)
from leo_bench.leo.stages.perceptual import AFTER, WEIGHT, choose, load_vgg
from leo_bench.leo.stages.reconstruction import judge

FACES = open_world("toy-faces", "train", WorldShape(resolution=32, frames=6, count=8))


def pictures(*key: int, side: int = 32) -> Tensor:
    return torch.rand((2, 3, side, side), generator=generator(*key)) * 2 - 1


@pytest.mark.parametrize(("scale", "side"), [(2, 5), (4, 13), (8, 29)])
def test_pyramid_kernels_have_the_published_sides_and_sum_to_one(scale: int, side: int) -> None:
    kernel = blur_kernel(scale)
    assert kernel.shape == (side,)
    assert float(kernel.sum()) == pytest.approx(1)
    sigma = (scale - 1) / 2
    assert float(kernel[side // 2 + 1] / kernel[side // 2]) == pytest.approx(
        math.exp(-1 / (2 * sigma**2)), rel=1e-5
    )


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_shrinking_is_a_blur_and_then_every_nth_pixel_from_zero(scale: int) -> None:
    picture = pictures(scale).double()
    if scale == 1:
        assert torch.equal(shrink(picture, 1), picture)
        return
    line = blur_kernel(scale).double()
    kernel = torch.outer(line, line).expand(3, 1, -1, -1)
    blurred = F.conv2d(picture, kernel, padding=line.numel() // 2, groups=3)
    assert torch.allclose(shrink(picture, scale), blurred[:, :, ::scale, ::scale], atol=1e-12)


def test_pixel_pyramid_is_zero_for_equal_pictures_only() -> None:
    assert float(pixel_pyramid(pictures(1), pictures(1))) == 0
    assert float(pixel_pyramid(pictures(1), pictures(2))) > 0


def test_adversarial_losses_are_those_of_the_formulas() -> None:
    real, fake = torch.tensor([[2.0], [-1.0]]), torch.tensor([[0.5], [3.0]])
    wanted = sum(math.log1p(math.exp(-x)) for x in (2.0, -1.0)) / 2
    wanted += sum(math.log1p(math.exp(x)) for x in (0.5, 3.0)) / 2
    assert float(discriminator_adversarial(real, fake)) == pytest.approx(wanted)
    wanted = sum(math.log1p(math.exp(-x)) for x in (0.5, 3.0)) / 2
    assert float(generator_adversarial(fake)) == pytest.approx(wanted)


@pytest.fixture(scope="module")
def vgg_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights in torchvision's layout, made up: convolutions of the published shapes."""
    path = tmp_path_factory.mktemp("vgg") / "vgg19-dcbb9e9d.pth"
    torch.save({f"features.{name}": t for name, t in vgg_layers().state_dict().items()}, path)
    return path


def vgg_layers() -> nn.Module:
    """The original's convolutions, with made-up weights that keep the scale."""
    from torchvision.models import vgg19

    with torch.device("meta"):
        layers = vgg19(weights=None, init_weights=False).features
    layers = layers.to_empty(device="cpu")
    with torch.no_grad():
        for i, parameter in enumerate(layers.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator("vgg", i)))
            parameter.mul_(0.05 if parameter.ndim == 1 else (2 / parameter[0].numel()) ** 0.5)
    return layers


def test_the_vgg_loss_is_ten_times_l1_after_five_relus_on_four_scales(vgg_file: Path) -> None:
    loss, layers = load_vgg(vgg_file), vgg_layers()
    fake, real = (pictures(key, side=128)[:1] for key in (1, 2))
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    wanted = 0.0
    with torch.no_grad():
        for scale in (1, 2, 4, 8):
            a, b = ((shrink(x, scale).clamp(-1, 1) / 2 + 0.5 - mean) / std for x in (fake, real))
            for index, layer in enumerate(list(layers.children())[: AFTER[-1] + 1]):
                a, b = layer(a), layer(b)
                if index in AFTER:
                    wanted += WEIGHT * float((a - b).abs().mean())
        assert float(loss(fake, real)) == pytest.approx(wanted, rel=1e-5)


def test_what_is_made_of_bf16_features_is_float32(
    vgg_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = load_vgg(vgg_file)
    monkeypatch.setattr(loss, "features", lambda x: [x.bfloat16()])
    fake, real = (pictures(key) for key in (1, 2))
    found = loss(fake, real)
    wanted = 0.0
    for scale in (1, 2, 4, 8):
        a, b = (shrink(x, scale).bfloat16().double() for x in (fake, real))
        wanted += WEIGHT * float((a - b).abs().mean())
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(wanted, rel=1e-6)


def test_vgg_is_frozen_and_passes_gradients_to_the_fake_picture_alone(vgg_file: Path) -> None:
    loss = load_vgg(vgg_file)
    fake, real = (pictures(key, side=128)[:1].requires_grad_() for key in (1, 2))
    loss(fake, real).backward()
    assert fake.grad is not None
    assert float(fake.grad.abs().sum()) > 0
    assert real.grad is None
    assert all(p.grad is None and not p.requires_grad for p in loss.parameters())


def test_without_vgg_weights_pixels_stand_in_only_where_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEO_BENCH_CACHE", str(tmp_path))
    monkeypatch.delenv("LEO_BENCH_WEIGHTS", raising=False)
    chosen = choose("auto")
    assert chosen.name == "pixels"
    assert "weights fetch vgg19-dcbb9e9d.pth" in chosen.note
    with pytest.raises(InputError, match=r"weights fetch vgg19-dcbb9e9d.pth`, or give --vgg FILE"):
        choose("vgg19")
    with pytest.raises(InputError, match=r"^--vgg .*absent\.pth: no such file$"):
        choose("auto", tmp_path / "absent.pth")  # a file that was named is wanted


def test_vgg_weights_of_another_digest_are_refused(vgg_file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not that of vgg19") as caught:
        choose("vgg19", vgg_file)
    assert "--allow-unverified" not in str(caught.value)  # `train` has no such option
    with pytest.raises(InputError, match=r"^--vgg .*absent\.pth: no such file$"):
        choose("vgg19", tmp_path / "absent.pth")
    (tmp_path / "no.pth").write_bytes(b"no weights")
    with pytest.raises(InputError, match="VGG-19"):
        load_vgg(tmp_path / "no.pth")


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEO_BENCH_CACHE", str(tmp_path))
    return tmp_path


def test_packed_frames_are_those_of_the_source(faces: Path) -> None:
    packed = open_training_videos(FACES, 32, 0.25)
    read = open_training_videos(FACES, 32, 0.25, pack_bytes=0)
    assert read.packed is None
    assert packed.packed is not None
    for video in range(8):
        wanted = FACES.read(video, [1, 4])
        assert torch.equal(packed.frames(video, [1, 4]), wanted)
        assert torch.equal(read.frames(video, [4, 1]), wanted.flip(0))


def test_frames_come_at_the_resolution_asked_for(faces: Path) -> None:
    assert open_training_videos(FACES, 16, 0.25).frames(0, [0, 1]).shape == (2, 3, 16, 16)


def test_held_out_videos_are_never_learned_from(faces: Path) -> None:
    videos = open_training_videos(FACES, 32, 0.25)
    assert len(videos.held_out) == 2
    assert sorted([*videos.training, *videos.held_out]) == list(range(8))


def test_a_single_video_or_a_single_frame_is_too_little(faces: Path) -> None:
    with pytest.raises(InputError, match="at least 2 videos"):
        open_training_videos(open_world("toy-faces", "train", WorldShape(32, 6, 1)), 32, 0.05)
    with pytest.raises(InputError, match="has one frame"):
        open_training_videos(open_world("toy-faces", "train", WorldShape(32, 1, 4)), 32, 0.05)


def test_a_batch_is_the_same_in_one_part_or_two_and_at_any_time(faces: Path) -> None:
    pairs = FramePairs(open_training_videos(FACES, 32, 0.25), 4, 0, Augmentation(), 32)
    whole = pairs(7, Share())
    parts = [pairs(7, Share(part, 2)) for part in (0, 1)]
    for name in ("source", "driving"):
        assert torch.equal(whole[name], torch.cat([part[name] for part in parts]))
    assert not torch.equal(whole["source"], pairs(8, Share())["source"])


def test_the_frames_of_a_pair_are_two_of_one_video(faces: Path) -> None:
    videos = open_training_videos(FACES, 32, 0.25)
    batch = FramePairs(videos, 6, 0, Augmentation(), 32)(1, Share())
    everything = [videos.frames(video, range(6)) for video in videos.training]

    def places(frame: Tensor) -> set[tuple[int, int]]:
        return {
            (v, t)
            for v, frames in enumerate(everything)
            for t in range(6)
            if torch.equal(frames[t], frame)
        }

    for source, driving in zip(batch["source"], batch["driving"], strict=True):
        assert any(v == w and t != u for v, t in places(source) for w, u in places(driving))


@pytest.mark.parametrize(
    "how",
    [
        Augmentation(flip=True),
        Augmentation(crop=0.875),
        Augmentation(jitter="one-of"),
        Augmentation(flip=True, crop=0.875, jitter="compose"),
    ],
)
def test_both_frames_of_a_pair_are_changed_alike(how: Augmentation) -> None:
    frame = FACES.read(0, [0])
    pair = frame.expand(2, -1, -1, -1)
    changed = [augment(pair, how, generator("try", i), 32) for i in range(6)]
    assert all(torch.equal(*both) for both in changed)
    assert any(not torch.equal(both, pair) for both in changed)
    assert all(both.shape == pair.shape and both.dtype == torch.uint8 for both in changed)


def test_jitter_of_the_official_kind_applies_one_operation() -> None:
    grey = torch.full((2, 3, 8, 8), 128, dtype=torch.uint8)
    shades = {
        tuple(augment(grey, Augmentation(jitter="one-of"), generator(i), 8)[0, :, 0, 0].tolist())
        for i in range(40)
    }
    # On a grey picture contrast, saturation and hue do nothing: only brightness shows, and
    # composing would have changed nearly every one.
    assert (128, 128, 128) in shades
    assert 3 < len(shades) < 30


def test_judging_a_copy_gives_the_copys_numbers_and_a_perfect_one_no_error() -> None:
    source, driving = FACES.read(0, [0, 0, 0]), FACES.read(0, [1, 3, 5])
    copied, perfect = judge(source, driving, source), judge(source, driving, driving)
    assert copied.moving_error == 1
    assert copied.psnr == copied.copy_psnr
    assert perfect.moving_error == 0
    assert perfect.psnr == math.inf
    half = judge(source, driving, ((source.float() + driving.float()) / 2).round().byte())
    assert half.moving_error == pytest.approx(0.5, abs=0.02)
    assert half.psnr - half.copy_psnr == pytest.approx(20 * math.log10(2), abs=0.2)


def test_sixty_steps_lower_l1_on_a_fixed_pair_with_both_players() -> None:
    """Spec section 9, point 8, on a narrow network."""
    from leo_bench.leo.networks.discriminator import Discriminator
    from leo_bench.leo.stages.animator import DiscriminatorLosses, GeneratorLosses

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Generator(32, channel_cap=8, style=20, align_corners=True)
        judge_ = Discriminator(32, Widths(cap=8))
    config = load_config("faceforensics256").animator
    assert config.discriminator is not None
    makers = GeneratorLosses(network, choose("pixels"), judge_), DiscriminatorLosses(judge_)
    optimisers = [
        torch.optim.Adam(module.network.parameters(), lr=how.learning_rate, betas=how.betas)
        for module, how in zip(makers, (config.generator, config.discriminator), strict=True)
    ]
    batch = {"source": FACES.read(0, [0, 0]), "driving": FACES.read(0, [2, 5])}
    history = []
    for _ in range(60):
        seen = dict(batch)
        for module, optimiser in zip(makers, optimisers, strict=True):
            losses, left = module(seen | module.part_means(seen))
            optimiser.zero_grad()
            trained = list(module.network.parameters())
            torch.stack(list(losses.values())).sum().backward(
                inputs=[p for p in trained if p.requires_grad]
            )
            optimiser.step()
            seen |= left
            if "l1" in losses:
                history.append(losses["l1"].item())
    assert max(history[-5:]) < 0.7 * history[0]


def test_the_copy_start_shows_the_source_whatever_drives_it() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Generator(32, channel_cap=16, style=20, align_corners=True)
    start_from_copy(network)
    source, driving = FACES.read(0, [0]), FACES.read(3, [4])
    with torch.no_grad():
        shown = network(from_pixels(source), from_pixels(driving))
    # All but the mask, which is nearly open: sigmoid(3) = 0.95.
    inside = (..., slice(4, -4), slice(4, -4))
    wanted = (from_pixels(source) + 1) * torch.sigmoid(torch.tensor(3.0)) - 1
    assert float((shown - wanted)[inside].abs().mean()) < 0.05


def test_a_stage_says_what_its_network_is(faces: Path) -> None:
    config = load_config(
        "toy64", ["animator.channel_cap=8", "animator.channel_base=256", "animator.style=20"]
    ).animator
    videos = open_training_videos(FACES, 32, 0.25)
    stage = animator.build(config, videos, choose("pixels"), seed=0)
    network = stage.players[0].module.network
    assert isinstance(network, Generator)
    assert animator.shape(network) == {
        "size": 32,
        "channel_cap": 8,
        "channel_base": 256,
        "style": 20,
        "directions": 20,
        "align_corners": True,
    }
    numbers = stage.validate(network)
    assert numbers["loss"] > 0
    assert numbers["copy_psnr"] > 0
    picture = stage.picture(network)
    assert picture is not None
    assert picture.shape == (3, 3 * 32, 8 * 32)
