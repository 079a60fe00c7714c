"""id-toy: the certificate of what is shipped, and that it tells people it never saw apart."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from leo_bench.benchmarks.sources.damage import damaged
from leo_bench.benchmarks.worlds.train_id_toy import (
    BODY_BACKDROP,
    FACE_BACKDROP,
    IdToyRecipe,
    contrast,
    pairs,
    rendered,
    roughened,
    save,
    shots,
    someone_at,
    train,
)
from leo_bench.benchmarks.worlds.world import WORLDS, World, WorldShape, open_world
from leo_bench.evaluation.embedders import EmbedderRequest, FrameEmbedder, build_embedder
from leo_bench.evaluation.embedders.id_toy import DIM, WEIGHTS, IdToyNetwork, network_input
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors.certificates import (
    ID_TOY_CERTIFICATE,
    StoredEmbeddings,
    check_embedder,
    patterns,
)
from leo_bench.evaluation.identity.acd import video_acd
from leo_bench.evaluation.identity.verification import verify, within_and_between
from leo_bench.evaluation.videos.source import VideoSource

MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def embedder() -> FrameEmbedder:
    return build_embedder(EmbedderRequest("id-toy"))


def test_the_shipped_network_gives_its_certified_embeddings(embedder: FrameEmbedder) -> None:
    found = check_embedder(embedder)
    assert found.ok, found
    assert found.tolerance == 1e-4
    stored = StoredEmbeddings.model_validate_json(ID_TOY_CERTIFICATE.read_bytes())
    assert stored.weights == embedder.weights
    assert len(stored.embeddings[0]) == embedder.dim == DIM


def test_other_weights_have_no_certificate(tmp_path: Path) -> None:
    changed = {name: tensor * 1.01 for name, tensor in load_file(WEIGHTS).items()}
    save_file(changed, tmp_path / "mine.safetensors")
    mine = EmbedderRequest("id-toy", tmp_path / "mine.safetensors", allow_unverified=True)
    with pytest.raises(InputError, match="its certificate is of weights"):
        check_embedder(build_embedder(mine))
    assert not build_embedder(mine).weights_verified
    with pytest.raises(InputError, match="mean-colour: has no certificate"):
        check_embedder(build_embedder(EmbedderRequest("mean-colour")))


def test_what_is_shipped(embedder: FrameEmbedder) -> None:
    assert WEIGHTS.stat().st_size < MOST_BYTES
    assert embedder.weights_verified
    report = json.loads(WEIGHTS.with_suffix(".json").read_text())
    assert report["worlds"] == {name: kind.version for name, kind in WORLDS.items()}
    assert report["parameters"] == sum(p.numel() for p in IdToyNetwork().parameters())
    for world in WORLDS:
        assert report["scores_on_test"][world]["real"]["auc"] > 0.99


def test_embeddings_have_length_one_and_know_nothing_of_each_other(embedder: FrameEmbedder) -> None:
    together = embedder(patterns())
    assert together.values.shape == (4, DIM)
    assert bool(together.found.all())
    torch.testing.assert_close(together.values.norm(dim=1), torch.ones(4))
    alone = torch.cat([embedder(frame[None]).values for frame in patterns()])
    assert torch.equal(alone, together.values)


def test_frames_of_any_size(embedder: FrameEmbedder) -> None:
    frames = open_world("toy-faces", "test", WorldShape(128, 8, 2)).read(1, [3])
    small = open_world("toy-faces", "test", WorldShape(64, 8, 2)).read(1, [3])
    assert network_input(frames).shape == (1, 3, 64, 64)
    assert (embedder(frames).values - embedder(small).values).norm() < 0.25


@pytest.mark.parametrize("name", list(WORLDS))
def test_people_it_never_saw_are_told_apart(embedder: FrameEmbedder, name: str) -> None:
    world = World.named(name, "test")
    people = [shots(world, person, 2, other_places=True)[:, 0] for person in range(24)]
    embeddings = torch.stack([embedder(torch.from_numpy(frames)).values for frames in people])
    within, between = within_and_between(embeddings)
    found = verify(within, between)
    assert found.auc > 0.97
    assert within.mean() < 0.6 * between.mean()


@pytest.mark.parametrize("name", list(WORLDS))
def test_a_swapped_person_raises_acd_and_blur_hardly(embedder: FrameEmbedder, name: str) -> None:
    source = open_world(name, "test", WorldShape(64, 64, 6))
    usual, swapped, blurred = (
        acd(embedder, some)
        for some in (source, damaged(source, "identity-swap"), damaged(source, "blur=0.7"))
    )
    assert bool((swapped > 1.8 * usual).all())
    assert swapped.mean() > 2.5 * usual.mean()
    assert blurred.mean() < 1.5 * usual.mean()


def acd(embedder: FrameEmbedder, source: VideoSource) -> Tensor:
    found = []
    for video in range(len(source.names)):
        value = video_acd(embedder(source.read(video, range(0, 64, 8))))
        assert value is not None
        found.append(value.acd)
    return torch.tensor(found)


@pytest.mark.parametrize("content", [b"not safetensors", b""])
def test_a_file_that_is_no_network_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    request = EmbedderRequest("id-toy", path, allow_unverified=True)
    with pytest.raises(InputError, match="not a network of id-toy"):
        build_embedder(request)


def test_weights_of_another_network_and_none_at_all(tmp_path: Path) -> None:
    save_file({"layer.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    for path, words in (
        (tmp_path / "other.safetensors", "not a network of id-toy"),
        (tmp_path / "absent.safetensors", "no such file"),
    ):
        with pytest.raises(InputError, match=words) as refused:
            build_embedder(EmbedderRequest("id-toy", path, allow_unverified=True))
        assert "\n" not in str(refused.value)
    with pytest.raises(InputError, match="--allow-unverified uses it"):
        build_embedder(EmbedderRequest("id-toy", tmp_path / "other.safetensors"))


def test_a_backdrop_is_no_part_of_a_person() -> None:
    for name, fields in (("toy-faces", FACE_BACKDROP), ("toy-bodies", BODY_BACKDROP)):
        world = World.named(name, "extractor")
        who, where = world.identity(0), world.identity(1)
        there = someone_at(who, where)
        changed = {key for key, value in vars(there).items() if value != getattr(who, key)}
        assert changed <= set(fields)
        assert all(getattr(there, key) == getattr(where, key) for key in fields)


def test_pairs_are_of_one_person_in_different_shots() -> None:
    frames = rendered("extractor", 4, 2, other_places=True)
    one, two = pairs(frames, 6, torch.Generator().manual_seed(0))
    places = np.ndindex(*frames.shape[:4])
    at = {frames[place].tobytes(): place[:3] for place in places}
    for first, second in zip(one.numpy(), two.numpy(), strict=True):
        a, b = at[first.tobytes()], at[second.tobytes()]
        assert a[:2] == b[:2]
        assert a[2] != b[2]
    who = {at[first.tobytes()][:2] for first in one.numpy()}
    assert len(who) == 6


def test_the_loss_is_least_where_pairs_meet() -> None:
    apart = torch.nn.functional.normalize(torch.eye(4))
    together = contrast(apart, apart, 0.1).item()
    crossed = contrast(apart, apart.roll(1, 0), 0.1).item()
    assert together < 0.01
    assert crossed > 9
    same = contrast(torch.ones(3, 2), torch.ones(3, 2), 0.5).item()
    assert same == pytest.approx(torch.tensor(5.0).log().item())  # one of five others


def test_training_repeats_and_what_it_saves_is_read_back(tmp_path: Path) -> None:
    frames = rendered("extractor", 4, 2, other_places=True)
    recipe = IdToyRecipe(people=4, shots=2, pairs=4, steps=3)
    (one, _), (again, _) = train(recipe, frames), train(recipe, frames)
    save(one, tmp_path / "mine.safetensors")
    mine = EmbedderRequest("id-toy", tmp_path / "mine.safetensors", allow_unverified=True)
    with torch.inference_mode():
        wanted, same = one(network_input(patterns())), again(network_input(patterns()))
    torch.testing.assert_close(wanted, same, atol=1e-4, rtol=0)
    torch.testing.assert_close(build_embedder(mine)(patterns()).values, wanted)
    shipped = build_embedder(EmbedderRequest("id-toy"))(patterns()).values
    assert (wanted - shipped).norm() > 0.1


def test_drawn_frames_are_kept_and_others_refused(tmp_path: Path) -> None:
    kept = tmp_path / "frames.npy"
    first = rendered("extractor", 2, 1, other_places=True, keep=kept)
    assert np.array_equal(first, rendered("extractor", 2, 1, other_places=True, keep=kept))
    with pytest.raises(SystemExit, match="give another file"):
        rendered("extractor", 3, 1, other_places=True, keep=kept)


def test_roughening_keeps_the_picture_and_changes_every_one() -> None:
    pixels = network_input(
        torch.from_numpy(rendered("extractor", 2, 1, other_places=False)[0, :, 0, 0])
    )
    rough = roughened(pixels, IdToyRecipe(), torch.Generator().manual_seed(0))
    again = roughened(pixels, IdToyRecipe(), torch.Generator().manual_seed(0))
    assert torch.equal(rough, again)
    moved = (rough - pixels).abs().mean((1, 2, 3))
    assert bool((moved > 0.005).all())
    assert bool((moved < 0.3).all())
