"""Small files in the layouts of the published weights: the right names and shapes, numbers by rule.

Every tensor is a view into one short stretch of numbers with tiny strides, so a file of a network
of 25 million parameters has a few kilobytes, and yet no two channels are alike.
"""

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

_STRIDES = (1, 2, 3, 5)  # rows overlap, none is equal to another
Shapes = dict[str, tuple[int, ...]]


def by_rule(name: str, shape: tuple[int, ...]) -> Tensor:
    """He-scaled kernels, batch norm near identity."""
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    length = 1 + sum((n - 1) * s for n, s in zip(shape, _STRIDES, strict=False))
    noise = torch.randn(length, generator=torch.Generator().manual_seed(len(name)))
    leaf = name.rpartition(".")[2]
    if leaf == "running_var" or (leaf == "weight" and len(shape) == 1):
        noise = 1 + 0.1 * noise.abs()
    elif leaf in ("running_mean", "bias"):
        noise = 0.1 * noise
    else:
        noise = noise * (2 / max(1, torch.Size(shape[1:]).numel())) ** 0.5
    return noise.as_strided(shape, _STRIDES[: len(shape)])


def save(path: Path, shapes: Shapes, wrapper: str | None = None, prefix: str = "") -> Path:
    """A file of `torch.save`, wrapped and prefixed as training loops do it."""
    tensors = {prefix + name: by_rule(name, shape) for name, shape in shapes.items()}
    torch.save({wrapper: tensors, "iters": 1} if wrapper else tensors, path)
    return path


def facenet(people: int) -> Shapes:
    from facenet_pytorch import InceptionResnetV1

    with torch.device("meta"):
        net = InceptionResnetV1(pretrained=None, classify=True, num_classes=people)
    return _shapes(net)


def torchreid(file: str, function: str) -> Shapes:
    from leo_bench.evaluation.embedders.torchreid_networks import network

    return _shapes(network(file, function)) | {
        "classifier.weight": (751, 512),
        "classifier.bias": (751,),
    }


def layumi() -> Shapes:
    from torchvision.models import resnet50

    with torch.device("meta"):
        shapes = _shapes(resnet50(weights=None))
    return (
        {f"model.{name}": shape for name, shape in shapes.items()}
        | {"classifier.add_block.0.weight": (512, 2048), "classifier.add_block.0.bias": (512,)}
        | _norm("classifier.add_block.1", 512)
        | {"classifier.classifier.0.weight": (751, 512), "classifier.classifier.0.bias": (751,)}
    )


def foamliu() -> Shapes:
    shapes = _conv("conv1.0", 64, 3, 3) | _norm("conv1.1", 64)
    shapes |= _conv("dw_conv.depthwise", 64, 1, 3) | _conv("dw_conv.pointwise", 64, 64, 1)
    shapes |= _norm("dw_conv.bn1", 64) | _norm("dw_conv.bn2", 64)
    for i, (before, wide, after) in enumerate(_bottlenecks()):
        at = f"features.{i}.conv"
        shapes |= _conv(f"{at}.0.0", wide, before, 1) | _norm(f"{at}.0.1", wide)
        shapes |= _conv(f"{at}.1.0", wide, 1, 3) | _norm(f"{at}.1.1", wide)
        shapes |= _conv(f"{at}.2", after, wide, 1) | _norm(f"{at}.3", after)
    shapes |= _conv("conv2.0", 512, 128, 1) | _norm("conv2.1", 512)
    shapes |= _conv("gdconv.depthwise", 512, 1, 7) | _norm("gdconv.bn", 512)
    return shapes | _conv("conv3", 128, 512, 1) | {"conv3.bias": (128,)} | _norm("bn", 128)


def xiaoccer() -> Shapes:
    shapes: Shapes = {}
    for at, outs, ins, kernel in (("conv1", 64, 3, 3), ("dw_conv1", 64, 1, 3)):
        shapes |= _conv(f"{at}.conv", outs, ins, kernel) | _norm(f"{at}.bn", outs)
        shapes |= {f"{at}.prelu.weight": (outs,)}
    for i, (before, wide, after) in enumerate(_bottlenecks()):
        at = f"blocks.{i}.conv"
        shapes |= _conv(f"{at}.0", wide, before, 1) | _norm(f"{at}.1", wide)
        shapes |= _conv(f"{at}.3", wide, 1, 3) | _norm(f"{at}.4", wide)
        shapes |= _conv(f"{at}.6", after, wide, 1) | _norm(f"{at}.7", after)
        shapes |= {f"{at}.2.weight": (wide,), f"{at}.5.weight": (wide,)}
    shapes |= _conv("conv2.conv", 512, 128, 1) | _norm("conv2.bn", 512)
    shapes |= {"conv2.prelu.weight": (512,), "linear7.conv.weight": (512, 1, 7, 6)}
    shapes |= _norm("linear7.bn", 512) | _conv("linear1.conv", 128, 512, 1)
    return shapes | _norm("linear1.bn", 128)


def lia(size: int) -> Shapes:
    """LIA's generator at a side of 64 to 256 pixels (wyhsirius/LIA b9f15fb)."""
    sides = [4 << i for i in range(size.bit_length() - 2)]
    shapes = _lia_trunk("enc.net_app.convs", size)
    shapes[f"enc.net_app.convs.{len(sides)}.weight"] = (512, 512, 4, 4)
    for i, codes in enumerate((512, 512, 512, 512, 20)):
        shapes |= {f"enc.fc.{i}.weight": (codes, 512), f"enc.fc.{i}.bias": (codes,)}
    shapes |= {"dec.direction.weight": (512, 20), "dec.input.input": (1, 512, 4, 4)}
    shapes |= _lia_styled("dec.conv1", 512, 512) | _lia_rgb("dec.to_rgb1", 512)
    for level, side in enumerate(sides[1:]):
        before, width = _lia_width(side // 2), _lia_width(side)
        shapes |= _lia_styled(f"dec.convs.{2 * level}", before, width)
        shapes |= _lia_styled(f"dec.convs.{2 * level + 1}", width, width)
        flow = f"dec.to_flows.{level}"
        shapes |= _lia_rgb(f"dec.to_rgbs.{level}", width) | _lia_modulation(flow, width)
        shapes |= {f"{flow}.bias": (1, 3, 1, 1), f"{flow}.conv.weight": (1, 3, width, 1, 1)}
        for at in (f"dec.convs.{2 * level}.conv.blur", f"dec.to_rgbs.{level}.upsample"):
            shapes[f"{at}.kernel"] = (4, 4)
        shapes[f"{flow}.upsample.kernel"] = (4, 4)
    return shapes


def lia_discriminator(size: int) -> Shapes:
    """LIA's discriminator, as its checkpoints name the parameters."""
    shapes = _lia_trunk("convs", size)
    shapes |= {"final_conv.0.weight": (512, 513, 3, 3), "final_conv.1.bias": (1, 512, 1, 1)}
    shapes |= {"final_linear.0.weight": (512, 8192), "final_linear.0.bias": (512,)}
    return shapes | {"final_linear.1.weight": (1, 512), "final_linear.1.bias": (1,)}


def _lia_width(side: int) -> int:
    return {64: 256, 128: 128, 256: 64}.get(side, 512)


def _lia_trunk(at: str, size: int) -> Shapes:
    """From the picture down to 4x4."""
    width = _lia_width(size)
    shapes: Shapes = {f"{at}.0.0.weight": (width, 3, 1, 1), f"{at}.0.1.bias": (1, width, 1, 1)}
    for i in range(1, size.bit_length() - 2):
        width, after = _lia_width(size >> (i - 1)), _lia_width(size >> i)
        block = f"{at}.{i}"
        shapes |= _conv(f"{block}.conv1.0", width, width, 3)
        shapes |= _conv(f"{block}.conv2.1", after, width, 3)
        shapes |= _conv(f"{block}.skip.1", after, width, 1)
        shapes |= {f"{block}.conv1.1.bias": (1, width, 1, 1)}
        shapes |= {f"{block}.conv2.2.bias": (1, after, 1, 1)}
        shapes |= {f"{block}.conv2.0.kernel": (4, 4), f"{block}.skip.0.kernel": (4, 4)}
    return shapes


def _lia_modulation(at: str, width: int) -> Shapes:
    at = f"{at}.conv.modulation"
    return {f"{at}.weight": (width, 512), f"{at}.bias": (width,)}


def _lia_styled(at: str, before: int, width: int) -> Shapes:
    shapes = {f"{at}.conv.weight": (1, width, before, 3, 3), f"{at}.noise.weight": (1,)}
    return shapes | _lia_modulation(at, before) | {f"{at}.activate.bias": (1, width, 1, 1)}


def _lia_rgb(at: str, width: int) -> Shapes:
    shapes: Shapes = {f"{at}.bias": (1, 3, 1, 1), f"{at}.conv.1.bias": (1, 3, 1, 1)}
    return shapes | _conv(f"{at}.conv.0", 3, width, 1)


def _bottlenecks() -> Iterable[tuple[int, int, int]]:
    """Channels before, inside and after each of the fifteen."""
    yield from [(64, 128, 64)] * 5
    yield (64, 256, 128)
    yield from [(128, 256, 128)] * 6
    yield (128, 512, 128)
    yield from [(128, 256, 128)] * 2


def _conv(name: str, outs: int, ins: int, kernel: int) -> Shapes:
    return {f"{name}.weight": (outs, ins, kernel, kernel)}


def _norm(name: str, channels: int) -> Shapes:
    roles = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{role}": (channels,) for role in roles} | {f"{name}.num_batches_tracked": ()}


def _shapes(net: nn.Module) -> Shapes:
    return {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
