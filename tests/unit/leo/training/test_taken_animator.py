"""An animator taken from a file: the same codes, motion and samples as where it was trained."""

import argparse
import json
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_run import tiny_config
from torch import Tensor

from conftest import Run
from leo_bench.benchmarks.runs.sampling import Place, SampleRequest, open_request
from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.leo.checkpoint import LICENCE, load_model, save_model
from leo_bench.leo.config import Config
from leo_bench.leo.data.encode import CODES, read_codes
from leo_bench.leo.sampling.model import LeoModel, model_file
from leo_bench.leo.sampling.options import Sampling
from leo_bench.leo.training.job import Job, encode_run, train_stage
from leo_bench.leo.training.run_folder import RunFolder
from leo_bench.leo.training.taken_animator import NOT_STATED, take, with_checkpoint

SHORT = "{ steps = 2, batch = 2, save_every = 1 }"
NC = "CC-BY-NC-4.0 (LIA)"


def config() -> Config:
    lias = ("animator.align_corners=false", "animator.channel_base=16384", "held_out=0.4")
    return tiny_config(f"animator.training={SHORT}", f"lmdm.training={SHORT}", *lias)


def job(root: Path, animator: Path | None = None) -> Job:
    faces = open_world("toy-faces", "train", WorldShape(resolution=32, frames=12, count=5))
    resolved, file = with_checkpoint(config(), root, animator)
    return Job(RunFolder.create(root, resolved), lambda: faces, animator=file, cpu=True)


def trained(begun: Job) -> LeoModel:
    train_stage(begun, "animator")
    encode_run(begun)
    train_stage(begun, "lmdm")
    return LeoModel.open(begun.run.root)


@pytest.fixture(scope="module")
def in_place(tmp_path_factory: pytest.TempPathFactory) -> LeoModel:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEO_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr("leo_bench.leo.stages.denoising._QUICK", 2)
        return trained(job(tmp_path_factory.mktemp("run")))


def official(path: Path, state: Mapping[str, Tensor], *, whole: bool = True) -> Path:
    """As LIA's trainer saves it, or `gen` alone."""
    others = {"dis": {}, "g_optim": {"state": {}}, "d_optim": {"state": {}}}
    others["args"] = argparse.Namespace(size=32, batch=2)  # type: ignore[assignment]
    torch.save({"gen": dict(state), **(others if whole else {})}, path)
    return path


@pytest.fixture(scope="module")
def vox(in_place: LeoModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained animator as LIA's trainer saves one."""
    state = load_model(model_file(in_place.root, "animator")).network
    return official(tmp_path_factory.mktemp("lia") / "vox.pt", state)


@pytest.fixture(scope="module")
def taken(vox: Path, tmp_path_factory: pytest.TempPathFactory) -> LeoModel:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEO_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr("leo_bench.leo.stages.denoising._QUICK", 2)
        return trained(job(tmp_path_factory.mktemp("run"), vox))


def sampled(model: LeoModel) -> Tensor:
    sampling = Sampling(mode="conditional", count=2, frames=12, sampler="ddim", steps=2)
    source = open_request(
        SampleRequest(run=str(model.root), sampling=sampling, start="toy-faces/test"),
        Place(model.root, device="cpu"),
    )
    return torch.stack([source.read(i, range(12)) for i in range(2)])


def test_all_that_follows_is_that_of_the_animator_trained_in_place(
    in_place: LeoModel, taken: LeoModel
) -> None:
    """Bit for bit: codes of training and held-out videos, the motion model, frames of samples."""
    books = [read_codes(model.root / CODES) for model in (in_place, taken)]
    assert torch.equal(*(book.codes for book in books))
    assert books[0].held_out == books[1].held_out != []
    mine, theirs = (load_model(model_file(m.root, "lmdm")).network for m in (in_place, taken))
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert torch.equal(sampled(in_place), sampled(taken))


@pytest.mark.parametrize("layout", ["gen alone", "model.safetensors"])
def test_other_layouts_are_the_same_animator(
    layout: str, in_place: LeoModel, tmp_path: Path
) -> None:
    file = model_file(in_place.root, "animator")
    wanted, stated = load_model(file).network, ""
    if layout == "gen alone":
        file, stated = official(tmp_path / "own.pt", wanted, whole=False), NOT_STATED
    found = load_model(train_stage(job(tmp_path / "run", file), "animator"))
    assert found.network.keys() == wanted.keys()
    assert all(torch.equal(found.network[name], wanted[name]) for name in wanted)
    assert found.metadata.get(LICENCE, "") == stated


def test_digest_and_licence_go_with_all_that_is_made_from_the_file(
    vox: Path, taken: LeoModel, tmp_path: Path, leo_bench: Run
) -> None:
    """A file that has the name of one of LIA's has LIA's licence, under any config."""
    checkpoint = taken.config.animator.checkpoint
    assert checkpoint is not None
    assert (checkpoint.file, checkpoint.sha256) == ("vox.pt", file_sha256(vox))
    assert read_codes(taken.root / CODES).licence == taken.config.licence == NC
    assert leo_bench("export", "--run", taken.root, "--out", tmp_path / "out").code == 0
    exported = LeoModel.open(tmp_path / "out")
    for stage in ("animator", "lmdm"):
        assert taken.load(stage).metadata[LICENCE] == NC
        assert exported.load(stage).metadata[LICENCE] == NC
    assert exported.config.licence == NC
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text()
    assert f"| licence | {NC} (of the model, and of all videos made with it) |" in card
    assert f"| animator | vox.pt, SHA-256 {checkpoint.sha256}, from https://drive" in card
    samples = ("--mode", "conditional", "--start-frames", "toy-faces/test", "--frames", 4)
    more = ("--count", 1, "--sampler", "ddim", "--steps", 2, "--out", tmp_path / "samples")
    ended = leo_bench("sample", "--run", tmp_path / "out", *samples, *more, "--device", "cpu")
    assert ended.code == 0, ended
    assert json.loads((tmp_path / "samples" / "sample.json").read_text())[LICENCE] == NC


def test_lias_own_files_are_not_read_with_aligned_corners(vox: Path, tmp_path: Path) -> None:
    aligned = tiny_config("animator.align_corners=true", "animator.channel_base=16384")
    with pytest.raises(InputError, match=r"need animator\.align_corners = false"):
        with_checkpoint(aligned, tmp_path, vox)
    own = Path(shutil.copy(vox, tmp_path / "own.pt"))  # of a network of one's own
    assert with_checkpoint(aligned, tmp_path, own)[0].animator.align_corners


def test_a_licence_that_a_model_states_goes_on_with_it(in_place: LeoModel, tmp_path: Path) -> None:
    model = load_model(model_file(in_place.root, "animator"))
    save_model(tmp_path / "nc.safetensors", replace(model, metadata=model.metadata | {LICENCE: NC}))
    assert job(tmp_path / "run", tmp_path / "nc.safetensors").run.config.licence == NC


def test_of_several_processes_one_writes_the_model(in_place: LeoModel, tmp_path: Path) -> None:
    file = official(tmp_path / "own.pt", load_model(model_file(in_place.root, "animator")).network)
    begun = job(tmp_path / "run", file)
    with ThreadPoolExecutor(2) as pool:
        made = {path for path, _ in pool.map(lambda _: take(begun.run, file), range(4))}
    assert len(made) == 1
    load_model(made.pop())  # is whole


def test_another_file_than_the_runs_is_refused_and_none_is_needed(
    in_place: LeoModel, tmp_path: Path, leo_bench: Run
) -> None:
    state = load_model(model_file(in_place.root, "animator")).network
    own = official(tmp_path / "own.pt", state)
    other = official(
        tmp_path / "other.pt", {**state, "dec.to_flows.0.bias": torch.ones(1, 3, 1, 1)}
    )
    moved = Path(shutil.copy(own, tmp_path / "moved.pt"))
    run = tmp_path / "run"
    begun = job(run, own)
    (run / "animator").mkdir()
    (run / "animator" / ".lock").touch()  # killed before the model was written
    line = ("train", "animator", "--run", run, "--data", "toy-faces/train", "--cpu")

    def refused(*words: object) -> str:
        ended = leo_bench(*words)
        assert ended.code == 2, ended
        return ended.err.strip().splitlines()[-1]

    assert "give --animator FILE, the own.pt that this run was begun with" in refused(*line)
    said = refused(*line, "--animator", other)
    assert f"was begun with the animator own.pt (SHA-256 {file_sha256(own)[:12]}...)" in said
    assert f"{other} is another (SHA-256 {file_sha256(other)[:12]}...)" in said
    for more in (("--animator", own), ("--animator", moved), ()):
        ended = leo_bench(*line, *more)
        assert ended.code == 0, ended
        assert "animator: taken from own.pt (SHA-256" in ended.err
        assert "it is not trained" in ended.err
    assert "--vgg v: is for an animator that is trained" in refused(*line, "--vgg", "v")
    assert not (run / "animator" / "checkpoints").exists()
    assert begun.run.config == RunFolder.open(run).config
    assert leo_bench(*line, "--set", "lmdm.training.steps=3").code == 0  # its stage has not begun
    assert RunFolder.open(run).config.lmdm.training.steps == 3
    at = ("--run", in_place.root, "--data", "toy-faces/train", "--cpu")
    said = refused("train", "all", *at, "--animator", moved)
    assert f"{in_place.root}: was begun without --animator, its animator is trained" in said


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("--config", "grid64"), "another animator than the config's: size is 32, not 64"),
        (("--config", "toy64", "--set", "resolution=32", "--set", "cddpm.resolution=32",
          "--set", "super_resolution.resolution=32", "--set", "animator.style=32"),
         r"not this generator \(32 pixels\): of another shape: dec"),
        (("--config", "lia-vox256"), "size is 32, not 256"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_the_config_is_one_line(
    changes: tuple[str, ...], message: str, in_place: LeoModel, tmp_path: Path, leo_bench: Run
) -> None:
    file = official(tmp_path / "own.pt", load_model(model_file(in_place.root, "animator")).network)
    place = ("--run", tmp_path / "run", "--data", "toy-faces/train", "--animator", file)
    ended = leo_bench("train", "all", *place, *changes)
    assert (ended.code, ended.err.count("\n")) == (2, 1), ended
    with pytest.raises(InputError, match=message):
        raise InputError(ended.err)
    assert not (tmp_path / "run").exists()


def test_without_lias_file_a_line_says_how_to_get_it(tmp_path: Path, leo_bench: Run) -> None:
    run = tmp_path / "run"
    line = ("train", "all", "--config", "lia-vox256", "--data", "toy-faces/train", "--run", run)
    ended = leo_bench(*line)
    assert ended.code == 2
    assert "weights vox.pt are not in" in ended.err
    assert "download https://drive.google.com/drive/folders/" in ended.err
    assert "or give --animator FILE" in ended.err
    assert not run.exists()
