"""Which range floats are in is judged over all of a side, never over one of its videos."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_videos import clip, moving, opened, same

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.tensors import TensorVideos

LEVELS = np.stack([np.stack(moving(4, 16, 16, seed)) for seed in range(3)])  # uint8 [3,4,16,16,3]
UNIT = (LEVELS / np.float32(255)).astype(np.float32)
SIGNED = 2 * UNIT - 1
BRIGHT = SIGNED.copy()
BRIGHT[1] = BRIGHT[1] * 0.3 + 0.65  # snow: no value of this video is below 0
UNDERSHOOT = UNIT.copy()
UNDERSHOOT[:, 0, 0, 0, 0] = -1e-3  # of a bicubic filter, in one value of each video


def save(folder: Path, form: str, values: np.ndarray) -> Path:
    folder.mkdir(exist_ok=True)
    if form == "npy":
        np.save(folder / "a.npy", values)
    elif form == "npz":
        np.savez_compressed(folder / "a.npz", values)
    elif form == "npz of many":
        np.savez(folder / "a.npz", **{f"v{i}": video for i, video in enumerate(values)})
    elif form == "files":
        for i, video in enumerate(values):
            np.save(folder / f"{i}.npy", video)
        return folder
    elif form == "pt":
        torch.save(torch.from_numpy(values), folder / "a.pt")
    else:
        torch.save([torch.from_numpy(video) for video in values], folder / "a.pt")
    return next(iter(folder.iterdir()))


FORMS = ["npy", "npz", "npz of many", "files", "pt", "pt of a list"]


@pytest.mark.parametrize("form", FORMS)
def test_a_bright_video_is_read_as_the_others_are(tmp_path: Path, form: str) -> None:
    path = save(tmp_path / "side", form, BRIGHT)
    expected = np.clip(BRIGHT * np.float32(127.5) + 128, 0, 255).astype(np.uint8)
    for on_error in ("fail", "skip"):
        source = opened(path, quantise="round", on_error=on_error)
        assert len(source.names) == 3
        assert not source.skipped
        assert all(same(clip(source, i, range(4)), list(expected[i])) for i in range(3))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_side_in_0_to_1_is_refused_by_path_and_span(
    tmp_path: Path, form: str, dtype: Any
) -> None:
    path = save(tmp_path / "side", form, UNDERSHOOT.astype(dtype))
    for on_error in ("fail", "skip"):
        with pytest.raises(InputError, match=r"floats span \[-0\.001, ") as raised:
            opened(path, quantise="round", on_error=on_error)
        message = str(raised.value)
        assert message.startswith(f"{path}: ")
        assert "--float-range 01" in message
        assert len(message) - len(str(path)) < 250


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rule", ["round", "truncate"])
def test_a_stated_range_of_0_to_1_is_that_of_twice_less_one(
    tmp_path: Path, form: str, rule: Any
) -> None:
    unit = opened(save(tmp_path / "unit", form, UNIT), quantise=rule, float_range="01")
    signed = opened(save(tmp_path / "signed", form, SIGNED), quantise=rule, float_range="11")
    for video in range(3):
        assert same(clip(unit, video, range(4)), clip(signed, video, range(4)))
        if rule == "round":
            assert same(clip(unit, video, range(4)), list(LEVELS[video]))
    assert any("read as [0,1], as stated" in note for note in unit.notes)
    assert "of [0,1]" in unit.medium.decoder
    assert unit.digest(0) != opened(
        save(tmp_path / "again", form, UNIT), quantise=rule, float_range="11"
    ).digest(0)


@pytest.mark.parametrize(
    ("low", "high", "stated", "refused"),
    [
        (-1.05, 1.05, None, False),
        (-0.05, 1.05, None, True),
        (-0.05, 1.05, "01", False),
        (-0.05, 1.05, "11", False),
        (-0.5, 1.0, None, False),
        (-0.49, 1.0, None, True),
        (-0.9, -0.2, None, False),  # a night
        (-0.4, -0.2, None, False),  # below 0 throughout: no [0,1]
        (0.0, 0.0, None, True),  # black, or grey
        (0.0, 0.0, "11", False),
        (-1.0, 1.0, "01", True),
        (0.0, 255.0, None, True),
        (0.0, 255.0, "01", True),
        (0.0, 255.0, "11", True),
    ],
)
def test_spans(tmp_path: Path, low: float, high: float, stated: Any, refused: bool) -> None:
    np.save(tmp_path / "a.npy", np.linspace(low, high, 2 * 8 * 8 * 3).reshape(2, 8, 8, 3))
    if refused:
        with pytest.raises(InputError, match="floats span"):
            opened(tmp_path, quantise="round", float_range=stated)
        return
    notes = opened(tmp_path, quantise="round", float_range=stated).notes
    least, most = (0, 1) if stated == "01" else (-1, 1)
    assert any("clamped" in note for note in notes) == (low < least or high > most)


def test_a_file_of_another_range_than_the_others_is_named(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", SIGNED)
    np.save(tmp_path / "b.npy", UNIT)
    (note,) = opened(tmp_path, quantise="round").notes
    assert note.startswith("floats of 1 of 2 files have no value below -0.5")
    assert note.endswith(str(tmp_path / "b.npy"))


def test_the_file_that_spoils_a_side_is_named(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", SIGNED)
    np.save(tmp_path / "b.npy", LEVELS.astype(np.float32))
    with pytest.raises(InputError, match=r"b\.npy\), where \[-1,1\] is expected"):
        opened(tmp_path, quantise="round")


def test_the_span_is_recalled_with_the_digest(tmp_path: Path) -> None:
    import os

    np.save(tmp_path / "a.npy", UNDERSHOOT)
    os.utime(tmp_path / "a.npy", (1_600_000_000, 1_600_000_000))
    for _ in range(2):
        with pytest.raises(InputError, match="floats span"):
            opened(tmp_path, quantise="round")


def test_one_broken_video_is_still_left_out_alone(tmp_path: Path) -> None:
    values = SIGNED.copy()
    values[1, 0, 0, 0, 0] = np.nan
    np.save(tmp_path / "a.npy", values)
    source = opened(tmp_path, quantise="round", on_error="skip")
    assert [skipped.reason for skipped in source.skipped] == ["holds NaN or infinite values"]


def tensors(values: np.ndarray) -> dict[str, torch.Tensor]:
    return {f"v{i}": torch.from_numpy(v).permute(0, 3, 1, 2) for i, v in enumerate(values)}


def test_tensors_in_memory_are_judged_as_files_are() -> None:
    whole = TensorVideos("mine", tensors(LEVELS), "round")
    unit = TensorVideos("mine", tensors(UNIT), "round", "01")
    signed = TensorVideos("mine", tensors(SIGNED.astype(np.float64)), "round")
    for video in range(3):
        expected = torch.from_numpy(LEVELS[video]).permute(0, 3, 1, 2)
        for source in (whole, unit, signed):
            assert torch.equal(source.read(video, [1, 3]), expected[[1, 3]])
    assert len({source.digest(0) for source in (whole, unit, signed)}) == 3
    with pytest.raises(InputError, match=r"mine: floats span \[-0\.001"):
        TensorVideos("mine", tensors(UNDERSHOOT), "round")
    with pytest.raises(InputError, match="mine: v0: int64"):
        TensorVideos("mine", tensors(LEVELS.astype(np.int64)), "round")
    with pytest.raises(InputError, match="mine: v0: holds NaN"):
        TensorVideos("mine", tensors(np.full_like(UNIT, np.nan)), "round")
