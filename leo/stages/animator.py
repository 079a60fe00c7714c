"""Stage animator: LIA learns to rebuild one frame of a video from another (Sec. 3.1).

Two players, as in LIA's training (wyhsirius/LIA before 3f1d865, trainer.py): the generator (L1,
perceptual and adversarial loss), then the discriminator on the same pictures.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from leo_bench.leo.animator_config import AnimatorConfig
from leo_bench.leo.data.videos import FramePairs, TrainingVideos
from leo_bench.leo.networks.discriminator import Discriminator, FoldedDiscriminator, group_of
from leo_bench.leo.networks.fast_generator import reconstruct
from leo_bench.leo.networks.generator import Generator, start_from_copy, start_from_identity
from leo_bench.leo.networks.layers import from_pixels, to_pixels
from leo_bench.leo.stage import Batch, Losses, LossModule, Player, Stage
from leo_bench.leo.stages.denoising import seeded
from leo_bench.leo.stages.losses import (
    discriminator_adversarial,
    generator_adversarial,
    l1,
    weighted_l1,
    weights_where_it_moves,
)
from leo_bench.leo.stages.perceptual import Chosen
from leo_bench.leo.stages.reconstruction import Judged, driving_frames, judge

NAME = "animator"
HELD_OUT_VIDEOS, HELD_OUT_FRAMES = 32, 4  # held-out videos at most; driving frames of each
SHOWN = 8

STARTS: dict[str, Callable[[Generator], None]] = {
    "official": lambda network: None,
    "identity": start_from_identity,
    "copy": start_from_copy,
}


class GeneratorLosses(LossModule):
    """The generator's turn."""

    def __init__(
        self,
        network: Generator,
        perceptual: Chosen,
        discriminator: Discriminator | None,
        emphasis: float = 0.0,
    ) -> None:
        """The discriminator, if any, is used but not trained here."""
        super().__init__()
        self.network: Generator = network
        self._emphasis = emphasis
        self._perceptual = (perceptual,)  # in tuples: no submodules
        self._discriminator = (discriminator,)

    def part_means(self, batch: Batch) -> Batch:
        """uint8 "source" and "driving" [b,3,R,R] -> "mean weight" [], if pixels are weighted."""
        return {"mean weight": self._weights(batch).mean()} if self._emphasis else {}

    def forward(self, batch: Batch) -> tuple[Losses, Batch]:
        """The same and "mean weight" -> losses, and "fake" float [b,3,R,R] for later players."""
        source, driving = from_pixels(batch["source"]), from_pixels(batch["driving"])
        fake = reconstruct(self.network, source, driving).float()
        (perceptual,), (discriminator,) = self._perceptual, self._discriminator
        losses = {
            "l1": weighted_l1(fake, driving, self._weights(batch), batch["mean weight"])
            if self._emphasis
            else l1(fake, driving),
            perceptual.name: perceptual.loss(fake, driving),
        }
        if discriminator is not None:
            scores = FoldedDiscriminator(discriminator).scores(fake)
            losses["adversarial"] = generator_adversarial(scores.float())
        return losses, {"fake": fake.detach()}

    def _weights(self, batch: Batch) -> Tensor:
        source, driving = from_pixels(batch["source"]), from_pixels(batch["driving"])
        return weights_where_it_moves(driving, source, self._emphasis)


class DiscriminatorLosses(LossModule):
    """The discriminator's turn, on the pictures of the generator before its step."""

    def __init__(self, network: Discriminator) -> None:
        """Learns to distinguish driving frames from reconstructions."""
        super().__init__()
        self.network: Discriminator = network

    def forward(self, batch: Batch) -> tuple[Losses, Batch]:
        """uint8 "driving" and float "fake" [b,3,R,R] -> losses."""
        folded = FoldedDiscriminator(self.network)
        of_real = folded.scores(from_pixels(batch["driving"]))
        of_fake = folded.scores(batch["fake"])
        return {"adversarial": discriminator_adversarial(of_real.float(), of_fake.float())}, {}


@dataclass(frozen=True)
class HeldOut:
    """Validation pairs: the first frame and later frames of the held-out videos."""

    sources: Tensor  # uint8 [N,3,R,R]
    drivings: Tensor  # uint8 [N,3,R,R]

    @staticmethod
    def of(videos: TrainingVideos) -> "HeldOut":
        """The first frame and some evenly spread later ones of each held-out video."""
        sources, drivings = [], []
        for video in videos.judged[:HELD_OUT_VIDEOS]:
            picks = driving_frames(videos.frame_counts[video], HELD_OUT_FRAMES)
            frames = videos.frames(video, [0, *picks])
            sources.append(frames[:1].expand(len(picks), -1, -1, -1))
            drivings.append(frames[1:])
        return HeldOut(torch.cat(sources), torch.cat(drivings))

    def validate(self, network: nn.Module) -> dict[str, float]:
        """L1 as "loss", and the numbers of `leo.stages.reconstruction`."""
        found = self.judged(network)
        return {"loss": found.l1, **found.numbers()}

    def judged(self, network: nn.Module) -> Judged:
        """Errors of the reconstructions."""
        return judge(self.sources, self.drivings, _rebuilt(network, self.sources, self.drivings))

    def picture(self, network: nn.Module) -> Tensor:
        """Rows source, driving, rebuilt; a column a pair: uint8 [3,3R,R*8]."""
        step = max(1, len(self.sources) // SHOWN)
        sources, drivings = self.sources[::step][:SHOWN], self.drivings[::step][:SHOWN]
        rebuilt = _rebuilt(network, sources, drivings)
        rows = [torch.cat(list(row), dim=2) for row in (sources, drivings, rebuilt)]
        return torch.cat(rows, dim=1)


def build(
    config: AnimatorConfig,
    videos: TrainingVideos,
    perceptual: Chosen,
    seed: int,
    larger: TrainingVideos | None = None,
) -> Stage:
    """The stage; first weights follow from `seed`.

    `larger`: the videos at the size that pairs are cropped from; None: the model's.
    """
    if config.training is None or config.generator is None:
        raise ValueError("this animator is taken from a checkpoint, not trained")
    network, discriminator = seeded(lambda: _networks(config, videos.resolution), NAME, seed)
    STARTS[config.start](network)
    players = [
        Player(
            "generator",
            GeneratorLosses(network, perceptual, discriminator, config.emphasis),
            config.generator,
            config.training.ema,
        )
    ]
    if discriminator is not None and config.discriminator is not None:
        losses = DiscriminatorLosses(discriminator)
        players.append(Player("discriminator", losses, config.discriminator))
    held_out = HeldOut.of(videos)
    return Stage(
        name=NAME,
        players=players,
        batch=FramePairs(
            larger or videos, config.training.batch, seed, config.augmentation, videos.resolution
        ),
        validate=held_out.validate,
        picture=held_out.picture,
        metadata={NAME: json.dumps(shape(network)), "perceptual": perceptual.name},
        tensors={},
        group=1 if discriminator is None else group_of(config.training.batch),
    )


def _networks(config: AnimatorConfig, size: int) -> tuple[Generator, Discriminator | None]:
    generator = Generator(
        size,
        channel_cap=config.channel_cap,
        channel_base=config.channel_base,
        style=config.style,
        directions=config.directions,
        align_corners=config.align_corners,
    )
    if config.discriminator is None:
        return generator, None
    return generator, Discriminator(size, generator.widths)


def shape(network: Generator) -> dict[str, object]:
    """The arguments that build this generator, saved with its weights."""
    return {
        "size": network.size,
        "channel_cap": network.widths.cap,
        "channel_base": network.widths.base,
        "style": network.style,
        "directions": network.directions,
        "align_corners": network.align_corners,
    }


@torch.no_grad()
def _rebuilt(network: nn.Module, sources: Tensor, drivings: Tensor) -> Tensor:
    """uint8 [N,3,R,R], on the CPU."""
    if not isinstance(network, Generator):
        raise TypeError(f"expected a Generator, not {type(network).__name__}")
    device = next(network.parameters()).device
    parts = []
    for source, driving in zip(torch.split(sources, 16), torch.split(drivings, 16), strict=True):
        fake = reconstruct(network, from_pixels(source.to(device)), from_pixels(driving.to(device)))
        parts.append(to_pixels(fake.float()).cpu())
    return torch.cat(parts)
