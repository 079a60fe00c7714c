"""Boxes of faces and persons, and what a detector of them is: `FaceDetector`, `PersonDetector`."""

from typing import NamedTuple, Protocol

from torch import Tensor


class Box(NamedTuple):
    """A box in pixels of its frame; it may reach beyond the frame."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        """In square pixels; 0 where it is empty."""
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)

    def overlap(self, other: "Box") -> float:
        """Intersection over union, 0..1."""
        common = Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        ).area
        union = self.area + other.area - common
        return common / union if union else 0.0


class Detector(Protocol):
    """Finds faces or persons."""

    @property
    def what(self) -> str:
        """What it finds, in the singular: "face" or "person"."""

    @property
    def name(self) -> str:
        """Network, its version and its weights, as records name it."""

    def boxes(self, frame: Tensor) -> list[Box]:
        """uint8 [3,H,W] -> all that it finds, the largest first."""
