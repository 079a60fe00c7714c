"""The next step that a command names runs as it is printed."""

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Outcome, Run
from leo_bench.benchmarks.cli.next_step import step_of_samples
from leo_bench.leo.sampling.model import find_model

Make = Callable[..., Path]
CLIPS = ("--frames", 16, "--protocol", "stylegan-v", "--extractor", "pixels", "--device", "cpu")
TINY = (
    "resolution=32",
    "cddpm.resolution=32",
    "held_out=0.45",
    "animator.channel_cap=8",
    "animator.style=20",
    "animator.training={ steps = 1, batch = 2 }",
    "lmdm.length=8",
    "lmdm.history=2",
    "lmdm.network={ channels = 32, multipliers = [1], blocks = 1, attention = [], heads = 2 }",
    "lmdm.training={ steps = 1, batch = 2 }",
)


def next_of(ended: Outcome) -> list[str]:
    """The words of the command on the line "next:", as a shell splits them."""
    assert ended.code == 0, ended.err
    (line,) = [line for line in ended.err.splitlines() if line.startswith("next: ")]
    program, *words = shlex.split(line.removeprefix("next: "))
    assert program == "leo-bench"
    return words


@pytest.mark.usefixtures("quick_pictures")
def test_a_training_leads_from_stage_to_stage_and_says_what_is_changed(
    leo_bench: Run, make_videos: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    videos, run = make_videos("videos", count=4, frames=12), Path("my runs/one")
    changes = [part for change in TINY for part in ("--set", change)]
    place = ("--config", "grid64", "--data", videos, "--run", run, "--cpu")
    began = leo_bench("train", "animator", *place, *changes)
    assert "config grid64 with 18 keys changed" in began.err
    assert "\n  lmdm.length = 8 (grid64: 64)\n" in began.err
    assert "\n  animator.training.steps = 1 (grid64: " in began.err
    assert "[animator.generator]" not in began.err

    words = next_of(began)
    assert words == ["encode", "--run", str(run), "--cpu"]
    words = next_of(leo_bench(*words))
    assert words == ["train", "lmdm", "--run", str(run), "--cpu"]
    ended = leo_bench(*words)
    assert f"{run}: goes on; config grid64 with 18 keys changed ({run}/config.toml)\n" in ended.err
    assert next_of(ended)[:2] == ["train", "frame-dm"]


def test_records_lead_to_a_table_and_a_bundle_to_its_check(
    leo_bench: Run, make_videos: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_videos("r", count=4, frames=16)
    make_videos("f", count=4, frames=16, seed=9)
    ended = leo_bench("fvd", "--real", "r", "--fake", "f", *CLIPS, "--records", "it's here")
    assert "FVD" in leo_bench(*next_of(ended)).out
    ended = leo_bench("bundle", "--records", "it's here", "--out", "b.leo.zip")
    assert "digests are right" in leo_bench(*next_of(ended)).out
    quiet = leo_bench("fvd", "--real", "r", "--fake", "f", *CLIPS, "--json", "-")
    assert "next: " not in quiet.out + quiet.err


def test_samples_are_scored_against_what_their_model_learned_from(tmp_path: Path) -> None:
    out, run = Path("my samples"), tmp_path / "run"
    scored = ("--fake", out, "--metrics", "fvd16")
    step = step_of_samples("leo:toy-faces", out, 16, 20, None)
    assert step == ("score", "--dataset", "toy-faces", *scored)
    assert step_of_samples("leo:toy-faces", out, 8, 20, None) is None
    few = step_of_samples("leo:toy-bodies", out, 16, 20, None)  # digan refuses so few of itself
    assert few == ("score", "--dataset", "toy-bodies", "--clips", 20, *scored)
    assert step_of_samples("leo:toy-bodies", out, 16, 2048, None) == (
        *("score", "--dataset", "toy-bodies", *scored),
    )
    run.mkdir()
    shutil.copy(find_model("leo:toy-faces") / "config.toml", run)
    assert step_of_samples(str(run), out, 16, 20, None) is None
    (run / "data.json").write_text('{"data": "my faces/"}')
    real = ("--real", "my faces/", "--resolution", 64)  # the videos may be larger than samples
    assert step_of_samples(str(run), out, 16, 20, None) == ("score", *real, *scored)
    (run / "data.json").write_text('{"data": "faceforensics/train"}')
    assert step_of_samples(str(run), out, 64, 20, Path("d")) == (
        *("score", "--dataset", "faceforensics", *scored, "--data-root", Path("d")),
    )
