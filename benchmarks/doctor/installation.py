"""`leo-bench doctor`: checks versions, device, cache and the certificates of extractors."""

import importlib
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch

from leo_bench.evaluation.embedders import EmbedderRequest, build_embedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import ExtractorRequest, build_extractor
from leo_bench.evaluation.extractors.certificates import Certificate, check, check_embedder
from leo_bench.evaluation.files.places import cache_root
from leo_bench.evaluation.protocols.of_clips import list_protocols
from leo_bench.evaluation.records.circumstances import versions
from leo_bench.evaluation.weights.registry import find, require_registered, weights_for


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    check: str
    state: Literal["right", "absent", "wrong"]
    what: str


def examine() -> list[Finding]:
    """Check versions, device, decoder, cache, and every extractor's certificate."""
    return [*_machine(), *_extractors()]


def _machine() -> Iterator[Finding]:
    for name, version in versions().items():
        yield Finding(name, "wrong" if version == "absent" else "right", version)
    yield _torchvision()
    if torch.cuda.is_available():
        yield Finding("device", "right", torch.cuda.get_device_name())
    else:
        yield Finding("device", "right", f"cpu, {torch.get_num_threads()} threads")
    ffmpeg = "bundled with PyAV" if importlib.util.find_spec("av") else "absent: no video files"
    yield Finding("ffmpeg", "right" if "bundled" in ffmpeg else "wrong", ffmpeg)
    root = cache_root()
    parent = next(p for p in (root, *root.parents) if p.exists())
    free = shutil.disk_usage(parent).free / 1e9
    writable = os.access(parent, os.W_OK)
    yield Finding("cache", "right" if writable else "wrong", f"{root}, {free:.0f} GB free")


def _torchvision() -> Finding:
    """Whether torchvision can be imported: of another build than torch, it raises RuntimeError."""
    try:
        version = importlib.import_module("torchvision").__version__
    except (ImportError, OSError, RuntimeError) as error:
        advice = "install torch and torchvision together, of one index"
        return Finding("torchvision", "wrong", f"cannot be imported ({error}); {advice}")
    return Finding("torchvision", "right", version)


def _extractors() -> Iterator[Finding]:
    eps = sorted({p.bn_eps for p in list_protocols()})
    yield _certificate("i3d-toy", ExtractorRequest(name="i3d-toy", bn_eps=eps[0]))
    yield _checked("id-toy", lambda: check_embedder(build_embedder(EmbedderRequest("id-toy"))))
    for name, file in weights_for("i3d-kinetics400").items():
        try:
            path = find([name])
        except InputError:
            yield Finding(name, "absent", f"leo-bench weights fetch {name}")
            continue
        try:
            require_registered(path, {name: file})
        except InputError as error:
            yield Finding(name, "wrong", str(error))
            continue
        request = ExtractorRequest(name="i3d-kinetics400", bn_eps=1e-3, weights=path)
        yield _certificate(name, request)


def _certificate(name: str, request: ExtractorRequest) -> Finding:
    return _checked(name, lambda: check(build_extractor(request)))


def _checked(name: str, run: Callable[[], Certificate]) -> Finding:
    try:
        found = run()
    except InputError as error:
        return Finding(name, "wrong", str(error))
    text = f"certificate: error {found.error:.2g}, allowed {found.tolerance:.2g}"
    return Finding(name, "right" if found.ok else "wrong", text)
