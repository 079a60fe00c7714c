"""Runs from the command line's words: which data a run remembers, and what is refused."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from made_videos import encode, moving
from tiny_run import make_run, tiny_config

from conftest import Run
from leo_bench.benchmarks.runs.training import RunRequest, open_job
from leo_bench.benchmarks.sources.training_data import DATA, remembered
from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.files.toml_text import to_toml
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.leo.checkpoint import load_model, save_model
from leo_bench.leo.config import Config
from leo_bench.leo.data.encode import ANIMATOR, CODES, read_codes, write_codes
from leo_bench.leo.sampling.model import LeoModel, model_file
from leo_bench.leo.stages.losses import pixel_pyramid
from leo_bench.leo.stages.perceptual import Chosen
from leo_bench.leo.training.job import Job, encode_run, train_stage
from leo_bench.leo.training.run_folder import RunFolder
from leo_bench.leo.training.watching import Watcher


def request(run: Path, data: str | None) -> RunRequest:
    return RunRequest(run, config="toy64", data=data)


def test_data_that_cannot_be_opened_are_not_remembered(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no-such-thing"):
        open_job(request(tmp_path, "no-such-thing"))
    assert remembered(tmp_path) is None
    open_job(request(tmp_path, "toy-faces/train"))
    assert str(remembered(tmp_path)) == "toy-faces/train"


def test_other_data_are_refused_once_a_stage_has_begun(tmp_path: Path) -> None:
    open_job(request(tmp_path, "toy-faces/test"))
    open_job(request(tmp_path, "toy-faces/train"))
    (tmp_path / "animator").mkdir()
    (tmp_path / "animator" / "log.jsonl").touch()
    with pytest.raises(InputError, match="was begun with --data toy-faces/train"):
        open_job(request(tmp_path, "toy-faces/test"))
    assert open_job(request(tmp_path, None)).open_source().name == "toy-faces/train"


@pytest.mark.parametrize("kind", ["", "part:1/2:"])
def test_other_spellings_of_a_place_are_the_same_data(
    kind: str, tmp_path: Path, make_videos: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    first, run = f"{kind}{make_videos('clips', 4, 3)}", tmp_path / "run"
    open_job(request(run, first))
    (run / CODES).touch()
    for same in ("clips", "clips/", "./clips", "~/clips", f"{tmp_path}/clips/"):
        open_job(request(run, kind + same))
        assert str(remembered(run)) == first
    with pytest.raises(InputError, match=f"was begun with --data {first}; give another --run for"):
        open_job(request(run, f"{kind}other"))


def test_a_first_attempt_that_failed_its_checks_binds_a_folder_to_nothing(
    tmp_path: Path, make_videos: Callable[..., Path], leo_bench: Run
) -> None:
    run, others = tmp_path / "run", make_videos("others", 4, 3)
    for config, data in (("grid64", make_videos("clips", 4, 3)), ("weizmann64", others)):
        line = ("train", "all", "--config", config, "--data", data, "--run", run, "--cpu")
        assert f"{data}: lmdm learns windows of" in refused(leo_bench, *line)
        assert not run.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"data": 3}', "\udcff"])
def test_a_damaged_memory_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / DATA).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=DATA) as caught:
        remembered(tmp_path)
    assert "\n" not in str(caught.value)


def refused(leo_bench: Run, *words: object) -> str:
    """The last line of a verb that must stop; `train` shows its config before."""
    outcome = leo_bench(*words)
    assert outcome.code == 2, outcome
    return outcome.err.strip().splitlines()[-1]


@pytest.mark.parametrize("stage", ["lmdm", "frame-dm", "transition-dm", "cddpm"])
def test_without_an_animator_nothing_is_trained_or_encoded(
    tmp_path: Path, leo_bench: Run, stage: str
) -> None:
    run = tmp_path / "new"
    wanted = f"`leo-bench train animator --run {run}` comes first"
    line = ("--config", "toy64", "--data", "toy-faces/train", "--cpu")
    assert f"no animator yet; {wanted}" in refused(leo_bench, "train", stage, "--run", run, *line)
    assert not run.exists()
    assert f"no run yet; {wanted}" in refused(leo_bench, "encode", "--run", run, "--cpu")


def test_what_comes_first_is_said_with_the_runs_path(tmp_path: Path, leo_bench: Run) -> None:
    new, begun = tmp_path / "new", make_run(tmp_path / "run")
    said = refused(leo_bench, "encode", "--run", new)
    assert f"no run yet; `leo-bench train animator --run {new}` comes first" in said
    (begun / "lmdm" / "model.safetensors").unlink()
    said = refused(leo_bench, "train", "lmdm", "--run", begun, "--data", "toy-faces/train")
    assert f"no codes; make them with `leo-bench encode --run {begun}`" in said


def test_a_broken_training_video_is_named_with_its_source(tmp_path: Path, leo_bench: Run) -> None:
    run, data = make_run(tmp_path / "run"), tmp_path / "data"
    data.mkdir()
    files = [encode(data / f"{name}.mkv", moving(3, 32, 32), "ffv1", "bgr0") for name in "abc"]
    broken = files[1].read_bytes()[:-200]
    job = open_job(RunRequest(run, data=str(data), cpu=True))
    files[1].write_bytes(broken)  # after it was opened: what is read says so
    with pytest.raises(BadVideoError, match=f"^{data}: b.mkv: .*remove it from the training data$"):
        job.videos  # noqa: B018
    for verb in (("train", "animator"), ("encode",)):
        said = refused(leo_bench, *verb, "--run", run, "--data", data, "--cpu")
        assert f"{data}: b.mkv: " in said
        assert said.endswith("; mend it, or remove it from the training data")


def test_what_is_to_be_known_of_videos_is_said_once(
    tmp_path: Path, make_videos: Callable[..., Path], leo_bench: Run
) -> None:
    data = make_videos("data", 3, 10)
    (data / "notes.txt").touch()
    run = make_run(tmp_path / "run", "frame_dm.training={ steps = 1, batch = 2 }")
    model_file(run, "frame-dm").unlink()
    for verb in (("encode", "--data", data), ("train", "frame-dm")):
        ended = leo_bench(*verb, "--run", run, "--cpu")
        assert ended.code == 0, ended
        assert ended.err.count("note: files that are no videos were left out: 1 txt") == 1


def vgg128(perceptual: str) -> Config:
    """A config of 128 pixels, otherwise tiny, of that perceptual loss."""
    return tiny_config(
        "resolution=128", "cddpm.resolution=128", f"animator.perceptual={perceptual}"
    )


def vgg_config(path: Path, perceptual: str) -> Path:
    path.write_text(to_toml(vgg128(perceptual).model_dump(mode="json")), encoding="utf-8")
    return path


@pytest.mark.parametrize("stage", ["animator", "all"])
def test_vgg_without_its_weights_is_refused_before_anything_is_read(
    stage: str, tmp_path: Path, leo_bench: Run
) -> None:
    run, config = tmp_path / "run", vgg_config(tmp_path / "vgg.toml", "vgg19")
    line = ("train", stage, "--config", config, "--data", tmp_path / "no-videos", "--run", run)
    said = refused(leo_bench, *line)
    assert "`leo-bench weights fetch vgg19-dcbb9e9d.pth`" in said
    assert "--vgg FILE" in said
    assert "--weights" not in said
    assert not run.exists()
    said = refused(leo_bench, *line, "--vgg", tmp_path / "absent.pth")
    assert said == f"leo-bench: --vgg {tmp_path / 'absent.pth'}: no such file"
    # "auto" does without them, and comes to the videos.
    vgg_config(config, "auto")
    assert "no-videos" in refused(leo_bench, *line)


def test_a_vgg_file_that_nothing_would_read_is_refused(tmp_path: Path, leo_bench: Run) -> None:
    run = tmp_path / "run"
    line = ("train", "--config", "toy64", "--data", "toy-faces/train", "--run", run, "--vgg", "v")
    assert 'animator.perceptual = "pixels"' in refused(leo_bench, *line, "animator")
    assert "--vgg v: is for the animator alone" in refused(leo_bench, *line, "lmdm")


def test_a_run_that_fell_back_to_pixels_goes_on_with_auto(tmp_path: Path) -> None:
    run, auto = RunFolder.create(tmp_path, vgg128("vgg19")), vgg128("auto")
    theirs = run.stage("animator", "data", "pixels").origin.metadata()
    run.stage("animator").log({"step": 1})
    ours = RunFolder.create(tmp_path, auto).stage("animator", "data", "pixels").origin
    ours.check(tmp_path, theirs)
    assert RunFolder.open(tmp_path).config.animator.perceptual == "auto"
    with pytest.raises(InputError, match=r"begun with another config: animator\.perceptual is"):
        RunFolder.create(tmp_path, vgg128("pixels"))


def animator_job(run: Path, *watchers: Watcher) -> Job:
    config = tiny_config("animator.training={ steps = 2, batch = 2, save_every = 1 }")
    faces = open_world("toy-faces", "train", WorldShape(resolution=32, frames=4, count=4))
    return Job(RunFolder.create(run, config), lambda: faces, watchers=watchers, cpu=True)


def give(monkeypatch: pytest.MonkeyPatch, loss: Literal["vgg19", "pixels"]) -> None:
    """A machine whose weights give this perceptual loss."""
    found = Chosen(pixel_pyramid, loss, "")
    monkeypatch.setattr("leo_bench.leo.training.job.choose", lambda *_: found)


def test_an_animator_that_is_done_asks_for_no_perceptual_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, "vgg19")
    job = animator_job(tmp_path)
    done = train_stage(job, "animator")
    assert load_model(done).metadata["data"] == f"{job.fingerprint} vgg19"  # as it always was
    monkeypatch.setattr("leo_bench.leo.training.job.choose", None)
    assert train_stage(job, "animator") == done
    others = open_world("toy-faces", "test", WorldShape(resolution=32, frames=4, count=4))
    with pytest.raises(InputError, match=r"data is .* there and .* now"):
        train_stage(replace(job, open_source=lambda: others), "animator")


@pytest.mark.parametrize(
    ("begun", "now", "advice"),
    [
        ("vgg19", "pixels", "begun with VGG-19 .* fetch vgg19-dcbb9e9d.pth` .* or give --vgg FILE"),
        ("pixels", "vgg19", "begun with the pyramid of pixels .* leave --vgg away, and move vgg19"),
    ],
)
def test_an_animator_goes_on_with_the_perceptual_loss_that_it_was_begun_with(
    begun: Literal["vgg19", "pixels"],
    now: Literal["vgg19", "pixels"],
    advice: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class ControlC(Watcher):
        def on_step(
            self, step: int, losses: Mapping[str, float], rate: float, left: float | None
        ) -> None:
            if step == 2:
                raise KeyboardInterrupt

    give(monkeypatch, begun)
    with pytest.raises(KeyboardInterrupt):
        train_stage(animator_job(tmp_path, ControlC()), "animator")
    give(monkeypatch, now)
    with pytest.raises(InputError, match=f"step-00000001.safetensors: was {advice}.*; or delete"):
        train_stage(animator_job(tmp_path), "animator")
    give(monkeypatch, begun)
    assert train_stage(animator_job(tmp_path), "animator").is_file()


def test_what_follows_from_codes_belongs_to_their_animator(
    tmp_path: Path, make_videos: Callable[..., Path], leo_bench: Run
) -> None:
    run = make_run(tmp_path / "run", "frame_dm.training={ steps = 1, batch = 2 }")
    learned, animator = model_file(run, "frame-dm"), model_file(run, "animator")
    learned.unlink()
    job = open_job(RunRequest(run, data=str(make_videos("videos", 3, 10)), cpu=True))
    book = encode_run(job)
    assert read_codes(run / CODES).animator == book.animator == file_sha256(animator)
    write_codes(replace(book, animator=None), run / CODES)  # as files were before
    train_stage(open_job(RunRequest(run, cpu=True)), "frame-dm")
    write_codes(book, run / CODES)
    assert load_model(learned).metadata[ANIMATOR] == file_sha256(animator)
    LeoModel.open(run).load("frame-dm")

    before = load_model(animator)
    save_model(animator, replace(before, metadata=before.metadata | {"step": "2"}))
    said = refused(leo_bench, "sample", "--run", run, "--frames", 2, "--out", tmp_path / "out")
    assert f"{learned}: trained on codes of another animator than {animator}; run" in said
    assert f"`leo-bench encode --run {run}` again, delete {learned.parent}" in said
    with pytest.raises(InputError, match="codes of another animator than"):
        LeoModel.open(run).codes()


def test_an_animator_trained_anew_takes_all_that_follows_with_it(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, tiny_config())
    for stage, advice in (
        ("animator", "folder, codes.safetensors and lmdm, frame-dm, .* to train all anew"),
        ("lmdm", "folder to train it anew"),
    ):
        theirs = run.stage(stage, "others").origin.metadata()
        with pytest.raises(InputError, match=f"delete this stage's {advice}"):
            run.stage(stage, "ours").origin.check(tmp_path, theirs)
