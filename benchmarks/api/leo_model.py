"""A trained LEO in Python: `load_leo` gives an object that samples and animates.

    leo = load_leo("leo:toy-faces")                    # a shipped model
    leo.sample(4, 64)                                  # uint8 [4,64,3,64,64]
    leo.sample(4, 64, start="toy-faces/test")          # from given first frames
    leo.animate("person.png", "talk.mp4")              # uint8 [T,3,64,64]

The frames are those that `leo-bench sample` and `animate` write for the same options, to the bit.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Unpack

import torch
from torch import Tensor

from leo_bench.benchmarks.api.given_frames import Given, checked, in_memory
from leo_bench.benchmarks.api.keywords import said_in_keywords, takes
from leo_bench.benchmarks.api.sample_keywords import DEFAULTS, SampleKeywords
from leo_bench.benchmarks.api.sides import ValueRange
from leo_bench.benchmarks.runs.animation import Picture, animation_of
from leo_bench.benchmarks.runs.opened_animation import (
    cropped_animation,
    open_animator,
    open_driving,
    open_picture,
    picture_source,
)
from leo_bench.benchmarks.runs.sampling import sampling_of
from leo_bench.benchmarks.sources.leo_samples import cropped_given
from leo_bench.benchmarks.sources.open import SourceOptions
from leo_bench.benchmarks.sources.start_frames import open_start_frames
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.schema import parse
from leo_bench.evaluation.videos.discover import OpenOptions
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.leo.data.crop_choice import NO_CROP, CropChoice, CropKind
from leo_bench.leo.data.cropping import CroppedVideos
from leo_bench.leo.data.videos import cut_note
from leo_bench.leo.diffusion import SamplerKind
from leo_bench.leo.models.animator import ImageAnimator
from leo_bench.leo.networks.layers import to_pixels
from leo_bench.leo.sampling.continuation import Continuation
from leo_bench.leo.sampling.drawing import Drawing
from leo_bench.leo.sampling.model import LeoModel, device_named, find_model, shipped_models
from leo_bench.leo.sampling.source import LeoSource
from leo_bench.leo.sampling.stated import choice
from leo_bench.leo.stages import STAGES

Mode = Literal["unconditional", "conditional"]


def load_leo(
    model: str | Path, *, device: str | None = None, data_root: str | Path | None = None
) -> "Leo":
    """Open a LEO model; its stages are loaded when they are first needed.

    Args:
        model: a shipped model ("leo:toy-faces"), a folder of `leo-bench train` or `export`, or a
            file of an animator alone, such as LIA's vox.pt.
        device: "cpu", "cuda" ...; None: a GPU where there is one.
        data_root: where prepared data sets lie; None: LEO_BENCH_DATA, or the default.

    Raises:
        InputError: there is no such model or device; a file is not an animator's.
    """
    where, chosen = str(model), device_named(device)
    options = SourceOptions(OpenOptions(), None if data_root is None else Path(data_root))
    path = Path(where).expanduser()
    if path.is_file() and where not in shipped_models():
        animator, _ = open_animator(where, chosen)
        return Leo(where, options, None, lambda: animator)
    found = LeoModel.open(find_model(where), chosen)
    return Leo(where, options, found, lambda: found.animator)


@dataclass(frozen=True, repr=False)
class Leo:
    """A LEO model; `load_leo` makes it.

    Args:
        name: as given to `load_leo`.
        options: how sources of first frames are opened.
        model: its stages; None: it is an animator alone.
        animator: gives its animator, which is loaded when it is first needed.
    """

    name: str
    options: SourceOptions
    model: LeoModel | None
    animator: Callable[[], ImageAnimator]

    @takes(SampleKeywords, DEFAULTS)
    def sample(
        self,
        count: int = 4,
        frames: int = 64,
        mode: Mode | None = None,
        start: Given | None = None,
        **keywords: Unpack[SampleKeywords],
    ) -> Tensor:
        """Sample videos; all are held in memory, count * frames * 3 * R * R bytes.

        Args:
            count: number of videos.
            frames: of each video; the model sets no limit.
            mode: "unconditional" draws the first frame too, "conditional" is given it; None:
                conditional where `start` is given, else as the model's config states, which its
                `repr` shows, or unconditional.
            start: first frames: a picture, a folder of pictures, or videos or a source as
                --start-frames takes them; or an array or tensor of pictures, [H,W,3], [3,H,W],
                [N,H,W,3] or [N,3,H,W], or of videos, [N,T,H,W,3] or [N,T,3,H,W]: uint8, or floats
                with `value_range`. Sample i begins with number i, modulo N. Of each the central
                square is used.
            **keywords: see below.

        Returns:
            uint8 [count,frames,3,R,R], RGB, on the CPU; R is the model's resolution.

        Raises:
            InputError: options that do not go together; no first frames, or unusable ones; a stage
                that is not trained.

        Warns:
            UserWarning: a part of the given first frames is cut off.
        """
        source = self._samples(count, frames, mode, start, keywords)
        side = source.sizes()[0][0]
        videos = torch.empty(count, frames, 3, side, side, dtype=torch.uint8)
        for index in range(count):
            _fill(videos[index], source.stream(index))
        given = source.drawing.starts, source.drawing.ends
        cropped = [one for one in given if isinstance(one, CroppedVideos)]
        _warn(note for one in cropped for note in one.crop_notes)
        _warn(note for note in [source.clamped_note()] if note is not None)
        return videos

    @takes(SampleKeywords, DEFAULTS)
    def stream(
        self,
        count: int = 4,
        frames: int = 64,
        mode: Mode | None = None,
        start: Given | None = None,
        **keywords: Unpack[SampleKeywords],
    ) -> Iterator[Iterator[Tensor]]:
        """The videos of `sample` one after another, each frame by frame.

        Frames are rendered as they are read: memory grows neither with the number of videos nor
        with their length, but for 80 bytes of codes a frame.

        Args and errors are those of `sample`.

        Returns:
            For each video an iterator of its frames, uint8 [3,R,R].
        """
        source = self._samples(count, frames, mode, start, keywords)
        return (source.stream(index) for index in range(count))

    def animate(
        self,
        source: Given,
        driving: Given,
        *,
        relative: bool = False,
        value_range: ValueRange | None = None,
        go_on: int = 0,
        seed: int = 0,
        steps: int = 50,
        sampler: SamplerKind = "ddim",
        crop: CropKind = "none",
        face: int | None = None,
    ) -> Tensor:
        """Animate a picture by a video; all frames are held in memory.

        Args:
            source: the picture: a file, or an array or tensor, [H,W,3] or [3,H,W].
            driving: a video file, a folder of frames, or [T,H,W,3] or [T,3,H,W].
            relative: transfer only the motion since the first driving frame.
            value_range: of floats: (0, 1) or (-1, 1).
            go_on: frames of drawn motion after the video, as `animate --continue`.
            seed: of that motion.
            steps: of its sampler.
            sampler: of it.
            crop: how picture and video are cropped.
            face: with `crop`: which of several in the picture, from left to right, from 1; None:
                the largest.

        Returns:
            uint8 [T+go_on,3,R,R], RGB, on the CPU; R is the animator's size, to which both are
            stretched, unless they are cropped.

        Raises:
            InputError: one of the two cannot be used, or `driving` holds several videos; the run
                has no animator yet; `go_on` with an animator alone; nobody found to crop.

        Warns:
            UserWarning: what is to be known about the two, such as that they are resized.
        """
        cropping = _cropping(crop, face)
        picture: Picture | VideoSource
        if isinstance(source, str | Path):
            path = Path(source)
            picture = open_picture(path) if cropping == NO_CROP else picture_source(path)
        else:
            given = in_memory("source", [checked("source", source, 3)[None]], value_range)
            picture = given
            if cropping == NO_CROP:
                picture = Picture("source", given.read(0, [0])[0], [])
        video: VideoSource = (
            open_driving(Path(driving))
            if isinstance(driving, str | Path)
            else in_memory("driving", [checked("driving", driving, 4)], value_range)
        )
        animator = self.animator()
        if isinstance(picture, Picture):
            animation = animation_of(animator, picture, video, relative=relative)
        else:
            with said_in_keywords(("crop", "face")):
                animation = cropped_animation(
                    animator, picture, video, cropping, self.name, relative=relative
                )
        if go_on:
            if self.model is None:
                raise InputError(f"{self.name}: an animator alone, which cannot go on: drop go_on=")
            how = sampling_of(frames=go_on, seed=seed, steps=steps, sampler=sampler)
            animation = replace(animation, continuation=Continuation.of(self.model, how))
        _warn(animation.notes)
        size = (animation.count, 3, animator.size, animator.size)
        return _fill(torch.empty(size, dtype=torch.uint8), map(to_pixels, animation.frames()))

    def __repr__(self) -> str:
        """Its name, size and trained stages, in one line."""
        if self.model is None:
            return f"<LEO {self.name}: an animator alone>"
        stages = ", ".join(stage for stage in STAGES if self.model.has(stage))
        side = self.model.config.resolution
        stated = choice(self.model, {}, begun=False)
        start = f" from {stated.start}" if stated.start else ""
        own = "" if self.model.config.sampling is None else f"; {stated.options['mode']}{start}"
        return f"<LEO {self.name}: {side}x{side}; {stages or 'no stage is trained yet'}{own}>"

    def _samples(
        self,
        count: int,
        frames: int,
        mode: Mode | None,
        start: Given | None,
        keywords: SampleKeywords,
    ) -> LeoSource:
        """The samples as a source; nothing is drawn yet."""
        if self.model is None:
            raise InputError(
                f"{self.name}: an animator alone, which draws no motion: use animate(), or load a "
                "run of leo-bench train"
            )
        others = ("value_range", "to", "crop", "face")
        asked = {k: value for k, value in keywords.items() if k not in others}
        given = {
            "count": count,
            "frames": frames,
            **asked,
            **({} if mode is None else {"mode": mode}),
        }
        found = choice(self.model, given, begun=start is not None)
        sampling = sampling_of(**found.options)
        start = found.start or start
        if (sampling.mode == "conditional") != (start is not None):
            raise InputError(
                "mode='conditional' needs first frames: give start="
                if start is None
                else "mode='unconditional' draws first frames itself: leave start= out"
            )
        to, side = keywords.get("to"), self.model.config.resolution
        if to is None and sampling.to_frame != 1:
            raise InputError("--to-frame is for --to; leave it out")
        cropping = _cropping(keywords.get("crop", "none"), keywords.get("face"))
        starts, ends = (
            None if given is None else self._frames(name, given, side, keywords.get("value_range"))
            for name, given in (("start", start), ("to", to))
        )
        drawing = cropped_given(Drawing(self.model, sampling, starts, ends=ends), cropping)
        _warn(
            note
            for one in (starts, ends)
            if one is not None and cropping == NO_CROP
            for note in [cut_note(one)]
            if note is not None
        )
        return LeoSource(drawing)

    def _frames(
        self, name: str, frames: Given, side: int, value_range: ValueRange | None
    ) -> VideoSource:
        """First frames or last poses; embedded worlds are rendered with this side."""
        found: VideoSource
        if isinstance(frames, str | Path):
            found = open_start_frames(str(frames), lambda spec: self.options.open_start(spec, side))
        else:
            given = checked(name, frames, 3, 4, 5)
            given = given[None] if given.ndim == 3 else given
            videos = [one[None] if one.ndim == 3 else one for one in given]
            found = in_memory(name, videos, value_range)
        return found


def _cropping(crop: CropKind, face: int | None) -> CropChoice:
    with said_in_keywords(("face",)):
        return parse(CropChoice, {"crop": crop, "face": face}, where="crop")


def _fill(video: Tensor, frames: Iterable[Tensor]) -> Tensor:
    """`frames`, uint8 [3,R,R] each, in `video`, uint8 [T,3,R,R]."""
    for place, frame in enumerate(frames):
        video[place] = frame
    return video


def _warn(notes: Iterable[str]) -> None:
    for note in notes:
        warnings.warn(note, stacklevel=3)
