"""LIA's networks: layers as in wyhsirius/LIA b9f15fb; the folded form is the same maths."""

import pytest
import torch
from official_layouts import lia, lia_discriminator
from torch import Tensor, nn
from torch.nn import functional as F

from leo_bench.leo.models.animator import relative
from leo_bench.leo.networks.discriminator import Discriminator
from leo_bench.leo.networks.fast_encoder import FoldedEncoder
from leo_bench.leo.networks.fast_generator import FoldedDecoder, reconstruct
from leo_bench.leo.networks.fast_generator import upsample as fast_upsample
from leo_bench.leo.networks.fir import fir
from leo_bench.leo.networks.generator import Generator, start_from_identity, warp
from leo_bench.leo.networks.layers import Blur, Upsample, Widths

F64 = torch.float64


def numbers(*shape: int, seed: int = 0) -> Tensor:
    """float64, between -1 and 1."""
    random = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=random, dtype=F64) * 2 - 1


def network(size: int = 32, *, align_corners: bool = False) -> Generator:
    """Narrow, in float64, no parameter at zero, so that every one of them matters."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = Generator(
            size, channel_cap=16, style=24, directions=5, align_corners=align_corners
        ).double()
        for parameter in net.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
    return net


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("size", "whole", "encoder", "decoder", "discriminator", "entries"),
    [
        (512, 45_239_560, 22_726_196, 22_513_364, 24_030_753, 212),
        (256, 45_116_317, 22_696_532, 22_419_785, 24_001_089, 185),
        (128, 44_755_154, 22_577_812, 22_177_342, 23_882_369, 158),
        (64, 43_574_087, 22_102_804, 21_471_283, 23_407_361, 131),
        (32, 39_376_956, 20_202_516, 19_174_440, 21_507_073, 104),
    ],
)
def test_parameters_are_as_many_as_the_originals(
    size: int, whole: int, encoder: int, decoder: int, discriminator: int, entries: int
) -> None:
    with torch.device("meta"):
        net, judge = Generator(size), Discriminator(size, Widths())
    assert [count(net), count(net.enc), count(net.dec)] == [whole, encoder, decoder]
    assert count(judge) == discriminator
    assert len(net.state_dict()) == entries


@pytest.mark.parametrize("size", [64, 128, 256])
def test_names_and_shapes_are_those_that_the_specification_lists(size: int) -> None:
    """Names and shapes of the official checkpoints, without any of their files."""
    with torch.device("meta"):
        nets = Generator(size), Discriminator(size, Widths())
    for net, expected in zip(nets, (lia(size), lia_discriminator(size)), strict=True):
        assert {name: tuple(t.shape) for name, t in net.state_dict().items()} == expected


def test_only_what_the_forward_pass_reads_is_trained() -> None:
    net = network()
    net(numbers(1, 3, 32, 32), numbers(1, 3, 32, 32, seed=1)).sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.requires_grad == (parameter.grad is not None), name
        assert parameter.requires_grad == ("noise" not in name and "to_rgb1" not in name), name


@pytest.mark.parametrize("size", [48, 4, 0])
def test_a_side_that_is_no_power_of_two_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Generator(size)


def test_feature_maps_come_from_8_up_to_the_pictures_side() -> None:
    with torch.device("meta"):
        appearance, codes, maps = Generator(256).enc(torch.empty(2, 3, 256, 256))
    assert appearance.shape == (2, 512)
    assert codes.shape == (2, 20)
    expected = [(512, 8), (512, 16), (512, 32), (256, 64), (128, 128), (64, 256)]
    assert [m.shape for m in maps] == [(2, c, side, side) for c, side in expected]


def test_the_picture_moves_by_the_code_of_the_driving_picture_alone() -> None:
    net = network()
    source, driving = numbers(1, 3, 32, 32), numbers(1, 3, 32, 32, seed=1)
    appearance, _, maps = net.enc(source)
    _, codes, _ = net.enc(driving)
    again = net.dec(appearance + net.dec.direction(codes), maps)
    torch.testing.assert_close(again, net(source, driving), rtol=0, atol=0)


@torch.no_grad()
def test_relative_motion_is_absolute_motion_by_another_code() -> None:
    """LIA's relative mode: wa + (Q a_t - Q a_start) + Q a_s, as a latent and as a picture."""
    net = network()
    appearance, of_source, maps = net.enc(numbers(1, 3, 32, 32))
    driving = numbers(3, 5, seed=1)
    moved = net.dec.direction
    latents = appearance + (moved(driving) - moved(driving[:1])) + moved(of_source)
    codes = relative(driving, driving[0], of_source[0])
    torch.testing.assert_close(appearance + moved(codes), latents, rtol=0, atol=1e-6)
    wanted = net.dec(latents, [m.expand(3, -1, -1, -1) for m in maps])
    encoder, decoder = FoldedEncoder(net.enc), FoldedDecoder(net.dec)
    prepared = decoder.prepare(encoder.appearance(numbers(1, 3, 32, 32)))
    torch.testing.assert_close(decoder.frames(prepared, codes), wanted, rtol=0, atol=1e-6)


def test_directions_are_orthonormal_with_the_signs_of_householder_qr() -> None:
    direction = network().dec.direction
    q = direction.basis()
    torch.testing.assert_close(q.T @ q, torch.eye(5, dtype=F64), rtol=0, atol=1e-12)
    expected, _ = torch.linalg.qr(direction.weight + 1e-8)
    torch.testing.assert_close(direction(torch.eye(5, dtype=F64)).T, expected, rtol=0, atol=1e-12)
    direction(numbers(2, 5)).square().sum().backward()  # the norm of a code: no direction matters
    assert direction.weight.grad is not None
    assert direction.weight.grad.abs().max() < 1e-12
    direction(numbers(2, 5))[:, 0].sum().backward()
    assert direction.weight.grad.abs().max() > 1e-3


def test_fir_kernels_sum_to_one_in_the_encoder_and_to_four_in_the_decoder() -> None:
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    for name, kernel in Generator(16, channel_cap=4, style=4).named_buffers():
        assert float(kernel.sum()) == (1 if name.startswith("enc.") else 4), name
        assert torch.equal(kernel / kernel[0, 0], taps.outer(taps)), name


@pytest.mark.parametrize(("padding", "side"), [((2, 2), 9), ((1, 1), 7), ((0, 0), 5)])
def test_blur_changes_the_side_by_its_padding(padding: tuple[int, int], side: int) -> None:
    assert Blur(*padding)(torch.zeros(1, 2, 8, 8)).shape == (1, 2, side, side)


def test_upsampling_keeps_a_constant_in_the_interior() -> None:
    y = Upsample()(torch.ones(1, 3, 8, 8))
    assert y.shape == (1, 3, 16, 16)
    torch.testing.assert_close(y[..., 1:-1, 1:-1], torch.ones(1, 3, 14, 14))
    assert float(y[0, 0, 0, 0]) == pytest.approx(0.5625)  # zeros are outside


def test_no_flow_shrinks_the_picture_by_half_a_pixel_a_side() -> None:
    """As the official weights learned it: sample i is at i*r/(r-1) - 0.5, edges are halved."""
    side = 16
    ramp = torch.arange(side, dtype=F64).expand(1, 1, side, side)
    still = torch.zeros(1, 2, side, side, dtype=F64)
    positions = torch.arange(side, dtype=F64) * side / (side - 1) - 0.5
    sampled = warp(ramp, still, align_corners=False)[0, 0, side // 2]
    torch.testing.assert_close(sampled[1:-1], positions[1:-1])
    edges = warp(torch.ones_like(ramp), still, align_corners=False)[0, 0]
    torch.testing.assert_close(edges[0, 1:-1], torch.full((side - 2,), 0.5, dtype=F64))
    assert float(edges[0, 0]) == pytest.approx(0.25)


def test_no_flow_changes_nothing_with_aligned_corners() -> None:
    maps = numbers(1, 2, 16, 16)
    same = warp(maps, torch.zeros(1, 2, 16, 16, dtype=F64), align_corners=True)
    torch.testing.assert_close(same, maps, rtol=0, atol=1e-12)


def test_flow_moves_in_x_first_and_in_halves_of_the_side() -> None:
    maps = numbers(1, 1, 17, 17)
    right = torch.zeros(1, 2, 17, 17, dtype=F64)
    right[:, 0] = 2 / 16  # one pixel
    moved = warp(maps, right, align_corners=True)
    torch.testing.assert_close(moved[..., :-1], maps[..., 1:], rtol=0, atol=1e-12)


@torch.no_grad()
def test_the_last_levels_features_do_not_touch_the_colours() -> None:
    """Spec section 9, point 6: changed without changing the flow, they leave RGB as it is."""
    net = network()
    appearance, codes, maps = net.enc(numbers(2, 3, 32, 32))
    latent = appearance + net.dec.direction(codes)
    flows: list[Tensor] = []
    keep = net.dec.to_flows[-1].register_forward_hook(lambda m, given, flow: flows.append(flow))
    picture = net.dec(latent, maps)
    keep.remove()
    net.dec.convs[-1].register_forward_hook(lambda m, given, x: x + numbers(*x.shape, seed=3))
    assert not torch.equal(net.dec(latent, maps), picture)  # the flow is made of them
    net.dec.to_flows[-1].register_forward_hook(lambda m, given, flow: flows[0])
    assert torch.equal(net.dec(latent, maps), picture)


def test_colours_come_from_warped_features_only() -> None:
    """Without source maps there is nothing left but biases, whatever the generated features are."""
    net = network()
    appearance, codes, maps = net.enc(numbers(2, 3, 32, 32))
    latent = appearance + net.dec.direction(codes)
    picture = net.dec(latent, [torch.zeros_like(m) for m in maps])
    expected: Tensor | None = None
    for rgb in net.dec.to_rgbs:
        side = 8 if expected is None else 2 * expected.shape[-1]
        expected = rgb(torch.zeros(2, 16, side, side, dtype=F64), expected)
    torch.testing.assert_close(picture, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("size", "batch", "align_corners"),
    [(32, 2, False), (32, 1, True), (64, 2, True), (64, 1, False)],
)
def test_the_fast_form_and_its_gradients_are_the_plain_forms(
    size: int, batch: int, align_corners: bool
) -> None:
    net = network(size, align_corners=align_corners)
    source, driving = numbers(batch, 3, size, size), numbers(batch, 3, size, size, seed=1)
    weights = numbers(batch, 3, size, size, seed=2)
    trained = {name: p for name, p in net.named_parameters() if p.requires_grad}
    results = []
    for picture in (net(source, driving), reconstruct(net, source, driving)):
        gradients = torch.autograd.grad((picture * weights).sum(), list(trained.values()))
        results.append((picture.detach(), gradients))
    (plain, plain_gradients), (fast, fast_gradients) = results
    torch.testing.assert_close(fast, plain, rtol=0, atol=1e-9)
    for name, a, b in zip(trained, plain_gradients, fast_gradients, strict=True):
        torch.testing.assert_close(
            b, a, rtol=1e-8, atol=1e-9, msg=lambda text, n=name: f"{n} {text}"
        )


def test_one_source_and_many_codes_equal_frame_by_frame_in_both_forms() -> None:
    net = network()
    with torch.no_grad():
        encoder, decoder = FoldedEncoder(net.enc), FoldedDecoder(net.dec)
        source, codes = numbers(1, 3, 32, 32), numbers(4, 5, seed=1)
        prepared = decoder.prepare(encoder.appearance(source))
        together = decoder.frames(prepared, codes)
        appearance, code, maps = net.enc(source)
        for i in range(4):
            one = decoder.frames(prepared, codes[i : i + 1])
            plain = net.dec(appearance + net.dec.direction(codes[i : i + 1]), maps)
            torch.testing.assert_close(one, together[i : i + 1], rtol=0, atol=1e-9)
            torch.testing.assert_close(plain, together[i : i + 1], rtol=0, atol=1e-9)
        torch.testing.assert_close(encoder.codes(source), code, rtol=0, atol=1e-9)


def test_under_bf16_the_flow_stays_in_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network().float()
    seen: list[torch.dtype] = []
    sample = F.grid_sample

    def spy(maps: Tensor, grid: Tensor, *, align_corners: bool) -> Tensor:
        seen.append(grid.dtype)
        return sample(maps, grid, align_corners=align_corners)

    monkeypatch.setattr(F, "grid_sample", spy)
    for form in (net, lambda source, driving: reconstruct(net, source, driving)):
        with torch.autocast("cpu", torch.bfloat16):
            form(numbers(1, 3, 32, 32).float(), numbers(1, 3, 32, 32, seed=1).float())
    assert seen == [torch.float32] * 6


@torch.no_grad()
def test_under_bf16_a_flow_is_the_float32_product_of_the_same_features() -> None:
    net = network().float()
    plain, fast = net.dec.to_flows[1], FoldedDecoder(net.dec)._levels[1].flow
    features = numbers(2, 16, 16, 16).bfloat16()
    latent, coarser = numbers(2, 24, seed=1).float(), numbers(2, 3, 8, 8, seed=2).float()
    style = plain.get_submodule("conv.modulation")(latent)
    wanted = plain(features.float(), latent, coarser)
    with torch.autocast("cpu", torch.bfloat16):
        found = plain(features, latent, coarser), fast(features, style) + fast_upsample(coarser)
    for flow in found:
        torch.testing.assert_close(flow, wanted, rtol=0, atol=1e-5)
        assert float((flow - flow.bfloat16()).abs().max()) > 1e-3  # bfloat16 could not hold it


@pytest.mark.parametrize(("padding", "stride"), [(2, 1), (1, 1), (1, 2)])
def test_the_filters_own_gradient_is_that_of_autograd(padding: int, stride: int) -> None:
    x = numbers(1, 2, 6, 6).requires_grad_()
    bias = numbers(2, seed=1).requires_grad_()
    torch.autograd.gradcheck(lambda x, b: fir(x, 4.0, padding, stride, b), (x, bias))
    plain = Blur(padding, padding, total=4.0).double()(x)[..., ::stride, ::stride]
    torch.testing.assert_close(fir(x, 4.0, padding, stride), plain, rtol=0, atol=1e-12)


def test_the_fast_upsampling_is_the_plain_one() -> None:
    x = numbers(2, 3, 8, 8)
    torch.testing.assert_close(fast_upsample(x), Upsample().double()(x), rtol=0, atol=1e-12)


@torch.no_grad()
def test_a_start_from_identity_gives_nearly_the_source() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = Generator(32, channel_cap=16, style=24, align_corners=True)
    start_from_identity(net)
    appearance, codes, _ = net.enc(numbers(2, 3, 32, 32).float())
    latent = appearance + net.dec.direction(codes)
    x = net.dec.conv1(net.dec.input.input.expand(2, -1, -1, -1), latent)
    flow = net.dec.to_flows[0](net.dec.convs[1](net.dec.convs[0](x, latent), latent), latent, None)
    assert float(torch.tanh(flow[:, :2]).abs().max()) < 0.1
    assert float(torch.sigmoid(flow[:, 2]).min()) > 0.9
