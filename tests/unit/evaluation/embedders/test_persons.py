"""The detector of persons, read from a file of torchvision's layout."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_320_fpn

from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.embedders import persons
from leo_bench.evaluation.embedders.persons import PersonDetector
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.digests import file_sha256
from leo_bench.evaluation.weights.registry import PERSONS, weights_for
from leo_bench.leo.data.cropping import CroppedVideos, Cropping
from leo_bench.leo.framing import Framing

PERSON, BICYCLE = 1, 2  # labels of COCO
((NAME, REGISTERED),) = weights_for(PERSONS).items()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file whose network takes every region for a person, and leaves it where it is."""
    torch.manual_seed(0)
    network: nn.Module = fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None, weights_backbone=None, num_classes=91
    )
    content = network.state_dict()
    for layer in ("cls_score", "bbox_pred"):
        for part in ("weight", "bias"):
            content[f"roi_heads.box_predictor.{layer}.{part}"].zero_()
    content["roi_heads.box_predictor.cls_score.bias"][PERSON] = 20
    path = tmp_path_factory.mktemp("weights") / NAME
    torch.save(content, path)
    return path


def test_a_file_of_torchvisions_layout_finds_persons_and_crops(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEO_BENCH_WEIGHTS", str(weights.parent))
    with pytest.raises(InputError, match=r"not that of .*weights fetch --for persons"):
        PersonDetector(torch.device("cpu"))
    own = REGISTERED.model_copy(update={"sha256_start": file_sha256(weights)[:8]})
    monkeypatch.setattr(persons, "weights_for", lambda _: {NAME: own})
    detector = PersonDetector(torch.device("cpu"))
    videos = open_world("toy-bodies", "test", WorldShape(96, 4, 2))
    boxes = detector.boxes(videos.read(0, [0])[0])
    assert boxes
    assert boxes == sorted(boxes, key=lambda box: -box.area)
    assert all(0 <= box.left < box.right <= 96 and 0 <= box.top < box.bottom <= 96 for box in boxes)
    cropped = CroppedVideos.of(videos, Cropping(detector, Framing(height=0.9), searched=1))
    crop = cropped.crop(0)
    assert crop.box == boxes[0]
    assert crop.square.side == pytest.approx((boxes[0].bottom - boxes[0].top) / 0.9, abs=1)
    side = crop.square.side
    assert cropped.read(0, [0]).shape == (1, 3, side, side)
    bias = detector.network.get_parameter("roi_heads.box_predictor.cls_score.bias")
    bias.data[[PERSON, BICYCLE]] = bias.data[[BICYCLE, PERSON]]
    assert detector.boxes(videos.read(0, [0])[0]) == []
