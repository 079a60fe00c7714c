"""Reads the weights of an ONNX file under the names of the exported PyTorch modules.

ONNX is a protocol buffer. Only three of its messages are needed, so they are parsed here without a
runtime, and the network is PyTorch's. Field numbers: onnx.proto of ONNX 1.x; wire format:
protobuf.dev/programming-guides/encoding.

The exporter folds batch norm into the preceding convolution and names the two tensors itself
("onnx::Conv_1047"). They are renamed after the module that uses them, which the graph states.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError

_GRAPH = 7  # of ModelProto
_NODE, _INITIALIZER = 1, 5  # of GraphProto
_NODE_INPUT, _NODE_NAME = 1, 3  # of NodeProto
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 8, 9  # of TensorProto
_FLOAT32 = 1
_ANONYMOUS = "onnx::"

Field = tuple[int, int | memoryview]


def read_onnx(path: Path) -> dict[str, Tensor]:
    """float32 weights by module name: "conv1.conv.weight", "conv1.conv.bias".

    Raises:
        InputError: the file cannot be read, or is not ONNX as PyTorch exports it.
    """
    try:
        content = memoryview(path.read_bytes())
        graph = b"".join(_bytes(value) for number, value in _fields(content) if number == _GRAPH)
        stored = dict(_tensor(v) for n, v in _fields(memoryview(graph)) if n == _INITIALIZER)
        users = [_user(v) for n, v in _fields(memoryview(graph)) if n == _NODE]
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, IndexError, TypeError) as error:
        raise InputError(f"{path}: cannot be read as ONNX: {error}") from error
    if not stored:
        raise InputError(f"{path}: cannot be read as ONNX: it holds no weights")
    named = {name: t for name, t in stored.items() if not name.startswith(_ANONYMOUS)}
    for module, inputs in users:
        anonymous = [name for name in inputs if name.startswith(_ANONYMOUS) and name in stored]
        for name, role in zip(anonymous, ("weight", "bias"), strict=False):
            named[f"{module}.{role}"] = stored[name]
    return named


def _tensor(message: int | memoryview) -> tuple[str, Tensor]:
    """Name and values of a TensorProto."""
    dims: list[int] = []
    kind, name, raw = 0, "", b""
    for number, value in _fields(message):
        if number == _TENSOR_DIMS:
            dims += [value] if isinstance(value, int) else list(_varints(value))
        elif number == _TENSOR_TYPE:
            kind = value if isinstance(value, int) else 0
        elif number == _TENSOR_NAME:
            name = _bytes(value).decode()
        elif number == _TENSOR_RAW:
            raw = _bytes(value)
    if kind != _FLOAT32 or len(raw) != 4 * math.prod(dims):
        raise ValueError(f"tensor {name} is not stored as raw float32")
    return name, torch.frombuffer(bytearray(raw), dtype=torch.float32).reshape(dims)


def _user(message: int | memoryview) -> tuple[str, list[str]]:
    """The module that a NodeProto came from, and the names of its inputs."""
    fields = list(_fields(message))
    inputs = [_bytes(value).decode() for number, value in fields if number == _NODE_INPUT]
    path = next((_bytes(value).decode() for number, value in fields if number == _NODE_NAME), "")
    # "/conv2/conv2.0/conv1/conv/Conv": a Sequential's child repeats its name, the last is the op.
    parts = path.strip("/").split("/")[:-1]
    children = [*parts[1:], ""][: len(parts)]
    kept = [part for part, child in zip(parts, children, strict=True) if part + "." not in child]
    return ".".join(kept), inputs


def _fields(message: int | memoryview) -> Iterator[Field]:
    """Field number and value of a message: an integer, or the bytes of what lies inside."""
    if isinstance(message, int):
        raise ValueError("a number where a message should be")
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        match key & 7:
            case 0:
                value, at = _varint(message, at)
                yield key >> 3, value
                continue
            case 1:
                length = 8
            case 2:
                length, at = _varint(message, at)
            case 5:
                length = 4
            case kind:
                raise ValueError(f"wire type {kind}")
        if at + length > len(message):
            raise ValueError("it ends too early")
        yield key >> 3, message[at : at + length]
        at += length


def _varints(packed: memoryview) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The number that begins at `at`, seven bits a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _bytes(value: int | memoryview) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where bytes should be")
    return bytes(value)
