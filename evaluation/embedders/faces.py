"""Face detection by MTCNN (box and five landmarks), crops and alignment for face networks.

MTCNN (Zhang et al. 2016, arXiv 1604.02878) is that of facenet-pytorch, with the weights in its
wheel and its default settings (faces of 20 pixels and more, thresholds 0.6, 0.7, 0.7). Each frame
is searched alone, with a border around it. Of several faces the one of the largest box is taken,
which is the library's default; `FaceDetector.boxes` gives all of them.
"""

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from leo_bench.evaluation.embedders.boxes import Box
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.weights.registry import entry

MIN_FACE = 20  # pixels; the detector's smallest window, so no smaller frame can show a face

# Black border around a frame before detection, as a share of its longer side. Faces fill the crops
# of FaceForensics, in which MTCNN without a border misplaces landmarks by up to a tenth of the
# frame. A shift by two pixels changed MobileFaceNet's embedding by 0.6 to 1.15 (three crops), with
# the border by 0.15; ACD16 of eight such clips fell from 0.67 to 0.39.
BORDER = 0.25

# Probability from which `boxes` takes a face. MTCNN's own threshold, 0.7, finds some in patterns.
SURE = 0.9

# Positions of the landmarks, x and y in pixels, in ArcFace's 112 x 112 image (Deng et al. 2019):
# left and right eye in the image, nose, corners of the mouth. SphereFace's 112 x 96 image (Liu et
# al. 2017) has the same, 8 pixels further left.
_ARCFACE = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655),
            (70.7299, 92.2041))  # fmt: skip
_HEIGHT = 112


@dataclass(frozen=True)
class Face:
    """One face, in pixels of its frame.

    Args:
        box: left, top, right, bottom.
        landmarks: float64 [5,2], x and y of the eyes, the nose and the corners of the mouth; the
            left one in the image first.
    """

    box: tuple[float, float, float, float]
    landmarks: Tensor


class FaceDetector:
    """Finds the largest face of a frame, or all faces.

    Raises:
        InputError: the weights in facenet-pytorch are not the registered ones.
    """

    what = "face"

    def __init__(self, device: torch.device) -> None:
        from facenet_pytorch import MTCNN
        from facenet_pytorch.models import mtcnn

        folder = Path(mtcnn.__file__).parents[1] / "data"
        for name in ("pnet.pt", "rnet.pt", "onet.pt"):
            digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            if digest != entry(f"mtcnn_facenet_pytorch/{name}").sha256:
                raise InputError(
                    f"{folder / name}: not the detector that is registered: install"
                    " facenet-pytorch 2.5.3 again"
                )
        self.network = MTCNN(min_face_size=MIN_FACE, select_largest=True, device=device)
        self.name = f"MTCNN of facenet-pytorch {version('facenet-pytorch')}, weights registered"

    def largest(self, frame: Tensor) -> Face | None:
        """uint8 [3,H,W] -> its largest face, or None."""
        boxes, _, landmarks, border = self._detect(frame)
        if not len(boxes):
            return None
        left, top, right, bottom = (float(edge) - border for edge in boxes[0])
        points = torch.from_numpy(np.asarray(landmarks[0], dtype=np.float64)) - border
        return Face((left, top, right, bottom), points)

    def boxes(self, frame: Tensor) -> list[Box]:
        """uint8 [3,H,W] -> its faces of a probability of SURE or more, the largest first."""
        boxes, sure, _, border = self._detect(frame)
        return [
            Box(*(float(edge) - border for edge in box))
            for box, probability in zip(boxes, sure, strict=True)
            if probability >= SURE
        ]

    def _detect(self, frame: Tensor) -> tuple[Any, Any, Any, int]:
        """Boxes, probabilities and landmarks in the frame with its border, and the border."""
        border = round(BORDER * max(frame.shape[1:]))
        if min(frame.shape[1:]) < MIN_FACE:
            return (), (), (), border
        image = F.pad(frame, (border,) * 4).permute(1, 2, 0).numpy()
        boxes, sure, landmarks = self.network.detect(image, landmarks=True)
        return ((), (), (), border) if boxes is None else (boxes, sure, landmarks, border)


def cut_out(frame: Tensor, face: Face, side: int) -> Tensor | None:
    """The face's box as uint8 [3,side,side]: facenet-pytorch's own crop, Pillow's bilinear.

    None where the part of the box inside the frame is empty.
    """
    height, width = frame.shape[1:]
    left, top = (int(max(edge, 0)) for edge in face.box[:2])
    right, bottom = int(min(face.box[2], width)), int(min(face.box[3], height))
    if left >= right or top >= bottom:
        return None
    image = Image.fromarray(np.ascontiguousarray(frame.permute(1, 2, 0).numpy()))
    square = image.crop((left, top, right, bottom)).resize((side, side), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(square)).permute(2, 0, 1)


def aligned(frame: Tensor, face: Face, width: int) -> Tensor:
    """Align a face by a similarity transform of its landmarks to ArcFace's or SphereFace's.

    Bilinear without antialias, black outside the frame, rounded to levels: the same as OpenCV's
    warpAffine, up to its fixed-point arithmetic.

    Args:
        frame: uint8 [3,H,W].
        face: in that frame.
        width: 112 for ArcFace's square, 96 for SphereFace's upright image.

    Returns:
        float32 [3,112,width], 0..255.
    """
    places = torch.tensor(_ARCFACE, dtype=torch.float64)
    places[:, 0] -= (_HEIGHT - width) / 2
    turn, shift = similarity(places, face.landmarks)
    rows, columns = torch.meshgrid(
        torch.arange(_HEIGHT, dtype=torch.float64),
        torch.arange(width, dtype=torch.float64),
        indexing="ij",
    )
    source = torch.stack([columns, rows], dim=-1) @ turn.T + shift  # x, y in the frame
    size = torch.tensor([frame.shape[2] - 1, frame.shape[1] - 1], dtype=torch.float64)
    grid = (source / size * 2 - 1).float()
    image = F.grid_sample(frame[None].float(), grid[None], align_corners=True)[0]
    return image.round()


def similarity(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The least-squares rotation, scale and shift from points `a` to `b`.

    Args:
        a: float64 [N,2], not all the same point.
        b: float64 [N,2].

    Returns:
        matrix, float64 [2,2], and shift, [2]: b is approximately a @ matrix.T + shift.
    """
    # In complex numbers b = c a + d, a regression with one unknown c: there are no reflections, and
    # no singular values are needed (Umeyama 1991 in 2-D).
    p, q = torch.view_as_complex(a.contiguous()), torch.view_as_complex(b.contiguous())
    p0, q0 = p - p.mean(), q - q.mean()
    c = (p0.conj() * q0).sum() / (p0.conj() * p0).sum()
    matrix = torch.stack([torch.stack([c.real, -c.imag]), torch.stack([c.imag, c.real])])
    return matrix, b.mean(0) - a.mean(0) @ matrix.T
