"""The compared methods' files, and the layouts that they describe."""

from pathlib import Path

import numpy as np
import pytest
import torch
from made_videos import encode, moving

from conftest import Run, write_frames
from leo_bench.baselines.layouts import open_output
from leo_bench.baselines.methods import METHODS, GridLayout, Method, list_methods, load_method
from leo_bench.baselines.published import load_published
from leo_bench.evaluation.errors import InputError

WHOLE = {
    "id": "a",
    "title": "A",
    "paper": "p",
    "licence": "l",
    "command": ["{python}", "s.py", "--out", "{out}", "--n", "{count}"],
    "layouts": {"videos": {"about": "v"}},
    "sources": {"paper": "s", "licence": "s", "command": "s", "layouts": "s"},
}


def test_every_printed_number_is_of_a_method_that_is_described() -> None:
    assert {row.method for row in load_published()} == {method.id for method in list_methods()}


def test_methods_that_can_be_run_and_those_that_cannot() -> None:
    runs = {method.id for method in list_methods() if method.command}
    assert runs == {"mocogan-hd", "mostgan-v", "stylegan-v", "tats"}
    for method in list_methods():
        assert method.repository is None or method.commit
        assert set(method.checkpoints) <= method.holes or method.why_no_command


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sources": {"paper": "s", "licence": "s", "command": "s"}}, "missing for layouts"),
        ({"settings": {"a": "b"}}, "missing for settings"),
        ({"why_no_command": "none"}, "either a command or why_no_command"),
        ({"command": []}, "either a command or why_no_command"),
        ({"layouts": {}}, "needs a layout"),
        ({"command": ["s.py", "{out}"]}, r"needs the holes \{out\} and \{count\}"),
        ({"command": ["s.py", "{out}", "{count}", "{zoo}"]}, "unknown holes: zoo"),
        ({"commit": "abc"}, "repository and commit go together"),
        ({"recalled": ["--seed"]}, "recalled options are not in the command: --seed"),
        ({"speed": 3}, "speed"),
    ],
    ids=str,
)
def test_a_method_that_is_not_whole_is_refused(change: dict[str, object], said: str) -> None:
    assert Method.model_validate(WHOLE).holes == {"python", "out", "count"}
    with pytest.raises(ValueError, match=said):
        Method.model_validate(WHOLE | change)


def test_a_file_of_ones_own_and_a_name_that_is_not_there(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text((METHODS / "tats.toml").read_text().replace('id = "tats"', 'id = "mine"'))
    assert load_method(str(own)).title == "TATS"
    with pytest.raises(InputError, match="no method 'vdm'; known are digan, lavie, leo"):
        load_method("vdm")
    with pytest.raises(InputError, match="no layout 'zip'; known are arrays, grids"):
        load_method("tats").layout("zip")


def test_digan_one_tiled_gif_or_mp4(tmp_path: Path) -> None:
    """sihyun-yu/digan src/scripts/generate_videos.py: both, of sqrt(N) x sqrt(N) tiles of 128."""
    tile = moving(3, 128, 128)
    whole = [np.tile(frame, (2, 2, 1)) for frame in tile]
    encode(tmp_path / "generate_videos.gif", whole, "gif", "rgb8")
    encode(tmp_path / "generate_videos.mp4", whole)
    digan = load_method("digan")
    source = open_output(digan, tmp_path)
    assert source.names == [f"generate_videos.mp4/r{r}c{c}" for r in range(2) for c in range(2)]
    assert source.medium.codecs == ("h264",)
    read = source.read(3, range(3)).permute(0, 2, 3, 1).numpy().astype(int)
    assert abs(read - np.stack(tile)).mean() < 12  # H.264 of halved chroma
    gif = open_output(digan, tmp_path, "gif")
    assert gif.medium.codecs == ("gif",)
    assert gif.names[0] == "generate_videos.gif/r0c0"
    assert any("4 tiles of 1 tiled video" in note for note in gif.notes)
    assert any("1 mp4 of another name" in note for note in gif.notes)


@pytest.mark.parametrize("method", ["stylegan-v", "mostgan-v"])
def test_stylegan_v_frames_files_or_grids(tmp_path: Path, method: str) -> None:
    found = load_method(method)
    for i in range(2):
        write_frames(tmp_path / "frames" / f"{i:06d}", 3, seed=i)
        (tmp_path / "mp4").mkdir(exist_ok=True)
        encode(tmp_path / "mp4" / f"{i:06d}.mp4", moving(3, seed=i))
    assert open_output(found, tmp_path / "frames").names == ["000000", "000001"]
    assert open_output(found, tmp_path / "mp4").names == ["000000.mp4", "000001.mp4"]
    step = 256 + 2
    whole = np.zeros((step + 2, 2 * step + 2, 3), np.uint8)
    whole[2 : 2 + 256, 2 : 2 + 256] = 200
    whole[2 : 2 + 256, 2 + step : 2 + step + 256] = 90
    (tmp_path / "grids").mkdir()
    encode(tmp_path / "grids" / "000000.mp4", [whole] * 3)
    source = open_output(found, tmp_path / "grids", "grids")
    assert source.sizes() == [(256, 256)] * 2
    levels = [int(source.read(i, [1])[..., 8:-8, 8:-8].float().mean().round()) for i in range(2)]
    assert abs(levels[0] - 200) <= 2
    assert abs(levels[1] - 90) <= 2


def test_tats_tiled_files_have_a_pixel_between_and_none_in_front(tmp_path: Path) -> None:
    tile = np.stack(moving(2, 128, 128))
    whole = np.zeros((2, 2 * 129 + 1, 2 * 129 + 1, 3), np.uint8)
    for row in range(2):
        for col in range(2):
            whole[:, row * 129 : row * 129 + 128, col * 129 : col * 129 + 128] = tile // (row + 1)
    encode(tmp_path / "generation_0.avi", list(whole), "ffv1", "bgr0")
    source = open_output(load_method("tats"), tmp_path, "grids")
    assert len(source.names) == 4
    assert np.array_equal(source.read(3, range(2)).permute(0, 2, 3, 1).numpy(), tile // 2)


def test_tiles_of_another_size_are_said_by_the_user(tmp_path: Path) -> None:
    encode(tmp_path / "a.mp4", [np.zeros((64, 128, 3), np.uint8)] * 2)
    digan = load_method("digan")
    with pytest.raises(InputError, match="do not divide"):
        open_output(digan, tmp_path)
    source = open_output(digan, tmp_path, tiles=GridLayout(tile=64))
    assert len(source.names) == 2


def test_a_methods_folder_is_a_source_of_the_command_line(tmp_path: Path, leo_bench: Run) -> None:
    folder = tmp_path / "numpy_files" / "taichi"
    folder.mkdir(parents=True)
    made = np.random.RandomState(0).randint(0, 256, (3, 16, 16, 16, 3), np.uint8)
    np.save(folder / "topp0.80_topk2048_run0_eval.npy", made)
    out = tmp_path / "f.npz"
    options = ("--frames", 16, "--protocol", "tats", "--extractor", "pixels", "--out", out)
    found = leo_bench("features", f"tats:{tmp_path}", *options)
    assert found.code == 0, found.err
    assert len(np.load(out)["videos"]) == 3
    own = tmp_path / "mine.toml"
    own.write_text((METHODS / "tats.toml").read_text().replace('id = "tats"', 'id = "mine"'))
    assert leo_bench("features", f"method:{own}:{folder}", *options).code == 0
    wrong = leo_bench("features", f"tats:{tmp_path}?layout=zip", *options)
    assert (wrong.code, "no layout 'zip'" in wrong.err) == (2, True)
    listed = leo_bench("list", "methods")
    assert "MoStGAN-V" in listed.out


def test_tensors_of_a_folder_are_read(tmp_path: Path) -> None:
    torch.save(torch.zeros(2, 3, 9, 8, 8, dtype=torch.uint8), tmp_path / "samples.pt")
    source = open_output(load_method("lavie"), tmp_path)
    assert source.frame_counts == [9, 9]
