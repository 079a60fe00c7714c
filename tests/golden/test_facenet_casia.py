"""FaceNet of CASIA-WebFace with its real weights: the numbers of the graph that it was made from.

The file is facenet-pytorch's, or the same network made from the TensorFlow graph; it lies where the
user's weights lie. tests/unit/evaluation/embedders/test_embedders.py loads a file in the published
layout.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from leo_bench.evaluation.embedders import EmbedderRequest, build_embedder
from leo_bench.evaluation.embedders.network import NetworkEmbedder
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.weights.registry import find

NAME = "20180408-102900-casia-webface.pt"
GOLDEN = json.loads((Path(__file__).parent / "data" / "embedders.json").read_text())["casia"]

try:
    FILE = find([NAME])  # before a test is given folders of its own
except InputError:
    pytest.skip(f"needs the weights {NAME}", allow_module_level=True)


def casia(name: str) -> NetworkEmbedder:
    embedder = build_embedder(EmbedderRequest(name, FILE, allow_unverified=True))
    assert isinstance(embedder, NetworkEmbedder)
    return embedder


@pytest.mark.parametrize("name", ["facenet-casia-webface", "facenet-casia-webface-aligned"])
def test_the_network_gives_the_graphs_embedding(name: str) -> None:
    noise = np.random.default_rng(0).standard_normal((2, 3, 160, 160)).astype(np.float32)
    with torch.inference_mode():
        found = casia(name).network(torch.from_numpy(noise))[0]
    assert torch.allclose(found[:8], torch.tensor(GOLDEN["start"]), atol=1e-6)
    assert float(found.norm()) == pytest.approx(GOLDEN["length"], abs=1e-6)


def test_a_frame_is_scaled_before_it_is_embedded() -> None:
    embedder = casia("facenet-casia-webface")
    frame = torch.randint(0, 256, (3, 128, 128), generator=torch.Generator().manual_seed(0))
    embedded = embedder(frame[None].byte()).values
    with torch.inference_mode():
        wanted = embedder.network((frame[None].float() - 127.5) / 128)
    assert torch.allclose(embedded, wanted, atol=1e-6)
