"""Other systems' samplers, run as they are: real processes on checkouts made for the test."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_checkouts import checkout, in_git, weights

from conftest import Run
from leo_bench.baselines.adapter import adapt
from leo_bench.baselines.layouts import open_output
from leo_bench.baselines.methods import METHODS, load_method
from leo_bench.baselines.planning import AdaptRequest, named_checkpoints
from leo_bench.baselines.provenance import Adaptation, read_adaptation
from leo_bench.benchmarks.cli.screen import Bar
from leo_bench.evaluation.clips import derived_seed
from leo_bench.evaluation.errors import InfrastructureError, InputError

CRASH = "sys.exit('CUDA out of memory')"
LOITER = "print('warming up', flush=True); time.sleep(60)"


def request(
    tmp_path: Path, method: str = "stylegan-v", before: str = "", **more: object
) -> AdaptRequest:
    """A request for four short videos of a fake checkout."""
    found = load_method(method)
    made = AdaptRequest(
        method=found,
        checkout=checkout(tmp_path / "code", method, before),
        checkpoints=weights(tmp_path, *found.checkpoints),
        out=tmp_path / "out",
        count=4,
        python=Path(sys.executable),
    )
    if "frames" in found.holes:
        made = replace(made, frames=3)
    return replace(made, **more)  # type: ignore[arg-type]


def provenance(out: Path) -> Adaptation:
    made = read_adaptation(out)
    if made is None:
        raise FileNotFoundError(out)
    return made


def noise(count: int, frames: int, side: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (count, frames, side, side, 3), np.uint8)


def test_stylegan_v_writes_frames_and_they_are_read_back(tmp_path: Path) -> None:
    asked = request(tmp_path)
    looks: list[tuple[int, int]] = []
    said: list[str] = []
    adapt(asked, progress=lambda *at: looks.append(at), say=said.append)
    source = open_output(asked.method, asked.out)
    assert source.names == [f"part-000/00000{i}" for i in range(4)]
    assert set(source.frame_counts) == {3}
    assert source.medium.codecs == ("jpeg",)
    assert source.medium.lossy
    assert looks[-1] == (4, 4)
    notes = " ".join(source.notes)
    assert "JPEG of quality 75" in notes
    assert "commit" in notes
    assert "recalled" in " ".join(said)
    log = (asked.out / "part-000.log").read_text()
    assert "generating 4 videos of checkpoint" in log


def test_provenance_says_what_was_run(tmp_path: Path) -> None:
    asked = request(tmp_path)
    adapt(asked)
    made = provenance(asked.out)
    head = in_git(asked.checkout, "rev-parse", "HEAD")
    assert made.checkout.commit == head
    assert made.checkout.dirty is False
    assert made.commit_expected == "3fecd69c"
    assert any("at commit " + head[:8] in note for note in made.notes)
    assert made.checkpoints["checkpoint"].bytes == len("checkpoint")
    assert made.interpreter["python"] == ".".join(map(str, sys.version_info[:3]))
    assert made.interpreter["numpy"] == np.__version__
    part = made.parts[0]
    assert (part.state, part.exit_code, part.videos, part.frames) == ("done", 0, 4, (3, 3))
    assert made.settings["truncation_psi"].startswith("1.0")
    assert str(tmp_path) not in (asked.out / "provenance.json").read_text()


def test_changes_in_the_checkout_are_said_and_do_not_stop(tmp_path: Path) -> None:
    asked = request(tmp_path)
    script = asked.checkout / "src" / "scripts" / "generate.py"
    script.write_text(script.read_text() + "# mended\n")
    adapt(asked)
    made = provenance(asked.out)
    assert made.checkout.dirty
    assert len(made.checkout.diff_sha256 or "") == 64
    notes = open_output(asked.method, asked.out).notes
    assert any("has changes of its own" in note for note in notes)


def test_a_folder_that_is_not_gits_has_no_commit(tmp_path: Path) -> None:
    in_git(tmp_path, "init", "-q")  # a repository around it is not the method's
    asked = request(tmp_path)
    in_git(asked.checkout, "rev-parse", "HEAD")
    bare = checkout(tmp_path / "unpacked", "stylegan-v", git=False)
    adapt(replace(asked, checkout=bare))
    made = provenance(asked.out)
    assert made.checkout.commit is None
    assert any("commit is unknown" in note for note in made.notes)


def test_tats_array_is_read_and_its_tiled_files_are_not(tmp_path: Path) -> None:
    asked = request(tmp_path, "tats", count=16)
    adapt(asked)
    source = open_output(asked.method, asked.out)
    assert len(source.names) == 16
    assert source.names[3] == ("part-000/numpy_files/taichi/topp0.80_topk2048_run0_eval.npy/000003")
    assert not source.medium.lossy
    read = source.read(3, range(16)).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(read, noise(16, 16, 128)[3])


def test_more_videos_than_asked_for_are_said(tmp_path: Path) -> None:
    said: list[str] = []
    adapt(request(tmp_path, "tats", count=5), say=said.append)
    assert "part-000: 16 videos, 5 were asked for" in said


@pytest.mark.parametrize("layout", ["plain", "noise"])
def test_mocogan_hd_gives_one_kind_of_its_pairs(tmp_path: Path, layout: str) -> None:
    asked = request(tmp_path, "mocogan-hd", layout=layout)
    adapt(asked)
    source = open_output(asked.method, asked.out, layout)
    end = "_noise" if layout == "noise" else ""
    assert source.names == [f"part-000/ffs_0_{j}{end}.mp4" for j in range(4)]
    wanted = noise(4, 3, 16)[2]
    read = source.read(2, range(3)).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(read, 255 - wanted if layout == "noise" else wanted)
    assert any("4 mp4 of another name" in note for note in source.notes)


def test_parts_have_seeds_of_their_own_and_a_stopped_run_goes_on(tmp_path: Path) -> None:
    second = derived_seed(7, 1, bits=31)
    once = f"if a.seed == {second} and not os.path.exists({str(tmp_path / 'again')!r}): {CRASH}"
    asked = request(tmp_path, before=once, chunk=2, seed=7)
    with pytest.raises(InfrastructureError, match="2 of 4 videos are kept"):
        adapt(asked)
    first = asked.out / "part-000" / "000000" / "000000.jpg"
    age = first.stat().st_mtime_ns
    assert "not finished: 2 of 4" in " ".join(open_output(asked.method, asked.out).notes)
    (tmp_path / "again").touch()
    made = adapt(asked)
    assert first.stat().st_mtime_ns == age
    assert [(part.seed, part.state) for part in made.parts] == [(7, "done"), (second, "done")]
    source = open_output(asked.method, asked.out)
    assert len({source.digest(i) for i in range(4)}) == 4
    assert adapt(asked) == made  # nothing left to do


@pytest.mark.parametrize("change", ["count", "seed", "checkpoint", "code"])
def test_a_folder_is_not_gone_on_with_after_a_change(tmp_path: Path, change: str) -> None:
    asked = request(tmp_path)
    adapt(asked)
    if change == "checkpoint":
        asked.checkpoints["checkpoint"].write_text("other")
    elif change == "code":
        script = asked.checkout / "src" / "scripts" / "generate.py"
        script.write_text(script.read_text() + "# mended")
    else:
        asked = replace(asked, **{change: 5})
    wanted = {"checkpoint": "checkpoints", "code": "checkout"}.get(change, change)
    with pytest.raises(InputError, match=f"begun with another {wanted}"):
        adapt(asked)


def test_a_crash_keeps_what_is_there_and_repeats_the_last_words(tmp_path: Path) -> None:
    late = f"""
os.makedirs(f"{{a.outdir}}/000000")
for f in range(3):
    Image.new("RGB", (16, 16)).save(f"{{a.outdir}}/000000/{{f:06d}}.jpg")
{CRASH}"""
    asked = request(tmp_path, before=late)
    with pytest.raises(InfrastructureError) as raised:
        adapt(asked)
    said = str(raised.value)
    assert "exit code 1" in said
    assert "CUDA out of memory" in said
    assert "1 of 4 videos are kept" in said
    assert provenance(asked.out).parts[0].state == "crashed"
    assert (asked.out / "part-000" / "000000").is_dir()


def test_out_of_time_a_sampler_and_its_children_are_ended(tmp_path: Path) -> None:
    child = f"""
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
{LOITER}"""
    asked = request(tmp_path, before=child, time_limit=4.0)
    with pytest.raises(InfrastructureError, match="time limit: warming up"):
        adapt(asked)
    part = provenance(asked.out).parts[0]
    assert (part.state, part.exit_code) == ("timed out", None)
    state = Path(f"/proc/{(tmp_path / 'child').read_text()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("a.num_videos -= 1", "3 videos, 4 were asked for"),
        ("a.video_len = 2", "videos of 2 frames, 3 were asked for"),
        ("a.num_videos = 0", "no videos there"),
    ],
)
def test_too_little_is_an_error(tmp_path: Path, before: str, said: str) -> None:
    asked = request(tmp_path, before=before)
    with pytest.raises(InfrastructureError, match=said):
        adapt(asked)
    assert provenance(asked.out).parts[0].state == "wrong output"


def test_options_that_the_checkout_does_not_know_are_found_before_it_runs(tmp_path: Path) -> None:
    asked = request(tmp_path)
    script = asked.checkout / "src" / "scripts" / "generate.py"
    script.write_text(script.read_text().replace('"--seed"', '"--seed_of_all"'))
    with pytest.raises(InputError, match=r"knows --seed; copy .*stylegan-v\.toml"):
        adapt(asked)
    assert not asked.out.exists()


def test_a_method_file_of_ones_own(tmp_path: Path) -> None:
    text = (METHODS / "stylegan-v.toml").read_text().replace('id = "stylegan-v"', 'id = "mine"')
    (tmp_path / "mine.toml").write_text(text.replace("--outdir", "--output"))
    asked = replace(request(tmp_path), method=load_method(str(tmp_path / "mine.toml")))
    with pytest.raises(InputError, match="knows --output"):
        adapt(asked)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"checkout": Path("nowhere")}, "nowhere: no such folder"),
        ({"checkout": Path("nowhere"), "python": None}, "nowhere: no such folder"),
        ({"python": Path("nowhere/python")}, "is no interpreter"),
        ({"python": Path("/bin/false")}, "that runs: it ended with exit code 1$"),
        ({"python": None}, "give --python"),
        ({"checkpoints": {}}, "takes --checkpoint checkpoint=FILE"),
        ({"checkpoints": {"checkpoint": Path("nowhere.pkl")}}, "no such file"),
        ({"layout": "arrays"}, "no layout 'arrays'; known are frames, grids"),
        ({"count": 0}, "must be 1 or more"),
    ],
    ids=str,
)
def test_wrong_input(tmp_path: Path, change: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        adapt(request(tmp_path, **change))


def test_a_checkout_without_the_script(tmp_path: Path) -> None:
    asked = request(tmp_path)
    (asked.checkout / "src" / "scripts" / "generate.py").unlink()
    with pytest.raises(InputError, match=r"must be a clone of .*stylegan-v"):
        adapt(asked)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    asked = request(tmp_path)
    asked.out.mkdir()
    (asked.out / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        adapt(asked)
    assert (asked.out / "thesis.txt").read_text() == "mine"


def test_chunks_need_a_seed_and_frames_a_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tats takes no seed"):
        adapt(request(tmp_path, "tats", chunk=2))
    with pytest.raises(InputError, match="tats makes 16 frames"):
        adapt(request(tmp_path / "again", "tats", frames=32))


def test_a_sampler_is_not_led_to_our_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    asked = request(tmp_path, before="print(os.environ['PYTHONPATH'], os.getcwd())")
    adapt(asked)
    words = (asked.out / "part-000.log").read_text().splitlines()[0].split()
    assert words == [str(asked.checkout)] * 2


def test_a_run_that_has_no_video_yet_shows_that_it_is_alive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("leo_bench.benchmarks.cli.screen.HEARTBEAT_SECONDS", -1.0)
    Bar("adapt tats", "videos")(0, 2048)
    assert capsys.readouterr().err == "adapt tats: 0/2048, time left unknown\n"


def test_checkpoints_by_name() -> None:
    tats, stylegan = load_method("tats"), load_method("stylegan-v")
    assert named_checkpoints(stylegan, ["a=b.pkl"]) == {"checkpoint": Path("a=b.pkl")}
    assert named_checkpoints(tats, ["vqgan=v", "gpt=g"]) == {"vqgan": Path("v"), "gpt": Path("g")}
    for wrong in (["g"], ["gpt=g", "gpt=h"], ["gan=g"], ["gpt="]):
        with pytest.raises(InputError, match="--checkpoint"):
            named_checkpoints(tats, wrong)


def command(asked: AdaptRequest) -> list[object]:
    weights = [f"--checkpoint={name}={path}" for name, path in asked.checkpoints.items()]
    return [
        *("adapt", asked.method.id, "--checkout", asked.checkout, *weights),
        *("--count", asked.count, "--out", asked.out, "--python", sys.executable, "--frames", 3),
    ]


def test_the_command_line(tmp_path: Path, leo_bench: Run) -> None:
    asked = request(tmp_path)
    found = leo_bench(*command(asked))
    assert found.code == 0, found.err
    assert f"measure them as --fake stylegan-v:{asked.out}" in found.out
    assert json.loads((asked.out / "provenance.json").read_text())["method"] == "stylegan-v"


def test_the_command_line_says_crashes_and_limits_by_its_exit_code(
    tmp_path: Path, leo_bench: Run
) -> None:
    crashed = leo_bench(*command(request(tmp_path / "a", before=CRASH)))
    assert crashed.code == 3
    assert "CUDA out of memory" in crashed.err
    late = leo_bench(*command(request(tmp_path / "b", before=LOITER)), "--time-limit", 0.03)
    assert late.code == 3
    assert "the time limit" in late.err


@pytest.mark.parametrize("method", ["digan", "leo", "lavie", "make-a-video", "video-ldm"])
def test_methods_without_a_sampler_say_why(tmp_path: Path, leo_bench: Run, method: str) -> None:
    found = leo_bench(
        "adapt", method, "--checkout", tmp_path, "--count", 1, "--out", tmp_path / "o"
    )
    assert found.code == 2
    assert found.err.startswith(f"leo-bench: {method}: it")
    assert ("then score" in found.err) == (method != "leo")
    assert not (tmp_path / "o").exists()
