"""From a command line's options to a plan for ACD: what holds where the user does not say."""

from pathlib import Path

import pytest

from leo_bench.benchmarks.scores.plan import plan_frames
from leo_bench.benchmarks.scores.requests import FrameScoreRequest
from leo_bench.benchmarks.scores.score_record import caveats
from leo_bench.evaluation.clips import Window
from leo_bench.evaluation.embedders import EmbedderRequest, build_embedder
from leo_bench.evaluation.errors import InputError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def request(**changes: object) -> FrameScoreRequest:
    return FrameScoreRequest.model_validate({"metric": "acd", "frames": 16} | changes)


def test_a_data_set_brings_its_protocol_and_the_frames_that_distances_see() -> None:
    chosen = plan_frames(request(dataset="taichihd", fake="mine"))
    assert chosen.protocol.id == "acd-body-pose-eval"
    assert chosen.network.name == "pose-eval-reid"
    assert chosen.resolution == 128
    assert chosen.benchmark == "taichihd-train"
    assert chosen.real is not None
    assert chosen.fake is not None
    assert (chosen.real.window, chosen.fake.window) == (Window(16, 4), Window(16, 1))
    asked = plan_frames(request(dataset="taichihd", fake="mine", real_stride=1, fake_stride=2))
    assert asked.real is not None
    assert asked.fake is not None
    assert (asked.real.window, asked.fake.window) == (Window(16, 1), Window(16, 2))


def test_the_protocols_resolution_goes_before_the_data_sets() -> None:
    assert plan_frames(request(dataset="toy-faces")).resolution == 64
    assert plan_frames(request(dataset="toy-faces", protocol="acd-face")).resolution == 128
    assert plan_frames(request(dataset="toy-faces", resolution=32)).resolution == 32
    assert plan_frames(request(fake="mine", protocol="acd-toy")).resolution is None


def test_without_a_run_the_real_side_is_measured_alone() -> None:
    chosen = plan_frames(request(dataset="toy-faces"))
    assert chosen.real is not None
    assert chosen.real.spec == "dataset:toy-faces"
    assert chosen.fake is None


def test_with_a_run_its_samples_are_the_fake_side_and_known_as_such() -> None:
    Path("runs/toy-faces").mkdir(parents=True)
    Path("runs/toy-faces/config.toml").touch()
    chosen = plan_frames(request(dataset="toy-faces"))
    assert chosen.fake is not None
    assert (chosen.fake.spec, chosen.fake.default) == ("leo:runs/toy-faces", True)
    given = plan_frames(request(dataset="toy-faces", fake="mine"))
    assert given.fake is not None
    assert (given.fake.spec, given.fake.default) == ("mine", False)


def test_fakes_alone_will_do_but_nothing_will_not() -> None:
    alone = plan_frames(request(fake="mine", protocol="acd-toy"))
    assert alone.real is None
    assert alone.benchmark is None
    with pytest.raises(InputError, match="give videos"):
        plan_frames(request(protocol="acd-toy"))


def test_why_a_number_may_not_stand_beside_published_ones() -> None:
    colour = build_embedder(EmbedderRequest("mean-colour"))
    chosen = plan_frames(request(fake="mine", protocol="acd-face", resolution=256, limit=3))
    assert caveats(chosen, colour) == (
        "embedder mean-colour, not facenet-vggface2",
        "resolution 256, not the protocol's 128",
        "limited to 3 videos: not for publication",
    )
    toy = plan_frames(request(fake="mine", protocol="acd-toy"))
    assert any("of the toy worlds alone" in why for why in caveats(toy, colour))
