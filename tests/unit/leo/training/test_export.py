"""A run as it is published: what is copied, and that a failed export leaves nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_run import make_run

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.leo.checkpoint import Model, load_model, save_model
from leo_bench.leo.data.encode import ANIMATOR
from leo_bench.leo.sampling.model import LeoModel, model_file
from leo_bench.leo.stages import STAGES
from leo_bench.leo.training.export import export

DONE = set(STAGES) - {"super-resolution"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_run(tmp_path_factory.mktemp("leo") / "run")
    (root / "scores.json").write_text("{}")
    for stage in DONE - {"lmdm"}:
        (root / stage / "log.jsonl").write_text("{}\n")
    return root


def test_all_that_the_run_has_is_there(run: Path, tmp_path: Path) -> None:
    wanted = {
        "config.toml",
        "scores.json",
        "MODEL_CARD.md",
        *(f"{stage}.safetensors" for stage in DONE),
    }
    wanted |= {f"{stage}.log.jsonl" for stage in DONE - {"lmdm"}}
    (tmp_path / "out").mkdir()
    assert {path.name for path in export(run, tmp_path / "out")} == wanted
    assert all(LeoModel.open(tmp_path / "out").has(stage) for stage in DONE)


def test_what_failed_leaves_nothing_in_the_way(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(save: Callable[..., None]) -> Callable[..., None]:
        def write(path: Path, model: Model, dtype: object) -> None:
            if path.name.startswith("lmdm"):
                raise OSError(28, "No space left on device")
            save(path, model, dtype)

        return write

    with monkeypatch.context() as patch:
        patch.setattr("leo_bench.leo.training.export.save_model", failing(save_model))
        with pytest.raises(InputError, match="out: cannot be written: No space left"):
            export(run, tmp_path / "out")
    assert not list(tmp_path.iterdir())
    assert export(run, tmp_path / "out")


def test_a_folder_or_file_in_the_way_is_refused(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for out in (tmp_path / "file", tmp_path):
        with pytest.raises(InputError, match="is there already"):
            export(run, out)
    with pytest.raises(InputError, match="cannot be written"):
        export(run, tmp_path / "file" / "out")


def test_the_best_weights_of_a_stage_are_taken_where_that_is_asked_for(
    run: Path, tmp_path: Path
) -> None:
    last = load_model(model_file(run, "cddpm"))
    halved = {name: tensor / 2 for name, tensor in last.network.items()}
    save_model(run / "cddpm" / "best.safetensors", replace(last, network=halved))
    written = export(run, tmp_path / "out", best=["cddpm"])
    assert "scores.json" not in {path.name for path in written}  # they are of the last weights
    name = "code_mlp.0.weight"
    exported = load_model(model_file(tmp_path / "out", "cddpm")).network[name]
    assert torch.allclose(exported, halved[name], atol=1e-3)
    assert not torch.allclose(exported, last.network[name], atol=1e-3)
    for best, line in {
        "lmdm": "lmdm/best.safetensors: is not there; leave --best lmdm out",
        "super-resolution": "--best super-resolution: .* has trained animator, lmdm",
    }.items():
        with pytest.raises(InputError, match=line):
            export(run, tmp_path / "other", best=[best])
    save_model(run / "animator" / "best.safetensors", load_model(model_file(run, "animator")))
    with pytest.raises(InputError, match="lmdm was trained on codes of the animator's last"):
        export(run, tmp_path / "other", best=["animator"])


def test_the_exported_motion_is_that_of_the_exported_animator(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    file, animator = model_file(run, "lmdm"), model_file(run, "animator")
    trained = load_model(file)

    def trained_on_codes_of(digest: str) -> None:
        save_model(file, replace(trained, metadata=trained.metadata | {ANIMATOR: digest}))

    trained_on_codes_of(file_sha256(animator))
    export(run, tmp_path / "out")
    exported = LeoModel.open(tmp_path / "out")
    digest = exported.load("lmdm").metadata[ANIMATOR]
    assert digest == file_sha256(exported.file("animator")) != file_sha256(animator)
    assert ANIMATOR not in exported.load("frame-dm").metadata  # an older file: nobody knows

    trained_on_codes_of("0" * 64)
    with pytest.raises(InputError, match="trained on codes of another animator than") as caught:
        export(run, tmp_path / "other")
    assert str(file) in str(caught.value)
    assert not (tmp_path / "other").exists()
    exported.file("animator").write_bytes(animator.read_bytes())
    with pytest.raises(InputError, match="take all files from one model"):
        LeoModel.open(tmp_path / "out").load("lmdm")
