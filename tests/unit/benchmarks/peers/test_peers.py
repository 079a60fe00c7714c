"""That peers are called as their official layouts want it; small packages stand in for them."""

import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from multiprocessing import Pipe
from pathlib import Path

import pytest
import torch

from leo_bench.benchmarks.peers import leo_bench_itself, remote
from leo_bench.benchmarks.peers.called import OURS, prepare
from leo_bench.benchmarks.peers.definitions import Peer, how_to_install, is_here, load_peers
from leo_bench.benchmarks.peers.parts import FRAMES, Inputs
from leo_bench.benchmarks.peers.remote import RemoteError, RemoteTask, serve
from leo_bench.benchmarks.speed import peers as speed_of_peers
from leo_bench.benchmarks.speed.machine import Timing
from leo_bench.evaluation.videos.write import write_video

LAYOUTS = {
    "cd-fvd": {
        "cdfvd/fvd.py": """
            class cdfvd:
                def __init__(self, model, n_fake, ckpt_path, device):
                    assert (model, n_fake, device) == ("i3d", "full", "cpu")
                def compute_fvd(self, real, fake):
                    assert real.shape == fake.shape and real.shape[-1] == 3
                    return float(real.mean() - fake.mean())
                def compute_fvd_from_stats(self, fake, real):
                    return fake.total - real.total
            """,
        "cdfvd/utils/metric_utils.py": """
            class FeatureStats:
                def __init__(self, capture_mean_cov):
                    self.total = 0
                def append(self, x):
                    self.total += x.sum()
            """,
    },
    "common-metrics": {
        "calculate_fvd.py": """
            import fvd.styleganv.fvd as method_
            def calculate_fvd(real, fake, device, method, only_final):
                assert (method, only_final) == ("styleganv", True)
                assert real.shape[2] == 3 and float(real.max()) <= 1
                return {"value": [method_.load_i3d_pretrained(device=device)(real)]}
            """,
        "fvd/styleganv/fvd.py": """
            def load_i3d_pretrained(device):
                raise OSError("it would download")
            def frechet_distance(fake, real):
                return (fake - real).sum()
            """,
    },
    "latte": {
        "tools/convert_videos_to_frames.py": """
            import pathlib, numpy
            from moviepy.editor import VideoFileClip
            def convert_videos_to_frames(source, target, num_workers, video_ext, target_size):
                for path in sorted(pathlib.Path(source).glob("*" + video_ext)):
                    clip = VideoFileClip(str(path))
                    frames = list(clip.iter_frames(fps=clip.fps))
                    pathlib.Path(target).mkdir(exist_ok=True)
                    numpy.save(pathlib.Path(target, path.stem + ".npy"), numpy.stack(frames))
            """,
        "tools/metrics/metric_utils.py": """
            from types import SimpleNamespace
            class EasyDict(dict):
                __getattr__ = dict.__getitem__
            dnnlib = SimpleNamespace(EasyDict=EasyDict)
            class MetricOptions:
                def __init__(self, **given):
                    self.__dict__.update(given)
            def get_feature_detector(url):
                raise OSError("it would download")
            """,
        "tools/metrics/frechet_video_distance.py": """
            import pathlib, numpy, torch
            from . import metric_utils
            def compute_fvd(options, max_real, num_gen, num_frames, realdata_subsample_factor):
                assert not options.cache and options.generator_as_dataset
                net = metric_utils.get_feature_detector(url="an address")
                sides = [
                    [numpy.load(path) for path in sorted(pathlib.Path(of.path).iterdir())]
                    for of in (options.dataset_kwargs, options.gen_dataset_kwargs)
                ]
                assert [len(side) for side in sides] == [max_real, num_gen]
                return net(torch.from_numpy(numpy.stack(sides[0])) / 255.0)
            """,
    },
    "improved-diffusion": {
        "improved_diffusion/unet.py": """
            import torch
            class UNetModel(torch.nn.Module):
                def __init__(self, in_channels, model_channels, out_channels, num_res_blocks,
                             attention_resolutions, channel_mult, num_heads, dims,
                             use_scale_shift_norm):
                    super().__init__()
                    assert (in_channels, out_channels, dims) == (20, 20, 1)
                    assert use_scale_shift_norm
                    self.steps = 0
                def forward(self, x, timesteps):
                    assert x.shape[1:] == (20, 64) and len(x) in (1, 8)
                    self.steps += 1
            """,
    },
    "lia": {
        "networks/generator.py": """
            import torch
            class Generator(torch.nn.Module):
                def __init__(self, size):
                    super().__init__()
                def forward(self, source, driving):
                    assert source.shape == driving.shape == (1, 3, 256, 256)
                    assert -1 <= source.min() and source.max() <= 1
                    return torch.qr(torch.eye(2))[0].cuda()
            """,
    },
    "fastvideo": {
        "fastvideo/__init__.py": "raise ImportError('it loads its generators')",
        "fastvideo/eval/__init__.py": """
            from types import SimpleNamespace
            from fastvideo.eval.metrics.common.fvd import extractors
            def create_evaluator(metrics, device):
                assert (metrics, device) == (["common.fvd"], "cpu")
                result = SimpleNamespace(score=extractors.load_extractor("i3d", device))
                found = SimpleNamespace(corpus={"common.fvd": result})
                return SimpleNamespace(evaluate=lambda samples: found)
            def samples_from(video, reference):
                assert video.endswith("fake") and reference.endswith("real")
            """,
        "fastvideo/eval/metrics/common/fvd/extractors.py": """
            import pathlib
            _I3D_REPO_ID = "a repository on the Hub"
            def load_extractor(name, device):
                return float(pathlib.Path(_I3D_REPO_ID).read_text())
            """,
        "fastvideo/eval/metrics/common/fvd/metric.py": """
            def _gaussian_params(features):
                return features.mean(), 1.0
            def _frechet_distance(mean_fake, one, mean_real, two):
                return mean_fake - mean_real
            """,
    },
}


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    """Small inputs of all parts; the weights are none."""
    found = Inputs(tmp_path, clips=1, videos=2, rows=24, steps=2)
    for folder, grey in ((found.real, 200), (found.fake, 40)):
        folder.mkdir()
        pictures = torch.full((FRAMES, 3, 32, 32), grey, dtype=torch.uint8)
        for name in ("0.mp4", "1.mp4"):
            write_video(folder / name, pictures, fps=25)
    found.torchscript.write_text("7")
    return found


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Installs the small package of a peer; afterwards nothing of it is left in this process."""
    modules, path = dict(sys.modules), list(sys.path)
    monkeypatch.setenv("LEO_BENCH_PEERS", str(tmp_path / "peers"))

    def install(key: str) -> None:
        for name, text in LAYOUTS[key].items():
            file = tmp_path / "peers" / key / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("if True:\n" + text if text.startswith("\n") else text)
        if load_peers()[key].package:
            sys.path.insert(0, str(tmp_path / "peers" / key))

    yield install
    sys.path[:] = path
    for name in sys.modules.keys() - modules.keys():
        if not name.startswith("leo_bench"):
            del sys.modules[name]


def test_each_peer_has_a_function_for_each_of_its_parts() -> None:
    for peer in load_peers().values():
        module = import_module(f"leo_bench.benchmarks.peers.{peer.module}")
        assert all(callable(getattr(module, part)) for part in peer.parts)
        assert all(callable(getattr(leo_bench_itself, part)) for part in peer.parts)


@pytest.mark.parametrize(
    ("key", "part", "expected"),
    [
        ("cd-fvd", "videos", 160.0),
        ("common-metrics", "videos", 200 / 255),
        ("latte", "videos", 200 / 255),
        ("fastvideo", "videos", 7.0),
        ("improved-diffusion", "motion", None),
        ("improved-diffusion", "motion_of_eight", None),
        ("lia", "animation", None),
    ],
)
def test_entry_points_are_called_as_the_official_layout_has_them(
    key: str,
    part: str,
    expected: float | None,
    inputs: Inputs,
    installed: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed(key)
    assert is_here(key, load_peers()[key])
    module = import_module(f"leo_bench.benchmarks.peers.{load_peers()[key].module}")
    if hasattr(module, "archive"):  # in place of 50 MB: the mean of what it is given
        monkeypatch.setattr(module, "archive", lambda inputs: lambda x: float(x.float().mean()))
    found = prepare(key, part, inputs).run()
    assert found is None if expected is None else found == pytest.approx(expected, abs=3)


@pytest.mark.parametrize("key", ["cd-fvd", "common-metrics", "fastvideo"])
def test_statistics_get_the_fake_side_first(
    key: str, inputs: Inputs, installed: Callable[[str], None]
) -> None:
    installed(key)
    real, fake = inputs.features()
    difference = float(fake.double().sum() - real.double().sum())
    if key == "fastvideo":
        difference /= fake.numel()
    assert prepare(key, "statistic", inputs).run() == pytest.approx(difference, rel=1e-3)


def test_what_computes_the_same_gives_the_same(inputs: Inputs) -> None:
    ours = prepare(OURS, "statistic", inputs).run()
    assert prepare("scipy", "statistic", inputs).run() == pytest.approx(ours, rel=1e-3)


def test_absent_and_broken_peers_are_rows_that_say_so(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Here:
        """`RemoteTask` without a process."""

        def __init__(self, key: str, job: str, inputs: Inputs) -> None:
            if key == "broken":
                raise RemoteError("ImportError: no sqrtm")
            self.dies = key == "dies"
            self.prepared = prepare("scipy" if self.dies else key, job, inputs)
            self.value, self.megabytes = 0.0, 1.0
            self.items, self.remark, self.seconds, self.error = 1, "", 4.0, ""

        def __enter__(self) -> "Here":
            return self

        def __exit__(self, *_: object) -> None: ...

        def __call__(self) -> None:
            if self.dies:
                self.error = "its process ended with code -9"
                raise RemoteError(self.error)
            self.value = self.prepared.run() or 0.0

    def at_once(tasks: dict[str, Here], rounds: int) -> dict[str, Timing]:
        for task in tasks.values():
            task()
        return {name: Timing(1.0, 2.0 if name == OURS else 3.0) for name in tasks}

    monkeypatch.setattr(speed_of_peers, "RemoteTask", Here)
    monkeypatch.setattr(speed_of_peers, "interleaved", at_once)
    known = load_peers()["scipy"]
    absent = known.model_copy(update={"package": "no_such_package", "install": "pip install it"})
    peers: dict[str, Peer] = {"absent": absent, "broken": known, "dies": known, "scipy": known}
    rows = speed_of_peers.compare("statistic", inputs, peers)
    ours, gone, broken, died, other = rows
    assert gone["remark"] == how_to_install(absent) == f"not here: pip install it ({known.source})"
    assert broken["remark"] == "does not run here: ImportError: no sqrtm"
    assert died["remark"] == "does not run here: its process ended with code -9"
    ratios = [row["median, times leo-bench's"] for row in (ours, other)]
    assert ratios == ["1.00", "1.50"]
    assert gone["ms, best"] == broken["ms, best"] == ""
    assert float(other["value"]) == pytest.approx(float(ours["value"]), rel=1e-3)


def test_a_task_runs_in_a_process_of_its_own(inputs: Inputs) -> None:
    with RemoteTask("scipy", "statistic", inputs) as task:
        task()
        assert task.value == prepare("scipy", "statistic", inputs).run()
        assert task.megabytes > 50
        assert 0 < task.seconds < 100


def test_the_error_of_a_task_is_one_line(inputs: Inputs) -> None:
    ours, theirs = Pipe()
    with ours, theirs:
        serve(theirs, "scipy", "no_such_part", inputs)
        assert re.fullmatch("AttributeError: .*no_such_part.*", ours.recv())


def test_a_peer_that_gives_no_answer_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PATIENCE_SECONDS", 0.0)  # the import of torch alone takes longer
    with pytest.raises(RemoteError, match="it gave no answer within 0 s"):
        RemoteTask("scipy", "statistic", Inputs(tmp_path))
