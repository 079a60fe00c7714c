"""Videos in .npy and .npz files."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_videos import clip, moving, opened, same

from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.videos.arrays import RULES

VIDEO = np.stack(moving(6))  # uint8 [6,48,64,3]
VIDEOS = np.stack([np.stack(moving(4, seed=seed)) for seed in range(3)])  # uint8 [3,4,48,64,3]
FLOATS = (VIDEO / 127.5 - 1).astype(np.float32)


def colours_first(array: np.ndarray) -> np.ndarray:
    return np.moveaxis(array, -1, -3)


@pytest.mark.parametrize("suffix", ["npy", "npz", "compressed.npz"])
@pytest.mark.parametrize("order", ["[T,H,W,3]", "[T,3,H,W]", "Fortran"])
def test_one_video_an_array(tmp_path: Path, suffix: str, order: str) -> None:
    array = {"[T,3,H,W]": colours_first(VIDEO), "Fortran": np.asfortranarray(VIDEO)}.get(
        order, VIDEO
    )
    source = opened(save(tmp_path / f"a.{suffix}", array))
    assert source.names == (f"a.{suffix}",)
    assert source.frame_counts == (6,)
    assert source.sizes() == [(48, 64)]
    assert same(clip(source, 0, range(6)), moving(6))
    assert same(clip(source, 0, [1, 4]), [moving(6)[1], moving(6)[4]])


@pytest.mark.parametrize("suffix", ["npy", "npz", "compressed.npz"])
@pytest.mark.parametrize("first", [False, True])
def test_many_videos_an_array(tmp_path: Path, suffix: str, first: bool) -> None:
    array = colours_first(VIDEOS) if first else VIDEOS
    source = opened(save(tmp_path / f"a.{suffix}", array))
    assert source.names == ("000000", "000001", "000002")
    assert source.frame_counts == (4, 4, 4)
    assert same(clip(source, 2, range(4)), moving(4, seed=2))
    assert len({source.digest(i) for i in range(3)}) == 3


def test_a_folder_of_arrays(tmp_path: Path) -> None:
    save(tmp_path / "one.npy", VIDEO)
    save(tmp_path / "sub" / "many.npy", VIDEOS)
    source = opened(tmp_path)
    assert source.names == ("one.npy", *(f"sub/many.npy/00000{i}" for i in range(3)))
    assert source.layout_note == "2 array files (npy 2) of 4 videos"
    assert same(clip(source, 2, [3]), [moving(4, seed=1)[3]])


def test_an_npz_of_many_arrays_leaves_out_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", left=VIDEO, right=VIDEOS[0], labels=np.arange(2))
    source = opened(tmp_path / "a.npz")
    assert source.names == ("left", "right")
    assert same(clip(source, 1, range(4)), moving(4))
    assert any("labels" in note for note in source.notes)


@pytest.mark.parametrize(
    "shape",
    [(6, 48, 64), (6, 48, 64, 4), (3, 6, 48, 64), (5, 3, 8, 3), (2, 5, 3, 8, 3), (2,) * 6, ()],
    ids=str,
)
def test_shapes_that_are_unclear_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.zeros(shape, np.uint8))
    with pytest.raises(BadVideoError, match=r"a\.npy: .*expected \[T,H,W,3\]"):
        opened(tmp_path / "a.npy")


def test_many_videos_may_have_their_colours_first(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VIDEOS.transpose(0, 4, 1, 2, 3))  # [N,3,T,H,W]
    source = opened(tmp_path / "a.npy")
    assert source.frame_counts == (4, 4, 4)
    assert same(clip(source, 2, range(4)), moving(4, seed=2))


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (2, 0, 8, 8, 3)], ids=str)
def test_an_array_without_frames_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.zeros(shape, np.uint8))
    with pytest.raises(BadVideoError, match="holds no frame"):
        opened(tmp_path / "a.npy")


def test_an_array_of_no_videos_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((0, 4, 8, 8, 3), np.uint8))
    with pytest.raises(BadVideoError, match="holds no video"):
        opened(tmp_path / "a.npy")


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, np.int8, bool, np.complex64, "U3"])
def test_other_numbers_are_refused(tmp_path: Path, dtype: Any) -> None:
    np.save(tmp_path / "a.npy", np.zeros((4, 8, 8, 3), dtype))
    with pytest.raises(BadVideoError, match="read are uint8, and floats"):
        opened(tmp_path / "a.npy", quantise="round")


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_pickles_are_refused_unopened(tmp_path: Path, suffix: str) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    array = np.empty((2, 8, 8, 3), object)
    array[:] = Trap()
    save(tmp_path / f"a.{suffix}", array)
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Trap()))
    for name in (f"a.{suffix}", "b.npy"):
        with pytest.raises(BadVideoError):
            opened(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize("rule", ["round", "truncate"])
def test_floats_become_levels_by_the_named_rule(tmp_path: Path, dtype: Any, rule: Any) -> None:
    np.save(tmp_path / "a.npy", FLOATS.astype(dtype))
    source = opened(tmp_path / "a.npy", quantise=rule)
    assert source.frame_counts == (6,)
    expected = RULES[rule](FLOATS.astype(dtype).astype(np.float32))
    assert same(clip(source, 0, range(6)), list(expected))
    assert rule in source.medium.decoder


def test_rounding_is_unbiased_and_truncation_loses_what_the_spec_measured() -> None:
    """Of the 256 exact levels 63 lose one in DIGAN's round trip."""
    levels = np.arange(256, dtype=np.uint8)
    exact = (levels / np.float32(127.5) - np.float32(1)).astype(np.float32)
    lost = levels.astype(int) - RULES["truncate"](exact)
    assert set(lost) == {0, 1}
    assert lost.sum() == 63
    assert np.array_equal(RULES["round"](exact), levels)


@given(st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=50))
def test_rules_are_the_published_formulas(values: list[float]) -> None:
    x = np.array(values, np.float32)
    rounded = np.floor(np.clip(x.astype(np.float64) * 127.5 + 128, 0, 255))
    cut = np.floor((np.clip(x.astype(np.float64), -1, 1) + 1) / 2 * 255)
    assert np.abs(RULES["round"](x) - rounded).max() <= 1  # float32 against float64, at the edge
    assert np.abs(RULES["truncate"](x) - cut).max() <= 1


def test_floats_without_a_rule_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", FLOATS)
    with pytest.raises(BadVideoError, match="float32: say how it becomes levels"):
        opened(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (VIDEO.astype(np.float32), r"floats span \[0, 249\], where \[-1,1\] is expected"),
        (VIDEO.astype(np.float32) / 255, r"floats span \[0, 0\.976\], where \[-1,1\] is expected"),
        (np.where(VIDEO < 40, np.nan, FLOATS), "NaN or infinite"),
        (np.where(VIDEO < 40, np.inf, FLOATS), "NaN or infinite"),
    ],
    ids=["0..255", "0..1", "NaN", "infinity"],
)
def test_floats_of_another_range_are_refused(
    tmp_path: Path, values: np.ndarray, reason: str
) -> None:
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(InputError, match=reason):
        opened(tmp_path / "a.npy", quantise="round")


@pytest.mark.parametrize(("factor", "noted"), [(1.0, False), (1.0005, False), (1.05, True)])
def test_floats_a_little_outside_are_clamped_and_noted(
    tmp_path: Path, factor: float, noted: bool
) -> None:
    np.save(tmp_path / "a.npy", FLOATS * np.float32(factor))
    source = opened(tmp_path / "a.npy", quantise="round")
    assert any("clamped" in note for note in source.notes) == noted
    assert same(
        clip(source, 0, range(6)), list(RULES["round"](np.clip(FLOATS * np.float32(factor), -1, 1)))
    )


def test_the_digest_of_floats_depends_on_the_rule(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", FLOATS)
    np.save(tmp_path / "b.npy", VIDEO)
    digests = {
        opened(tmp_path / name, quantise=rule).digest(0)
        for name in ("a.npy", "b.npy")
        for rule in ("round", "truncate")
    }
    assert len(digests) == 3


@pytest.mark.parametrize("suffix", ["npy", "npz", "compressed.npz"])
def test_an_array_cut_anywhere_is_refused(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"a.{suffix}", VIDEO)
    data = path.read_bytes()
    for cut in sorted({*range(0, 200, 7), *range(0, len(data), len(data) // 40), len(data) - 1}):
        path.write_bytes(data[:cut])
        with pytest.raises(BadVideoError, match=r"^a\."):
            opened(path)


@pytest.mark.parametrize("suffix", ["npz", "compressed.npz"])
def test_an_npz_that_does_not_match_its_checksum_is_refused(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"a.{suffix}", VIDEO)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(BadVideoError):
        opened(path)


def test_an_array_that_changes_after_opening_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npy", VIDEO)
    source = opened(path)
    np.save(path, VIDEO[:2])
    with pytest.raises(BadVideoError):
        source.read(0, [5])


def test_a_compressed_array_too_large_to_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leo_bench.evaluation.videos.array_files.MAX_COMPRESSED_BYTES", 1000)
    with pytest.raises(BadVideoError, match="save it as"):
        opened(save(tmp_path / "a.compressed.npz", VIDEO))
    assert opened(save(tmp_path / "a.npz", VIDEO)).frame_counts == (6,)


def save(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.name.endswith("compressed.npz"):
        np.savez_compressed(path, array)
    else:
        np.savez(path, array)
    return path


def test_an_npz_whose_local_headers_are_longer_is_mapped_where_its_values_are(
    tmp_path: Path,
) -> None:
    out = io.BytesIO()
    np.save(out, VIDEO)
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "w") as archive,
        archive.open("video.npy", "w", force_zip64=True) as member,
    ):
        member.write(out.getvalue())
    assert same(clip(opened(tmp_path / "a.npz"), 0, range(6)), moving(6))
