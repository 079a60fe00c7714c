"""What a drawing draws, what goes together, and options that change nothing where they are off."""

from dataclasses import replace

import pytest
import torch
from tiny_run import WHOLE, make_run, tiny_config

from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.errors import InputError
from leo_bench.leo.config import Config, LmdmConfig
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.model import LeoModel
from leo_bench.leo.sampling.options import SampleRow, Sampling
from leo_bench.leo.sampling.source import LeoSource

ROWS = [SampleRow(i, i, i) for i in range(3)]
STARTS = open_world("toy-faces", "test", WorldShape(resolution=32, frames=1, count=2))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LeoModel:
    return LeoModel.open(make_run(tmp_path_factory.mktemp("leo") / "run"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> LeoModel:
    root = tmp_path_factory.mktemp("leo") / "run"
    return LeoModel.open(make_run(root, *WHOLE))


@pytest.fixture(scope="module")
def guidable(tmp_path_factory: pytest.TempPathFactory) -> LeoModel:
    root = tmp_path_factory.mktemp("leo") / "run"
    return LeoModel.open(make_run(root, "cddpm.condition_dropout=0.1"))


def test_first_codes_are_those_of_the_frame_wise_model(model: LeoModel) -> None:
    drawing = Drawing(model, Sampling(frames=12, steps=2))
    keys = [("first code", 0, row.code) for row in ROWS]
    first = model.first_codes.codes(keys, drawing.sampler)
    codes = drawing.codes(ROWS)
    assert codes.shape == (3, 12, 20)
    assert torch.equal(codes[:, 0], first)


def test_a_model_of_whole_sequences_draws_its_first_code_itself(whole: LeoModel) -> None:
    drawing = Drawing(whole, Sampling(frames=8, steps=2))
    assert drawing.codes(ROWS).shape == (3, 8, 20)
    assert "frame-dm" not in drawing.stages()


def test_a_model_of_whole_sequences_cannot_go_on(whole: LeoModel) -> None:
    with pytest.raises(InputError, match="'none' makes 8 frames"):
        Drawing(whole, Sampling(frames=9, steps=2))


def test_transitions_come_as_often_as_asked_for(model: LeoModel) -> None:
    def codes(**options: object) -> torch.Tensor:
        given = {"frames": 24, "steps": 2, **options}
        return Drawing(model, Sampling.model_validate(given)).codes(ROWS)

    rare, without = codes(transitions=True, transition_every=2), codes()
    assert torch.equal(rare[:, :15], without[:, :15])  # two runs of 8
    assert not torch.equal(rare[:, 15:], without[:, 15:])
    assert not torch.equal(codes(transitions=True)[:, 8:15], without[:, 8:15])
    with pytest.raises(InputError, match="for samples with transitions"):
        codes(transition_every=2)


def test_guidance_changes_drawn_frames_and_no_code(guidable: LeoModel) -> None:
    plain, guided = (
        Drawing(guidable, Sampling(frames=2, steps=2, guidance=guidance)).draw(ROWS)
        for guidance in (1.0, 4.0)
    )
    assert torch.equal(plain.codes, guided.codes)
    assert not torch.equal(plain.firsts, guided.firsts)


def test_guidance_that_would_do_nothing_or_harm_is_refused(
    model: LeoModel, guidable: LeoModel
) -> None:
    with pytest.raises(InputError, match=r"needs a cDDPM .* cddpm\.condition_dropout"):
        Drawing(model, Sampling(frames=2, guidance=2.0))
    with pytest.raises(InputError, match="here they are given"):
        Drawing(guidable, Sampling(mode="conditional", frames=2, guidance=2.0), STARTS)
    with pytest.raises(InputError, match="first_frame_sampler is for first frames that a cDDPM"):
        Drawing(model, Sampling(mode="conditional", first_frame_sampler="ddpm-5"), STARTS)


def test_first_frames_can_have_a_sampler_of_their_own(model: LeoModel) -> None:
    drawn, same, other = (
        Drawing(model, Sampling(frames=4, steps=2, first_frame_sampler=text)).draw(ROWS)
        for text in ("", "ddim-2", "ddpm-5")
    )
    assert torch.equal(same.firsts, drawn.firsts)
    assert torch.equal(other.codes, drawn.codes)
    assert not torch.equal(other.firsts, drawn.firsts)
    assert "first_frame_sampler" not in Sampling().model_dump()


def test_motion_in_bfloat16_is_near_and_has_a_key_of_its_own(model: LeoModel) -> None:
    exact, near = (
        Drawing(model, Sampling(mode="conditional", frames=4, steps=2, dtype=dtype), STARTS)
        for dtype in ("fp32", "bf16")
    )
    codes, others = exact.draw(ROWS).codes, near.draw(ROWS).codes
    assert not torch.equal(codes, others)
    assert float((codes - others).norm() / codes.norm()) < 0.05
    assert "dtype" not in exact.sampling.model_dump()
    assert near.sampling.model_dump()["dtype"] == "bf16"
    assert LeoSource(exact).digest(0) != LeoSource(near).digest(0)
    assert "motion in bf16" in LeoSource(near).notes[0]


@pytest.mark.parametrize(
    ("text", "complaint"), [("quick", "expected ddpm-STEPS"), ("ddim-7", "must divide the 1000")]
)
def test_a_sampler_of_first_frames_is_checked_before_anything_is_drawn(
    model: LeoModel, text: str, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        LeoSource(Drawing(model, Sampling(frames=4, first_frame_sampler=text)))


def test_which_frame_begins_is_no_question_where_none_is_given(model: LeoModel) -> None:
    sampling = Sampling(frames=2, steps=2, start_frame="random")
    with pytest.raises(InputError, match="start_frame=random is for samples that begin with given"):
        Drawing(model, sampling)
    assert Drawing(model, sampling.model_copy(update={"mode": "conditional"}), STARTS)


def test_options_that_are_off_leave_what_is_written_as_it_was() -> None:
    written = Sampling().model_dump()
    assert not {"reencode", "transition_every", "guidance"} & written.keys()
    assert Sampling(transitions=True, transition_every=3).model_dump()["transition_every"] == 3


def test_a_model_s_digest_holds_what_samples_follow_from(model: LeoModel) -> None:
    stages = ["animator", "lmdm"]

    def digest(*changes: str) -> str:
        return replace(model, config=tiny_config(*changes)).digest(stages)

    assert digest("cddpm.diffusion.schedule=cosine") == digest() == model.digest(stages)
    assert digest("lmdm.diffusion.schedule=linear") != digest()
    assert model.digest([*stages, "cddpm"]) != digest()


def test_an_option_of_a_later_version_leaves_a_digest_as_it_was(model: LeoModel) -> None:
    class LaterLmdm(LmdmConfig):
        option: bool = False

    class Later(Config):
        lmdm: LaterLmdm

    later = replace(model, config=Later.model_validate(model.config.model_dump()))
    assert later.digest(["animator", "lmdm"]) == model.digest(["animator", "lmdm"])
