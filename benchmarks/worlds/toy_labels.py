"""Labels that `i3d-toy` is trained on: the true properties of a clip, in groups of classes.

They are appearance (skin, hair, clothes, background), motion program, speed, and the direction in
which each part of the body moved. The features are the logits of all groups, concatenated. No kind
of damage is a label.
"""

from dataclasses import dataclass

import numpy as np

from leo_bench.benchmarks.worlds import body_identity, body_motion, face_identity, face_motion
from leo_bench.benchmarks.worlds.body_identity import BodyIdentity
from leo_bench.benchmarks.worlds.face_identity import FaceIdentity
from leo_bench.benchmarks.worlds.seeds import Array
from leo_bench.benchmarks.worlds.world import Identity

ABSENT = -1  # the group says nothing about a clip of the other world
HUES = 6
# Pace: mean square step from frame to frame over these columns, and the limits between its classes.
FACE_PACE, FACE_PACES = ("yaw", "pitch", "roll", "shift_x", "shift_y"), (0.006, 0.011, 0.018, 0.032)
BODY_PACE, BODY_PACES = (
    ("left_hand_out", "left_hand_up", "right_hand_out", "right_hand_up"),
    (0.01, 0.02, 0.032, 0.05),
)
TALKING = (0.05, 0.16)  # limits on the standard deviation of mouth_open

# Columns told to fall, stay or rise from the clip's first quarter to its last, and what counts as
# staying.
FACE_TRENDS = {"yaw": 0.06, "pitch": 0.045, "roll": 0.04, "shift_x": 0.025}
BODY_TRENDS = {
    "yaw": 0.12, "hips_x": 0.03, "hips_drop": 0.025, "left_hand_up": 0.12, "right_hand_up": 0.12,
    "left_hand_out": 0.1, "right_hand_out": 0.1,
}  # fmt: skip


@dataclass(frozen=True)
class Group:
    """One group of classes: name, number of classes, and weight in the loss."""

    name: str
    classes: int
    weight: float = 1.0


GROUPS: tuple[Group, ...] = (
    Group("program", len(face_motion.PROGRAMS) + len(body_motion.PROGRAMS), 2.0),  # and the world
    Group("pace", len(FACE_PACES) + 1, 2.0),
    Group("skin", len(face_identity.SKINS)),
    Group("hair", len(face_identity.HAIRS)),
    Group("clothes hue", HUES),
    Group("backdrop hue", HUES),
    Group("face: haircut", len(face_identity.HAIRCUTS)),
    Group("face: clothes", len(face_identity.CLOTHES)),
    Group("face: pattern", len(face_identity.PATTERNS)),
    Group("face: glasses", 2),
    Group("face: blink", 2, 2.0),
    Group("face: talking", len(TALKING) + 1, 2.0),
    *(Group(f"face: {column}", 3, 2.0) for column in FACE_TRENDS),
    Group("body: haircut", len(body_identity.HAIRCUTS)),
    Group("body: top", len(body_identity.TOPS)),
    Group("body: sleeve", len(body_identity.SLEEVES)),
    Group("body: place", len(body_identity.PLACES)),
    *(Group(f"body: {column}", 3, 2.0) for column in BODY_TRENDS),
)
CLASSES = sum(group.classes for group in GROUPS)


def clip_labels(identity: Identity, program: str, motion: Array) -> list[int]:
    """The class of a clip in every group of `GROUPS`, or ABSENT.

    Args:
        identity: who is in it.
        program: the video's motion program.
        motion: float64 [T,P], the motion of the clip's own frames; T a multiple of 4.
    """
    found: dict[str, int] = {"skin": identity.skin, "hair": identity.hair}
    if isinstance(identity, FaceIdentity):
        found["program"] = face_motion.PROGRAMS.index(program)
        found["clothes hue"], found["backdrop hue"] = (
            _hue(identity.clothes_hue),
            _hue(identity.backdrop_hue),
        )
        found["face: haircut"], found["face: clothes"] = identity.haircut, identity.clothes
        found["face: pattern"], found["face: glasses"] = identity.pattern, int(identity.glasses)
        value = dict(zip(face_motion.COLUMNS, motion.T, strict=True))
        found["face: blink"] = int(float(value["blink"].max()) > 0.6)
        talking = float(value["mouth_open"].std())
        found["face: talking"] = sum(talking > limit for limit in TALKING)
        found["pace"] = _pace([value[column] for column in FACE_PACE], FACE_PACES)
        _trends(found, "face", FACE_TRENDS, value)
    elif isinstance(identity, BodyIdentity):
        found["program"] = len(face_motion.PROGRAMS) + body_motion.PROGRAMS.index(program)
        found["clothes hue"], found["backdrop hue"] = (
            _hue(identity.top_hue),
            _hue(identity.wall_hue),
        )
        found["body: haircut"], found["body: top"] = identity.haircut, identity.top
        found["body: sleeve"], found["body: place"] = identity.sleeve, identity.place
        value = dict(zip(body_motion.COLUMNS, motion.T, strict=True))
        found["pace"] = _pace([value[column] for column in BODY_PACE], BODY_PACES)
        _trends(found, "body", BODY_TRENDS, value)
    return [found.get(group.name, ABSENT) for group in GROUPS]


def _hue(hue: float) -> int:
    return int(hue * HUES) % HUES


def _pace(columns: list[Array], limits: tuple[float, ...]) -> int:
    steps = np.diff(np.stack(columns), axis=1)
    pace = float(np.sqrt(np.mean(steps * steps)))
    return sum(pace > limit for limit in limits)


def _trends(
    found: dict[str, int], prefix: str, trends: dict[str, float], value: dict[str, Array]
) -> None:
    """Direction of the change from the first to the last quarter; it depends on frame order."""
    for column, still in trends.items():
        quarters = np.split(value[column], 4)
        change = float(quarters[3].mean() - quarters[0].mean())
        found[f"{prefix}: {column}"] = 1 + int(change > still) - int(change < -still)
