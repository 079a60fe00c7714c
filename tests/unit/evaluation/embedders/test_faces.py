import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from leo_bench.evaluation.embedders.faces import Face, FaceDetector, aligned, cut_out, similarity

# ArcFace's places, as its repository prints them (insightface, `arcface_src`).
ARCFACE = torch.tensor(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ],
    dtype=torch.float64,
)
SHIFT = torch.tensor([8.0, 0.0], dtype=torch.float64)


def turned(points: torch.Tensor, degrees: float, scale: float, by: tuple[float, float]):
    c, s = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    matrix = torch.tensor([[c, -s], [s, c]], dtype=torch.float64)
    return points @ matrix.T + torch.tensor(by, dtype=torch.float64)


def test_a_similarity_is_found_again() -> None:
    there = turned(ARCFACE, 25, 1.7, (12, -3))
    matrix, shift = similarity(ARCFACE, there)
    assert torch.allclose(ARCFACE @ matrix.T + shift, there)


def test_a_mirror_image_is_matched_without_reflection() -> None:
    mirrored = ARCFACE * torch.tensor([-1.0, 1.0], dtype=torch.float64)
    matrix, _ = similarity(ARCFACE, mirrored)
    assert float(torch.linalg.det(matrix)) > 0


@pytest.mark.parametrize(("width", "places"), [(112, ARCFACE), (96, ARCFACE - SHIFT)])
def test_landmarks_come_to_their_places(width: int, places: torch.Tensor) -> None:
    landmarks = turned(places, -20, 1.5, (90, 30))
    rows, columns = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")
    for landmark, place in zip(landmarks, places, strict=True):
        # A smooth spot on the landmark: its centre of mass has to come out at the place.
        square = (columns - landmark[0]) ** 2 + (rows - landmark[1]) ** 2
        spot = (255 * torch.exp(-square / 50)).to(torch.uint8).expand(3, -1, -1)
        image = aligned(spot, Face((0, 0, 256, 256), landmarks), width)
        assert image.shape == (3, 112, width)
        assert image.dtype == torch.float32
        mass = image[0].double()
        x = (mass * torch.arange(width)).sum() / mass.sum()
        y = (mass * torch.arange(112)[:, None]).sum() / mass.sum()
        assert float((torch.stack([x, y]) - place).abs().max()) < 0.1


def test_a_face_that_lies_in_place_is_cut_out_unchanged() -> None:
    frame = torch.randint(0, 256, (3, 112, 112), dtype=torch.uint8)
    assert torch.equal(aligned(frame, Face((0, 0, 112, 112), ARCFACE), 112), frame.float())


def test_outside_of_the_frame_is_black() -> None:
    frame = torch.full((3, 112, 112), 200, dtype=torch.uint8)
    image = aligned(frame, Face((0, 0, 112, 112), ARCFACE - 56), 112)
    assert not image[:, :50, :50].any()
    assert (image[:, 60:, 60:] == 200).all()


def test_the_box_is_cut_at_the_frames_edges() -> None:
    frame = torch.zeros(3, 40, 60, dtype=torch.uint8)
    frame[:, :20, :30] = 100
    face = Face((-5.0, -8.2, 30.9, 20.9), ARCFACE)
    assert (cut_out(frame, face, 16) == 100).all()
    assert cut_out(frame, Face((70.0, 0.0, 90.0, 20.0), ARCFACE), 16) is None


def test_a_face_is_searched_with_a_border_and_told_in_pixels_of_the_frame() -> None:
    def detect(image: np.ndarray, landmarks: bool) -> tuple[list[tuple[float, ...]], None, list]:
        assert landmarks
        assert image.shape == (64 + 2 * 16, 48 + 2 * 16, 3)  # a quarter of the longer side
        ys, xs = np.nonzero(image[..., 0])
        box = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
        return [box], None, [[(box[0], box[1])] * 5]

    detector = FaceDetector.__new__(FaceDetector)
    detector.network = SimpleNamespace(detect=detect)
    frame = torch.zeros(3, 64, 48, dtype=torch.uint8)
    frame[:, 10:64, 5:48] = 9
    face = detector.largest(frame)
    assert face is not None
    assert face.box == (5, 10, 48, 64)
    assert face.landmarks.tolist() == [[5, 10]] * 5
