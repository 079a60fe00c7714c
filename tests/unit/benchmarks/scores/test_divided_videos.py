"""Threads divide the videos of every measurement as processes do: the same as by one."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from thread_team import Shared, ThreadTeam, as_team
from torch import Tensor

from leo_bench.benchmarks.scores.acd import acd_of
from leo_bench.benchmarks.scores.drift import drift_request, measure_drift
from leo_bench.benchmarks.scores.features_file import (
    FeaturesRequest,
    write_features,
    write_statistics,
)
from leo_bench.benchmarks.scores.nearest import NearestRequest, find_nearest
from leo_bench.benchmarks.scores.plan import plan_frames
from leo_bench.benchmarks.scores.repetition import RepetitionRequest, measure_repetition
from leo_bench.benchmarks.scores.requests import FrameScoreRequest
from leo_bench.benchmarks.scores.score_record import open_planned
from leo_bench.benchmarks.scores.shared_videos import SharedVideos
from leo_bench.benchmarks.suites import load_suite
from leo_bench.benchmarks.suites.models import parse_models
from leo_bench.benchmarks.suites.run import Done, SuiteSettings, run_suite
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.stores import MemoryStore
from leo_bench.evaluation.processes.team import Alone, ShareDone, Team, UnlikeError

COUNTS = {"real": 20, "fake": 17, "other": 18}
FRAMES = 16
FACES: dict[str, Any] = {"protocol": "acd-face", "embedder": "random-filters"}
CLIPS: dict[str, Any] = {"protocol": "stylegan-v", "extractor": "pixels"}
CHANGES = ("seconds", "created")
ARRAYS = {"features", "videos", "starts", "mean", "covariance"}

Measure = Callable[[Path, Resources], Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three arrays of videos, and a broken video."""
    made, random = tmp_path_factory.mktemp("videos"), np.random.default_rng(0)
    for name, count in COUNTS.items():
        videos = random.integers(0, 256, (count, FRAMES, 24, 24, 3), dtype=np.uint8)
        np.save(made / f"{name}.npy", videos)
    (made / "broken.mp4").write_bytes(b"no video")
    return made


class Kept(MemoryStore):
    """Counts how often a video's features are written, and after the first process has waited."""

    def __init__(self) -> None:
        super().__init__()
        self.written: Counter[tuple[str, str]] = Counter()
        self.is_complete = False
        self.late = 0

    def write(self, key: str, digest: str, clips: Mapping[str, Tensor]) -> None:
        self.written[key, digest] += 1
        self.late += self.is_complete
        super().write(key, digest, clips)


class Watched(ThreadTeam):
    """Tells the store when the first process no longer waits for the others."""

    def __init__(self, team: ThreadTeam, store: Kept) -> None:
        super().__init__(team.rank, team.size, team.shared)
        self.store = store

    def wait(self, work: str, pieces: int) -> None:
        super().wait(work, pieces)
        if work.startswith("features/"):  # not the opening of the videos
            self.store.is_complete = True


def acd(folder: Path, resources: Resources) -> Any:
    sides = {"real": f"{folder}/real.npy", "fake": f"{folder}/fake.npy"}
    request = FrameScoreRequest(metric="acd", frames=3, **sides, **FACES)
    return [one.record for one in acd_of(plan_frames(request), resources)]


def drift(folder: Path, resources: Resources) -> Any:
    request = drift_request(9, 4, 4, real=f"{folder}/real.npy", **FACES)
    sources = [f"{folder}/fake.npy", f"damaged:blur:{folder}/fake.npy"]
    return [one.record for one in measure_drift(request, sources, resources)]


def repetition(folder: Path, resources: Resources) -> Any:
    request = RepetitionRequest(
        sources=(f"{folder}/fake.npy", f"{folder}/other.npy"),
        calibrate=f"{folder}/real.npy",
        frames=FRAMES,
        settings={"segment": 4},
    )
    return [one.record for one in measure_repetition(request, resources)]


def nearest(folder: Path, resources: Resources) -> Any:
    sides = {name: f"{folder}/{file}.npy" for name, file in NEAREST.items()}
    return find_nearest(NearestRequest(frames=8, **sides, **CLIPS), resources)


NEAREST = {"fake": "fake", "train": "real", "held_out": "other"}


def features(folder: Path, resources: Resources, write: Any = write_features) -> Any:
    request = FeaturesRequest(
        source=f"{folder}/fake.npy",
        frames=8,
        stride=1,
        side="fake",
        resolution=None,
        seed=0,
        clips=None if write is write_features else 16,
        **CLIPS,
    )
    out = folder / f"{resources.team.rank}-of-{resources.team.size}.npz"
    size = write(request, out, resources)
    with np.load(out) as written:
        return {"size": size} | {name: written[name].tobytes() for name in ARRAYS & {*written}}


VERBS = {
    "acd": acd,
    "drift": drift,
    "repetition": repetition,
    "nearest": nearest,
    "features": features,
    "statistics": partial(features, write=write_statistics),
}


def said(found: Any) -> Any:
    """What was measured, without times."""
    if isinstance(found, dict):
        return found
    records = found if isinstance(found, list) else [found]
    contents = [record.model_dump(mode="json") for record in records]
    return [{k: v for k, v in content.items() if k not in CHANGES} for content in contents]


@pytest.mark.parametrize("verb", VERBS)
def test_the_first_has_what_one_process_has(verb: str, folder: Path) -> None:
    measure, store, found = VERBS[verb], Kept(), list[Any]()

    def run(team: ThreadTeam) -> None:
        resources = Resources(store, team=Watched(team, store))
        found.append(measure(folder, resources))

    _, ended = as_team(2, run)
    assert [type(error) for error in ended] == [type(None), ShareDone]
    assert said(found[0]) == said(measure(folder, Resources(MemoryStore())))
    assert set(store.written.values()) == {1}
    assert store.late == 0  # the division left nothing to the first


def test_score_opens_a_source_once_for_the_team_and_the_first(folder: Path) -> None:
    request = FrameScoreRequest(metric="acd", frames=3, fake=f"{folder}/fake.npy", **FACES)
    shared = SharedVideos(Resources(MemoryStore()))
    chosen = shared.planned(plan_frames(request), None)
    assert chosen.fake is not None
    of_team, of_first = (
        open_planned(chosen, chosen.fake, Resources(None, team=team))
        for team in (ThreadTeam(0, 2, Shared()), Alone())
    )
    assert of_team is of_first


SUITE = """
id = "mine"
about = "Noise."

[[benchmark]]
id = "first"
dataset = "{folder}/real.npy"
frames = 16
real_stride = 1
fake_stride = 1
protocol = "stylegan-v"
metrics = ["fvd"]

[[benchmark]]
id = "second"
dataset = "{folder}/real.npy"
frames = 8
real_stride = 1
fake_stride = 1
protocol = "digan"
metrics = ["fvd", "kvd"]
clips = 16
repeats = 2

[[model]]
name = "ours"
source = "{folder}/fake.npy"

[[model]]
name = "broken"
source = "{folder}/broken.mp4"
"""


@pytest.fixture
def suite(folder: Path, tmp_path: Path) -> Callable[[str, Team], list[Done]]:
    (tmp_path / "mine.toml").write_text(SUITE.format(folder=folder))
    mine = load_suite(str(tmp_path / "mine.toml"))
    stores = dict[str, MemoryStore]()

    def run(records: str, team: Team) -> list[Done]:
        settings = SuiteSettings(tmp_path / records, extractor="pixels")
        resources = Resources(stores.setdefault(records, MemoryStore()), team=team)
        return list(run_suite(mine, parse_models([], mine), settings, lambda what: resources))

    return run


def test_a_suite_goes_on_where_a_share_is_done_or_a_number_fails(
    suite: Callable[[str, Team], list[Done]], tmp_path: Path
) -> None:
    found = dict[int, list[Done]]()

    def run(team: ThreadTeam) -> None:
        found[team.rank] = suite("two", team)

    _, ended = as_team(2, run)
    alone = suite("one", Alone())
    assert ended == [None, None]
    states = ["measured"] * 3 + ["failed"] * 3
    order = [f"{each.model} {each.number}" for each in found[0]]
    assert order == ["ours fvd", "broken fvd", "ours fvd", "ours kvd", "broken fvd", "broken kvd"]
    assert sorted(each.state for each in found[0]) == sorted(states)
    assert [(each.state, each.why) for each in found[0]] == [
        (each.state, each.why) for each in alone
    ]
    assert [said(each.record) for each in found[0] if each.record] == [
        said(each.record) for each in alone if each.record
    ]
    assert all(each.model == "broken" or each.state == "stands" for each in found[1])
    files = {name: sorted(p.name for p in (tmp_path / name).rglob("*")) for name in ("one", "two")}
    assert files["one"] == files["two"]
    assert [each.state for each in suite("two", Alone()) if each.model == "ours"] == ["stands"] * 3


def test_processes_that_differ_end_the_suite(
    suite: Callable[[str, Team], list[Done]], folder: Path
) -> None:
    class Unlike(ThreadTeam):
        """The first of two processes, of which the other has another torch."""

        def agree(self, what: str, value: str) -> None:
            if what.endswith("version of torch"):
                super().agree(what, "another")
            super().agree(what, value)

    with pytest.raises(UnlikeError, match="version of torch"):
        suite("two", Unlike(0, 2, Shared()))
