"""Pictures to begin with: turned as the camera says, and as stored where it says nothing."""

from pathlib import Path

import pytest
import torch
from made_videos import encode, moving
from PIL import ExifTags, Image

from conftest import write_frames
from leo_bench.benchmarks.sources.start_frames import open_start_frames, read_picture
from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.videos.discover import open_videos
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.data.videos import cut_note

TURNS = {  # EXIF's orientation -> how a camera held so stores what is upright
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    write_frames(tmp_path / "photos", 1, (24, 40))
    return tmp_path / "photos" / "000000.png"


def opened(path: Path) -> VideoSource:
    return open_start_frames(str(path), lambda spec: open_videos(Path(spec)))


@pytest.mark.parametrize("orientation", TURNS)
def test_a_turned_photo_is_read_upright(photo: Path, orientation: int) -> None:
    turned = photo.with_name("turned.png")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    with Image.open(photo) as upright:
        upright.transpose(TURNS[orientation]).save(turned, exif=exif)
    starts = opened(turned)
    assert starts.sizes() == [(24, 40)]
    assert starts.medium == opened(photo).medium
    assert torch.equal(starts.read(0, [0]), opened(photo).read(0, [0]))
    assert torch.equal(read_picture(turned), read_picture(photo))


def test_frames_of_a_video_stay_as_stored(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    (tmp_path / "video").mkdir()
    Image.new("RGB", (40, 24)).save(tmp_path / "video" / "0.png", exif=exif)
    assert open_videos(tmp_path / "video").sizes() == [(24, 40)]


@pytest.mark.parametrize("kind", ["pictures", "videos"])
def test_a_broken_one_is_named_with_its_source(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / kind
    if kind == "pictures":
        write_frames(folder, 2)
        whole = folder / "000001.png"
    else:
        folder.mkdir()
        whole = [encode(folder / f"{n}.mkv", moving(3, 32, 32), "ffv1", "bgr0") for n in "ab"][1]
    starts, last = opened(folder), 0 if kind == "pictures" else 2
    named = f"^{folder}: {whole.name}: .*; mend it, or leave it out of the first frames$"
    whole.write_bytes(whole.read_bytes()[:-200])  # after it was opened: what is read says so
    with pytest.raises(BadVideoError, match=named):
        starts.read(1, [last])
    whole.write_bytes(bytes(100))
    with pytest.raises(BadVideoError, match=named):
        opened(folder)
    with pytest.raises(BadVideoError, match=f"^{whole}: (?!{whole.name}).*; mend it"):
        opened(whole)


def test_other_pictures_keep_their_digest(photo: Path) -> None:
    """Samples that were begun with them are gone on with."""
    whole = open_videos(photo.parent)
    assert opened(photo).digest(0) == whole.digest(0)


def test_what_is_cut_off_a_first_frame_is_said(photo: Path) -> None:
    assert cut_note(opened(photo)) == (
        f"{photo}: of 40x24 the middle square of 24x24 is used; 40 % of the picture is cut off, "
        "left and right"
    )
    Image.new("RGB", (30, 120)).save(photo.with_name("tall.png"))
    Image.new("RGB", (32, 32)).save(photo.with_name("square.png"))
    assert cut_note(opened(photo.parent)) == (
        f"{photo.parent}: 2 of 3 are not square; tall.png: of 30x120 the middle square of 30x30 is "
        "used; 75 % of the picture is cut off, top and bottom"
    )
    assert cut_note(opened(photo.with_name("square.png"))) is None
