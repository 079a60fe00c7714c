"""Certificates: check in a second that a network gives the expected numbers on synthetic input.

i3d-toy          features of two moving patterns, computed by the plain form of the network and
                 stored beside the weights
i3d-kinetics400  the squared distance between a black and a white clip of 16 frames, published as
                 the FVD of black against white videos, whose covariances vanish: 152.92 ± 1
                 (JunyaoHu/common_metrics_on_video_quality 5f75173, README)
id-toy           embeddings of four patterns, stored beside the weights

`python -m leo_bench.evaluation.extractors.certificates` stores new values after the weights of a
toy network have changed.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from pydantic import ValidationError
from torch import Tensor

from leo_bench.evaluation.embedders import EmbedderRequest, FrameEmbedder, build_embedder
from leo_bench.evaluation.embedders.id_toy import WEIGHTS as ID_TOY_WEIGHTS
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import TOY_WEIGHTS, ClipExtractor
from leo_bench.evaluation.files.schema import Data

TOY_CERTIFICATE = TOY_WEIGHTS.with_suffix(".certificate.json")
ID_TOY_CERTIFICATE = ID_TOY_WEIGHTS.with_suffix(".certificate.json")

_FRAMES, _SIDE = 16, 224
_BLACK_TO_WHITE = 152.92
_BLACK_TO_WHITE_TOLERANCE = 1.0
# Relative L2. In float32 machines agree to about 1e-6; bfloat16 has eight bits.
_TOLERANCES = {"fp32": 1e-4, "bf16": 5e-2}


StoredT = TypeVar("StoredT", bound=Data)


@dataclass(frozen=True)
class Certificate:
    """The result of a check.

    Args:
        error: distance from the expected value, in the units of `expected`.
        tolerance: largest acceptable error.
        expected: the expected value, in words.
    """

    name: str
    error: float
    tolerance: float
    expected: str

    @property
    def ok(self) -> bool:
        """Whether the numbers are right; False if features are not finite."""
        return self.error <= self.tolerance


class StoredFeatures(Data):
    """`i3d_toy.certificate.json`."""

    weights: str  # hex SHA-256
    features: dict[str, list[list[float]]]  # epsilon of batch norm -> one list of D a clip


class StoredEmbeddings(Data):
    """`id_toy.certificate.json`."""

    weights: str  # hex SHA-256
    embeddings: list[list[float]]  # one list of D a frame


def check(extractor: ClipExtractor) -> Certificate:
    """Run the extractor's certificate.

    Raises:
        InputError: this extractor has no certificate, or one of other weights.
    """
    if extractor.name.startswith("i3d-kinetics400"):
        return _black_to_white(extractor)
    if extractor.name == "i3d-toy":
        return _stored(extractor)
    raise InputError(f"{extractor.name}: has no certificate")


def check_embedder(embedder: FrameEmbedder) -> Certificate:
    """Run the embedder's certificate.

    Raises:
        InputError: this embedder has no certificate, or one of other weights.
    """
    if embedder.name != "id-toy":
        raise InputError(f"{embedder.name}: has no certificate")
    stored = _read(StoredEmbeddings, ID_TOY_CERTIFICATE)
    _same_weights(embedder.name, embedder.weights, stored.weights)
    found = embedder(patterns()).values.double()
    error = _relative_l2(found, torch.tensor(stored.embeddings, dtype=torch.float64))
    expected = f"stored embeddings of {len(found)} patterns, relative L2"
    return Certificate(embedder.name, error, _TOLERANCES["fp32"], expected)


def patterns() -> Tensor:
    """Four frames of integer arithmetic: uint8 [4,3,64,64]."""
    n = torch.arange(4).view(4, 1, 1, 1)
    c = torch.arange(3).view(1, 3, 1, 1)
    y = torch.arange(64).view(1, 1, 64, 1)
    x = torch.arange(64).view(1, 1, 1, 64)
    rings = ((x - 24 - 5 * n) ** 2 + (y - 40 + 4 * n) ** 2) // (3 + n)
    return ((rings + 60 * c * (n + 1) + 2 * y) % 256).to(torch.uint8)


def moving_patterns() -> Tensor:
    """Two clips of integer arithmetic: float32 [2,3,16,224,224], -1..1."""
    c = torch.arange(3).view(3, 1, 1, 1)
    t = torch.arange(_FRAMES).view(1, _FRAMES, 1, 1)
    y = torch.arange(_SIDE).view(1, 1, _SIDE, 1)
    x = torch.arange(_SIDE).view(1, 1, 1, _SIDE)
    stripes = 3 * x + 2 * (c + 1) * y + 17 * t
    rings = ((x - 112 - 3 * t) ** 2 + (y - 112 + 2 * t) ** 2) // (24 + 8 * c)
    return (torch.stack([stripes, rings]) % 256).float() / 255 * 2 - 1


def write_toy_certificate(epsilons: tuple[float, ...] = (1e-5, 1e-3)) -> Path:
    """Store the features of the plain form of i3d-toy, for every batch-norm epsilon in use."""
    from leo_bench.evaluation.extractors.checkpoints import load_i3d

    clips = moving_patterns()
    features = {}
    for eps in epsilons:
        net = load_i3d(TOY_WEIGHTS, eps)
        features[f"{eps:g}"] = [[float(f"{v:.8g}") for v in row] for row in net(clips).tolist()]
    digest = hashlib.sha256(TOY_WEIGHTS.read_bytes()).hexdigest()
    stored = StoredFeatures(weights=digest, features=features)
    TOY_CERTIFICATE.write_text(stored.model_dump_json() + "\n", encoding="utf-8")
    return TOY_CERTIFICATE


def write_id_toy_certificate() -> Path:
    """Store the embeddings of the shipped id-toy."""
    embedder = build_embedder(EmbedderRequest("id-toy"))
    rows = embedder(patterns()).values.tolist()
    embeddings = [[float(f"{value:.8g}") for value in row] for row in rows]
    stored = StoredEmbeddings(weights=embedder.weights, embeddings=embeddings)
    ID_TOY_CERTIFICATE.write_text(stored.model_dump_json() + "\n", encoding="utf-8")
    return ID_TOY_CERTIFICATE


def _black_to_white(extractor: ClipExtractor) -> Certificate:
    levels = torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1, 1)
    black, white = extractor(levels.expand(2, 3, _FRAMES, _SIDE, _SIDE)).double()
    error = abs(float((white - black).square().sum()) - _BLACK_TO_WHITE)
    expected = f"squared distance from black to white {_BLACK_TO_WHITE}"
    return Certificate(extractor.name, error, _BLACK_TO_WHITE_TOLERANCE, expected)


def _stored(extractor: ClipExtractor) -> Certificate:
    stored = _read(StoredFeatures, TOY_CERTIFICATE)
    _same_weights(extractor.name, extractor.weights, stored.weights)
    features = extractor(moving_patterns()).double()
    # The extractor does not expose the epsilon that it was built with.
    errors = {
        eps: _relative_l2(features, torch.tensor(expected, dtype=torch.float64))
        for eps, expected in stored.features.items()
    }
    eps = min(errors, key=lambda key: errors[key])
    expected = f"stored features of two clips, batch norm's epsilon {eps}, relative L2"
    return Certificate(extractor.name, errors[eps], _TOLERANCES[extractor.precision], expected)


def _read(kind: type[StoredT], path: Path) -> StoredT:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: cannot be read: {reason}") from None


def _same_weights(name: str, weights: str, certified: str) -> None:
    if weights != certified:
        raise InputError(f"{name}: its certificate is of weights {certified[:12]}...")


def _relative_l2(value: Tensor, expected: Tensor) -> float:
    """The largest over the clips."""
    return float(((value - expected).norm(dim=1) / expected.norm(dim=1)).max())


if __name__ == "__main__":
    write_toy_certificate()
    write_id_toy_certificate()
