"""Our Inception of the FID is pytorch-fid's own network, bit for bit, and so are its features."""

from pathlib import Path

import pytest
import torch

from leo_bench.evaluation.embedders.inception import InceptionFid, empty_network, load_network
from leo_bench.evaluation.errors import InputError


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up weights of the right names and shapes, where pytorch-fid looks for its download."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, value in empty_network().state_dict().items():
        made = torch.zeros(value.shape, dtype=value.dtype)
        if value.ndim > 1:
            made.normal_(0, (2 / value[0].numel()) ** 0.5, generator=generator)
        elif name.endswith(("running_var", "weight")):
            made.fill_(1)
        state[name] = made
    folder = tmp_path_factory.mktemp("torch") / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(state, folder / "pt_inception-2015-12-05-6726825d.pth")
    return folder / "pt_inception-2015-12-05-6726825d.pth"


def test_features_are_those_of_pytorch_fid(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(weights.parents[2]))
    from pytorch_fid.inception import InceptionV3

    theirs, ours = InceptionV3().eval(), InceptionFid(load_network(weights), "", True, "cpu")
    generator = torch.Generator().manual_seed(1)
    frames = torch.randint(0, 256, (2, 3, 48, 64), generator=generator, dtype=torch.uint8)
    embedded = ours(frames)
    with torch.inference_mode():
        expected = theirs(frames.float() / 255)[0][:, :, 0, 0]
    assert embedded.values.shape == (2, 2048)
    assert bool(embedded.found.all())
    assert expected.std() > 0.01
    assert (embedded.values - expected).norm() < 1e-5 * expected.norm()
    assert torch.equal(ours(frames[1:]).values, embedded.values[1:])


def test_weights_of_another_shape_are_refused(weights: Path, tmp_path: Path) -> None:
    state = torch.load(weights, weights_only=True)
    del state["fc.bias"]
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"other.pth: not the weights .*fc.bias"):
        load_network(tmp_path / "other.pth")
