"""Trains `i3d-toy`, an I3D of an eighth of the width, on the toy worlds' labels.

With it, video distances need no download.

    python -m leo_bench.benchmarks.worlds.train_i3d_toy
        --out evaluation/extractors/i3d_toy.safetensors

Videos of the split "extractor" (64 frames of 64x64) are rendered once and kept in memory. A clip is
16 of their frames at a stride of 1 to 4. Most steps use clips of 64x64, which is cheap; the last
steps use 224x224, resized bilinearly as the protocols do. A JSON file beside the weights holds the
recipe, the log and accuracies on the split "test". Weights differ in their last digits between
machines.
"""

import argparse
import json
import logging
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from leo_bench.benchmarks.worlds.seeds import Array
from leo_bench.benchmarks.worlds.toy_labels import ABSENT, CLASSES, GROUPS, clip_labels
from leo_bench.benchmarks.worlds.world import WORLDS, Split, World
from leo_bench.evaluation.extractors.i3d import I3D, SIZE, max_pool
from leo_bench.evaluation.extractors.numerics import computes_bf16

log = logging.getLogger(__name__)

LENGTH, STRIDES = 16, (1, 2, 3, 4)
STORED = 64  # pixels, and frames of a stored video


@dataclass(frozen=True)
class Stage:
    """A phase of training: number of steps, frame size, peak learning rate."""

    size: int
    steps: int
    rate: float


@dataclass(frozen=True)
class I3dToyRecipe:
    """Settings of the training."""

    width: float = 0.125
    bn_eps: float = 1e-3
    videos: int = 768  # of each world
    batch: int = 16
    stages: tuple[Stage, ...] = (
        Stage(64, 2600, 3e-3),
        Stage(112, 600, 2e-3),
        Stage(SIZE, 220, 1.5e-3),
    )
    weight_decay: float = 0.01
    weight_std: float = (
        0.1  # of all first weights: batch norm undoes the scale, Adam's steps suit it
    )
    seed: int = 0


class Videos:
    """Rendered videos of both worlds in memory, with their labels.

    Args:
        split: of both worlds.
        count: videos of each.
    """

    def __init__(self, split: Split, count: int) -> None:
        self.worlds = [World.named(name, split) for name in WORLDS]
        self.count = count
        shape = (len(self.worlds), count, STORED, 3, STORED, STORED)
        self.pixels: NDArray[np.uint8] = np.empty(shape, dtype=np.uint8)
        self.motions: list[list[Array]] = [[] for _ in self.worlds]
        self.programs: list[list[str]] = [[] for _ in self.worlds]
        for which, world in enumerate(self.worlds):
            for index in range(count):
                movement = world.movement(index)
                motion = movement(range(STORED))
                self.motions[which].append(motion)
                self.programs[which].append(movement.program)
                self.pixels[which, index] = world.render(
                    world.identity(index), motion, STORED
                ).numpy()
            log.info("rendered %d videos of %s", count, world.name)

    def clip(self, which: int, index: int, frames: slice) -> tuple[NDArray[np.uint8], list[int]]:
        """Pixels uint8 [16,3,64,64] and the class in every group."""
        identity = self.worlds[which].identity(index)
        labels = clip_labels(
            identity, self.programs[which][index], self.motions[which][index][frames]
        )
        return self.pixels[which, index, frames], labels

    def batch(self, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """`size` random clips, half of each world: uint8 [B,16,3,64,64], int64 [B,G]."""
        clips, classes = [], []
        for position in range(size):
            index, stride = _draw(self.count, generator), STRIDES[_draw(len(STRIDES), generator)]
            start = _draw(STORED - stride * (LENGTH - 1), generator)
            stop = start + stride * (LENGTH - 1) + 1
            pixels, labels = self.clip(
                position % len(self.worlds), index, slice(start, stop, stride)
            )
            clips.append(pixels)
            classes.append(labels)
        return torch.from_numpy(np.stack(clips)), torch.tensor(classes)


def _draw(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator))


def network_input(clips: Tensor, size: int) -> Tensor:
    """uint8 [B,T,3,h,w] -> float32 [B,3,T,size,size], -1..1, bilinear."""
    count, frames = clips.shape[:2]
    pixels = clips.flatten(0, 1).float() * (2.0 / 255.0) - 1.0
    pixels = F.interpolate(pixels, (size, size), mode="bilinear", align_corners=False)
    return pixels.reshape(count, frames, 3, size, size).transpose(1, 2)


def pooled_at_any_size(network: I3D, clips: Tensor) -> Tensor:
    """float32 [B,3,16,H,W] -> [B,C]: what I3D's logits read, averaged over the remaining positions.

    At 224x224 and 16 frames, `network.logits` of it is `network(clips)`.
    """
    x = network.Conv3d_1a_7x7(clips)
    x = max_pool(x, (1, 3, 3), (1, 2, 2))
    x = network.Conv3d_2c_3x3(network.Conv3d_2b_1x1(x))
    x = max_pool(x, (1, 3, 3), (1, 2, 2))
    for name, block in network.named_children():
        if name == "Mixed_4b":
            x = max_pool(x, (3, 3, 3), (2, 2, 2))
        elif name == "Mixed_5b":
            x = max_pool(x, (2, 2, 2), (2, 2, 2))
        if name.startswith("Mixed"):
            x = block(x)
    pooled: Tensor = x.mean((2, 3, 4))
    return pooled


def group_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Weighted mean of the groups' cross-entropies, each over the clips that have a label in it."""
    parts = torch.split(logits, [group.classes for group in GROUPS], dim=1)
    total = sum(group.weight for group in GROUPS)
    losses = [
        F.cross_entropy(part, classes[:, i], ignore_index=ABSENT) * (group.weight / total)
        for i, (part, group) in enumerate(zip(parts, GROUPS, strict=True))
    ]
    return torch.stack(losses).sum()


def train(recipe: I3dToyRecipe, videos: Videos) -> tuple[I3D, list[dict[str, float]]]:
    """A trained network in evaluation mode, and its log of losses and seconds."""
    torch.manual_seed(recipe.seed)  # the network's first weights come from the global generator
    network = I3D(CLASSES, recipe.width, recipe.bn_eps).to(memory_format=torch.channels_last_3d)
    for name, weight in network.named_parameters():
        if name.endswith("conv3d.weight"):
            nn.init.normal_(weight, std=recipe.weight_std)
    nn.init.zeros_(network.logits.conv3d.weight)
    # Averages over a clip hardly differ from clip to clip; scaled apart, they are quicker to learn.
    neck = nn.BatchNorm1d(network.logits.conv3d.in_channels, affine=False)
    generator = torch.Generator().manual_seed(recipe.seed)
    history: list[dict[str, float]] = []
    begun = time.perf_counter()
    for stage in recipe.stages:
        network.train()
        optimiser = torch.optim.AdamW(
            network.parameters(),
            lr=stage.rate,
            betas=(0.9, 0.95),
            weight_decay=recipe.weight_decay,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, stage.rate, stage.steps, pct_start=0.1, cycle_momentum=False
        )
        running = 0.0
        for step in range(1, stage.steps + 1):
            clips, classes = videos.batch(recipe.batch, generator)
            pixels = network_input(clips, stage.size).contiguous(
                memory_format=torch.channels_last_3d
            )
            with torch.autocast("cpu", torch.bfloat16, enabled=computes_bf16(pixels.device)):
                pooled = pooled_at_any_size(network, pixels)
            spread = neck(pooled.float())[:, :, None, None, None]
            loss = group_loss(network.logits(spread).flatten(1), classes)
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            running += loss.item()
            if step % 40 == 0:
                seconds = round(time.perf_counter() - begun, 1)
                history.append(
                    {
                        "size": stage.size,
                        "step": step,
                        "loss": round(running / 40, 4),
                        "seconds": seconds,
                    }
                )
                log.info("%s", history[-1])
                running = 0.0
    fold(neck, network)
    return network.eval(), history


@torch.no_grad()
def fold(neck: nn.BatchNorm1d, network: I3D) -> None:
    """Fold the normalisation before the logits into the logits' weights."""
    if neck.running_mean is None or neck.running_var is None:
        raise ValueError("the normalisation keeps no statistics to fold")
    last = network.logits.conv3d
    scaled = last.weight.flatten(1) / torch.sqrt(neck.running_var + neck.eps)
    last.weight.copy_(scaled[:, :, None, None, None])
    if last.bias is not None:
        last.bias -= scaled @ neck.running_mean


@torch.inference_mode()
def accuracies(network: I3D, videos: Videos) -> dict[str, dict[str, float]]:
    """Per group: accuracy at 224x224, and the share of the most frequent class."""
    answers, truths = [], []
    for which in range(len(videos.worlds)):
        for index in range(videos.count):
            stride = STRIDES[index % len(STRIDES)]
            pixels, labels = videos.clip(which, index, slice(0, stride * (LENGTH - 1) + 1, stride))
            logits = network(network_input(torch.from_numpy(pixels[None]), SIZE))
            parts = torch.split(logits[0], [group.classes for group in GROUPS])
            answers.append([int(part.argmax()) for part in parts])
            truths.append(labels)
    answer, truth = np.array(answers), np.array(truths)
    table = {}
    for i, group in enumerate(GROUPS):
        told = truth[:, i] != ABSENT
        counts = np.bincount(truth[told, i], minlength=group.classes)
        right = float((answer[told, i] == truth[told, i]).mean())
        table[group.name] = {
            "classes": group.classes, "accuracy": round(right, 3),
            "most_frequent": round(float(counts.max() / counts.sum()), 3),
            "clips": int(counts.sum()),
        }  # fmt: skip
    return table


def save(network: I3D, path: Path) -> None:
    """Write float32 weights with the metadata of `load_i3d` and the logits of each group."""
    labels, first = [], 0
    for group in GROUPS:
        labels.append({"name": group.name, "first": first, "classes": group.classes})
        first += group.classes
    worlds = {name: kind.version for name, kind in WORLDS.items()}
    shape = {"classes": network.classes, "width": network.width, "input": [3, LENGTH, SIZE, SIZE]}
    metadata = {
        "i3d": json.dumps(shape),
        "labels": json.dumps(labels),
        "worlds": json.dumps(worlds),
    }
    tensors = {
        name: tensor.contiguous()
        for name, tensor in network.to(memory_format=torch.contiguous_format).state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    save_file(tensors, path, metadata)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure, and write the weights and the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(given.threads)
    recipe = I3dToyRecipe()
    begun = time.perf_counter()
    videos = Videos("extractor", recipe.videos)
    rendered = time.perf_counter()
    network, history = train(recipe, videos)
    trained = time.perf_counter()
    save(network, given.out)
    report = {
        "recipe": asdict(recipe),
        "worlds": {name: kind.version for name, kind in WORLDS.items()},
        "parameters": sum(p.numel() for p in network.parameters()),
        "accuracy_on_test": accuracies(network, Videos("test", 256)),
        "seconds": {"rendering": round(rendered - begun), "training": round(trained - rendered)},
        "machine": {
            "processor": platform.machine(),
            "threads": given.threads,
            "torch": torch.__version__,
        },
        "log": history,
    }
    given.out.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
