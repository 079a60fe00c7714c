"""That the stages on a GPU are measured as the case says, here on the CPU; never how fast."""

from pathlib import Path

import pytest
import torch

from leo_bench.benchmarks.speed import gpu
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.i3d import I3D

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[gpu.Row]:
    # The second is another network in place of the same in bf16, which some CPUs compute slowly.
    networks = {
        name: gpu.of_dtype(I3D(classes=4, width=0.01).eval().requires_grad_(False), CPU, "fp32")
        for name in ("fp32", "bf16")
    }
    folder = tmp_path_factory.mktemp("gpu")
    trial = gpu.Trial(folder, networks, networks["fp32"], videos=2, pixels=32, processes=0)
    return [*trial.distances(), *trial.readings(), *trial.alone()]


def test_shares_of_the_stages_add_up(rows: list[gpu.Row]) -> None:
    for name in ("fp32", "bf16"):
        stages = {row["what"]: row for row in rows if row["what"].startswith(f"FVD, {name}")}
        shares = {what: int(row["share"].rstrip("%")) for what, row in stages.items()}
        assert shares.pop(f"FVD, {name}: all") == 100
        assert [what.partition(": ")[2] for what in shares] == [
            "opening",
            "features",
            "value and interval",
        ]
        assert abs(sum(shares.values()) - 100) <= 2  # each is rounded


def test_features_are_compared_with_the_cpus(rows: list[gpu.Row]) -> None:
    column = "features differ from the CPU's"
    differ = {row["what"]: float(row[column]) for row in rows if row[column]}
    assert {value for what, value in differ.items() if "fp32" in what} == {0.0}
    assert all(value > 0 for what, value in differ.items() if "bf16" in what)
    assert len(differ) == 6


def test_every_video_differs(tmp_path: Path) -> None:
    gpu.write_clips(tmp_path / "real", 3, 32)
    gpu.write_clips(tmp_path / "fake", 3, 32)
    assert len({file.read_bytes() for file in tmp_path.rglob("*.mp4")}) == 6


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_without_a_gpu_one_line_says_so() -> None:
    with pytest.raises(InputError, match="device cuda: is not here; here are cpu"):
        gpu.measure()
