"""Projects the turned head of `toy-faces` from head coordinates to the picture.

Head coordinates: X to the viewer's right, Y down, Z towards the viewer, the origin between the
ears, in frame half-widths. Features sit on the surface in three dimensions, so they shift and
foreshorten as the head turns.
"""

import numpy as np

from leo_bench.benchmarks.worlds.face_identity import FaceIdentity
from leo_bench.benchmarks.worlds.face_motion import COLUMNS
from leo_bench.benchmarks.worlds.seeds import Array, sine_cosine
from leo_bench.benchmarks.worlds.shapes import Ellipse, Pair, Scalar


class Head:
    """The turned head of N frames: points and directions in head coordinates to the picture.

    Args:
        motion: float64 [N,13].
        identity: whose head.
    """

    def __init__(self, motion: Array, identity: FaceIdentity) -> None:
        value = dict(zip(COLUMNS, motion.T, strict=True))
        self.value = value
        self.identity = identity
        (sy, cy), (sp, cp), (sr, cr) = (
            sine_cosine(value[part]) for part in ("yaw", "pitch", "roll")
        )
        # Roll after pitch after yaw; rows give x, y, z of the picture.
        x_row = (cy, np.zeros_like(cy), sy)
        y_row = (sp * sy, cp, -sp * cy)
        self._z_row = (-cp * sy, sp, cp * cy)
        self._x_row = tuple(
            value["zoom"] * (cr * a - sr * b) for a, b in zip(x_row, y_row, strict=True)
        )
        self._y_row = tuple(
            value["zoom"] * (sr * a + cr * b) for a, b in zip(x_row, y_row, strict=True)
        )
        self.centre: Pair = (value["shift_x"], -0.1 + value["shift_y"])

    def direction(self, x: Scalar, y: Scalar, z: Scalar) -> Pair:
        """A vector of the head, as seen."""
        rows = (self._x_row, self._y_row)
        across_, down = (row[0] * x + row[1] * y + row[2] * z for row in rows)
        return across_, down

    def point(self, x: Scalar, y: Scalar, z: Scalar) -> Pair:
        """A point of the head, as seen."""
        dx, dy = self.direction(x, y, z)
        return self.centre[0] + dx, self.centre[1] + dy

    def facing(self, x: Scalar, y: Scalar, z: Scalar) -> Array:
        """1 where a direction of the head points at the viewer, -1 where away."""
        return self._z_row[0] * x + self._z_row[1] * y + self._z_row[2] * z

    def ball(
        self, centre: tuple[Scalar, Scalar, Scalar], radii: tuple[Scalar, Scalar, Scalar]
    ) -> Ellipse:
        """An ellipsoid along the axes of the head, as seen."""
        axes = (
            self.direction(radii[0], 0.0, 0.0),
            self.direction(0.0, radii[1], 0.0),
            self.direction(0.0, 0.0, radii[2]),
        )
        return Ellipse.of_axes(self.point(*centre), *axes)

    def surface(self, x: Scalar, y: Scalar) -> tuple[Scalar, Pair, Pair]:
        """The face's surface at (X, Y): its Z, and a step to the right and one up, as seen."""
        width, height, depth = (
            self.identity.head_width * 1.02,
            self.identity.head_height * 1.55,
            0.44,
        )
        z = depth * np.sqrt(
            np.maximum(0.05, 1.0 - (x / width) * (x / width) - (y / height) * (y / height))
        )
        slope_x = -0.7 * depth * depth * x / (width * width * z)
        slope_y = -0.7 * depth * depth * y / (height * height * z)
        return z, self.direction(1.0, 0.0, slope_x), self.direction(0.0, -1.0, -slope_y)


def times(vector: Pair, factor: Scalar) -> Pair:
    """A longer or shorter vector."""
    return vector[0] * factor, vector[1] * factor


def plus(point: Pair, *vectors: Pair) -> Pair:
    """A moved point."""
    x, y = point
    for dx, dy in vectors:
        x, y = x + dx, y + dy
    return x, y
