"""`leo-bench features` gives the original networks' numbers: frames on disk, weights in a file."""

from pathlib import Path

import numpy as np
import pytest
import rule_weights
import torch
from PIL import Image

from conftest import Run
from leo_bench.evaluation.extractors.i3d import I3D

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden clips as folders of frames."""
    folder = tmp_path_factory.mktemp("frames")
    with np.load(DATA / "i3d.npz") as arrays:
        for key in arrays:
            kind, name = key.split("/", maxsplit=1)
            if kind == "clip":
                (folder / name).mkdir()
                for t, frame in enumerate(arrays[key]):
                    Image.fromarray(frame).save(folder / name / f"{t:06d}.png")
    return folder


@pytest.mark.parametrize(
    ("protocol", "rule", "golden"),
    [
        ("digan", rule_weights.i3d, "digan"),
        ("stylegan-v", rule_weights.i3d_tfhub, "tfhub"),
    ],
)
def test_the_command_gives_the_original_networks_features(
    leo_bench: Run, frames: Path, tmp_path: Path, protocol: str, rule: object, golden: str
) -> None:
    assert callable(rule)
    with torch.device("meta"):
        shapes = {name: tuple(t.shape) for name, t in I3D().state_dict().items()}
    weights = {name: torch.from_numpy(np.array(rule(name, s))) for name, s in shapes.items()}
    torch.save(weights, tmp_path / "rule.pt")
    out = tmp_path / "features.npz"
    said = leo_bench(
        "features", frames, "--frames", 16, "--protocol", protocol,
        "--weights", tmp_path / "rule.pt", "--allow-unverified", "--out", out,
    )  # fmt: skip
    assert said.code == 0, said.err
    with np.load(out) as found, np.load(DATA / "i3d.npz") as expected:
        assert found["features"].dtype == np.float32
        for name, feature in zip(found["videos"], found["features"], strict=True):
            original = expected[f"{golden}/{name}"]
            difference = np.linalg.norm(feature - original) / np.linalg.norm(original)
            assert difference < 1e-5, name
        assert len(found["videos"]) == 2
