"""Crops around people: framing, several people, edges, videos, and MTCNN on a drawn face."""

from collections.abc import Mapping, Sequence

import pytest
import torch
from torch import Tensor

from leo_bench.benchmarks.worlds.world import WorldShape, open_world
from leo_bench.evaluation.embedders.boxes import Box
from leo_bench.evaluation.embedders.faces import FaceDetector
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.tensors import TensorVideos
from leo_bench.leo.config import CONFIGS, Config, load_config
from leo_bench.leo.data.crop_choice import CropChoice
from leo_bench.leo.data.cropping import LARGEST, CroppedVideos, Cropping, MiddleSquare, boxes_in
from leo_bench.leo.data.squares import Square, cropped, middle_square, square_around
from leo_bench.leo.data.videos import at_size, cut_note
from leo_bench.leo.framing import Framing, Framings

HALF = Framing(height=0.5, right=0.0, down=-0.1)


class Levels:
    """Finds rectangles: every level of red above 0 is somebody."""

    what, name = "face", "levels of red"

    def boxes(self, frame: Tensor) -> list[Box]:
        found = []
        for level in frame[0].unique().tolist():
            rows, columns = (frame[0] == level).nonzero(as_tuple=True)
            if level:
                edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
                found.append(Box(*map(float, edges)))
        return sorted(found, key=lambda box: -box.area)


def frame(*people: tuple[int, int, int, int], size: tuple[int, int] = (100, 160)) -> Tensor:
    """uint8 [3,H,W] with people at (left, top, right, bottom), of levels 1, 2 and on."""
    picture = torch.zeros(3, *size, dtype=torch.uint8)
    for level, (left, top, right, bottom) in enumerate(people, start=1):
        picture[:, top:bottom, left:right] = level
    return picture


def source(videos: Mapping[str, Sequence[Tensor]]) -> TensorVideos:
    return TensorVideos("made", {name: torch.stack([*f]) for name, f in videos.items()}, "round")


def cropped_by(videos: Mapping[str, Sequence[Tensor]], number: int | None = None) -> CroppedVideos:
    return CroppedVideos.of(source(videos), Cropping(Levels(), HALF, number))


def test_a_box_lies_in_its_square_as_the_framing_says() -> None:
    square = square_around(Box(60, 30, 80, 60), Framing(height=0.5, right=0.1, down=-0.1))
    assert square.side == 60
    assert (70 - square.left) / 60 - 0.5 == pytest.approx(0.1)
    assert (45 - square.top) / 60 - 0.5 == pytest.approx(-0.1)


def test_beyond_the_picture_its_edge_is_repeated() -> None:
    picture = torch.arange(12, dtype=torch.uint8).view(1, 3, 4).expand(3, 3, 4)
    square = Square(-1, 1, 4)
    assert square.outside(3, 4) == {"left": 1, "bottom": 2}
    assert (
        cropped(picture, square)[0].tolist() == [[4, 4, 5, 6], [8, 8, 9, 10]] + [[8, 8, 9, 10]] * 2
    )


@pytest.mark.parametrize("size", [(7, 12), (12, 7), (9, 9)])
def test_the_middle_square_is_that_of_samples_without_a_crop(size: tuple[int, int]) -> None:
    frames = torch.randint(256, (1, 3, *size), generator=torch.Generator().manual_seed(0)).byte()
    inside = cropped(frames, middle_square(*size))
    assert torch.equal(at_size(inside, 4), at_size(frames, 4))


def test_of_several_the_largest_or_the_numbered_one_is_cropped() -> None:
    people = frame((100, 20, 120, 50), (10, 20, 50, 80), (60, 30, 70, 45))
    largest = cropped_by({"a": [people]})
    crop = largest.crop(0)
    assert (crop.box, crop.chosen) == ((10, 20, 50, 80), 0)
    assert [box.left for box in crop.boxes] == [10, 60, 100]
    assert crop.facts()["found"] == 3
    assert "3 found where one face is used: the largest; --face N" in largest.notes[-2]
    third = cropped_by({"a": [people]}, 3)
    assert third.crop(0).box == (100, 20, 120, 50)
    assert "number 3 from the left" in third.notes[-1]
    with pytest.raises(InputError, match=r"^made: --face 4: 3 found, numbered from left to right"):
        cropped_by({"a": [people]}, 4).crop(0)


def test_one_crop_holds_a_video_and_follows_one_person() -> None:
    """Another one who is larger for a while, and one wrong box, do not move it."""
    moved = [frame((40 + x, 30, 60 + x, 60)) for x in (0, 1, 2, 3, 4)]
    moved[2] = frame((42, 30, 62, 60), (100, 10, 150, 90))
    moved[3] = frame(size=(100, 160))
    videos = cropped_by({"a": moved})
    assert videos.crop(0).box == Box(41.5, 30, 61.5, 60)
    assert videos.read(0, [0, 4]).shape == (2, 3, 60, 60)
    each = list(videos.each_frame(0, [0, 4]))
    assert torch.equal(torch.stack(each), videos.read(0, [0, 4]))
    assert cut_note(videos) is None


def test_nobody_found_is_one_line_and_other_videos_are_not_searched() -> None:
    videos = cropped_by({"a": [frame()], "b": [frame((40, 30, 60, 60))]})
    assert videos.crop(1).square.side == 60
    with pytest.raises(InputError, match=r"^made: a: no face found; give one in which"):
        videos.crop(0)


def test_the_digest_follows_the_crop() -> None:
    given = source({"a": [frame((40, 30, 60, 60), (100, 30, 110, 50))]})
    rules = [
        MiddleSquare(),
        Cropping(Levels(), HALF),
        Cropping(Levels(), HALF, 2),
        Cropping(Levels(), Framing(height=0.6)),
    ]
    digests = {CroppedVideos.of(given, rule).digest(0) for rule in rules} | {given.digest(0)}
    assert len(digests) == 5


def test_a_large_picture_is_searched_at_a_smaller_size() -> None:
    class Seen(Levels):
        def boxes(self, frame: Tensor) -> list[Box]:
            assert frame.shape == (3, 250, LARGEST)
            return super().boxes(frame // 100)

    large = frame((2 * LARGEST, 300, 3 * LARGEST, 700), size=(1000, 4 * LARGEST))
    (box,) = boxes_in(Seen(), large * 150)
    assert box == pytest.approx((2 * LARGEST, 300, 3 * LARGEST, 700), abs=8)


def test_a_drawn_face_is_found_by_mtcnn() -> None:
    face = open_world("toy-faces", "test", WorldShape(128, 12, 1)).read(11, [0])[0]
    wide = torch.cat([torch.full((3, 128, 200), 90, dtype=torch.uint8), face], dim=2)
    detector = FaceDetector(torch.device("cpu"))
    (box,) = boxes_in(detector, wide)
    largest = detector.largest(wide)
    assert largest is not None
    assert tuple(box) == pytest.approx(largest.box)
    assert box == pytest.approx((237, 36, 286, 104), abs=6)


def test_a_choice_needs_a_framing() -> None:
    assert CropChoice().rule(None, "m", "cpu") is None
    assert CropChoice(crop="square").rule(None, "m", "cpu") == MiddleSquare()
    with pytest.raises(InputError, match=r"^m: its config .* \[framing.face\].*use --crop square$"):
        CropChoice(crop="face").rule(None, "m", "cpu")
    person = Framings(person=HALF)
    with pytest.raises(InputError, match=r"use --crop person or --crop square$"):
        CropChoice(crop="face").rule(person, "m", "cpu")
    with pytest.raises(InputError, match="weights fetch fasterrcnn_mobilenet_v3_large_320_fpn"):
        CropChoice(crop="person").rule(person, "m", "cpu")
    with pytest.raises(ValueError, match="--face 2: is for --crop face or person"):
        CropChoice(face=2)


def test_a_framing_changes_no_older_config() -> None:
    config = load_config("toy64")
    assert config.framing is None
    assert "framing" not in config.model_dump(mode="json", exclude_none=True)
    stated = [path.stem for path in CONFIGS.glob("*.toml") if _framings(path.stem)]
    assert {"grid64", "faceforensics256", "celebvhq256", "taichihd256"} <= {*stated}


def _framings(name: str) -> Framings | None:
    config: Config = load_config(name)
    return config.framing
