"""What `doctor` says of torchvision."""

import importlib
from types import ModuleType

import pytest

from leo_bench.benchmarks.doctor.installation import Finding, examine


def _of_torchvision() -> Finding:
    return next(finding for finding in examine() if finding.check == "torchvision")


def test_torchvision_is_right_with_its_version() -> None:
    version = importlib.import_module("torchvision").__version__
    assert _of_torchvision() == Finding("torchvision", "right", version)


def test_torchvision_of_another_build_is_wrong_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = importlib.import_module

    def imported(name: str, package: str | None = None) -> ModuleType:
        if name == "torchvision":
            raise RuntimeError("operator torchvision::nms does not exist")
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", imported)
    found = _of_torchvision()
    assert found.state == "wrong"
    assert found.what == (
        "cannot be imported (operator torchvision::nms does not exist); "
        "install torch and torchvision together, of one index"
    )
