"""Detection of persons by torchvision's Faster R-CNN on MobileNetV3, trained on COCO.

No package brings weights of a detector of persons; `leo-bench weights fetch --for persons` gets
these. Of torchvision's detectors it is the quickest whose box AP on COCO is above 22
(torchvision/models/detection/faster_rcnn.py, FasterRCNN_MobileNet_V3_Large_320_FPN_Weights).
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from leo_bench.evaluation.embedders.boxes import Box
from leo_bench.evaluation.weights.registry import PERSONS, find, require_registered, weights_for
from leo_bench.evaluation.weights.state_dicts import load_strictly, read_state_dict

SURE = 0.8  # score from which a box is taken
_PERSON = 1  # label of COCO
_LABELS = 91  # of COCO, the background included


class PersonDetector:
    """Finds the persons of a frame.

    Raises:
        InputError: the weights are not on this machine, or are others than the registered ones.
    """

    what = "person"

    def __init__(self, device: torch.device) -> None:
        registered = weights_for(PERSONS)
        path = find(tuple(registered), option="")
        require_registered(path, registered, "fetch it anew: leo-bench weights fetch --for persons")
        self.network = read_network(path).to(device)
        self.device = device
        self.name = f"torchvision {path.name}, COCO_V1"

    def boxes(self, frame: Tensor) -> list[Box]:
        """uint8 [3,H,W] -> its persons of a score of SURE or more, the largest first."""
        with torch.no_grad():
            (found,) = self.network([frame.to(self.device).float() / 255])
        chosen = (found["labels"] == _PERSON) & (found["scores"] >= SURE)
        boxes = [Box(*box) for box in found["boxes"][chosen].tolist()]
        return sorted(boxes, key=lambda box: -box.area)


def read_network(path: Path) -> nn.Module:
    """The detector with the weights of a file, in eval mode.

    Raises:
        InputError: the file is not a state dict of this network.
    """
    from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_320_fpn

    network: nn.Module = fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None, weights_backbone=None, num_classes=_LABELS
    )
    return load_strictly(network, read_state_dict(path), path)
