"""Files of statistics from strangers: each lie is refused in one line."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_records import side

from leo_bench.evaluation.clips import SEED_RULE, ClipRef
from leo_bench.evaluation.distances.gaussian import RealStatistics
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.feature_files.files import (
    Features,
    Statistics,
    kind_at,
    read_feature_file,
    read_features,
)
from leo_bench.evaluation.feature_files.origin import Kind, Origin
from leo_bench.evaluation.feature_files.sources import FeaturesSource, open_feature_file
from leo_bench.evaluation.protocols.of_clips import form_of, load_protocol

CLIPS, DIMENSION = 6, 8
Arrays = dict[str, np.ndarray[Any, Any]]


def origin(kind: Kind, protocol: str = "stylegan-v") -> Origin:
    chosen = load_protocol(protocol).changed("repeats", 1)
    return Origin(
        kind=kind,
        side="real",
        protocol=chosen.id,
        protocol_version=chosen.version,
        protocol_digest=chosen.digest,
        protocol_settings=chosen.model_dump(mode="json"),
        frames=16,
        resolution=None,
        limit=None,
        seed=0,
        seed_rule=SEED_RULE,
        extractor="made-up",
        weights_sha256="none",
        weights_verified=True,
        precision="fp32",
        device="cpu",
        features_version=2,
        preprocess_version=1,
        rows_a_clip=1,
        videos=side("real", CLIPS),
        created="2026-11-21T00:00:00+00:00",
        versions={},
        commit="",
        dirty=False,
    )


def drawn() -> torch.Tensor:
    return torch.randn(CLIPS, DIMENSION, generator=torch.Generator().manual_seed(0))


def statistics(protocol: str = "stylegan-v") -> bytes:
    form = form_of("fvd", load_protocol(protocol)).of_statistics
    assert form is not None
    return Statistics(origin("statistics", protocol), [form.fit(drawn())]).to_bytes()


def features() -> bytes:
    videos = [f"v{i}" for i in range(CLIPS)]
    stored = Features(
        origin("features"),
        drawn().numpy(),
        videos,
        [0] * CLIPS,
        videos,
        [20] * CLIPS,
        [(64, 64)] * CLIPS,
        ["digest"] * CLIPS,
    )
    return stored.to_bytes()


def written(tmp_path: Path, content: bytes, **changes: Any) -> Path:
    """The file with some arrays replaced; None takes one out."""
    with np.load(io.BytesIO(content)) as arrays:
        found: Arrays = {**arrays, **changes}
    path = tmp_path / "made.npz"
    np.savez(path, **{name: array for name, array in found.items() if array is not None})
    return path


@pytest.mark.parametrize("protocol", ["stylegan-v", "digan"])
def test_statistics_come_back_to_the_last_bit(tmp_path: Path, protocol: str) -> None:
    form = form_of("fvd", load_protocol(protocol)).of_statistics
    assert form is not None
    before = form.fit(drawn())
    path = tmp_path / "s.npz"
    path.write_bytes(statistics(protocol))
    assert kind_at(path) == "statistics"
    found, _ = read_feature_file(path)
    assert isinstance(found, Statistics)
    (after,) = found.repeats
    for one, other in ((before.exact, after.exact), (before.published, after.published)):
        assert torch.equal(one.mean, other.mean)
        assert torch.equal(one.cov, other.cov)
        assert one.mean.dtype == other.mean.dtype
        assert one.count == other.count


def symmetric(change: Callable[[np.ndarray[Any, Any]], None]) -> np.ndarray[Any, Any]:
    with np.load(io.BytesIO(statistics())) as arrays:
        cov: np.ndarray[Any, Any] = arrays["covariance"].copy()
    change(cov)
    return cov


def bend(cov: np.ndarray[Any, Any]) -> None:
    cov[0, 0, 1] += 1


def sink(cov: np.ndarray[Any, Any]) -> None:
    cov[0] -= 0.5 * np.eye(DIMENSION)


def lift(cov: np.ndarray[Any, Any]) -> None:
    cov[0] += 0.5 * np.eye(DIMENSION)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mean": None}, "no array 'mean'"),
        ({"leo_bench": np.array("{")}, "not JSON"),
        ({"leo_bench": np.array("[]")}, "an object is expected"),
        ({"leo_bench": np.array('{"kind": "statistics"}')}, "is missing"),
        ({"mean": np.zeros((1, DIMENSION), np.float32)}, "mean is float32"),
        ({"mean": np.full((1, DIMENSION), np.nan)}, "NaN"),
        ({"mean": np.full((1, DIMENSION), 1e300)}, "no features in float32 have"),
        ({"mean": np.zeros((1, 5))}, "covariance [1, 8, 8]"),
        ({"mean": np.zeros((0, DIMENSION))}, "mean is [0, 8]"),
        ({"count": np.array(7)}, "count 7"),
        ({"count": np.array([6])}, "count is int64 [1]"),
        ({"covariance": symmetric(bend)}, "not symmetric"),
        ({"covariance": symmetric(sink)}, "negative eigenvalue"),
        ({"covariance": symmetric(lift)}, "higher rank than 6 rows"),
    ],
)
def test_a_lie_in_statistics_is_one_line(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    path = written(tmp_path, statistics(), **changes)
    with pytest.raises(InputError) as error:
        read_feature_file(path)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_float32_that_is_not_the_float64_is_refused(tmp_path: Path) -> None:
    mean = np.ones((1, DIMENSION), np.float32)
    path = written(tmp_path, statistics("digan"), mean_float32=mean)
    with pytest.raises(InputError, match="differ between float32 and float64"):
        read_feature_file(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"features": np.zeros((0, 3), np.float32)}, "empty"),
        ({"features": np.full((CLIPS, 3), np.inf, np.float32)}, "NaN or infinite"),
        ({"videos": np.array(["v0"] * 5)}, "6 rows, 5 videos"),
        ({"videos": np.array(["elsewhere"] * CLIPS)}, "source_videos"),
        ({"source_videos": np.array(["v0"] * CLIPS)}, "stands twice"),
        ({"starts": np.full(CLIPS, -1)}, "a start below 0"),
        ({"source_frames": np.array([20])}, "not of one length"),
        (
            {
                "features": np.zeros((4, 3), np.float32),
                "videos": np.array(["v0", "v1", "v2", "v3"]),
                "starts": np.zeros(4, np.int64),
            },
            "4 rows of 4 videos, where leo_bench says 6 clips",
        ),
    ],
)
def test_a_lie_in_features_is_one_line(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as error:
        read_feature_file(written(tmp_path, features(), **changes))
    assert words in str(error.value)


def test_pickles_bombs_and_stumps_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    objects = np.array([print], dtype=object)
    np.savez(path, allow_pickle=True, leo_bench=objects, covariance=objects)
    with pytest.raises(InputError, match="Python objects"):
        read_feature_file(path)
    path.write_bytes(statistics()[:-40])
    assert kind_at(path) is None  # no zip any more: what else it is, is for others to say
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("leo_bench", "covariance"):
            header = io.BytesIO()
            np.save(header, np.zeros(2))
            longer = header.getvalue().replace(b"(2,), }    ", b"(99999,), }")
            archive.writestr(f"{name}.npy", longer)
    with pytest.raises(InputError, match="promises more values than it holds"):
        read_feature_file(path)


def test_a_forged_protocol_is_refused(tmp_path: Path) -> None:
    said = json.loads(origin("statistics").to_json())
    said["protocol_settings"]["repeats"] = 2
    path = written(tmp_path, statistics(), leo_bench=np.array(json.dumps(said)))
    with pytest.raises(InputError, match="protocol_digest"):
        read_feature_file(path)


def test_a_clip_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    path.write_bytes(features())
    source = open_feature_file(path)
    assert isinstance(source, FeaturesSource)
    found = source.features([ClipRef(2, 0), ClipRef(0, 0)])
    assert torch.equal(found.values, drawn()[[2, 0]])
    with pytest.raises(InputError, match="lacks the clip at frame 4 of v1"):
        source.features([ClipRef(1, 4)])
    assert source.first(2).names == ["v0", "v1"]
    assert torch.equal(read_features(path).values, drawn())


def test_fit_gives_one_gaussian_where_the_protocol_is_in_float64() -> None:
    form = form_of("fvd", load_protocol("stylegan-v")).of_statistics
    assert form is not None
    found: RealStatistics = form.fit(drawn())
    assert found.published is found.exact
