"""Video editing: a sample with an edited first frame and the same motion (paper Sec. 4.5).

video = edited(source, 3, picture, repose=False)
for frame in video.stream(): ...
"""

import importlib.util
import io
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.single_thread_pool import lanes
from leo_bench.leo.data.videos import at_size
from leo_bench.leo.diffusion.conditioning import added, residuals
from leo_bench.leo.sampling.rendering import Rendering
from leo_bench.leo.sampling.source import LeoSource

Editor = Callable[[Tensor], Tensor]  # uint8 [3,H,W] -> uint8 [3,H',W']

BASE = "stable-diffusion-v1-5/stable-diffusion-v1-5"  # public ControlNets were trained with it
CONTROLNET_SIDE = 512
EDGE = 0.25  # length of the Sobel gradient above which a pixel is an edge; black to white is 1


def edited(source: LeoSource, index: int, picture: Tensor, *, repose: bool) -> Rendering:
    """Sample `index` with `picture`, uint8 [3,H,W], as its first frame.

    Args:
        source: the samples.
        index: which.
        picture: any size; its central square is brought to the model's.
        repose: the edit changed the pose, so the motion begins at the picture's own code; else the
            codes are kept.

    Raises:
        InputError: samples whose frames are made from other generated frames; reposed ones that
            end in a given pose.
    """
    source.drawing.refuse_own_frames("an edit")
    if repose and source.drawing.ends is not None:
        raise InputError(
            "--repose moves all codes with the first one, so these samples would not end in the "
            "pose of --to: leave it out"
        )
    drawing, codes = source.drawing, source.codes(index)

    def encode() -> Rendering:
        first = at_size(picture[None], drawing.model.animator.size)
        begun = added(residuals(codes[None]), drawing.encode(first))[0] if repose else codes
        return Rendering.of(drawing.model, first[0], begun, drawing.sampling.first_frame)

    return lanes(drawing.model.device).submit(encode).result()


def command_editor(command: str, read: Callable[[Path], Tensor]) -> Editor:
    """An editor that runs a program with the paths of two PNG files, {in} and {out}.

    Args:
        command: "magick {in} -negate {out}"; no shell reads it.
        read: a picture's path -> uint8 [3,H,W].

    Raises:
        InputError: {in} or {out} is missing, or a quotation mark; when editing: the command fails
            or writes nothing.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InputError(f"--command {command!r}: {error}") from None
    if not all(any(hole in word for word in words) for hole in ("{in}", "{out}")):
        raise InputError(f"--command {command!r}: needs {{in}} and {{out}}, the two pictures")

    def edit(picture: Tensor) -> Tensor:
        with tempfile.TemporaryDirectory(prefix="leo-edit-") as folder:
            before, after = Path(folder) / "in.png", Path(folder) / "out.png"
            to_image(picture).save(before)
            filled = [w.replace("{in}", str(before)).replace("{out}", str(after)) for w in words]
            try:
                run = subprocess.run(filled, capture_output=True, check=False)
            except OSError as error:
                raise InputError(f"--command {words[0]}: {error.strerror}") from None
            if run.returncode != 0 or not after.is_file():
                said = (run.stderr or run.stdout).decode(errors="replace").strip().splitlines()
                why = said[-1] if said else f"exit code {run.returncode}"
                raise InputError(f"--command {command!r} made no picture: {why}")
            return read(after)

    return edit


@dataclass(frozen=True)
class ControlNet:
    """An editor that follows a text and keeps the picture's edges (ControlNet).

    Args:
        model: folder of a ControlNet for edges, or its name in diffusers' cache.
        prompt: what the picture is to show.
        base: the Stable Diffusion model that it steers, likewise.
        seed: of the noise.
        device: of the networks.
    """

    model: str
    prompt: str
    base: str = BASE
    seed: int = 0
    device: str = "cpu"

    def editor(self) -> Editor:
        """Load the weights, which must be on this machine.

        Raises:
            InputError: `transformers` is not installed, or weights are absent.
        """
        if importlib.util.find_spec("transformers") is None:  # diffusers' own message is long
            raise InputError("--controlnet needs transformers: pip install 'leo-bench[controlnet]'")
        import diffusers

        library: Any = diffusers  # its loaders are not typed
        try:
            pipeline = library.StableDiffusionControlNetPipeline.from_pretrained(
                self.base,
                controlnet=library.ControlNetModel.from_pretrained(
                    self.model, local_files_only=True
                ),
                safety_checker=None,
                local_files_only=True,
            ).to(self.device)
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:160]
            raise InputError(
                f"--controlnet {self.model} (steering {self.base}): no such weights on this "
                f"machine; download both and give their folders, or edit by --edited or "
                f"--command: {reason}"
            ) from None
        pipeline.set_progress_bar_config(disable=True)

        def edit(picture: Tensor) -> Tensor:
            random = torch.Generator().manual_seed(self.seed)
            side = (CONTROLNET_SIDE, CONTROLNET_SIDE)
            control = to_image(edges(picture)).resize(side, Image.Resampling.NEAREST)
            drawn = pipeline(self.prompt, control, generator=random, output_type="pt")
            made: Tensor = drawn.images[0]
            return (made.clamp(0, 1) * 255).round().to(torch.uint8).cpu()

        return edit


def edges(picture: Tensor) -> Tensor:
    """Sobel edges, white on black: uint8 [3,H,W] -> uint8 [3,H,W]."""
    grey = picture.float().mean(dim=0)[None, None] / 255
    sobel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 4
    kernels = torch.stack([sobel, sobel.T])[:, None]
    steps = F.conv2d(F.pad(grey, (1, 1, 1, 1), mode="replicate"), kernels)[0]
    sharp = steps.square().sum(dim=0) > EDGE**2
    white: Tensor = (sharp * 255).to(torch.uint8).expand(3, -1, -1)
    return white


def png(picture: Tensor) -> bytes:
    """A picture, uint8 [3,H,W], as the content of a PNG file."""
    content = io.BytesIO()
    to_image(picture).save(content, "PNG")
    return content.getvalue()


def to_image(picture: Tensor) -> Image.Image:
    """A picture, uint8 [3,H,W], as Pillow's."""
    return Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy())
