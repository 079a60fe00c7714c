"""Identity of a head of `toy-faces`: shape, skin, hair, eyes, clothes and background."""

from dataclasses import dataclass

from leo_bench.benchmarks.worlds.canvas import Colour, from_hsv, mixed, scaled
from leo_bench.benchmarks.worlds.seeds import Dice

SKINS: tuple[Colour, ...] = (
    (0.98, 0.85, 0.76), (0.94, 0.77, 0.64), (0.87, 0.68, 0.52),
    (0.74, 0.54, 0.38), (0.57, 0.39, 0.27), (0.41, 0.27, 0.19),
)  # fmt: skip
HAIRS: tuple[Colour, ...] = (
    (0.10, 0.09, 0.09), (0.28, 0.18, 0.11), (0.47, 0.30, 0.16),
    (0.62, 0.25, 0.11), (0.88, 0.72, 0.40), (0.74, 0.73, 0.72),
)  # fmt: skip
IRISES: tuple[Colour, ...] = (
    (0.27, 0.16, 0.09), (0.42, 0.30, 0.13), (0.23, 0.44, 0.66), (0.26, 0.50, 0.32),
    (0.42, 0.47, 0.50),
)  # fmt: skip
HAIRCUTS = ("bald", "short", "swept", "fringe", "bob", "long", "bun", "curls")
CLOTHES = ("round", "v-neck", "collar", "stripes")
PATTERNS = ("plain", "spots", "stripes", "window", "panels")


@dataclass(frozen=True)
class FaceIdentity:
    """One person and what stands behind. Lengths in frame half-widths at zoom 1.

    `skin`, `hair`, `haircut` and the other whole numbers index the tuples of this module.
    """

    number: int
    head_width: float
    head_height: float
    jaw_width: float
    jaw_length: float
    skin: int
    skin_colour: Colour
    hair: int
    hair_colour: Colour
    haircut: int
    parting: float  # -1..1, to which side the hair is parted
    hairline: float  # 0..1, low to high forehead
    iris: int
    eye_size: float
    eye_spacing: float
    eye_height: float
    brow_thickness: float
    brow_slant: float
    nose_length: float
    nose_width: float
    mouth_width: float
    lip_fullness: float
    lip_colour: Colour
    ear_size: float
    beard: float  # 0 none .. 1 full
    moustache: bool
    glasses: bool
    glasses_colour: Colour
    clothes: int
    clothes_hue: float
    clothes_colour: Colour
    trim_colour: Colour
    shoulder_width: float
    pattern: int
    backdrop_hue: float
    backdrop_top: Colour
    backdrop_bottom: Colour
    backdrop_accent: Colour
    pattern_phase: float
    pattern_scale: float


def face_identity(number: int) -> FaceIdentity:
    """The person called `number`, the same on every machine."""
    dice = Dice(f"toy-faces/identity/{number}")
    skin, hair = dice.pick(range(len(SKINS))), dice.pick(range(len(HAIRS)))
    skin_colour = scaled(SKINS[skin], dice.between(0.94, 1.03))
    haircut = dice.pick((0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 7))
    short_hair = HAIRCUTS[haircut] in ("bald", "short", "swept", "curls")
    clothes_hue, backdrop_hue = dice.between(0.0, 1.0), dice.between(0.0, 1.0)
    tone, vivid = dice.between(0.55, 0.97), dice.between(0.1, 0.5)
    lips = mixed(
        skin_colour, dice.pick(((0.78, 0.25, 0.30), (0.70, 0.32, 0.30))), dice.between(0.4, 0.8)
    )
    return FaceIdentity(
        number=number,
        head_width=dice.between(0.36, 0.45),
        head_height=dice.between(0.42, 0.49),
        jaw_width=dice.between(0.24, 0.37),
        jaw_length=dice.between(0.28, 0.38),
        skin=skin,
        skin_colour=skin_colour,
        hair=hair,
        hair_colour=scaled(HAIRS[hair], dice.between(0.85, 1.12)),
        haircut=haircut,
        parting=dice.pick((-1.0, 1.0)) * dice.between(0.25, 1.0),
        hairline=dice.between(0.0, 1.0),
        iris=dice.pick(range(len(IRISES))),
        eye_size=dice.between(0.085, 0.118),
        eye_spacing=dice.between(0.155, 0.2),
        eye_height=dice.between(-0.02, 0.06),
        brow_thickness=dice.between(0.016, 0.034),
        brow_slant=dice.between(-0.015, 0.04),
        nose_length=dice.between(0.15, 0.23),
        nose_width=dice.between(0.05, 0.085),
        mouth_width=dice.between(0.12, 0.175),
        lip_fullness=dice.between(0.022, 0.05),
        lip_colour=lips,
        ear_size=dice.between(0.07, 0.115),
        beard=dice.between(0.5, 1.0) if short_hair and dice.chance(0.4) else 0.0,
        moustache=short_hair and dice.chance(0.3),
        glasses=dice.chance(0.25),
        glasses_colour=dice.pick(((0.1, 0.1, 0.12), (0.45, 0.2, 0.12), (0.6, 0.15, 0.2))),
        clothes=dice.pick(range(len(CLOTHES))),
        clothes_hue=clothes_hue,
        clothes_colour=from_hsv(clothes_hue, dice.between(0.35, 0.8), dice.between(0.35, 0.9)),
        trim_colour=from_hsv(
            dice.between(0.0, 1.0), dice.between(0.0, 0.4), dice.between(0.7, 0.98)
        ),
        shoulder_width=dice.between(0.62, 0.85),
        pattern=dice.pick(range(len(PATTERNS))),
        backdrop_hue=backdrop_hue,
        backdrop_top=from_hsv(backdrop_hue, vivid, tone),
        backdrop_bottom=from_hsv(
            backdrop_hue + dice.between(-0.08, 0.08), vivid * 0.8, tone * 0.72
        ),
        backdrop_accent=from_hsv(
            backdrop_hue + dice.between(-0.2, 0.2), vivid, min(1.0, tone * 1.15)
        ),
        pattern_phase=dice.between(0.0, 1.0),
        pattern_scale=dice.between(0.7, 1.3),
    )
