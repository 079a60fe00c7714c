"""What is published: a source distribution, the wheel built from it, and that wheel in use."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from places import ROOT

PACKAGES = ("evaluation", "leo", "baselines", "benchmarks", "reports")


def build(target: str, project: Path, out: Path) -> Path:
    """Hatchling, the build backend that pyproject.toml names, without a network."""
    line = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", out]
    subprocess.run(line, cwd=project, check=True, capture_output=True)
    return next(out.iterdir())


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    unpacked = tmp_path_factory.mktemp("unpacked")
    # Python 3.11 has no `filter` before 3.11.4, and 3.12 warns without it.
    subprocess.run(["tar", "-xzf", sdist, "-C", unpacked], check=True)
    return build("wheel", next(unpacked.iterdir()), tmp_path_factory.mktemp("wheel"))


def test_the_source_distribution_holds_every_file_once_and_no_link(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    assert all(member.isfile() for member in members)
    names = [Path(*Path(member.name).parts[1:]) for member in members]
    own = {path.name for path in names if path.parent == Path("leo_bench")}
    assert own == {"__init__.py", "__main__.py", "py.typed"}
    assert {path.parts[0] for path in names} > {*PACKAGES, "leo_bench", "tests"}


def test_the_wheel_holds_one_package_with_all_of_its_files(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {
        "leo_bench",
        "-".join(wheel.name.split("-")[:2]) + ".dist-info",
    }
    expected = {"leo_bench/__init__.py", "leo_bench/__main__.py", "leo_bench/py.typed"} | {
        f"leo_bench/{path.relative_to(ROOT).as_posix()}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if name.startswith("leo_bench/")} == expected


@pytest.fixture(scope="module")
def beside_strangers(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, str]]:
    """A project that has packages with our folders' names, and its environment: the wheel, too."""
    site = tmp_path_factory.mktemp("site-packages")
    zipfile.ZipFile(wheel).extractall(site)
    project = tmp_path_factory.mktemp("project")
    for name in PACKAGES:
        (project / name).mkdir()
        (project / name / "__init__.py").write_text(f"raise RuntimeError('their {name}')\n")
    return project, {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (project, site)))}


def test_the_wheel_works_in_a_project_with_packages_of_the_same_names(
    beside_strangers: tuple[Path, dict[str, str]],
) -> None:
    project, environment = beside_strangers
    code = (
        "import leo_bench; from leo_bench.evaluation import measure; "
        "print(leo_bench.__file__, measure.__file__)\n"
        "try: import evaluation\n"
        "except RuntimeError as error: print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=project, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    files, theirs = run.stdout.splitlines()
    assert all("site-packages" in file and str(ROOT) not in file for file in files.split())
    assert theirs == "their evaluation"


def test_the_command_of_the_wheel_runs_there(
    beside_strangers: tuple[Path, dict[str, str]],
) -> None:
    project, environment = beside_strangers
    run = subprocess.run(
        [sys.executable, "-m", "leo_bench", "doctor"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
