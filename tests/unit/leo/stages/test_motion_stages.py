"""The stages that learn codes: batches follow from the step, losses fall, files come back."""

import json
from dataclasses import replace

import pytest
import torch
from tiny_codes import (
    CODE,
    LENGTH,
    book,
    frame_config,
    lmdm_config,
    saved,
    transition_config,
    waves,
)

from leo_bench.evaluation.errors import InputError
from leo_bench.leo.checkpoint import load_model, save_model
from leo_bench.leo.diffusion.gaussian import Sampler
from leo_bench.leo.models.motion_models import CodeModel, MotionModel, TransitionModel
from leo_bench.leo.stage import Share
from leo_bench.leo.stages import frame_dm, lmdm, transition_dm

BUILDERS = {
    "lmdm": lambda codes: lmdm.build(lmdm_config(), codes, seed=0),
    "frame-dm": lambda codes: frame_dm.build(frame_config(), codes, seed=0),
    "transition-dm": lambda codes: transition_dm.build(transition_config(), codes, seed=0),
}
KEYS = [("sample", i) for i in range(3)]
FAST = Sampler("ddim", 10, batch=3)


@pytest.fixture(scope="module", params=sorted(BUILDERS))
def stage(request):
    return BUILDERS[request.param](book())


def test_two_processes_see_the_batch_of_one(stage):
    whole = stage.batch(7, Share())
    parts = [stage.batch(7, Share(part, 2)) for part in range(2)]
    for name, values in whole.items():
        assert torch.equal(values, torch.cat([part[name] for part in parts]))


def test_another_step_has_another_batch(stage):
    first, second = stage.batch(1, Share()), stage.batch(2, Share())
    assert not torch.equal(first["noise"], second["noise"])


@pytest.mark.parametrize("condition", ["add", "cat", "concat-abs", "replace", "none"])
def test_noise_has_the_shape_of_states_which_no_batch_computes(condition):
    stage = lmdm.build(lmdm_config(condition=condition), book(), seed=0)
    how = stage.batch.denoising
    batch = replace(stage.batch, denoising=replace(how, state=None))(7, Share())
    assert how.state(batch).shape == batch["noise"].shape


def test_noise_of_every_stage_has_the_shape_of_its_states(stage):
    batch = stage.batch(7, Share())
    assert stage.batch.denoising.state(batch).shape == batch["noise"].shape


def test_validation_is_the_same_every_time_and_draws_nothing(stage):
    network = stage.players[0].module.network
    before = torch.random.get_rng_state()
    first, second = stage.validate(network), stage.validate(network)
    assert first == second
    assert first["loss"] == pytest.approx(1.0, abs=0.5)  # a network that says nothing yet
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_first_weights_follow_from_the_seed(stage):
    again = BUILDERS[stage.name](book())
    for one, other in zip(
        stage.players[0].module.network.parameters(),
        again.players[0].module.network.parameters(),
        strict=True,
    ):
        assert torch.equal(one, other)


def test_too_short_videos_stop_the_stage():
    with pytest.raises(InputError, match="longest of 9 frames"):
        BUILDERS["lmdm"](book(lengths=(9,) * 4, held_out=(0,)))


def test_with_nothing_held_out_a_training_video_is_judged():
    network = lmdm.build(lmdm_config(), book(held_out=()), seed=0)
    assert network.validate(network.players[0].module.network)["loss"] > 0


def test_motion_is_learned():
    config = lmdm_config(training={"steps": 150, "batch": 16})
    stage = lmdm.build(config, book(), seed=0)
    module = stage.players[0].module
    before = stage.validate(module.network)["loss"]
    optimiser = torch.optim.Adam(module.parameters(), 2e-3)
    for step in range(150):
        losses, _ = module(stage.batch(step, Share()))
        optimiser.zero_grad()
        losses["mse"].backward()
        optimiser.step()
    assert stage.validate(module.network)["loss"] < 0.5 * before


def test_strides_that_no_video_is_long_enough_for_are_never_chosen():
    # 40 frames hold 16 codes at strides 1 and 2, not 3.
    stage = BUILDERS["transition-dm"](book())
    assert stage.tensors["labels"].tolist() == [0, 1]
    assert set(stage.batch(0, Share())["label"].tolist()) == {0, 1}


def test_a_model_of_motion_comes_back_from_its_file(tmp_path):
    model = saved(BUILDERS["lmdm"](book()), noise=0.05)
    save_model(tmp_path / "model.safetensors", model)
    first = waves(3, 0.0)
    drawn = [
        MotionModel.of(found).windows(first, KEYS, FAST)
        for found in (model, load_model(tmp_path / "model.safetensors"))
    ]
    assert torch.equal(*drawn)


def misfits(model):
    """Models that do not fit their config, and what is said."""
    name, weight = next(iter(model.network.items()))
    wide = {**model.network, name: torch.cat([weight, weight])}
    yield replace(model, network=wide), rf"does not fit .*: {name} is .*; this network needs"
    yield replace(model, network={name: weight}), r"[1-9]\d* tensors are missing"
    few = {key: value for key, value in model.stats.items() if key != "scale"}
    yield replace(model, stats=few), "the statistic 'scale' is missing"
    yield replace(model, stats={**model.stats, "skew": weight}), "the statistic 'skew' is not known"


@pytest.mark.parametrize("kind", [CodeModel, MotionModel, TransitionModel])
def test_a_model_that_does_not_fit_its_config_is_one_line(kind, tmp_path):
    stages = {CodeModel: "frame-dm", MotionModel: "lmdm", TransitionModel: "transition-dm"}
    model = saved(BUILDERS[stages[kind]](book()))
    for wrong, said in misfits(model):
        with pytest.raises(InputError, match=f"a model of stage '{stages[kind]}': .*{said}"):
            kind.of(wrong)
    path = tmp_path / "model.safetensors"
    save_model(path, next(misfits(model))[0])
    with pytest.raises(InputError, match=rf"^{path}: does not fit"):
        kind.of(load_model(path))
    table = json.loads(model.metadata[stages[kind]]) | {"warmth": 1}
    later = {**model.metadata, stages[kind]: json.dumps(table)}
    with pytest.raises(InputError, match="unknown key 'warmth'"):
        kind.of(replace(model, metadata=later))


def test_a_model_of_another_stage_is_refused():
    with pytest.raises(InputError, match="'frame-dm' was given as 'lmdm'"):
        MotionModel.of(saved(BUILDERS["frame-dm"](book())))


@pytest.mark.parametrize("condition", ["add", "cat", "concat-abs", "replace"])
@pytest.mark.parametrize("sampler", ["ddpm-20", "ddim-10", "dpm-10"])
def test_motion_begins_with_the_given_code_to_the_bit(condition, sampler):
    stage = lmdm.build(lmdm_config(condition=condition), book(), seed=0)
    first = waves(3, 0.4) + 1e-3
    model = MotionModel.of(saved(stage, noise=0.05))
    drawn = model.windows(first, KEYS, Sampler.parse(sampler, batch=3))
    assert drawn.shape == (3, LENGTH, CODE)
    assert torch.equal(drawn[:, 0], first)


@pytest.mark.parametrize("sampler", ["ddpm-20", "ddim-10", "dpm-10"])
def test_an_untrained_model_does_not_leave_the_bounds_of_any_slot(sampler):
    model = MotionModel.of(saved(BUILDERS["lmdm"](book()), noise=0.3))
    first = waves(3, 0.4)
    drawn = model.windows(first, KEYS, Sampler.parse(sampler, batch=3))
    moved = (drawn[:, 1:] - first[:, None]).abs() / model.stats.scale
    assert (moved <= model.stats.bounds + 1e-4).all()


def test_a_transition_is_exact_at_both_ends():
    model = TransitionModel.of(saved(BUILDERS["transition-dm"](book()), noise=0.05))
    start, end = waves(3, 0.0), waves(3, 5.0)
    drawn = model.between(start, end, KEYS, FAST)
    assert drawn.shape == (3, LENGTH, CODE)
    assert torch.equal(drawn[:, 0], start)
    assert torch.equal(drawn[:, -1], end)


def test_drawn_codes_lie_within_those_of_training():
    codes = book()
    model = CodeModel.of(saved(BUILDERS["frame-dm"](codes), noise=0.1))
    drawn = model.codes(KEYS, FAST)
    seen = torch.cat(codes.sequences)
    assert drawn.shape == (3, CODE)
    assert (drawn <= seen.amax(0) + 1e-4).all()
    assert (drawn >= seen.amin(0) - 1e-4).all()


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_errors_of_codes_count_more_where_there_is_less_noise(name):
    """A network that says nothing yet is off by the clean state; 1/noise^2 is 5 at most."""
    make = {"lmdm": lmdm_config, "frame-dm": frame_config, "transition-dm": transition_config}
    module = {"lmdm": lmdm, "frame-dm": frame_dm, "transition-dm": transition_dm}[name]
    found = []
    for most in (1.0, 5.0):
        config = make[name]()
        weighted = config.diffusion.model_copy(update={"prediction": "sample", "most_weight": most})
        stage = module.build(config.model_copy(update={"diffusion": weighted}), book(), seed=0)
        batch = stage.batch(0, Share())
        cleanest = {**batch, "step": torch.zeros_like(batch["step"])}
        losses, _ = stage.players[0].module(cleanest)
        found.append(losses["mse"].item())
    assert found[0] > 0
    assert found[1] == pytest.approx(5 * found[0], rel=1e-3)
