"""Videos in .pt files: read as weights are, without running anything."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_videos import clip, encode, moving, opened, same

from evaluation.errors import BadVideoError

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
    torch.save([VIDEO], tmp_path / "list.pt")
    torch.save(torch.zeros(4, 8, 8, 3, dtype=torch.bfloat16), tmp_path / "half.pt")
    torch.save(torch.zeros(4, 8, 8), tmp_path / "grey.pt")
    for name in ("trap", "plain", "cut", "list", "half", "grey"):
        with pytest.raises(BadVideoError, match=rf"{name}\.pt: ") as raised:
            opened(tmp_path / f"{name}.pt")
        assert "\n" not in str(raised.value)
    assert not (tmp_path / "sprung").exists()
