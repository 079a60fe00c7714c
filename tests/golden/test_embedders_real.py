"""Embedders with their real weights, on real people.

The weights and clips are those of ../shared/data, which does not enter the repository. That the
networks are the published ones shows against onnxruntime's numbers for the same files; that faces
are found, aligned and told apart, against who is in the clips.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from places import SHARED_FOLDER
from torch import Tensor

from leo_bench.evaluation.embedders import EmbedderRequest, FrameEmbedder, build_embedder
from leo_bench.evaluation.embedders.network import NetworkEmbedder, imagenet_normalised

SHARED = SHARED_FOLDER / "data"
FILES = {
    "mobilefacenet-foamliu": "mobilefacenet_foamliu/mobilefacenet.pt",
    "mobilefacenet-xiaoccer": "mobilefacenet_xiaoccer/068.ckpt",
    "osnet-x0-25-msmt17": "osnet_x0_25_msmt17/osnet_x0_25_msmt17.onnx",
}
# By their clothes: four people in eleven clips.
ASL = ({"01", "03", "10", "11"}, {"02", "06", "09"}, {"04", "07"}, {"05", "08"})

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")


def real(name: str) -> FrameEmbedder:
    embedder = build_embedder(EmbedderRequest(name, SHARED / "weights" / FILES[name]))
    assert embedder.weights_verified
    return embedder


def first_frames(clip: Path, indices: tuple[int, ...]) -> Tensor:
    """uint8 [T,3,H,W]."""

    def pick() -> Iterator[Tensor]:
        with av.open(str(clip)) as container:
            for i, frame in enumerate(container.decode(video=0)):
                if i in indices:
                    pixels = frame.to_ndarray(format="rgb24", threads=1)
                    yield torch.from_numpy(pixels).permute(2, 0, 1)
                if i == max(indices):
                    return

    return torch.stack(list(pick()))


def rule_made_image(height: int, width: int) -> Tensor:
    """uint8 [3,height,width], the same everywhere."""
    y, x = np.mgrid[0:height, 0:width]
    levels = [(7 * x + 13 * y + 31 * c + (x * y) // (5 + c)) % 256 for c in range(3)]
    return torch.from_numpy(np.stack(levels).astype(np.uint8))


def assert_golden(name: str, found: Tensor) -> None:
    golden = json.loads((Path(__file__).parent / "data" / "embedders.json").read_text())[name]
    expected = torch.tensor(golden["start"])
    assert torch.allclose(found[: len(expected)], expected, atol=2e-5, rtol=1e-5)
    assert float(found.norm()) == pytest.approx(golden["length"], rel=1e-5)


def test_osnet_gives_onnxruntimes_numbers() -> None:
    # The image has the network's own size, so no resizing comes in between.
    embedded = real("osnet-x0-25-msmt17")(rule_made_image(256, 128)[None])
    assert_golden("osnet", embedded.values[0])


def test_foamlius_network_gives_onnxruntimes_numbers() -> None:
    embedder = real("mobilefacenet-foamliu")
    assert isinstance(embedder, NetworkEmbedder)
    image = imagenet_normalised(rule_made_image(112, 112) / 255)[None]
    network = next(embedder.network.children())  # without the normalisation after it
    assert_golden("foamliu", network(image).flatten())


def mean_distance(a: Tensor, b: Tensor) -> float:
    return float(torch.cdist(a, b).mean())


def spread(people: Mapping[str, Tensor]) -> tuple[float, float]:
    """Largest distance between frames of a clip, smallest mean distance between two clips."""
    within = max(float(torch.pdist(frames).max()) for frames in people.values())
    between = min(mean_distance(a, b) for a, b in combinations(people.values(), 2))
    return within, between


@pytest.mark.parametrize("name", ["mobilefacenet-foamliu", "mobilefacenet-xiaoccer"])
def test_faces_of_one_person_lie_together(name: str) -> None:
    with (SHARED / "same_identity_pairs.csv").open() as file:
        same = [(row["clip_a"], row["clip_b"]) for row in csv.DictReader(file)]
    in_pairs = {clip.removeprefix("real__faces256__") for pair in same for clip in pair}
    folder = SHARED / "real" / "faces256"
    others = [path.stem for path in sorted(folder.glob("*.mp4")) if path.stem not in in_pairs][::8]
    embedder = real(name)
    people = {}
    for clip in [*sorted(in_pairs), *others]:
        embedded = embedder(first_frames(folder / f"{clip}.mp4", (0, 30)))
        assert embedded.found.all(), f"no face in {clip}"
        assert torch.allclose(embedded.values.norm(dim=1), torch.ones(2))
        people[f"real__faces256__{clip}"] = embedded.values
    # Who is in two clips is nearer to himself than any two others are to one another.
    nearest = sorted(combinations(people, 2), key=lambda p: mean_distance(*map(people.get, p)))
    assert {frozenset(pair) for pair in nearest[:3]} == {frozenset(pair) for pair in same}
    # And frames of one clip lie far nearer than those of two people.
    for _, b in same:
        del people[b]
    within, between = spread(people)
    assert within < 0.8 * between
    mean = np.mean([float(torch.pdist(frames)) for frames in people.values()])
    assert mean < 0.45 * np.mean([mean_distance(a, b) for a, b in combinations(people.values(), 2)])


def test_the_nearest_clip_shows_the_same_person() -> None:
    embedder = real("osnet-x0-25-msmt17")
    folder = SHARED / "real" / "body256"
    clips = {
        number: embedder(first_frames(folder / f"intel-asl_{number}.mp4", (0, 30))).values
        for person in ASL
        for number in sorted(person)
    }
    for person in ASL:
        for number in person:
            others = {other: frames for other, frames in clips.items() if other != number}
            nearest = min(others, key=lambda o: mean_distance(clips[number], others[o]))
            assert nearest in person
    same = [mean_distance(clips[a], clips[b]) for p in ASL for a, b in combinations(p, 2)]
    other = [
        mean_distance(clips[a], clips[b]) for p, q in combinations(ASL, 2) for a in p for b in q
    ]
    assert max(same) < min(other)
    assert np.mean(same) < 0.5 * np.mean(other)


def test_a_frame_has_the_same_bits_alone_and_in_company() -> None:
    frames = torch.cat(
        [
            first_frames(SHARED / "real" / "faces256" / "vox-demo_01.mp4", (0, 10)),
            torch.zeros(1, 3, 256, 256, dtype=torch.uint8),
        ]
    )
    embedder = real("mobilefacenet-foamliu")
    together = embedder(frames)
    assert together.found.tolist() == [True, True, False]
    assert not together.values[2].any()
    assert not torch.equal(together.values[0], together.values[1])
    for frame, value in zip(frames, together.values, strict=True):
        assert torch.equal(embedder(frame[None]).values[0], value)
