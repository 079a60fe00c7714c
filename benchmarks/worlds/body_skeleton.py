"""Joints of a figure of `toy-bodies` in three dimensions.

World coordinates: x to the viewer's right, y up from the floor, z towards the viewer, in frame
half-widths. The motion gives hands and feet; elbows and knees follow from the limbs' lengths.
"""

from dataclasses import dataclass

import numpy as np

from leo_bench.benchmarks.worlds.body_identity import BodyIdentity
from leo_bench.benchmarks.worlds.body_motion import COLUMNS
from leo_bench.benchmarks.worlds.seeds import Array, sine_cosine
from leo_bench.benchmarks.worlds.shapes import Pair, Scalar

FLOOR = 0.86  # where the feet stand, y of the picture
TILT = 0.12  # how far a step towards the viewer moves down in the picture
Point = tuple[Scalar, Scalar, Scalar]
SIDES = (("left", -1.0), ("right", 1.0))


@dataclass(frozen=True)
class Limb:
    """Shoulder, elbow, hand; or hip, knee, ankle."""

    root: Point
    joint: Point
    tip: Point


class Skeleton:
    """The joints of N frames.

    Args:
        motion: float64 [N,18].
        identity: whose lengths.
    """

    def __init__(self, motion: Array, identity: BodyIdentity) -> None:
        value = dict(zip(COLUMNS, motion.T, strict=True))
        self.identity = identity
        leg, arm = identity.leg, identity.arm
        self.chest_yaw = sine_cosine(value["yaw"])
        self.head_yaw = sine_cosine(value["yaw"] * 0.8 + value["head_yaw"])
        lean, _ = sine_cosine(value["lean"])
        bow, upright = sine_cosine(value["bow"])
        self.pelvis: Point = (value["hips_x"] * leg, leg * (0.97 - value["hips_drop"]), 0.0)
        spine = (lean + bow * self.chest_yaw[0], upright, bow * self.chest_yaw[1])
        self.up = spine
        self.neck = along(self.pelvis, spine, identity.trunk)
        self.skull = along(self.pelvis, spine, identity.trunk + identity.head * 1.15)
        hip_sine, hip_cosine = sine_cosine(value["yaw"] * 0.6)
        self.arms: dict[str, Limb] = {}
        self.legs: dict[str, Limb] = {}
        s, c = self.chest_yaw
        for name, side in SIDES:
            shoulder = moved(
                along(self.pelvis, spine, identity.trunk - 0.05),
                (side * c * identity.shoulders, 0.0, -side * s * identity.shoulders),
            )
            out, up, front = (value[f"{name}_hand_{part}"] * arm for part in ("out", "up", "front"))
            reach = (side * c * out + s * front, up, -side * s * out + c * front)
            # Elbows hang down and outwards, knees point forward and outwards.
            bend = (side * c * 0.75, -0.8, -side * s * 0.75 - 0.1 * c)
            self.arms[name] = _two_bones(shoulder, moved(shoulder, reach), bend, arm)
            hip = moved(
                self.pelvis, (side * hip_cosine * identity.hips * 0.7, 0.0, -side * hip_sine * 0.1)
            )
            foot = (
                value[f"{name}_foot_x"] * leg,
                value[f"{name}_foot_up"] * leg + 0.03,
                value[f"{name}_foot_near"] * leg,
            )
            forward = (side * 0.55 + 0.8 * hip_sine, 0.15, 0.5 + hip_cosine)
            self.legs[name] = _two_bones(hip, foot, forward, leg)

    @staticmethod
    def seen(point: Point) -> Pair:
        """Where a point appears in the picture."""
        return point[0] * (1.0 + 0.1 * point[2]), FLOOR - point[1] + TILT * point[2]


def moved(point: Point, offset: Point) -> Point:
    """A point and an offset."""
    return point[0] + offset[0], point[1] + offset[1], point[2] + offset[2]


def along(point: Point, direction: Point, length: Scalar) -> Point:
    """The point `length` times `direction` away."""
    return moved(point, (direction[0] * length, direction[1] * length, direction[2] * length))


def _dot(one: Point, two: Point) -> Scalar:
    return one[0] * two[0] + one[1] * two[1] + one[2] * two[2]


def _two_bones(root: Point, target: Point, bend: Point, length: float) -> Limb:
    """A limb of two bones of half `length`, with its middle joint by inverse kinematics.

    Args:
        root: start of the limb.
        target: wanted position of the tip; out of reach, the tip stops short of it.
        bend: direction in which the middle joint bends.
        length: length of the stretched limb.
    """
    reach = moved(target, (-root[0], -root[1], -root[2]))
    distance = np.sqrt(_dot(reach, reach) + 1e-9)
    # Softly limited, so that limbs do not snap straight: d / (1 + (d/l)^8)^(1/8).
    ratio = distance / (length * 0.99)
    eighth = (ratio * ratio) * (ratio * ratio)
    limit = 1.0 / np.sqrt(np.sqrt(np.sqrt(1.0 + eighth * eighth)))
    tip = along(root, reach, limit)
    unit = tuple(part / distance for part in reach)
    way = (unit[0], unit[1], unit[2])
    off = along(bend, way, -_dot(bend, way))
    size = np.sqrt(_dot(off, off) + 1e-6)
    half = distance * limit * 0.5
    height = np.sqrt(np.maximum(length * length * 0.25 - half * half, 0.0))
    joint = along(along(root, way, half), off, height / size)
    return Limb(root, joint, tip)
