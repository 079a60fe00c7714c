"""Videos in .pt files: read as weights are, without running anything."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_videos import clip, encode, moving, opened, same

from leo_bench.evaluation.errors import BadVideoError

VIDEO = torch.from_numpy(np.stack(moving(6)))  # uint8 [6,48,64,3]
VIDEOS = torch.stack([torch.from_numpy(np.stack(moving(4, seed=s))) for s in range(3)])


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (0, 3, 1, 2), (3, 0, 1, 2)], ids=str)
@pytest.mark.parametrize("zipped", [True, False])
def test_one_video_in_any_order_of_axes(
    tmp_path: Path, axes: tuple[int, ...], zipped: bool
) -> None:
    torch.save(
        VIDEO.permute(axes).contiguous(),
        tmp_path / "a.pt",
        _use_new_zipfile_serialization=zipped,
    )
    source = opened(tmp_path / "a.pt")
    assert source.frame_counts == (6,)
    assert source.sizes() == [(48, 64)]
    assert same(clip(source, 0, [1, 4]), [moving(6)[1], moving(6)[4]])
    assert source.medium.layout == "tensors"
    assert not source.medium.lossy


def test_many_videos_of_a_tensor_and_of_a_dictionary(tmp_path: Path) -> None:
    colours_first = VIDEOS.permute(0, 4, 1, 2, 3).contiguous()  # [N,3,T,H,W], as torch has videos
    torch.save(colours_first, tmp_path / "many.pt")
    torch.save({"samples": VIDEOS, "labels": torch.arange(3), "step": 7}, tmp_path / "two.pth")
    source = opened(tmp_path)
    assert source.names[:4] == (*(f"many.pt/00000{i}" for i in range(3)), "two.pth/000000")
    assert same(clip(source, 2, range(4)), moving(4, seed=2))
    assert same(clip(source, 5, range(4)), moving(4, seed=2))
    assert len({source.digest(i) for i in range(3)}) == 3


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_tensors_is_many_videos(tmp_path: Path, kind: type) -> None:
    torch.save(kind([VIDEO, VIDEO[:4]]), tmp_path / "a.pt")
    torch.save({"step": 7, "samples": kind([VIDEO[:5]])}, tmp_path / "b.pt")
    assert opened(tmp_path / "a.pt").names == ("000000", "000001")
    assert opened(tmp_path / "a.pt").frame_counts == (6, 4)
    assert opened(tmp_path / "b.pt").frame_counts == (5,)


def test_keys_that_are_one_text_are_refused(tmp_path: Path) -> None:
    """str(1) is "1": one of the two videos would be lost."""
    torch.save({1: VIDEO, "1": VIDEO[:4]}, tmp_path / "a.pt")
    with pytest.raises(BadVideoError, match="two tensors are called '1'"):
        opened(tmp_path / "a.pt")


ODD: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], str]] = {
    "sparse": (lambda zeros: zeros.to_sparse(), "sparse"),
    "conjugate": (lambda zeros: zeros.to(torch.complex64).conj(), "conjugate"),
    "negated": (lambda zeros: zeros.to(torch.complex64).conj().imag, "negated"),
    "float8": (lambda zeros: zeros.to(torch.float8_e4m3fn), "holds float8_e4m3fn"),
    "meta": (lambda zeros: zeros.to("meta"), "without values"),
    "quantised": (
        lambda zeros: torch.quantize_per_tensor(zeros, 0.1, 0, torch.quint8),
        "quantised|damaged, or not",
    ),
    "repeated": (lambda zeros: zeros[:1].expand(1_000_000_000, 8, 8, 3), "promises more values"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ODD)
def test_tensors_that_are_no_plain_numbers_are_one_line(tmp_path: Path, name: str) -> None:
    made, reason = ODD[name]
    torch.save(made(torch.zeros(4, 8, 8, 3)), tmp_path / "a.pt")
    with pytest.raises(BadVideoError, match=reason) as raised:
        opened(tmp_path / "a.pt", quantise="round")
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300


def test_floats_need_a_rule(tmp_path: Path) -> None:
    torch.save(VIDEO.float() / 127.5 - 1, tmp_path / "a.pt")
    with pytest.raises(BadVideoError, match="say how it becomes levels"):
        opened(tmp_path / "a.pt")
    source = opened(tmp_path / "a.pt", quantise="round")
    off = np.stack(clip(source, 0, range(6))).astype(int) - VIDEO.numpy().astype(int)
    assert abs(off).max() <= 1


def test_weights_beside_videos_are_left_out(tmp_path: Path) -> None:
    encode(tmp_path / "a.mkv", moving(2, 16, 16), "ffv1", "bgr0")
    torch.save({"layer": torch.zeros(3)}, tmp_path / "model.pt")
    source = opened(tmp_path)
    assert source.names == ("a.mkv",)
    assert source.notes == ["files that are no videos were left out: 1 pt"]


class Trap:
    """Runs something when it is unpickled."""

    def __init__(self, where: Path) -> None:
        self.where = where

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.where,))


def test_what_is_no_tensor_is_refused_unopened(tmp_path: Path) -> None:
    torch.save({"a": Trap(tmp_path / "sprung")}, tmp_path / "trap.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    (tmp_path / "cut.pt").write_bytes((tmp_path / "trap.pt").read_bytes()[:-40])
    torch.save(["VIDEO"], tmp_path / "list.pt")
    torch.save(torch.zeros(4, 8, 8, 3, dtype=torch.bfloat16), tmp_path / "half.pt")
    torch.save(torch.zeros(4, 8, 8), tmp_path / "grey.pt")
    for name in ("trap", "plain", "cut", "list", "half", "grey"):
        with pytest.raises(BadVideoError, match=rf"{name}\.pt: ") as raised:
            opened(tmp_path / f"{name}.pt")
        assert "\n" not in str(raised.value)
    assert not (tmp_path / "sprung").exists()
