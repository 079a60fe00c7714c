"""What several test files share: the command line in this process, and small real videos."""

import gc
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

Run = Callable[..., "Outcome"]


class Outcome(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Modules and tests live to the end: looking for garbage in them takes half a second a time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_sessionfinish() -> None:
    gc.unfreeze()


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or leaves anything in the user's cache, and none sees the user's settings."""
    monkeypatch.setenv("LEO_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("LEO_BENCH_WEIGHTS", str(tmp_path_factory.mktemp("weights")))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("xdg")))
    for name in ("LEO_BENCH_DATA", "LEO_BENCH_INCLUDE", "LEO_BENCH_TRACK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def quick_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that a training in this process draws take two steps of the sampler, not 25."""
    from leo_bench.leo.stages import denoising

    monkeypatch.setattr(denoising, "_QUICK", 2)


@cache
def commands() -> Callable[..., object]:
    """All commands of `leo-bench`: typer builds them anew in every call, which takes 60 ms."""
    import typer

    from leo_bench.benchmarks.cli.main import app

    return typer.main.get_command(app)


@pytest.fixture
def leo_bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`leo-bench ARGUMENTS` as a user types it, in this process."""
    from leo_bench.benchmarks.cli import main

    monkeypatch.setattr(main, "app", commands())

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr("sys.argv", ["leo-bench", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return run


def write_frames(
    folder: Path, frames: int, size: tuple[int, int] = (32, 32), seed: int = 0
) -> None:
    """A video as a folder of PNG frames: a bright square that drifts over noise."""
    folder.mkdir(parents=True)
    random = np.random.RandomState(seed)
    background = random.randint(0, 128, (*size, 3))
    for t in range(frames):
        image = background.copy()
        x = (seed * 7 + t) % (size[1] - 8)
        image[8:16, x : x + 8] = 255
        Image.fromarray(image.astype(np.uint8)).save(folder / f"{t:06d}.png")


@pytest.fixture
def make_videos(tmp_path: Path) -> Callable[..., Path]:
    """A folder of `count` frame folders below `tmp_path`."""

    def make(
        name: str, count: int = 6, frames: int = 16, size: tuple[int, int] = (32, 32), seed: int = 0
    ) -> Path:
        for i in range(count):
            write_frames(tmp_path / name / f"video{i:03d}", frames, size, seed + i)
        return tmp_path / name

    return make
