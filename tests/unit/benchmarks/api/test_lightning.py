"""The metrics in a training by Lightning, and in a plain loop: logged, kept, in no checkpoint."""

from collections.abc import Iterator
from pathlib import Path

import lightning
import pytest
import torch
from made_clips import FRAMES, QUICK, SIDE, clips, clips_passed
from torch import Tensor, nn

import leo_bench

REAL = clips(8, seed=1)
WANTED = float(REAL.float().mean()) / 255
EPOCHS = 2


class Generator(nn.Module):
    """Clips from noise by one layer: float [B,1] -> [B,T,3,H,W] in [0,1]."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 3)

    def forward(self, noise: Tensor) -> Tensor:
        colours = torch.sigmoid(self.layer(noise))
        return colours[:, None, :, None, None].expand(-1, FRAMES, -1, SIDE, SIDE)


class Training(lightning.LightningModule):
    """Fits the generator's brightness; measures FVD after every epoch, the real clips once."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = Generator()
        self.fvd = leo_bench.FrechetVideoDistance(
            **QUICK, value_range=(0, 1), reset_real_features=False
        )
        self.logged: list[float] = []

    def training_step(self, noise: Tensor, _index: int) -> Tensor:
        return (self.generator(noise) - WANTED).square().mean()

    def on_validation_start(self) -> None:
        if self.fvd.n_real == 0:
            self.fvd.update(REAL, real=True)

    def validation_step(self, noise: Tensor, _index: int) -> None:
        self.fvd.update(self.generator(noise), real=False)
        self.log("fvd", self.fvd)

    def on_validation_epoch_end(self) -> None:
        self.logged.append(self.fvd.result().value)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1.0)


class Batches:
    """Noise: two batches of three, and an uneven last one."""

    def __iter__(self) -> Iterator[Tensor]:
        generator = torch.Generator().manual_seed(3)
        return iter(torch.randn(8, 1, generator=generator).split(3))


# Lightning's own: it asks torch in a form that torch is giving up.
@pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.` is deprecated:FutureWarning")
def test_lightning_logs_the_distance_and_keeps_the_real_clips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = clips_passed(monkeypatch)
    torch.manual_seed(0)
    module = Training()
    trainer = lightning.Trainer(
        default_root_dir=tmp_path,
        accelerator="cpu",
        max_epochs=EPOCHS,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, Batches(), Batches())
    assert passed == [8, *[3, 3, 2] * EPOCHS]
    assert len(module.logged) == EPOCHS
    assert module.logged[1] < module.logged[0]
    assert float(trainer.callback_metrics["fvd"]) == module.logged[1]

    with torch.no_grad():
        expected = leo_bench.FrechetVideoDistance(**QUICK, value_range=(0, 1))
        expected.update(REAL, real=True)
        expected.update(module.generator(torch.cat(list(Batches()))), real=False)
    assert module.logged[1] == float(expected.compute())

    trainer.save_checkpoint(tmp_path / "last.ckpt")
    stored = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert set(stored["state_dict"]) == {"generator.layer.weight", "generator.layer.bias"}
    assert (tmp_path / "last.ckpt").stat().st_size < 20_000


def plain_loop(metric: leo_bench.FrechetVideoDistance | None) -> Iterator[list[float]]:
    """The weights after each epoch, with and without a metric that looks on."""
    torch.manual_seed(0)
    generator = Generator()
    optimizer = torch.optim.SGD(generator.parameters(), lr=1.0)
    for _ in range(EPOCHS):
        for noise in Batches():
            noisy = noise + 0.1 * torch.randn(noise.shape)
            loss = (generator(noisy) - WANTED).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if metric is not None:
            metric.reset()
            for noise in Batches():
                metric.update(generator(noise), real=False)
            metric.compute()
        yield torch.cat([each.detach().flatten() for each in generator.parameters()]).tolist()


def test_a_plain_loop_is_not_changed_by_the_metric() -> None:
    """Weights of a training that draws random numbers are the same to the last bit."""
    metric = leo_bench.FrechetVideoDistance(**QUICK, value_range=(0, 1), reset_real_features=False)
    metric.update(REAL, real=True)
    assert list(plain_loop(metric)) == list(plain_loop(None))
