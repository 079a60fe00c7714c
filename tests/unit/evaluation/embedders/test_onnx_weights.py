import struct
from pathlib import Path

import pytest
import torch

from leo_bench.evaluation.embedders.onnx_weights import read_onnx
from leo_bench.evaluation.errors import InputError


def varint(value: int) -> bytes:
    more, low = divmod(value, 128)
    return bytes([low | 128]) + varint(more) if more else bytes([low])


def field(number: int, value: int | bytes) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name: str, values: list[float], dims: list[int], packed: bool = False) -> bytes:
    shape = field(1, b"".join(map(varint, dims))) if packed else b"".join(field(1, d) for d in dims)
    raw = struct.pack(f"<{len(values)}f", *values)
    return field(5, shape + field(2, 1) + field(8, name.encode()) + field(9, raw))


def node(path: str, *inputs: str) -> bytes:
    return field(1, b"".join(field(1, i.encode()) for i in inputs) + field(3, path.encode()))


def model(*parts: bytes) -> bytes:
    fixed32 = varint(15 << 3 | 5) + b"\0\0\0\0"  # a field of a kind that is skipped
    return field(1, 8) + field(2, b"pytorch") + fixed32 + field(7, b"".join(parts))


def test_folded_weights_get_the_name_of_their_module(tmp_path: Path) -> None:
    content = model(
        node("/conv2/conv2.0/light/light.1/conv/Conv", "x", "onnx::Conv_7", "onnx::Conv_8"),
        node("/fc/fc.0/Gemm", "y", "fc.0.weight"),
        node("/Reshape", "y", "shape"),
        tensor("onnx::Conv_7", [1, 2, 3, 4], [2, 2, 1, 1]),
        tensor("onnx::Conv_8", [5, 6], [2], packed=True),
        tensor("fc.0.weight", [7, 8, 9], [1, 3]),
    )
    (tmp_path / "net.onnx").write_bytes(content)
    found = read_onnx(tmp_path / "net.onnx")
    assert found.keys() == {
        "conv2.0.light.1.conv.weight",
        "conv2.0.light.1.conv.bias",
        "fc.0.weight",
    }
    weight = found["conv2.0.light.1.conv.weight"]
    assert torch.equal(weight, torch.tensor([[1.0, 2.0], [3.0, 4.0]])[:, :, None, None])
    assert found["conv2.0.light.1.conv.bias"].tolist() == [5, 6]
    assert found["fc.0.weight"].tolist() == [[7, 8, 9]]


@pytest.mark.parametrize("cut", [1, 30, 60, 100])
def test_a_cut_file_is_refused(cut: int, tmp_path: Path) -> None:
    whole = model(tensor("a", [1.0] * 40, [40]))
    (tmp_path / "net.onnx").write_bytes(whole[:-cut])
    with pytest.raises(InputError, match=r"net.onnx: cannot be read as ONNX"):
        read_onnx(tmp_path / "net.onnx")


def test_tensors_that_are_not_raw_floats_are_refused(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(model(tensor("a", [1.0], [2])))
    with pytest.raises(InputError, match="tensor a is not stored as raw float32"):
        read_onnx(tmp_path / "net.onnx")
    (tmp_path / "absent").mkdir()
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_onnx(tmp_path / "absent")
