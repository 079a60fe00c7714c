"""Opens what `leo-bench animate` takes: animator, picture and driving video, cropped or not."""

from dataclasses import replace
from pathlib import Path

from leo_bench.benchmarks.prepare.reading import frame_rate
from leo_bench.benchmarks.runs.animation import FPS, Animation, Picture, animation_of
from leo_bench.benchmarks.sources.broken_videos import NamedVideos, broken_videos_named
from leo_bench.benchmarks.sources.start_frames import noted_picture, open_pictures
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.videos.container import VideoFiles
from leo_bench.evaluation.videos.discover import open_videos
from leo_bench.evaluation.videos.source import VideoSource
from leo_bench.evaluation.videos.stored import StoredVideos
from leo_bench.evaluation.videos.upright import upright_videos
from leo_bench.evaluation.weights.registry import LIA, find, weights_for
from leo_bench.leo.config import load_config
from leo_bench.leo.data.crop_choice import NO_CROP, CropChoice
from leo_bench.leo.data.cropping import CroppedVideos, MiddleSquare, Rule
from leo_bench.leo.framing import Framings
from leo_bench.leo.models.animator import ImageAnimator
from leo_bench.leo.models.animator_files import read_animator
from leo_bench.leo.sampling.continuation import Continuation
from leo_bench.leo.sampling.model import LeoModel, find_model, shipped_models
from leo_bench.leo.sampling.options import Sampling


def open_animation(
    checkpoint: str,
    source: Path,
    driving: Path,
    *,
    relative: bool,
    device: str,
    continuation: Continuation | None = None,
    cropping: CropChoice = NO_CROP,
) -> Animation:
    """Open an animation; the driving frames are read later.

    Args:
        checkpoint: a file, the folder of a training run, or a shipped model's name.
        source: the picture.
        driving: a file or folder that holds one video.
        relative: as in `Animation`.
        device: where the networks run.
        continuation: as in `Animation`, of the same checkpoint.
        cropping: of picture and video; its number is that of the picture, of the video the largest
            face or person is followed.

    Raises:
        InputError: one of the three cannot be read, or `driving` does not hold one video; no
            framing to crop to, or nobody is found.
    """
    animator, notes = open_animator(checkpoint, device)
    videos = open_driving(driving)
    if cropping.crop == "none":
        made = animation_of(animator, open_picture(source), videos, relative=relative)
    else:
        pair = picture_source(source), videos
        made = cropped_animation(animator, *pair, cropping, checkpoint, relative=relative)
    is_file = videos.medium.layout == VideoFiles.kind
    rate = frame_rate(videos.videos[0].path) if is_file else FPS
    return replace(made, notes=[*notes, *made.notes], fps=rate, continuation=continuation)


def open_continuation(checkpoint: str, device: str, sampling: Sampling) -> Continuation:
    """Drawn motion by the model that `checkpoint` names.

    Raises:
        InputError: it is an animator alone; as `Continuation.of`.
    """
    if Path(checkpoint).expanduser().is_file() or checkpoint in weights_for(LIA):
        raise InputError(
            f"--continue: {checkpoint} is an animator alone, which draws no motion; give "
            "--checkpoint a run of leo-bench train, or leo:NAME"
        )
    model = LeoModel.open(find_model(checkpoint), device)
    return Continuation.of(model, sampling)


def open_animator(checkpoint: str, device: str) -> tuple[ImageAnimator, list[str]]:
    """The animator of a file, a training run or a shipped model, and notes on its file.

    Raises:
        InputError: there is none, or the file cannot be read.
    """
    found = read_animator(_animator_file(checkpoint))
    return ImageAnimator(found.generator.to(device)), found.notes


def cropped_animation(
    animator: ImageAnimator,
    picture: VideoSource,
    driving: VideoSource,
    cropping: CropChoice,
    checkpoint: str,
    *,
    relative: bool,
) -> Animation:
    """`animation_of` a picture and a video, each alone in its source, that are cropped first.

    Args:
        animator: as in `Animation`.
        picture: as a video of one frame.
        driving: as in `Animation`.
        cropping: as in `open_animation`.
        checkpoint: as in `open_animation`.
        relative: as in `Animation`.

    Raises:
        InputError: no framing to crop to, or nobody is found.
    """
    framings, device = framings_of(checkpoint), animator.device
    largest = cropping.model_copy(update={"face": None})
    cropped = (
        _cropped(picture, cropping.rule(framings, checkpoint, device)),
        _cropped(driving, largest.rule(framings, checkpoint, device, numbered=False)),
    )
    given = Picture(picture.name, cropped[0].read(0, [0])[0], cropped[0].notes)
    made = animation_of(animator, given, cropped[1], relative=relative)
    return replace(made, crops=cropped)


def open_picture(path: Path) -> Picture:
    """The picture at a path, upright.

    Raises:
        InputError: there is none, or it is broken.
    """
    pixels, notes = noted_picture(path)
    return Picture(str(path), pixels, notes)


def picture_source(path: Path) -> VideoSource:
    """The picture at a path, upright, as a video of one frame.

    Raises:
        InputError: there is none, or it is broken.
    """
    advice = "give another picture"
    if not path.is_file():
        raise InputError(f"{path}: no such picture")
    with broken_videos_named(str(path), advice):
        found = open_pictures(str(path), [path])
    return NamedVideos(found, [0], str(path), advice=advice)


def _cropped(source: VideoSource, rule: Rule | None) -> CroppedVideos:
    found = CroppedVideos.of(source, MiddleSquare() if rule is None else rule)
    found.crop(0)
    return found


def open_driving(path: Path) -> StoredVideos:
    """The one video of a file or folder, upright.

    Raises:
        InputError: it cannot be read, or there are several.
    """
    videos = upright_videos(open_videos(path))
    if len(videos.names) != 1:
        raise InputError(f"{path}: {len(videos.names)} videos are there; give one of them")
    return videos


def framings_of(checkpoint: str) -> Framings | None:
    """The framing of an animator's training data, of a run or of LIA's files; None: not known."""
    if Path(checkpoint).name in weights_for(LIA):
        return load_config(f"lia-{Path(checkpoint).stem}256").framing
    folder = _animator_file(checkpoint).parent
    roots = [root for root in (folder, folder.parent) if (root / "config.toml").is_file()]
    return LeoModel.open(roots[0]).config.framing if roots else None


def _animator_file(checkpoint: str) -> Path:
    """The file itself, one of LIA's in the weights, or a training run's or shipped animator.

    Raises:
        InputError: a checkpoint of LIA's is neither here nor in the weights; no such model.
    """
    path = Path(checkpoint).expanduser()
    if checkpoint in weights_for(LIA) and not path.exists():
        return find([checkpoint], option="--checkpoint", trial="--checkpoint leo:toy-faces")
    is_name = checkpoint.startswith("leo:") or checkpoint in shipped_models()
    if path.is_dir() or (is_name and not path.is_file()):
        return LeoModel.open(find_model(checkpoint)).file("animator")
    return path
