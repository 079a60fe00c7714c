"""What a model states of its samples: taken where the user does not say, and told."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_run import make_run, tiny_config

from leo_bench.benchmarks.api.leo_model import load_leo
from leo_bench.benchmarks.runs.sampling import request_of
from leo_bench.benchmarks.sources.leo_samples import LeoPlace, open_leo
from leo_bench.benchmarks.sources.open import SourceOptions
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import load_toml
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.leo.config import Config, SamplingConfig
from leo_bench.leo.sampling.model import LeoModel
from leo_bench.leo.sampling.source import LeoSource
from leo_bench.leo.sampling.stated import choice
from leo_bench.leo.training.run_folder import RunFolder

TABLE = """
[sampling]
mode = "conditional"
start = "toy-faces/test"
first_frame = "recon"
"""
STATED = SamplingConfig(mode="conditional", start="toy-faces/test", first_frame="recon")


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> LeoModel:
    return LeoModel.open(make_run(tmp_path_factory.mktemp("leo") / "silent"), "cpu")


@pytest.fixture(scope="module")
def stating(silent: LeoModel) -> LeoModel:
    config = silent.root / "config.toml"
    config.write_text(config.read_text() + TABLE)
    return LeoModel.open(silent.root, "cpu")


def source(model: LeoModel, query: str) -> LeoSource:
    place = LeoPlace(SourceOptions(OpenOptions()).open_start, frames=3, count=2, device="cpu")
    return open_leo(f"{model.root}?steps=2&{query}", place)


def test_a_model_that_states_nothing_is_sampled_as_before(silent: LeoModel) -> None:
    found = choice(silent, {"frames": 3}, begun=False)
    assert dict(found.options) == {"mode": "unconditional", "frames": 3}
    assert found.why == "unconditional samples, since no mode and no first frames are given"
    assert choice(silent, {}, begun=True).options["mode"] == "conditional"


def test_what_a_model_states_is_taken_and_told(stating: LeoModel) -> None:
    found = choice(stating, {"frames": 3}, begun=False)
    assert dict(found.options) == {"mode": "conditional", "first_frame": "recon", "frames": 3}
    assert found.start == "toy-faces/test"
    assert "conditional samples from first frames of toy-faces/test, as leo:" in found.why
    request, why = request_of(str(stating.root), {"steps": 2}, "", {"format": "npy"})
    assert (request.start, request.sampling.mode) == ("toy-faces/test", "conditional")
    assert why == [found.why]
    drawn = source(stating, "")
    assert drawn.drawing.starts is not None
    assert found.why in drawn.notes


def test_options_that_are_given_win(stating: LeoModel) -> None:
    drawn = source(stating, "mode=unconditional")
    assert drawn.drawing.starts is None
    assert drawn.drawing.sampling.first_frame == "recon"
    given = source(stating, "start=toy-bodies/test&first_frame=source")
    assert given.drawing.starts is not None
    assert given.drawing.starts.name == "toy-bodies/test"
    assert (given.drawing.sampling.mode, given.drawing.sampling.first_frame) == (
        "conditional",
        "source",
    )
    assert not any("states" in note for source in (drawn, given) for note in source.notes)


def test_python_takes_it_and_repr_says_it(stating: LeoModel) -> None:
    leo = load_leo(stating.root, device="cpu")
    assert repr(leo).endswith("; conditional from toy-faces/test>")
    stated = leo.sample(1, 2, steps=2)
    given = leo.sample(1, 2, start="toy-faces/test", steps=2)
    assert torch.equal(stated, given)


def test_the_table_moves_no_digest(silent: LeoModel, stating: LeoModel) -> None:
    without = replace(stating, config=stating.config.model_copy(update={"sampling": None}))
    assert without.digest(["lmdm", "cddpm"]) == stating.digest(["lmdm", "cddpm"])


def test_a_run_keeps_the_table_and_takes_another(tmp_path: Path) -> None:
    run, plain = tmp_path / "run", tiny_config()
    RunFolder.create(run, plain)
    (run / "animator").mkdir()
    (run / "animator" / "log.jsonl").touch()  # it has begun
    stated = plain.model_copy(update={"sampling": STATED})
    RunFolder.create(run, stated)
    assert load_toml(Config, run / "config.toml") == stated
    assert RunFolder.create(run, plain).config == stated


def test_frames_of_training_videos_are_not_cropped(silent: LeoModel) -> None:
    for option in ("crop=face", "face=1"):
        with pytest.raises(InputError, match="drop crop= and face="):
            source(silent, f"nearest=toy-faces/test&{option}")
