"""Trains `id-toy`, an embedding of the identity in a frame of either toy world.

With it, identity scores need no download.

    python -m leo_bench.benchmarks.worlds.train_id_toy --out evaluation/embedders/id_toy.safetensors

Each identity of the split "extractor" is drawn in a few shots with different motions; all but the
first have the background of another identity, so that the embedding ignores the background. The
loss is InfoNCE (van den Oord et al. 2018) in the form of SimCLR: two frames of different shots of
an identity are the positive pair, all others of the batch are negatives. Frames are augmented by
blur, noise and lighting. A JSON file beside the weights holds the recipe, the log and scores on the
split "test", whose identities are not trained on. Weights differ in their last digits between
machines.
"""

import argparse
import json
import logging
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from leo_bench.benchmarks.worlds.body_identity import BodyIdentity
from leo_bench.benchmarks.worlds.face_identity import FaceIdentity
from leo_bench.benchmarks.worlds.seeds import Dice
from leo_bench.benchmarks.worlds.world import IDENTITIES, WORLDS, Identity, Split, World
from leo_bench.evaluation.embedders.id_toy import SIZE, IdToyNetwork, network_input
from leo_bench.evaluation.identity.verification import verify, within_and_between

log = logging.getLogger(__name__)

SHOT_FRAMES = 2  # frames of one motion, `FAR` frames apart at most
FAR = 512

FACE_BACKDROP = (
    "pattern", "backdrop_hue", "backdrop_top", "backdrop_bottom", "backdrop_accent",
    "pattern_phase", "pattern_scale",
)  # fmt: skip
BODY_BACKDROP = (
    "place", "wall_hue", "wall_top", "wall_bottom", "wall_accent", "floor_near", "floor_far",
    "horizon", "place_phase",
)  # fmt: skip


@dataclass(frozen=True)
class IdToyRecipe:
    """Settings of the training."""

    people: int = 1024  # of each world
    shots: int = 4  # of each person
    pairs: int = 64  # in a batch, half of each world
    steps: int = 1000
    rate: float = 2e-3
    weight_decay: float = 0.02
    temperature: float = 0.1
    blur: float = 1.6  # largest standard deviation in pixels; half of the frames are blurred
    noise: float = 0.08  # largest standard deviation, of values -1..1
    gain: float = 0.15  # of contrast
    light: float = 0.1  # added, each colour by itself a third of it
    seed: int = 0


def someone_at(who: Identity, where: Identity) -> Identity:
    """The person of one identity with the background of another."""
    if isinstance(who, FaceIdentity):
        return replace(who, **{name: getattr(where, name) for name in FACE_BACKDROP})
    if isinstance(who, BodyIdentity):
        return replace(who, **{name: getattr(where, name) for name in BODY_BACKDROP})
    raise TypeError(f"no backdrop is known of a {type(who).__name__}")


def shots(world: World, person: int, count: int, *, other_places: bool) -> NDArray[np.uint8]:
    """One person in several motions: uint8 [count,SHOT_FRAMES,3,64,64].

    Args:
        world: whose `person`-th identity is drawn.
        person: 0 to the number of identities of the split, less one.
        count: of shots; the first has the person's own backdrop.
        other_places: the others have those of other identities of the split.
    """
    people = IDENTITIES[world.split][1]
    drawn = []
    for shot in range(count):
        dice = Dice(f"{world.name}/{world.split}/shot/{person}/{shot}")
        who = world.identity(person)
        where = world.identity(int(dice.between(0, people)))
        if other_places and shot > 0:
            who = someone_at(who, where)
        times = [int(dice.between(0, FAR)) for _ in range(SHOT_FRAMES)]
        # Videos beyond the number of identities meet them again, in motions of their own.
        motion = world.motion(person + shot * people, times)
        drawn.append(world.render(who, motion, SIZE).numpy())
    return np.stack(drawn)


def rendered(
    split: Split, people: int, count: int, *, other_places: bool, keep: Path | None = None
) -> NDArray[np.uint8]:
    """Shots of the first so many people of every world: uint8 [worlds,people,count,2,3,64,64].

    Args:
        split: of the worlds.
        people: of each.
        count: of shots.
        other_places: see `shots`.
        keep: a .npy that they lie in, mapped into memory; drawn only if it is not there.
    """
    shape = (len(WORLDS), people, count, SHOT_FRAMES, 3, SIZE, SIZE)
    if keep is not None and keep.exists():
        found: NDArray[np.uint8] = np.load(keep, mmap_mode="r")
        if found.shape != shape:
            raise SystemExit(f"{keep}: holds {found.shape}, not {shape}; give another file")
        return found
    frames: NDArray[np.uint8] = np.empty(shape, dtype=np.uint8)
    for which, name in enumerate(WORLDS):
        world = World.named(name, split)
        for person in range(people):
            frames[which, person] = shots(world, person, count, other_places=other_places)
        log.info("drew %d people of %s/%s", people, name, split)
    if keep is not None:
        np.save(keep, frames)
    return frames


def pairs(
    frames: NDArray[np.uint8], count: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Two frames of each of `count` people from different shots: uint8 [count,3,64,64] twice."""
    worlds, people, many, each = frames.shape[:4]
    one, two = [], []
    for world in range(worlds):
        share = count // worlds
        chosen = torch.randperm(people, generator=generator)[:share].tolist()
        for person in chosen:
            first, second = torch.randperm(many, generator=generator)[:2].tolist()
            i, j = torch.randint(each, (2,), generator=generator).tolist()
            one.append(frames[world, person, first, i])
            two.append(frames[world, person, second, j])
    return torch.from_numpy(np.stack(one)), torch.from_numpy(np.stack(two))


def roughened(pixels: Tensor, recipe: IdToyRecipe, generator: torch.Generator) -> Tensor:
    """Augment by blur, noise and lighting: float32 [B,3,64,64] -> the same shape."""

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    count = len(pixels)
    half = uniform(count) < 0.5
    sigma = 0.3 + (recipe.blur - 0.3) * float(uniform(1))
    pixels = torch.where(half[:, None, None, None], _blurred(pixels, sigma), pixels)
    gain = 1 + recipe.gain * (2 * uniform(count, 1, 1, 1) - 1)
    light = recipe.light * (2 * uniform(count, 1, 1, 1) - 1)
    tint = recipe.light / 3 * (2 * uniform(count, 3, 1, 1) - 1)
    noise = torch.randn(pixels.shape, generator=generator)
    noise = recipe.noise * uniform(count, 1, 1, 1).square() * noise
    return pixels * gain + light + tint + noise


def _blurred(pixels: Tensor, sigma: float) -> Tensor:
    """Gaussian blur as two products with a banded matrix."""
    at = torch.arange(SIZE, dtype=torch.float32)
    kernel = torch.exp(-((at[:, None] - at) ** 2) / (2 * sigma**2))
    kernel = kernel / kernel.sum(1, keepdim=True)
    return kernel @ pixels @ kernel.T


def contrast(one: Tensor, two: Tensor, temperature: float) -> Tensor:
    """Symmetric InfoNCE of two batches of unit vectors [B,D] -> scalar."""
    everyone = torch.cat([one, two])
    similarity = everyone @ everyone.T / temperature
    similarity = similarity.masked_fill(torch.eye(len(everyone), dtype=torch.bool), -torch.inf)
    partner = torch.arange(len(everyone)).roll(len(one))
    return F.cross_entropy(similarity, partner)


def train(
    recipe: IdToyRecipe, frames: NDArray[np.uint8]
) -> tuple[IdToyNetwork, list[dict[str, float]]]:
    """A trained network in evaluation mode, and its log."""
    torch.manual_seed(recipe.seed)  # the network's first weights come from the global generator
    network = IdToyNetwork().to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, recipe.steps, pct_start=0.1, cycle_momentum=False
    )
    generator = torch.Generator().manual_seed(recipe.seed)
    history: list[dict[str, float]] = []
    begun, running = time.perf_counter(), 0.0
    for step in range(1, recipe.steps + 1):
        both = torch.cat(pairs(frames, recipe.pairs, generator))
        pixels = roughened(network_input(both), recipe, generator)
        one, two = network(pixels.contiguous(memory_format=torch.channels_last)).chunk(2)
        loss = contrast(one, two, recipe.temperature)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
        running += loss.item()
        if step % 50 == 0:
            seconds = round(time.perf_counter() - begun, 1)
            history.append({"step": step, "loss": round(running / 50, 4), "seconds": seconds})
            log.info("%s", history[-1])
            running = 0.0
    return network.eval(), history


@torch.inference_mode()
def scores(network: IdToyNetwork) -> dict[str, dict[str, dict[str, float]]]:
    """How well distances separate identities of the split "test", by world.

    "real": every person before its own backdrop; "other places": before others'; "blurred": as
    real, every second frame blurred by 1 pixel; "one video": pairs of one person come from one
    motion, as in ACD and in drift.
    """
    people, many = IDENTITIES["test"][1], 3
    real = rendered("test", people, many, other_places=False)
    moved = rendered("test", people, many, other_places=True)
    table: dict[str, dict[str, dict[str, float]]] = {}
    for which, name in enumerate(WORLDS):
        own = _embedded(network, real[which])
        blurred = own.clone()
        blurred[:, 1::2] = _embedded(network, real[which][:, 1::2], blur=1.0)
        table[name] = {
            "real": _parted(own[:, :, 0]),
            "other places": _parted(_embedded(network, moved[which])[:, :, 0]),
            "blurred": _parted(blurred[:, :, 0]),
            "one video": _parted(own[:, 0]),
        }
    return table


def _embedded(network: IdToyNetwork, frames: NDArray[np.uint8], blur: float = 0.0) -> Tensor:
    """uint8 [P,K,2,3,64,64] -> [P,K,2,D]."""
    pixels = network_input(torch.from_numpy(np.ascontiguousarray(frames)).flatten(0, 2))
    if blur > 0:
        pixels = _blurred(pixels, blur)
    parts = [network(part) for part in torch.split(pixels, 64)]
    return torch.cat(parts).view(*frames.shape[:3], -1)


def _parted(embeddings: Tensor) -> dict[str, float]:
    within, between = within_and_between(embeddings)
    found = verify(within, between)
    return {
        "auc": round(found.auc, 5),
        "equal_error_rate": round(found.equal_error_rate, 5),
        "within_mean": round(float(within.mean()), 4),
        "within_99_percent": round(float(within.quantile(0.99)), 4),
        "between_mean": round(float(between.mean()), 4),
        "between_1_percent": round(_low_quantile(between, 0.01), 4),
        "same_pairs": len(within),
        "other_pairs": len(between),
    }


def _low_quantile(values: Tensor, share: float) -> float:
    # torch.quantile refuses more than 16 million values.
    return float(values.sort().values[int(share * (len(values) - 1))])


def save(network: IdToyNetwork, path: Path) -> None:
    """Write the weights in float32, with the names of the worlds."""
    worlds = {name: kind.version for name, kind in WORLDS.items()}
    tensors = {
        name: tensor.contiguous()
        for name, tensor in network.to(memory_format=torch.contiguous_format).state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    save_file(tensors, path, {"worlds": json.dumps(worlds)})


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure, and write the weights and the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frames", type=Path, help="keep drawn frames in this .npy")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(given.threads)
    recipe = IdToyRecipe()
    begun = time.perf_counter()
    frames = rendered(
        "extractor", recipe.people, recipe.shots, other_places=True, keep=given.frames
    )
    drawn = time.perf_counter()
    network, history = train(recipe, frames)
    trained = time.perf_counter()
    save(network, given.out)
    report = {
        "recipe": asdict(recipe),
        "worlds": {name: kind.version for name, kind in WORLDS.items()},
        "parameters": sum(p.numel() for p in network.parameters()),
        "scores_on_test": scores(network),
        "seconds": {"drawing": round(drawn - begun), "training": round(trained - drawn)},
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
