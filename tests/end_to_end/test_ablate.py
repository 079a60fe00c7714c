"""`leo-bench ablate` on tiny models: interrupted and gone on with, taken over, refused."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from tiny_run import make_run

from conftest import Outcome, Run, write_frames
from leo_bench.benchmarks.ablations.ablation import load_ablation
from leo_bench.benchmarks.ablations.record import read_ablation
from leo_bench.benchmarks.ablations.runs import RunsRequest, Shared, share, train_variant
from leo_bench.benchmarks.ablations.transition import TransitionRequest, open_real
from leo_bench.benchmarks.cli.train_screen import TrainingScreen
from leo_bench.benchmarks.runs.training import RunRequest, open_job
from leo_bench.evaluation.clips import derived_seed
from leo_bench.evaluation.errors import InputError
from leo_bench.leo.checkpoint import load_model
from leo_bench.leo.sampling.model import LeoModel, model_file
from leo_bench.leo.training.job import train_stage
from leo_bench.leo.training.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("quick_pictures")

SHORT = (
    "lmdm.length=12",
    "lmdm.training.steps=4",
    "lmdm.training.batch=4",
    "lmdm.training.save_every=2",
    "lmdm.training.report_every=1",
)
LMC = load_ablation("lmc")
SECOND = derived_seed(0, 1, bits=31)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with made-up weights, training videos and real ones."""
    root = tmp_path_factory.mktemp("ablate")
    make_run(root / "run", *SHORT)
    for i in range(5):
        write_frames(root / "train" / f"v{i}", 16, seed=i)
    for i in range(4):
        write_frames(root / "real" / f"v{i}", 24, seed=50 + i)
    return root


@pytest.fixture
def ablate(leo_bench: Run, place: Path) -> Callable[..., Outcome]:
    """`leo-bench ablate lmc` as short as it goes; an option given again is the one that counts."""

    def run(*more: object, run: Path | None = None) -> Outcome:
        sides = ("--data", place / "train", "--real", place / "real", "--clips", 4)
        how = ("--protocol", "stylegan-v", "--extractor", "i3d-toy", "--frames", 9, "--steps", 2)
        line = ("--run", run or place / "run", *sides, *how, "--seeds", 2, "--device", "cpu")
        return leo_bench("ablate", "lmc", *line, *more)

    return run


@pytest.fixture
def shared(place: Path, tmp_path: Path) -> Callable[..., Shared]:
    def make(run: Path, **options: object) -> Shared:
        request = RunsRequest(tmp_path / "out", str(run), None, str(place / "train"), cpu=True)
        return share(request, [], None)

    return make


def test_a_run_that_evaluates_its_samples_is_ablated_without_that(
    place: Path, shared: Callable[..., Shared]
) -> None:
    run = shutil.copytree(place / "run", place / "evaluates")
    config = (run / "config.toml").read_text()
    asked = '[lmdm.training]\nevaluate_every = 2\nkeep_best = "fvd"'
    (run / "config.toml").write_text(config.replace("[lmdm.training]", asked))
    made = train_variant(shared(run), ("with", LMC.variants["with"]), 0, place / "alone", [], True)
    assert RunFolder.open(made.run).config.lmdm.training.evaluate_every == 2
    assert load_model(model_file(made.run, "lmdm")).metadata["step"] == "4"


def test_an_interrupted_ablation_ends_as_if_it_had_not_been(
    ablate: Callable[..., Outcome], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = []

    def on_step(
        screen: TrainingScreen, step: int, losses: Mapping[str, float], rate: float, left: float
    ) -> None:
        reports.append(step)
        if len(reports) == 11:  # the third training's third step of four
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(TrainingScreen, "on_step", on_step)
        assert ablate("--out", place / "cut").code != 0
    assert not model_file(place / "cut" / f"without-seed{SECOND}", "lmdm").exists()
    before = model_file(place / "cut" / "with-seed0", "lmdm").stat().st_mtime_ns
    again = ablate("--out", place / "cut")
    straight = ablate("--out", place / "straight")
    assert again.code == straight.code == 0, again.err
    assert model_file(place / "cut" / "with-seed0", "lmdm").stat().st_mtime_ns == before
    one, other = (read_ablation(place / name / "lmc.json") for name in ("cut", "straight"))
    assert one.measured == other.measured
    assert [model.score.values for model in one.trained] == [
        model.score.values for model in other.trained
    ]
    for name in (f"with-seed{SECOND}", f"without-seed{SECOND}"):
        networks = [
            load_model(model_file(place / out / name, "lmdm")).network
            for out in ("cut", "straight")
        ]
        assert all(torch.equal(networks[0][key], networks[1][key]) for key in networks[0])
    tables = [(place / out / "lmc.md").read_text() for out in ("cut", "straight")]
    assert tables[0] == tables[1]
    assert again.out == straight.out
    assert "--start given: no cDDPM" in again.out
    assert "1 degree of freedom among 2 seeds" in again.out
    (change,) = one.measured[0].changes
    assert change.by_seed == pytest.approx(
        [
            one.trained[i].score.value - one.trained[i + 1].score.value
            for i in (0, 2)  # without, with
        ]
    )


def test_a_variant_is_a_run_like_any_other(
    shared: Callable[..., Shared], place: Path, tmp_path: Path
) -> None:
    found = shared(place / "run")
    done = train_variant(found, ("without", LMC.variants["without"]), 1, tmp_path, [], cpu=True)
    model = LeoModel.open(done.run)
    assert (model.config.lmdm.condition, model.config.seed) == ("none", 1)
    assert model_file(done.run, "animator").samefile(model_file(place / "run", "animator"))
    assert model.motion.config.condition == "none"
    assert not done.reused


def test_an_lmdm_that_fits_is_taken_over(place: Path, tmp_path: Path) -> None:
    as_in_the_paper = ("lmdm.noise=white", "lmdm.history=1", "lmdm.anchor=false")
    run = make_run(tmp_path / "run", *SHORT, *as_in_the_paper)
    lmdm = model_file(run, "lmdm")
    lmdm.unlink()
    job = open_job(
        RunRequest(run, config=str(run / "config.toml"), data=str(place / "train"), cpu=True)
    )
    request = RunsRequest(tmp_path / "out", str(run), None, None, cpu=True)
    found = share(request, [], None)
    (run / "codes.safetensors").hardlink_to(tmp_path / "out/shared/codes.safetensors")
    train_stage(job, "lmdm")
    pairs = [("with", 0), ("with", 1), ("without", 0)]
    done = [train_variant(found, (v, LMC.variants[v]), s, tmp_path, [], True) for v, s in pairs]
    assert [trained.reused for trained in done] == [True, False, False]
    assert model_file(done[0].run, "lmdm").samefile(lmdm)


def test_long_motion_with_and_without_transitions(
    leo_bench: Run, place: Path, tmp_path: Path
) -> None:
    line = ("--run", place / "run", "--real", place / "real", "--frames", 24, "--count", 4)
    how = ("--segment", 6, "--false-alarms", 0.5, "--steps", 2, "--device", "cpu")
    ended = leo_bench("ablate", "transition", *line, *how, "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    record = read_ablation(tmp_path / "out" / "transition.json")
    assert [measured.name for measured in record.measured] == [
        "repeated motion",
        "repeated motion (strangers)",
        "closest repeat",
    ]
    without, with_dm = record.measured[0].rows
    assert (without.variant, with_dm.variant) == ("without", "with")
    change = record.measured[0].changes[0]
    assert change.value == pytest.approx(without.value - with_dm.value)
    assert change.p_value is not None
    assert "human raters (paper)" in ended.out
    codes = [
        load_codes(tmp_path / "out" / f"{name}.codes.safetensors") for name in ("with", "without")
    ]
    # The first run is shared to the bit; then the one leads over to a new code.
    assert torch.equal(codes[0][:, :8], codes[1][:, :8])
    assert not torch.equal(codes[0][:, 12:], codes[1][:, 12:])


def test_long_motion_with_and_without_history(leo_bench: Run, place: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    line = ("--run", place / "run", "--data", place / "train", "--real", place / "real")
    how = ("--frames", 24, "--count", 4, "--seeds", 1, "--steps", 2, "--device", "cpu")
    line = (*line, *how, "--set", "lmdm.length=8", "--out", out)
    line = (*line, "--variants", "both,history,motion-noise")
    ended = leo_bench("ablate", "history", *line)
    assert ended.code == 0, ended.err
    record = read_ablation(out / "history.json")
    assert [model.variant for model in record.trained] == ["history", "both", "motion-noise"]
    assert [measured.name for measured in record.measured] == [
        "second difference at seams",
        "cosine at seams",
        "step over real",
        "way at frame 24 over real",
    ]
    history, both, _ = record.measured[0].rows
    change = record.measured[0].changes[0]
    assert (change.variant, change.reference) == ("history", "both")
    assert change.value == pytest.approx(history.value - both.value)
    config = LeoModel.open(out / "motion-noise-seed0").config.lmdm
    assert (config.history, config.anchor, config.noise) == (9, True, "motion")
    firsts = [load_codes(out / f"{v}-seed0/drawn.codes.safetensors") for v in ("both", "history")]
    assert torch.equal(firsts[0][:, 0], firsts[1][:, 0])
    assert not torch.equal(firsts[0][:, 1:], firsts[1][:, 1:])
    made = [p.stat().st_mtime_ns for p in sorted(out.glob("*-seed0/**/*.safetensors"))]
    again = leo_bench("ablate", "history", *line)
    assert again.out == ended.out
    assert [p.stat().st_mtime_ns for p in sorted(out.glob("*-seed0/**/*.safetensors"))] == made
    for options, expected in (
        (("--count", 5), "--count 5: each sample begins with another real video, and"),
        (("--frames", 8), "--frames 8: samples are of one window; give 9 or more"),
        (("--variants", "paper,history"), "are compared with 'both'; name it too"),
    ):
        refused = leo_bench("ablate", "history", *line, *options)
        assert refused.code == 2
        assert expected in refused.err


def load_codes(path: Path) -> torch.Tensor:
    from safetensors.torch import load_file

    return load_file(path)["codes"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--variants", "with,lmc"), "no variant 'lmc' of lmc; known are with, without, cat"),
        (("--variants", "without"), "name it too"),
        (("--set", "animator.style=8"), "all but the LMDM is taken from"),
        (("--set", "lmdm.training.stepps=8"), "unknown key 'stepps'"),
        (("--config", "toy64"), "give --run (a run, or leo:NAME), or --config"),
        (("--frames", 16), "makes 12 at once and cannot go on"),
        (("--mode", "conditional", "--variants", "with,without"), "is replace (in-painting)"),
        (("--seeds", 0), "--seeds 0: 1 at least; 3 or more for an interval"),
        (("--real", "nowhere"), "nowhere"),
        (("--protocol", "best"), "best"),
    ],
)
def test_bad_options_are_one_line(
    ablate: Callable[..., Outcome], tmp_path: Path, options: tuple[object, ...], expected: str
) -> None:
    ended = ablate("--out", tmp_path / "out", *options)
    assert ended.code == 2, ended
    assert expected in ended.err
    assert len(ended.err.strip().splitlines()) == 1, ended.err


@pytest.mark.parametrize(
    ("stage", "options", "expected"),
    [
        ("animator", (), "no trained animator; `leo-bench train animator --run"),
        ("cddpm", ("--start", "drawn"), "no cddpm to draw first frames with"),
    ],
)
def test_a_run_that_lacks_a_stage(
    ablate: Callable[..., Outcome],
    tmp_path: Path,
    stage: str,
    options: tuple[object, ...],
    expected: str,
) -> None:
    run = make_run(tmp_path / "run", *SHORT)
    model_file(run, stage).unlink()
    ended = ablate(*options, "--out", tmp_path / "out", run=run)
    assert ended.code == 2
    assert expected in ended.err


def test_a_run_that_does_not_say_what_it_was_trained_on(
    leo_bench: Run, place: Path, tmp_path: Path
) -> None:
    ended = leo_bench("ablate", "lmc", "--run", place / "run", "--out", tmp_path / "out")
    assert ended.code == 2
    assert "give --data" in ended.err


def test_a_folder_of_another_run_is_refused(
    shared: Callable[..., Shared], place: Path, tmp_path: Path
) -> None:
    shared(place / "run")
    other = make_run(tmp_path / "other", *SHORT)
    file = model_file(other, "animator")
    file.write_bytes(model_file(other, "lmdm").read_bytes())
    with pytest.raises(InputError, match="was begun with another run"):
        shared(other)


def test_long_motion_needs_a_transition_model(leo_bench: Run, place: Path, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", *SHORT)
    model_file(run, "transition-dm").unlink()
    line = ("--run", run, "--real", place / "real", "--out", tmp_path / "out")
    ended = leo_bench("ablate", "transition", *line)
    assert ended.code == 2
    assert "no transition-dm trained; `leo-bench train transition-dm" in ended.err
    short = leo_bench("ablate", "transition", "--run", place / "run", *line[2:])
    assert "no video has 512 frames, the longest 24" in short.err
    for options, expected in (
        (("--frames", 40), "--frames 40: two segments of 24 frames need 48"),
        (("--count", 0), "count is 0"),
        (("--real-count", -1), "real_count is -1"),
    ):
        refused = leo_bench("ablate", "transition", "--run", place / "run", *line[2:], *options)
        assert refused.code == 2
        assert expected in refused.err


def test_few_samples_do_not_make_too_few_real_videos() -> None:
    few = TransitionRequest(run="leo:toy-bodies", real="toy-bodies/test", frames=64, count=4)
    assert len(open_real(few, 64).names) == 19
    many, said = (few.model_copy(update=how) for how in ({"count": 25}, {"real_count": 21}))
    assert len(open_real(many, 64).names) == 25
    assert len(open_real(said, 64).names) == 21


def test_tables_of_several_data_sets(leo_bench: Run, tmp_path: Path) -> None:
    ended = leo_bench("ablate", "table", tmp_path / "none.json")
    assert (ended.code, "none.json: no such file" in ended.err) == (2, True)
    (tmp_path / "other.json").write_text(json.dumps({"kind": "ablation"}))
    assert leo_bench("ablate", "table", tmp_path / "other.json").code == 2
