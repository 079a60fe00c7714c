"""Identity of a figure of `toy-bodies`: proportions, clothes, skin, hair and background."""

from dataclasses import dataclass

from leo_bench.benchmarks.worlds.canvas import Colour, from_hsv, scaled
from leo_bench.benchmarks.worlds.face_identity import HAIRS, SKINS
from leo_bench.benchmarks.worlds.seeds import Dice

HAIRCUTS = ("bald", "short", "topknot", "long", "ponytail", "headband")
TOPS = ("jacket", "robe", "vest", "tunic")
SLEEVES = ("bare", "short", "long", "wide")
PLACES = ("wall", "sun", "window", "hills", "posts", "mat")


@dataclass(frozen=True)
class BodyIdentity:
    """One figure and where it stands. Lengths in frame half-widths.

    `skin`, `hair`, `haircut`, `top`, `sleeve` and `place` index the tuples of this module and of
    `face_identity`.
    """

    number: int
    leg: float
    arm: float
    trunk: float
    head: float
    shoulders: float  # half the width
    hips: float  # half the width
    girth: float  # depth of the trunk, half
    limb: float  # radius of an arm
    skin: int
    skin_colour: Colour
    hair: int
    hair_colour: Colour
    haircut: int
    top: int
    sleeve: int
    top_hue: float
    top_colour: Colour
    trim_colour: Colour
    belt_colour: Colour
    trouser_colour: Colour
    trouser_width: float
    shoe_colour: Colour
    place: int
    wall_hue: float
    wall_top: Colour
    wall_bottom: Colour
    wall_accent: Colour
    floor_near: Colour
    floor_far: Colour
    horizon: float
    place_phase: float


def body_identity(number: int) -> BodyIdentity:
    """The figure called `number`, the same on every machine."""
    dice = Dice(f"toy-bodies/identity/{number}")
    skin, hair = dice.pick(range(len(SKINS))), dice.pick(range(len(HAIRS)))
    top_hue, wall_hue, floor_hue = (dice.between(0.0, 1.0) for _ in range(3))
    tone = dice.between(0.6, 0.97)
    floor, warm = dice.between(0.4, 0.75), dice.between(0.1, 0.4)
    trousers = dice.pick(
        (
            (0.94, 0.93, 0.9),
            (0.13, 0.13, 0.16),
            (0.22, 0.25, 0.38),
            (0.55, 0.48, 0.38),
            (0.35, 0.36, 0.38),
        )
    )
    limb = dice.between(0.05, 0.066)
    return BodyIdentity(
        number=number,
        leg=dice.between(0.68, 0.8),
        arm=dice.between(0.56, 0.68),
        trunk=dice.between(0.46, 0.56),
        head=dice.between(0.115, 0.15),
        shoulders=dice.between(0.16, 0.23),
        hips=dice.between(0.1, 0.16),
        girth=dice.between(0.1, 0.14),
        limb=limb,
        skin=skin,
        skin_colour=scaled(SKINS[skin], dice.between(0.94, 1.03)),
        hair=hair,
        hair_colour=scaled(HAIRS[hair], dice.between(0.85, 1.12)),
        haircut=dice.pick(range(len(HAIRCUTS))),
        top=dice.pick(range(len(TOPS))),
        sleeve=dice.pick(range(len(SLEEVES))),
        top_hue=top_hue,
        top_colour=from_hsv(top_hue, dice.between(0.3, 0.85), dice.between(0.45, 0.97)),
        trim_colour=from_hsv(
            dice.between(0.0, 1.0), dice.between(0.0, 0.5), dice.between(0.75, 0.98)
        ),
        belt_colour=from_hsv(
            dice.between(0.0, 1.0), dice.between(0.2, 0.8), dice.between(0.12, 0.6)
        ),
        trouser_colour=trousers,
        trouser_width=dice.between(1.25, 1.75),
        shoe_colour=dice.pick(((0.1, 0.1, 0.1), (0.93, 0.92, 0.9), (0.45, 0.2, 0.14))),
        place=dice.pick(range(len(PLACES))),
        wall_hue=wall_hue,
        wall_top=from_hsv(wall_hue, dice.between(0.1, 0.5), tone),
        wall_bottom=from_hsv(
            wall_hue + dice.between(-0.1, 0.1), dice.between(0.05, 0.4), min(1.0, tone * 1.05)
        ),
        wall_accent=from_hsv(
            wall_hue + dice.between(-0.15, 0.15), dice.between(0.15, 0.55), tone * 0.82
        ),
        floor_near=from_hsv(floor_hue, warm, floor),
        floor_far=from_hsv(floor_hue, warm * 0.8, floor * 0.82),
        horizon=dice.between(0.34, 0.56),
        place_phase=dice.between(0.0, 1.0),
    )
