"""The framing of an animator's training data: where the person lies in a frame.

A config states it, as measured on such data (`benchmarks.evidence.framing`):

    [framing.face]            # MTCNN's box of the face
    height = 0.7              # of the box, as a share of the crop's side
    right = 0.0               # the box's centre, right of the crop's, as a share of the side
    down = 0.0                # and below it

FOMM's crops of VoxCeleb and TaichiHD, with which LIA was trained, are fixed squares around the box
of a whole clip (AliaksandrSiarohin/video-preprocessing@083fec5, crop_vox.py and crop_taichi.py);
so are these.
"""

from pydantic import Field

from leo_bench.evaluation.files.schema import Data


class Framing(Data):
    """Where the box of a face or person lies in a square crop, in shares of the crop's side."""

    height: float = Field(gt=0, le=4)
    right: float = Field(default=0.0, ge=-1, le=1)
    down: float = Field(default=0.0, ge=-1, le=1)


class Framings(Data):
    """The framing of a model's training data, by what is detected; None: not stated."""

    face: Framing | None = None
    person: Framing | None = None
