"""An extractor of the user's own: from a file, from a module, by a registered name."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from leo_bench.benchmarks.cli.main import main
from leo_bench.benchmarks.scores.plan import ScoreRequest, plan
from leo_bench.benchmarks.scores.score import scored
from leo_bench.evaluation.clips import Window, choose_clips
from leo_bench.evaluation.distances.frechet import fit_gaussian, frechet_distance
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import (
    ExtractorRequest,
    build_extractor,
    register_extractor,
)
from leo_bench.evaluation.features.cache import FeatureStore
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.preprocess import squash_224
from leo_bench.evaluation.protocols.of_clips import load_protocol
from leo_bench.evaluation.videos.discover import OpenOptions, open_videos

MODULE = """
import torch
from torch import nn


class Pooled(nn.Module):
    def __init__(self, seed):
        super().__init__()
        weight = torch.randn(4, 48, generator=torch.Generator().manual_seed(seed))
        self.weight = nn.Parameter(weight)

    def forward(self, clips):
        return nn.functional.adaptive_avg_pool3d(clips, (1, 4, 4)).flatten(1) @ self.weight.T


def build():
    return Pooled(SEED)


def broken():
    raise RuntimeError("no such\\nweights")


def nothing():
    return 3


def flat():
    return lambda clips: clips.flatten()


def plain():
    return colour


def colour(clips):
    return clips.mean(dim=(2, 3, 4))
"""


@pytest.fixture
def module(tmp_path: Path) -> Callable[..., str]:
    def write(seed: int = 0, folder: str = "own", more: str = "") -> str:
        path = tmp_path / folder / "mine.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(MODULE.replace("SEED", str(seed)) + more)
        return str(path)

    return write


def asked(spec: str, real: Path, fake: Path) -> ScoreRequest:
    return ScoreRequest(
        metric="fvd",
        real=str(real),
        fake=str(fake),
        frames=10,
        protocol="stylegan-v",
        extractor=spec,
        device="cpu",
    )


def test_the_number_is_the_distance_of_its_features(
    make_videos: Callable[..., Path], module: Callable[..., str]
) -> None:
    real, fake = make_videos("real", count=6), make_videos("fake", count=5, seed=40)
    record = scored(plan(asked(f"{module()}:build", real, fake)), Resources(store=None)).record
    network = build_extractor(ExtractorRequest(f"{module()}:build", 1e-3)).network  # type: ignore[attr-defined]
    protocol, window, sides = load_protocol("stylegan-v"), Window(10), []
    for folder, choice in ((real, protocol.real), (fake, protocol.fake)):
        source = open_videos(folder, OpenOptions())
        refs = choose_clips(source.names, source.frame_counts, window, choice, 0)
        clips = [source.read(ref.video, window.indices(ref.start)) for ref in refs]
        sides.append(torch.cat([network(squash_224(clip[None])) for clip in clips]))
    gaussians = [fit_gaussian(side, correction=0) for side in sides]
    assert record.value_float64 == pytest.approx(frechet_distance(*gaussians), rel=1e-6)
    assert record.extractor.startswith(f"{module()}:build@")
    assert len(record.weights_sha256) == 64
    assert not record.comparable
    assert any("not i3d-kinetics400" in caveat for caveat in record.caveats)


def test_the_cache_tells_two_of_one_name_apart(
    make_videos: Callable[..., Path], module: Callable[..., str], tmp_path: Path
) -> None:
    real, fake = make_videos("real", count=4), make_videos("fake", count=4, seed=40)
    resources = Resources(store=FeatureStore(tmp_path / "cache"))

    def measured(**changes: object) -> tuple[float, int, str, str]:
        found = scored(plan(asked(f"{module(**changes)}:build", real, fake)), resources)
        record = found.record
        computed = found.measured.real.computed + found.measured.fake.computed
        return record.value, computed, record.extractor, record.weights_sha256

    first = measured()
    assert measured() == (first[0], 0, *first[2:])
    other = measured(seed=1)
    assert (other[1], other[0] != first[0], other[3] != first[3]) == (8, True, True)
    commented = measured(more="# another file\n")
    assert (commented[1], commented[0], commented[3]) == (8, first[0], first[3])
    assert commented[2] != first[2]


def test_a_module_on_the_path_and_a_registered_name(
    module: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(module(folder="package_of_mine"))
    (path.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(path.parent.parent)
    clips = torch.rand(3, 3, 10, 8, 8)
    from_module = build_extractor(ExtractorRequest("package_of_mine.mine:build", 1e-3))
    from_file = build_extractor(ExtractorRequest(f"{path}:build", 1e-3))
    assert torch.equal(from_module(clips), from_file(clips))
    assert from_module.weights == from_file.weights
    colours = build_extractor(ExtractorRequest(f"{path}:plain", 1e-3))
    assert torch.allclose(colours(clips), clips.mean(dim=(2, 3, 4)))
    assert colours.weights == "none"

    name = f"mine-{path.parent.parent.name}"
    register_extractor(name, lambda: torch.nn.Sequential(torch.nn.AvgPool3d(8), torch.nn.Flatten()))
    assert build_extractor(ExtractorRequest(name, 1e-3))(clips).shape == (3, 3)
    for taken in (name, "i3d-toy", "a:b"):
        with pytest.raises(InputError, match="must be new"):
            register_extractor(taken, lambda: torch.nn.Flatten())


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("absent", "has no function absent"),
        ("broken", "RuntimeError: no such weights"),
        ("nothing", "gives a int; expected a module or a function"),
        ("flat", r"gives \[768\] for a clip; expected \[1,D\]"),
        ("a b", "expected FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION"),
    ],
)
def test_a_bad_one_is_refused(module: Callable[..., str], function: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        build_extractor(ExtractorRequest(f"{module()}:{function}", 1e-3))(torch.rand(1, 3, 4, 8, 8))


def test_one_line_and_exit_code_2(
    make_videos: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    folder = str(make_videos("some", count=4))
    (tmp_path / "bad.py").write_text("import no_such_module_anywhere\n")
    for spec in ("gone.py:build", "no_such_package:build", f"{tmp_path}/bad.py:build"):
        words = ["leo-bench", "fvd", "--real", folder, "--fake", folder, "--frames", "10"]
        words += ["--protocol", "stylegan-v", "--extractor", spec]
        monkeypatch.setattr("sys.argv", words)
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr().err.strip().splitlines()
        assert end.value.code == 2
        assert said[-1].startswith(f"leo-bench: --extractor {spec}: "), said


def test_a_record_makes_nothing_be_imported(
    make_videos: Callable[..., Path],
    module: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    real, fake = make_videos("real", count=5), make_videos("fake", count=5, seed=40)
    spec, path = f"{module()}:build", tmp_path / "record.json"
    record = scored(plan(asked(spec, real, fake)), Resources(store=None)).record
    path.write_text(record.to_json())
    marker = tmp_path / "imported"
    module(more=f"open({str(marker)!r}, 'w').close()\n")

    def verified(*options: str) -> tuple[object, str]:
        words = ["leo-bench", "verify", str(path), "--no-cache", *options]
        monkeypatch.setattr("sys.argv", words)
        try:
            main()
        except SystemExit as end:
            return end.code, capsys.readouterr().err
        return 0, capsys.readouterr().err

    code, said = verified()
    assert code == 2
    assert "give --extractor FILE.py:FUNCTION" in said.strip().splitlines()[-1]
    assert not marker.exists()
    module()
    assert verified("--extractor", spec)[0] in (0, None)
    module(seed=1)
    code, said = verified("--extractor", spec)
    assert code == 2
    assert "another network" in said


def test_a_protocol_makes_nothing_be_imported() -> None:
    with pytest.raises(InputError, match="a data file makes nothing be imported"):
        load_protocol("digan").changed("extractor", "mine.py:build")


def test_options_of_shipped_extractors_are_refused(module: Callable[..., str]) -> None:
    request = ExtractorRequest(f"{module()}:build", 1e-3, precision="bf16")
    with pytest.raises(InputError, match="drop --weights, --trust-torchscript and --dtype"):
        build_extractor(request)


def test_a_record_is_json_with_both_digests(
    make_videos: Callable[..., Path], module: Callable[..., str]
) -> None:
    real = make_videos("real", count=4)
    found = scored(plan(asked(f"{module()}:plain", real, real)), Resources(store=None)).record
    content = json.loads(found.to_json())
    assert content["weights_sha256"] == "none"
    assert content["extractor"].partition("@")[0] == content["request"]["extractor"]
