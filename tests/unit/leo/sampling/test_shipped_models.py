"""The models in the project: small, whole, and as good as their scores say."""

import json

import pytest
import torch

from leo_bench.benchmarks.evidence.leo_scores import motion, reconstruction
from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.leo.checkpoint import load_model
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.model import SHIPPED, LeoModel, find_model, shipped_models
from leo_bench.leo.sampling.options import SampleRow, Sampling
from leo_bench.leo.sampling.source import LeoSource
from leo_bench.leo.stages import STAGES

WORLDS = ("toy-bodies", "toy-faces")


def test_the_shipped_models_are_the_embedded_worlds_and_small() -> None:
    assert tuple(shipped_models()) == WORLDS
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*.safetensors")) <= 24_000_000


@pytest.mark.parametrize("world", WORLDS)
def test_each_has_all_its_stages_with_their_logs_and_scores(world: str) -> None:
    model = LeoModel.open(find_model(f"leo:{world}"))
    stages = ("animator", "lmdm", "frame-dm", "cddpm", "super-resolution")
    # Faces need no transitions (paper Sec. 6 has them for bodies), and every megabyte counts.
    for stage in (*stages, "transition-dm") if world == "toy-bodies" else stages:
        metadata = load_model(model.root / f"{stage}.safetensors").metadata
        assert metadata["stage"] == stage
        lines = (model.root / f"{stage}.log.jsonl").read_text().splitlines()
        assert json.loads(lines[-1])["step"] == int(metadata["step"])


@pytest.mark.parametrize("world", WORLDS)
def test_the_scores_are_of_these_weights_and_keep_what_the_project_promises(world: str) -> None:
    model = LeoModel.open(find_model(world))
    scores = json.loads((model.root / "scores.json").read_text())
    assert scores["real"] == f"{world}/test"
    held = {stage: file_sha256(model.file(stage)) for stage in STAGES if model.has(stage)}
    assert scores["weights"] == held
    rebuilt = scores["reconstruction"]
    assert rebuilt["psnr"] - rebuilt["copy_psnr"] >= 4
    assert rebuilt["moving_error"] <= 0.4
    fvd = scores["fvd16, i3d-toy"]
    drawn = fvd["LEO, conditional"]
    for worse in (fvd["frozen"], fvd["shuffled"]):
        assert 2 * drawn["value"] < worse["value"]
        assert drawn["interval"][1] < worse["interval"][0]


@pytest.mark.parametrize("world", WORLDS)
def test_drawn_motion_does_not_tremble(world: str) -> None:
    """Steps turn at most twice as sharply as real ones; earlier models' did 8 to 19 times."""
    model = LeoModel.open(find_model(world))
    moved = motion(model, open_world(world, "test", WorldShape(resolution=64, frames=64, count=8)))
    assert moved["drawn"]["second difference"] < 2 * moved["real"]["second difference"]
    assert moved["drawn"]["way"] > moved["real"]["way"] / 2


@pytest.mark.parametrize("world", WORLDS)
def test_a_window_begins_and_ends_without_a_jump(world: str) -> None:
    """With zeros behind the last slot it jumped back, by three and four times a step.

    And faces left their first code by nearly twice a step.
    """
    model = LeoModel.open(find_model(world))
    firsts = open_world(world, "test", WorldShape(resolution=64, frames=1, count=16))
    codes = model.animator.codes(torch.cat([firsts.read(i, [0]) for i in range(16)]))
    keys = [("window", i) for i in range(16)]
    drawn = model.motion.windows(codes, keys, Sampler.parse("ddim-50"))
    steps = drawn.diff(dim=1).norm(dim=2).mean(dim=0)
    assert steps[-1] < 1.5 * steps.mean()
    assert steps[0] < 1.5 * steps.mean()


@pytest.mark.parametrize("world", WORLDS)
def test_the_animator_rebuilds_strangers_better_than_a_copy_does(world: str) -> None:
    """The scores say by 5 dB and more over 64 videos; these are the first 6."""
    model = LeoModel.open(find_model(world))
    strangers = open_world(world, "test", WorldShape(resolution=64, frames=64, count=6))
    judged = reconstruction(model.animator, strangers)
    assert judged.psnr > judged.copy_psnr + 4
    assert judged.moving_error < 0.4


@pytest.mark.parametrize("world", WORLDS)
def test_a_sample_moves_and_is_the_same_again(world: str) -> None:
    model = LeoModel.open(find_model(world))
    starts = open_world(world, "test", WorldShape(resolution=64, frames=1, count=1))
    drawing = Drawing(model, Sampling(mode="conditional", frames=9, count=1, steps=5), starts)
    clip = LeoSource(drawing).read(0, range(9))
    assert clip.shape == (9, 3, 64, 64)
    assert LeoSource(drawing).name == f"leo:{world}"  # wherever the project is installed
    assert float(clip.float().std()) > 10
    assert not torch.equal(clip[1], clip[8])
    assert torch.equal(clip[0], starts.read(0, [0])[0])
    assert torch.equal(LeoSource(drawing).read(0, [8]), clip[8:])


@pytest.mark.parametrize("world", WORLDS)
def test_a_drawn_first_frame_has_the_code_that_it_was_drawn_for(world: str) -> None:
    model = LeoModel.open(find_model(world))
    drawing = Drawing(model, Sampling(mode="unconditional", frames=1, steps=25))
    drawn = drawing.draw([SampleRow(i, i, i) for i in range(4)])
    apart = torch.cdist(model.animator.codes(drawn.firsts), drawn.codes[:, 0])
    own, others = apart.diagonal().mean(), apart[~torch.eye(4, dtype=torch.bool)].mean()
    assert own < others / 2


@pytest.mark.parametrize("world", WORLDS)
def test_one_face_in_two_motions_differs_in_its_codes_alone(world: str) -> None:
    model = LeoModel.open(find_model(world))
    starts = open_world(world, "test", WorldShape(resolution=64, frames=1, count=1))
    sampling = Sampling(mode="conditional", frames=64, count=2, steps=5)
    drawn = Drawing(model, sampling, starts).draw([SampleRow(0, 0, 0), SampleRow(0, 0, 1)])
    assert torch.equal(drawn.firsts[0], drawn.firsts[1])
    assert torch.equal(drawn.codes[0, 0], drawn.codes[1, 0])
    assert not torch.equal(drawn.codes[0, 63], drawn.codes[1, 63])
