"""uint8 clips to network input: one named function per published recipe.

Three steps, each chosen by name in a protocol file:
resize      stored frames -> the benchmark's resolution, uint8 (skipped without one)
requantise  what the original's data loader does to the 256 levels
preprocess  uint8 -> the 224 x 224 floats in [-1, 1] that I3D takes

A published resize is computed by the library that the original calls (torchvision on Pillow's
pictures, Pillow, torch), in the original's order. None of the three steps mixes frames.

Letters: B clips, T frames, H W pixels. Everything is RGB.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

I3D_SIDE = 224

# Raise when any function below could give other pixels: it is part of every feature's cache key.
PREPROCESS_VERSION = 2

AS_STORED = "none"  # in the place of a resize: frames stay as they are, whatever was asked for


# --- preprocess: uint8 [B,T,3,H,W] -> float32 [B,3,T,224,224], -1..1 ---------------------------


def shorter_side_224_center_crop(clips: Tensor) -> Tensor:
    """Shorter side to 224 by half-pixel bilinear without antialias, then the central square.

    uint8 [B,T,3,H,W], 0..255 -> float32 [B,3,T,224,224], -1..1. DIGAN and the VideoGPT line
    (sihyun-yu/digan@e822320 src/scripts/fvd/fvd.py:5-40). The longer side is ceil(scale * side) in
    floating point, so a few odd sizes give 225 before the crop.
    """
    frames, batch = _flat_frames(clips)
    height, width = frames.shape[-2:]
    scale = I3D_SIDE / min(height, width)
    size = (
        (I3D_SIDE, math.ceil(width * scale))
        if height < width
        else (math.ceil(height * scale), I3D_SIDE)
    )
    resized = _bilinear(frames.div_(255), size)
    return _clips((_center_crop(resized, I3D_SIDE) - 0.5) * 2, batch)


def squash_224(clips: Tensor) -> Tensor:
    """Both sides to 224 by half-pixel bilinear without antialias, whatever the aspect.

    uint8 [B,T,3,H,W], 0..255 -> float32 [B,3,T,224,224], -1..1. TATS (songweige/TATS@03bbce1
    tats/fvd/fvd.py), cd-fvd, and StyleGAN-V's detector with `rescale` and `resize` on, which scales
    to [-1,1] before it resizes: the same maths in either order.
    """
    frames, batch = _flat_frames(clips)
    # In place, since stored frames may be large.
    return _clips(_bilinear(frames.div_(255).mul_(2).sub_(1), (I3D_SIDE, I3D_SIDE)), batch)


def tf1_legacy_224(clips: Tensor) -> Tensor:
    """Both sides to 224 by TensorFlow 1's bilinear, which samples at `output index * scale`.

    uint8 [B,T,3,H,W], 0..255 -> float32 [B,3,T,224,224], -1..1. google-research
    frechet_video_distance `preprocess`: `tf.image.resize_bilinear` with neither aligned corners nor
    half-pixel centres, then 2x/255 - 1.
    """
    frames, batch = _flat_frames(clips)
    rows = _legacy_axis(frames.shape[-2], frames.device)
    columns = _legacy_axis(frames.shape[-1], frames.device)
    tall = torch.lerp(frames[:, :, rows[0]], frames[:, :, rows[1]], rows[2][:, None])
    full = torch.lerp(tall[..., columns[0]], tall[..., columns[1]], columns[2])
    return _clips(full * 2 / 255 - 1, batch)


# --- resize: uint8 [T,3,H,W] -> uint8 [T,3,R,R] ------------------------------------------------


def center_crop_bilinear_truncate(frames: Tensor, side: int) -> Tensor:
    """Central square, half-pixel bilinear without antialias, fractions cut off.

    DIGAN's loader and evaluation script (src/training/dataset.py, compute_fvd_kvd.py:118). Halving
    is an exact 2 x 2 mean; cutting darkens by 0.4 levels on average.
    """
    square = _center_crop(frames, min(frames.shape[-2:]))
    return _bilinear(square.float(), (side, side)).to(torch.uint8)


def center_crop_lanczos(frames: Tensor, side: int) -> Tensor:
    """The central square by torchvision (odd differences: half to even), then its resize, Lanczos.

    Latte's converter (Vchitect/Latte@b27c24a tools/convert_videos_to_frames.py:78-79).
    """
    # Here, since torchvision takes a second to import and most commands resize nothing.
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms import functional as vision

    def picture(image: Image.Image) -> Image.Image:
        square = vision.center_crop(image, [min(image.size)] * 2)
        resized: Image.Image = vision.resize(square, side, InterpolationMode.LANCZOS)
        return resized

    return _through_pillow(frames, picture)


def floor_crop_lanczos(frames: Tensor, side: int) -> Tensor:
    """Central square (odd differences: half cut off), then Pillow's Lanczos.

    The frame folders of TATS (songweige/TATS@03bbce1 tats/data.py, FrameDataset) and of cd-fvd
    (songweige/content-debiased-fvd@a1e037a cdfvd/utils/data_utils.py, FrameDataset); LEO's own
    training and start frames.
    """
    square = _center_crop(frames, min(frames.shape[-2:]))
    return _through_pillow(
        square, lambda image: image.resize((side, side), Image.Resampling.LANCZOS)
    )


def shorter_side_lanczos_center_crop(frames: Tensor, side: int) -> Tensor:
    """The shorter side by torchvision's resize, Lanczos, then its central square.

    StyleGAN-V's and MoStGAN-V's converter (universome/stylegan-v@3fecd69
    src/scripts/convert_videos_to_frames.py:74-75). The longer side is cut off to whole pixels, and
    half a pixel of the crop is rounded to even.
    """
    # Here, since torchvision takes a second to import and most commands resize nothing.
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms import functional as vision

    def picture(image: Image.Image) -> Image.Image:
        resized = vision.resize(image, side, InterpolationMode.LANCZOS)
        square: Image.Image = vision.center_crop(resized, [side, side])
        return square

    return _through_pillow(frames, picture)


def shorter_side_antialias_center_crop_truncate(frames: Tensor, side: int) -> Tensor:
    """Shorter side of v/255 by antialiased bilinear, central square, times 255, cut off.

    cd-fvd's video files (songweige/content-debiased-fvd@a1e037a cdfvd/utils/data_utils.py:41-70,
    fvd.py:133).
    """
    resized = F.interpolate(
        frames.float() / 255, _covering(frames, side), mode="bilinear", antialias=True
    )
    return (_center_crop(resized, side) * 255).to(torch.uint8)


def shorter_side_bilinear_center_crop_half_shift_truncate(frames: Tensor, side: int) -> Tensor:
    """Shorter side of v/255 by bilinear without antialias, central square, `half_shift_truncate`.

    TATS's video files (songweige/TATS@03bbce1 tats/data.py `preprocess`, VideoDataset): its loader
    shifts by a half and truncates before any rounding to levels.
    """
    resized = F.interpolate(frames.float() / 255, _covering(frames, side), mode="bilinear")
    return (((_center_crop(resized, side) - 0.5) + 0.5) * 255).to(torch.uint8)


# --- requantise: uint8 [T,3,H,W] -> uint8 [T,3,H,W] --------------------------------------------


def as_stored(frames: Tensor) -> Tensor:
    """The levels as they are."""
    return frames


def half_shift_truncate(frames: Tensor) -> Tensor:
    """TATS's loader: v/255 - 0.5, later (v + 0.5) * 255 cut off; 63 of the 256 levels lose one."""
    levels = ((torch.arange(256, dtype=torch.float32) / 255 - 0.5) + 0.5) * 255
    return levels.to(torch.uint8)[frames.long()]


PREPROCESS: dict[str, Callable[[Tensor], Tensor]] = {
    "shorter-side-224-center-crop": shorter_side_224_center_crop,
    "squash-224": squash_224,
    "tf1-legacy-224": tf1_legacy_224,
}
# Each takes uint8 [T,3,H,W] and a side R, and gives uint8 [T,3,R,R].
RESIZE: dict[str, Callable[[Tensor, int], Tensor]] = {
    "center-crop-bilinear-truncate": center_crop_bilinear_truncate,
    "center-crop-lanczos": center_crop_lanczos,
    "floor-crop-lanczos": floor_crop_lanczos,
    "shorter-side-lanczos-center-crop": shorter_side_lanczos_center_crop,
    "shorter-side-antialias-center-crop-truncate": shorter_side_antialias_center_crop_truncate,
    "shorter-side-bilinear-center-crop-half-shift-truncate": (
        shorter_side_bilinear_center_crop_half_shift_truncate
    ),
}
REQUANTISE: dict[str, Callable[[Tensor], Tensor]] = {
    "as-stored": as_stored,
    "half-shift-truncate": half_shift_truncate,
}

# Resizes that end in their loader's levels: nothing is requantised after them.
REQUANTISED = frozenset({"shorter-side-bilinear-center-crop-half-shift-truncate"})


def loaded(frames: Tensor, resize: str, requantise: str, resolution: int | None) -> Tensor:
    """Stored frames after the original's data loader: resized, then requantised.

    Args:
        frames: uint8 [T,3,H,W], 0..255.
        resize: name in RESIZE; acts where frames are not of `resolution` already.
        requantise: name in REQUANTISE.
        resolution: side in pixels; None: as stored.

    Returns:
        uint8 [T,3,R,R], 0..255; [T,3,H,W] without a resolution.
    """
    if resolution is not None and tuple(frames.shape[-2:]) != (resolution, resolution):
        frames = RESIZE[resize](frames, resolution)
        if resize in REQUANTISED:
            return frames
    return REQUANTISE[requantise](frames)


# --- helpers ------------------------------------------------------------------------------------


def _flat_frames(clips: Tensor) -> tuple[Tensor, int]:
    """uint8 [B,T,3,H,W] -> float32 [B*T,3,H,W], 0..255, and B."""
    return clips.flatten(0, 1).float(), clips.shape[0]


def _clips(frames: Tensor, batch: int) -> Tensor:
    """[B*T,3,H,W] -> [B,3,T,H,W]."""
    return frames.reshape(batch, -1, *frames.shape[1:]).transpose(1, 2).contiguous()


def _bilinear(frames: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(frames.shape[-2:]) == size:
        return frames
    return F.interpolate(frames, size, mode="bilinear", align_corners=False)


def _center_crop(frames: Tensor, side: int) -> Tensor:
    top = (frames.shape[-2] - side) // 2
    left = (frames.shape[-1] - side) // 2
    return frames[..., top : top + side, left : left + side]


def _legacy_axis(length: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Lower index, upper index and weight of the upper one, for each of the 224 outputs."""
    position = torch.arange(I3D_SIDE, dtype=torch.float32, device=device) * (length / I3D_SIDE)
    lower = position.floor().long().clamp(max=length - 1)
    return lower, (lower + 1).clamp(max=length - 1), position - lower


def _covering(frames: Tensor, side: int) -> tuple[int, int]:
    """Height and width with the shorter side at `side`; the longer one is rounded up.

    The common `preprocess` of VideoGPT, TATS and cd-fvd, floating point and all.
    """
    height, width = frames.shape[-2:]
    scale = side / min(height, width)
    if height < width:
        return side, math.ceil(width * scale)
    return math.ceil(height * scale), side


def _through_pillow(frames: Tensor, work: Callable[[Image.Image], Image.Image]) -> Tensor:
    """`work` on each frame as a Pillow image: uint8 [T,3,H,W] -> uint8 [T,3,R,R]."""
    images = [Image.fromarray(frame) for frame in frames.permute(0, 2, 3, 1).numpy()]
    made = [np.asarray(work(image)) for image in images]
    return torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2)
