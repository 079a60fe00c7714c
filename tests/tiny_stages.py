"""For tests of the training loop: a linear regression, a toy GAN, an animator; what they leave."""

import dataclasses
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from leo_bench.leo import seeds as chance
from leo_bench.leo.checkpoint import load_model
from leo_bench.leo.config import load_config
from leo_bench.leo.stage import Batch, Losses, LossModule, Player, Share, Stage
from leo_bench.leo.training.loop import train
from leo_bench.leo.training.run_folder import RunFolder, StageFolder
from leo_bench.leo.training_config import Optimiser, Training

TRUE = torch.tensor([[1.0, -2.0, 0.5]])
SHORT = Training(steps=12, batch=8, report_every=3, save_every=4, validate_every=6, picture_every=6)


class Regression(LossModule):
    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.network = nn.Linear(3, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, batch: Batch) -> tuple[Losses, Batch]:
        return {"square": F.mse_loss(self.network(self.dropout(batch["x"])), batch["y"])}, {}


def rows(step: int, share: Share, batch: int) -> Tensor:
    return torch.cat([chance.normal([1, 3], "rows", step, i) for i in share.of(batch)])


def regression(
    *, batch: int = 8, rate: float = 0.05, ema: float | None = None, dropout: float = 0.0
) -> Stage:
    torch.manual_seed(0)
    held_out = rows(0, Share(), 32)

    def make(step: int, share: Share) -> Batch:
        x = rows(step, share, batch)
        return {"x": x, "y": x @ TRUE.T}

    def validate(network: nn.Module) -> dict[str, float]:
        return {"loss": F.mse_loss(network(held_out), held_out @ TRUE.T).item()}

    def picture(network: nn.Module) -> Tensor:
        shade = (network(held_out).sigmoid() * 255).round().to(torch.uint8)
        return shade.view(1, 4, 8).repeat(3, 1, 1)

    optimiser = Optimiser(learning_rate=rate, falling=0.5)
    player = Player("line", Regression(dropout), optimiser, ema)
    stats = {"mean": TRUE[0].clone()}
    return Stage("lmdm", [player], make, validate, picture, {"kind": '"tiny"'}, stats)


class Faker(LossModule):
    def __init__(self, judge: nn.Module) -> None:
        super().__init__()
        self.network = nn.Linear(2, 3)
        self.others = (judge,)

    def forward(self, batch: Batch) -> tuple[Losses, Batch]:
        fake = self.network(batch["noise"])
        return {"adversarial": F.softplus(-self.others[0](fake)).mean()}, {"fake": fake}


class Judge(LossModule):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Batch) -> tuple[Losses, Batch]:
        real, fake = self.network(batch["x"]), self.network(batch["fake"])
        return {"real": F.softplus(-real).mean(), "fake": F.softplus(fake).mean()}, {}


def toy_gan(batch: int = 8) -> Stage:
    torch.manual_seed(0)
    judge = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))

    def make(step: int, share: Share) -> Batch:
        noise = [chance.normal([1, 2], "noise", step, i) for i in share.of(batch)]
        return {"x": rows(step, share, batch) + 1, "noise": torch.cat(noise)}

    def validate(network: nn.Module) -> dict[str, float]:
        return {"loss": network.weight.square().sum().item()}

    optimiser = Optimiser(learning_rate=0.01, betas=(0.0, 0.99))
    players = [
        Player("generator", Faker(judge), optimiser, 0.9),
        Player("discriminator", Judge(judge), optimiser),
    ]
    return Stage("animator", players, make, validate, lambda network: None, {}, {})


def narrow_animator(batch: int = 8) -> Stage:
    """The real stage with its discriminator, on drawn faces of 16 pixels."""
    from leo_bench.benchmarks.worlds.world import WorldShape, open_world
    from leo_bench.leo.data.videos import open_training_videos
    from leo_bench.leo.stages import animator
    from leo_bench.leo.stages.perceptual import choose

    changes = [
        "channel_cap=8", "style=12", "directions=5", "start=official",
        "discriminator.learning_rate=0.0019", "discriminator.betas=[0.0,0.99]",
        "generator.learning_rate=0.0016", "generator.betas=[0.0,0.99]", f"training.batch={batch}",
    ]  # fmt: skip
    config = load_config("toy64", [f"animator.{change}" for change in changes]).animator
    faces = open_world("toy-faces", "train", WorldShape(resolution=16, frames=6, count=8))
    videos = open_training_videos(faces, 16, held_out=0.25, pack_bytes=0)
    return animator.build(config, videos, choose("pixels"), seed=0)


def folder_in(path: Path, stage: str = "lmdm", data: str = "rows") -> StageFolder:
    return RunFolder.create(path, load_config("toy64")).stage(stage, data)


def contents(path: Path) -> dict[str, object]:
    """What a run has left; without times, which are nobody's to repeat."""
    found: dict[str, object] = {}
    for file in sorted(p for p in path.rglob("*") if p.is_file() and p.name != ".lock"):
        name = str(file.relative_to(path))
        if "checkpoints" in name:
            found[name] = {key: t.tolist() for key, t in load_file(file).items()}
        elif name.endswith(".jsonl"):
            lines = [json.loads(line) for line in file.read_text().splitlines()]
            timed = {"samples_per_second", "waited", "seconds"}
            found[name] = [{k: v for k, v in line.items() if k not in timed} for line in lines]
        else:
            found[name] = file.read_bytes()
    return found


def trained(stage: Stage, training: Training, path: Path) -> dict[str, Tensor]:
    return load_model(train(stage, training, folder_in(path, stage.name), cpu=True)).network


def changed(training: Training, **what: object) -> Training:
    return training.model_copy(update=what)


class StoppedError(Exception):
    pass


def failing_at(stage: Stage, step: int) -> Stage:
    def batch(at: int, share: Share) -> Batch:
        if at == step:
            raise StoppedError
        return stage.batch(at, share)

    return dataclasses.replace(stage, batch=batch)
