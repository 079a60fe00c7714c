"""What `leo-bench sample` and a LEO as a source refuse, in one line, and what a refusal leaves."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_run import contents, make_run

from conftest import Run, write_frames
from leo_bench.benchmarks.runs.shared_folder import alone, own_part
from leo_bench.leo.checkpoint import load_model, save_model
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.model import LeoModel, find_model, model_file
from leo_bench.leo.sampling.options import Sampling
from leo_bench.leo.sampling.source import LeoSource
from leo_bench.leo.stage import Share
from leo_bench.leo.stages import STAGES

QUICK = ("--frames", 12, "--steps", 2, "--format", "npy", "--device", "cpu")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("leo") / "run")


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Two pictures, of another size than the model's."""
    write_frames(tmp_path / "faces", 2, size=(40, 48), seed=3)
    return tmp_path / "faces"


@pytest.fixture
def refused(leo_bench: Run, run: Path, tmp_path: Path) -> Callable[..., str]:
    """A `leo-bench VERB` that must fail -> its one line on standard error."""

    def refuse(verb: str, *arguments: object) -> str:
        outcome = leo_bench(verb, *arguments)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert len(outcome.err.strip().splitlines()) == 1, outcome.err
        return outcome.err

    return refuse


def test_more_samples_may_be_asked_for_but_no_others(
    leo_bench: Run, refused: Callable[..., str], run: Path, tmp_path: Path
) -> None:
    line = ("sample", "--run", run, *QUICK, "--out", tmp_path / "out")
    assert leo_bench(*line, "--count", 1).code == 0
    before = contents(tmp_path / "out")
    assert leo_bench(*line, "--count", 2).code == 0
    after = contents(tmp_path / "out")
    told = [json.loads(files.pop("sample.json")) for files in (before, after)]
    assert before.items() < after.items()
    assert told[0].pop("digests").items() < told[1].pop("digests").items()
    assert told[0] == told[1]
    assert "seed is 0 there and 1 now" in refused(*line, "--count", 2, "--seed", 1)


@pytest.mark.parametrize(
    "name",
    [
        "out/sample-000000.npy",
        "out/sample-000007.mkv",
        "out/sample-000001/000000.png",
        "out.png",
        "out.first-codes.json",
    ],
)
def test_files_of_no_earlier_line_are_neither_claimed_nor_replaced(
    refused: Callable[..., str], run: Path, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("not of this line")
    before = sorted(tmp_path.rglob("*"))
    said = refused("sample", "--run", run, *QUICK, "--count", 1, "--out", tmp_path / "out")
    wanted = (
        f"--out {tmp_path / 'out'}: is not empty, and no folder of `leo-bench sample`"
        if name.startswith("out/")
        else f"is there already, and {tmp_path / 'out'} has no sample.json"
    )
    assert wanted in said
    assert sorted(tmp_path.rglob("*")) == before
    assert path.read_text() == "not of this line"


@pytest.mark.parametrize("name", ["grid-motions.npy", "grid-motions.png"])
def test_a_grid_replaces_no_other(
    refused: Callable[..., str], run: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("an earlier one")
    said = refused("sample", "--run", run, *QUICK, "--grid", "motions", "--out", tmp_path)
    assert f"--out {tmp_path}: is not empty, and no folder of `leo-bench sample`" in said
    assert contents(tmp_path) == {name: b"an earlier one"}


def test_no_face_of_a_grid_is_shown_twice(
    leo_bench: Run, refused: Callable[..., str], run: Path, faces: Path
) -> None:
    given = ("--mode", "conditional", "--start-frames", faces)
    line = ("sample", "--run", run, *QUICK, *given, "--out", faces.parent / "out")
    said = refused(*line, "--grid", "faces", "--count", 3)
    assert f"{faces}: 2 first frames for a grid of 3 faces" in said
    assert "ask for --count 2 at most" in said
    assert not (faces.parent / "out").exists()
    assert leo_bench(*line, "--grid", "faces", "--count", 2).code == 0
    assert leo_bench(*line, "--grid", "motions", "--count", 3).code == 0  # of one face


def test_a_grid_is_drawn_by_one_process_of_several(
    leo_bench: Run, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    grid = ("sample", "--run", run, *QUICK, "--grid", "motions", "--count", 1, "--out", tmp_path)
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        assert leo_bench(*grid).code == 0
    assert contents(tmp_path).keys() == {f"grid-motions.{kind}" for kind in ("npy", "png", "json")}


def test_two_processes_do_not_draw_the_same_grid(
    leo_bench: Run, refused: Callable[..., str], run: Path, tmp_path: Path
) -> None:
    grid = ("sample", "--run", run, *QUICK, "--grid", "motions", "--count", 1, "--out", tmp_path)
    with alone(tmp_path, ".grid-motions.lock"):
        assert f"{tmp_path}: another process is sampling here" in refused(*grid)
    assert not list(tmp_path.iterdir())
    assert leo_bench(*grid).code == 0
    assert not list(tmp_path.glob(".*"))


def test_two_processes_do_not_draw_the_same_samples(
    leo_bench: Run, refused: Callable[..., str], run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    line = ("sample", "--run", run, *QUICK, "--count", 1, "--out", out)
    with own_part(out, Share()) as of_the_first:
        (of_the_first / "half").touch()
        assert f"{out}: another process is sampling here" in refused(*line)
        assert (of_the_first / "half").exists()
        with own_part(out, Share(1, 2)):  # another of torchrun's is none of these
            pass
    assert not list(out.iterdir())
    assert leo_bench(*line).code == 0
    assert not list(out.glob(".*"))


def test_what_a_killed_process_left_goes_and_what_a_living_one_works_at_stays(
    leo_bench: Run, run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (out / ".unfinished-0").mkdir(parents=True)
    (out / ".unfinished-2").mkdir()
    (out / ".unfinished-2.lock").touch()
    line = ("sample", "--run", run, *QUICK, "--count", 1, "--out", out)
    with own_part(out, Share(1, 2)) as living:
        (living / "half").touch()
        assert leo_bench(*line).code == 0
        assert (living / "half").exists()
        assert sorted(path.name for path in out.glob(".*")) == [living.name, f"{living.name}.lock"]


def test_a_wrong_option_leaves_the_folder_to_the_right_one(
    leo_bench: Run, refused: Callable[..., str], run: Path, faces: Path
) -> None:
    given = ("--mode", "conditional", "--start-frames", faces)
    line = ("sample", "--run", run, *QUICK, *given, "--count", 1, "--out", faces.parent / "out")
    assert "3 steps: they must divide" in refused(*line, "--steps", 3)
    picture = faces / "000000.png"
    whole = picture.read_bytes()
    picture.write_bytes(whole[: len(whole) // 2])
    assert "000000.png" in refused(*line)
    picture.write_bytes(whole)
    assert leo_bench(*line).code == 0


def test_a_model_that_does_not_fit_the_config_is_one_line(
    refused: Callable[..., str], run: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(run, tmp_path / "other")
    config = (other / "config.toml").read_text()
    edited = config.replace("[cddpm.network]\nchannels = 16", "[cddpm.network]\nchannels = 32")
    assert edited != config
    (other / "config.toml").write_text(edited)
    said = refused("sample", "--run", other, *QUICK, "--out", tmp_path / "out")
    assert "cddpm/model.safetensors: does not fit the stage's config: " in said
    assert "this network needs [" in said
    assert not (tmp_path / "out").exists()


def test_a_shipped_model_lies_flat_and_is_half_as_large(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]
) -> None:
    shipped = tmp_path / "trained" / "tiny"
    shipped.mkdir(parents=True)
    (shipped / "config.toml").write_bytes((run / "config.toml").read_bytes())
    for stage in set(STAGES) - {"super-resolution"}:
        model = load_model(model_file(run, stage))
        save_model(shipped / f"{stage}.safetensors", model, torch.float16)
    monkeypatch.setattr("leo_bench.leo.sampling.model.SHIPPED", tmp_path / "trained")
    assert load_file(shipped / "lmdm.safetensors")["network.enter.weight"].dtype == torch.float16
    drawing = Drawing(LeoModel.open(find_model("leo:tiny")), Sampling(frames=2, steps=2, count=1))
    assert LeoSource(drawing).read(0, [0, 1]).shape == (2, 3, 32, 32)
    (shipped / "transition-dm.safetensors").unlink()
    out = ("--out", tmp_path / "out", "--steps", 2)
    said = refused("sample", "--run", "leo:tiny", "--transitions", *out)
    assert "leo:tiny: has no transition-dm; leave --transitions out" in said
    assert refused("sample", "--run", "leo:tiny", "--loop", "transition", *out) == said
    (shipped / "cddpm.safetensors").unlink()
    assert "--mode conditional" in refused("sample", "--run", "leo:tiny", *out)
    said = refused("sample", "--run", "leo:tinny", *out)
    assert "shipped are: tiny" in said


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--frames", "0"], "frames is 0"),
        (["--count", "0"], "count is 0"),
        (["--count", "-1"], "count is -1"),
        (["--fps", "inf"], "--fps inf: must be a finite number"),
        (["--fps", "nan"], "--fps nan: must be a finite number"),
        (["--fps", "0"], "0 frames a second"),
        (["--fps", "-5"], "-5 frames a second"),
        (["--device", "banana"], "banana: is not here; here are cpu"),
        (["--steps", "7"], "must divide the 1000"),
        (["--mode", "conditional"], "--start-frames"),
        (
            ["--mode", "unconditional", "--start-frames", "toy-faces/test"],
            "draw first frames themselves",
        ),
        (["--mode", "conditional", "--start-frames", "nowhere"], "nowhere"),
    ],
)
def test_bad_options_of_sample(
    refused: Callable[..., str], run: Path, tmp_path: Path, options: list[str], expected: str
) -> None:
    assert expected in refused("sample", "--run", run, "--out", tmp_path / "out", *options)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sedd=1", "you mean 'seed'?"),
        ("seed", "OPTION=VALUE"),
        ("steps=many", "steps is 'many'"),
    ],
)
def test_bad_options_behind_a_run(
    refused: Callable[..., str], run: Path, query: str, expected: str
) -> None:
    line = ("--dataset", "toy-faces", "--frames", 16, "--fake", f"leo:{run}?{query}")
    assert expected in refused("fvd", *line)


def test_an_untrained_stage_is_missed_only_where_it_is_needed(
    refused: Callable[..., str], leo_bench: Run, faces: Path, tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run")
    model_file(run, "cddpm").unlink()
    line = ("--run", run, *QUICK, "--count", 1)
    said = refused("sample", *line, "--out", tmp_path / "a")
    assert "leo-bench train cddpm --run" in said
    given = ("--mode", "conditional", "--start-frames", faces / "000000.png")
    assert leo_bench("sample", *line, *given, "--out", tmp_path / "b").code == 0


def test_an_out_that_cannot_be_written(
    refused: Callable[..., str], run: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    said = refused("sample", "--run", run, *QUICK, "--out", tmp_path / "file" / "out")
    assert "cannot be written" in said
