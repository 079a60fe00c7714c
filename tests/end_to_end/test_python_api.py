"""The Python API gives what the command line gives, to the last bit, and leaves nothing behind."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import leo_bench as api
from conftest import Run
from leo_bench.evaluation.records.documents import AnyRecord, read_documents
from leo_bench.evaluation.records.influences import read_influences

# Fields of the run, and of a place: equal numbers may have others.
OF_THE_RUN = {"seconds", "created"}
NUMBERS = ("value", "value_float64", "values", "spread", "interval", "standard_error")
OPTIONS = {"frames": 9, "extractor": "i3d-toy"}


def words(options: dict[str, Any]) -> list[str]:
    return [
        word
        for name, value in options.items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]


def by_command(run: Run, verb: str, tmp_path: Path, *arguments: object) -> list[AnyRecord]:
    path = tmp_path / "command.json"
    outcome = run(verb, *arguments, "--json", path)
    assert outcome.code == 0, outcome.err
    found = read_documents(path)
    return list(found.records)


def numbers(record: AnyRecord) -> dict[str, object]:
    content = record.content()
    kept = {name: content.get(name) for name in NUMBERS}
    return kept | {
        name: content.get(name)
        for name in ("fvd_infinity", "extrapolation", "diagnostics", "curves")
    }


def fingerprints(record: AnyRecord) -> list[object]:
    content = record.content()
    sides = [content.get(side) for side in ("real", "fake", "source")]
    return [side["fingerprint"] for side in sides if side]


def without_run(record: AnyRecord) -> dict[str, Any]:
    return {name: v for name, v in record.content().items() if name not in OF_THE_RUN}


def clips(seed: int, count: int = 6, frames: int = 12, high: int = 256) -> np.ndarray:
    drawn = np.random.default_rng(seed)
    still = drawn.integers(0, high, (count, 1, 24, 24, 3))
    return np.clip(still + drawn.integers(-20, 20, (count, frames, 24, 24, 3)), 0, 255).astype(
        np.uint8
    )


@pytest.fixture
def arrays(tmp_path: Path) -> tuple[np.ndarray, np.ndarray, Path, Path]:
    real, fake = clips(1), clips(2, high=200)
    np.save(tmp_path / "real.npy", real)
    np.save(tmp_path / "fake.npy", fake)
    return real, fake, tmp_path / "real.npy", tmp_path / "fake.npy"


def test_a_folder_gives_the_record_of_the_command(
    leo_bench: Run, make_videos: Callable[..., Path], tmp_path: Path
) -> None:
    real, fake = make_videos("real", frames=12), make_videos("fake", frames=12, seed=50)
    (command,) = by_command(
        leo_bench, "fvd", tmp_path, "--real", real, "--fake", fake, *words(OPTIONS),
        "--protocol", "stylegan-v", "--seed", 3, "--no-cache",
    )  # fmt: skip
    found = api.fvd(str(real), fake, seed=3, cache=False, frames=9, extractor="i3d-toy")
    assert without_run(found.record) == without_run(command)
    assert (found.value, found.interval) == (command.value, command.interval)


@pytest.mark.parametrize("metric", ["fvd", "kvd", "fid"])
def test_an_array_gives_the_bits_of_its_file(
    leo_bench: Run, arrays: tuple[np.ndarray, np.ndarray, Path, Path], tmp_path: Path, metric: str
) -> None:
    real, fake, real_file, fake_file = arrays
    options: dict[str, Any] = {"clips": 6, "frames": 9}
    options["extractor"] = "random-filters" if metric == "fid" else "i3d-toy"
    protocol = {"fvd": "stylegan-v", "kvd": "digan", "fid": "pytorch-fid"}[metric]
    sides = ("--real", real_file, "--fake", fake_file, "--protocol", protocol)
    (command,) = by_command(leo_bench, metric, tmp_path, *sides, *words(options))
    found = getattr(api, metric)(real, fake, **options)
    assert numbers(found.record) == numbers(command)
    assert fingerprints(found.record) == fingerprints(command)
    tensor = torch.from_numpy(fake).permute(0, 1, 4, 2, 3)
    assert numbers(getattr(api, metric)(list(real), tensor, **options).record) == numbers(command)
    place = found.write(tmp_path / "api.json")
    assert read_influences(place) == read_influences(tmp_path / "command.json")


def test_floats_give_the_bits_of_their_file(
    leo_bench: Run, arrays: tuple[np.ndarray, np.ndarray, Path, Path], tmp_path: Path
) -> None:
    real, fake, real_file, fake_file = arrays
    floats = (fake / np.float32(127.5) - 1).astype(np.float32)
    np.save(fake_file, floats)
    sides = ("--real", real_file, "--fake", fake_file, "--protocol", "digan", "--float-range", "11")
    options = OPTIONS | {"clips": 6}
    (command,) = by_command(leo_bench, "fvd", tmp_path, *sides, *words(options))
    found = api.fvd(
        real, floats, protocol="digan", value_range=(-1, 1), clips=6, frames=9, extractor="i3d-toy"
    )
    assert numbers(found.record) == numbers(command)
    assert found.record.fake.notes[-1].startswith("floats were read as [-1,1], as stated")
    assert not any("rule" in caveat for caveat in found.record.caveats)


def test_precision_gives_the_numbers_of_the_command(
    leo_bench: Run, arrays: tuple[np.ndarray, np.ndarray, Path, Path], tmp_path: Path
) -> None:
    real, fake, real_file, fake_file = arrays
    sides = ("--real", real_file, "--fake", fake_file, "--protocol", "stylegan-v")
    by_command(leo_bench, "precision", tmp_path, *sides, *words(OPTIONS))
    found = api.precision(real, list(fake), frames=9, extractor="i3d-toy")
    assert read_documents(tmp_path / "command.json").extra == found.shares
    assert read_documents(found.write(tmp_path / "api.json")) == found.document
    assert found.fvd.value == found.record.value


def test_acd_and_drift_give_the_numbers_of_the_command(
    leo_bench: Run, arrays: tuple[np.ndarray, np.ndarray, Path, Path], tmp_path: Path
) -> None:
    real, fake, real_file, fake_file = arrays
    sides = ("--real", real_file, "--protocol", "acd-toy", "--frames", 12)
    found = api.acd(real, fake, protocol="acd-toy", frames=12)
    command = by_command(leo_bench, "acd", tmp_path, *sides, "--fake", fake_file)
    assert found.real is not None
    assert [numbers(found.real.record), numbers(found.record)] == list(map(numbers, command))
    assert found.difference == found.value - found.real.value
    steps = ("--every", 3, "--run", 6)
    again = api.drift(real, fake, protocol="acd-toy", frames=12, every=3, run=6)
    command = by_command(leo_bench, "drift", tmp_path, fake_file, *sides, *steps)
    assert again.real is not None
    assert [numbers(again.real.record), numbers(again.record)] == list(map(numbers, command))
    assert again.record.curves["time"] == (0.0, 3.0, 6.0, 9.0)


def test_repetition_gives_the_numbers_of_the_command(leo_bench: Run, tmp_path: Path) -> None:
    real, fake = clips(3, count=20, frames=60), clips(4, count=4, frames=60)
    np.save(tmp_path / "real.npy", real)
    np.save(tmp_path / "fake.npy", fake)
    options = {"frames": 60, "segment": 12}
    (command,) = by_command(
        leo_bench, "repetition", tmp_path, tmp_path / "fake.npy", "--calibrate",
        tmp_path / "real.npy", *words(options),
    )  # fmt: skip
    found = api.repetition(real, fake, frames=60, segment=12)
    assert numbers(found.record) == numbers(command)
    place = found.write(tmp_path / "api.json")
    for ending in (".repeats.csv", ".videos.csv"):
        made, other = place.with_suffix(ending), (tmp_path / "command.json").with_suffix(ending)
        assert made.read_bytes() == other.read_bytes()


def test_a_list_of_paths_is_the_folder_that_holds_them(
    leo_bench: Run, make_videos: Callable[..., Path], tmp_path: Path
) -> None:
    real = make_videos("real", count=8, frames=12)
    some = sorted(real.iterdir())[2:]
    whole = api.fvd(f"{real}/video00[2-7]/*", real, frames=9, extractor="i3d-toy")
    found = api.fvd(some, real, frames=9, extractor="i3d-toy")
    assert found.record.real.videos == 6
    assert found.record.real.fingerprint == whole.record.real.fingerprint
    assert numbers(found.record) == numbers(whole.record)
    assert leo_bench("verify", found.write(tmp_path / "a.json")).code == 0


def test_a_record_of_memory_is_verified_with_files(
    leo_bench: Run, arrays: tuple[np.ndarray, np.ndarray, Path, Path], tmp_path: Path
) -> None:
    real, fake, real_file, fake_file = arrays
    place = api.fvd(real, fake, frames=9, extractor="i3d-toy").write(tmp_path / "a.json")
    refused = leo_bench("verify", place)
    assert refused.code == 2
    assert refused.err == (
        "leo-bench: real side: memory:real: these videos were in memory when they were measured; "
        "if they are on disk, name them with --real or --fake\n"
    )
    again = leo_bench("verify", place, "--real", real_file, "--fake", fake_file)
    assert again.code == 0, again.out + again.err
    other = leo_bench("verify", place, "--real", real_file, "--fake", real_file)
    assert other.code == 1
    assert "fake videos" in other.out + other.err


def test_records_lie_where_the_option_records_lays_them(
    leo_bench: Run, make_videos: Callable[..., Path], tmp_path: Path
) -> None:
    real, fake = make_videos("real", frames=12), make_videos("fake", frames=12, seed=50)
    leo_bench(
        "fvd", "--real", real, "--fake", fake, *words(OPTIONS), "--protocol", "stylegan-v",
        "--records", tmp_path / "command",
    )  # fmt: skip
    api.fvd(real, fake, frames=9, extractor="i3d-toy").write(tmp_path / "api")
    command, mine = (
        sorted(p.relative_to(tree) for p in tree.rglob("*"))
        for tree in (tmp_path / "command", tmp_path / "api")
    )
    assert command == mine
    assert len(api.read_records(tmp_path / "api")) == 1


def settings_of_torch() -> Iterator[object]:
    yield torch.get_num_threads()
    yield torch.is_grad_enabled()
    yield torch.get_default_dtype()
    yield torch.are_deterministic_algorithms_enabled()
    yield torch.backends.cudnn.benchmark
    yield torch.backends.cudnn.deterministic
    yield torch.backends.cuda.matmul.allow_tf32
    yield torch.backends.cudnn.allow_tf32
    yield torch.get_float32_matmul_precision()
    yield torch.get_rng_state().tolist()
    yield random.getstate()


def test_nothing_is_printed_and_no_setting_of_torch_is_left_changed(
    capfd: pytest.CaptureFixture[str], arrays: tuple[np.ndarray, np.ndarray, Path, Path]
) -> None:
    real, fake, *_ = arrays
    torch.manual_seed(0)
    before = list(settings_of_torch())
    done: list[tuple[int, int]] = []
    with torch.enable_grad():
        api.fvd(real, fake, frames=9, extractor="i3d-toy", progress=lambda *n: done.append(n))
        api.acd(real, fake, protocol="acd-toy", frames=12)
    assert list(settings_of_torch()) == before
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    assert done[-1] == (6, 6)


def test_whole_videos_in_memory_are_chosen_from_by_the_protocol(
    arrays: tuple[np.ndarray, np.ndarray, Path, Path],
) -> None:
    real, fake, *_ = arrays
    options: dict[str, Any] = {"frames": 9, "extractor": "i3d-toy", "resolution": 24, "clips": 6}
    whole = api.fvd(real, fake, **options)
    assert whole.record.caveats == (
        "extractor i3d-toy, not i3d-kinetics400",
        "6 clips a side, not the protocol's number",
    )
    cut = api.fvd(real[:, :9], fake, **options)
    assert not cut.record.comparable
    assert cut.record.caveats[2:] == (
        "real side, in memory: each clip has 9 frames, so that protocol stylegan-v could not "
        "choose where it begins",
    )
    assert json.loads(cut.record.to_json())["comparable"] is False
