"""ACD of embeddings: by hand, all pairs, at flat memory; and frames without a face."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from leo_bench.evaluation.clips import ClipChoice, Window
from leo_bench.evaluation.embedders import Embedded
from leo_bench.evaluation.errors import BadVideoError, InputError
from leo_bench.evaluation.features.of_clips import Progress, Resources
from leo_bench.evaluation.features.of_frames import FrameRecipe
from leo_bench.evaluation.identity import acd
from leo_bench.evaluation.identity.acd import ROWS_AT_ONCE, SourceACD, source_acd, video_acd
from leo_bench.evaluation.identity.embedded_videos import EmbeddingSettings
from leo_bench.evaluation.identity.source_drift import source_drift
from leo_bench.evaluation.videos.source import Medium, Skipped, VideoSource, read_in_pieces


def embedded(values: Tensor, found: Sequence[bool] | None = None) -> Embedded:
    mask = torch.ones(len(values), dtype=torch.bool) if found is None else torch.tensor(found)
    return Embedded(values, mask)


def random(frames: int, size: int) -> Tensor:
    return torch.randn(frames, size, generator=torch.Generator().manual_seed(frames))


def test_three_frames_by_hand() -> None:
    """A triangle of sides 3, 4 and 5, taken around its right angle."""
    value = video_acd(embedded(torch.tensor([[3.0, 0.0], [0.0, 0.0], [0.0, 4.0]])))
    assert value is not None
    assert value.acd == pytest.approx((3 + 4 + 5) / 3, rel=1e-15)
    assert value.squared == pytest.approx((9 + 16 + 25) / 3, rel=1e-15)
    assert value.consecutive == pytest.approx((3 + 4) / 2, rel=1e-15)
    centroid = (4 + 16 / 9) ** 0.5 + (1 + 16 / 9) ** 0.5 + (1 + 64 / 9) ** 0.5
    assert value.to_centroid == pytest.approx(centroid / 3, rel=1e-15)


@pytest.mark.parametrize("frames", [2, 16, ROWS_AT_ONCE, ROWS_AT_ONCE + 1, 128, 200])
def test_all_pairs_and_no_other(frames: int) -> None:
    values = random(frames, 512)
    pairs = torch.pdist(values.double())
    assert len(pairs) == frames * (frames - 1) // 2
    found = video_acd(embedded(values))
    assert found is not None
    assert found.acd == pytest.approx(pairs.mean().item(), rel=1e-13)
    assert found.squared == pytest.approx(pairs.square().mean().item(), rel=1e-13)


def test_embeddings_that_hardly_differ_lose_no_digits() -> None:
    """|a|^2 + |b|^2 - 2ab, which matrix products give, would be all rounding here."""
    values = torch.full((128, 512), 100.0)
    values[:, 0] += torch.arange(128) * 2.0**-16
    found = video_acd(embedded(values))
    assert found is not None
    assert found.acd == pytest.approx(2.0**-16 * 129 / 3, rel=1e-12)


def test_a_still_clip_has_none() -> None:
    found = video_acd(embedded(random(1, 64).expand(128, 64)))
    assert found is not None
    assert (found.acd, found.squared, found.consecutive) == (0.0, 0.0, 0.0)


def test_memory_grows_with_the_frames_and_not_with_their_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Distances are all that there is one a pair of; few rows' are there at once."""
    made: list[int] = []

    def counted(of: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def distances(*rows: Tensor) -> Tensor:
            found = of(*rows)
            made.append(found.numel())
            return found

        return distances

    monkeypatch.setattr(acd, "_distances", counted(acd._distances))
    monkeypatch.setattr(torch, "pdist", counted(torch.pdist))
    video_acd(embedded(random(1000, 8)))
    assert sum(made) == 1000 * 999 // 2
    assert max(made) <= ROWS_AT_ONCE * 1000


def test_frames_without_a_face_take_no_part() -> None:
    values = random(6, 8)
    there = [True, False, True, True, False, True]
    found = video_acd(embedded(values, there))
    assert found == video_acd(embedded(values[torch.tensor(there)]))


@pytest.mark.parametrize("there", [[False] * 3, [False, True, False]])
def test_a_video_without_a_pair_has_no_value(there: list[bool]) -> None:
    assert video_acd(embedded(random(3, 8), there)) is None


# --- of a set of videos -------------------------------------------------------------------------


@dataclass(frozen=True)
class Bright:
    """Mean colour of frames that are not black: an embedder that can find nothing."""

    name: str = "bright"
    dim: int = 3
    weights: str = "none"
    weights_verified: bool = True
    device: str = "cpu"

    def __call__(self, frames: Tensor) -> Embedded:
        means = frames.float().mean(dim=(2, 3)) / 255
        found = means.sum(dim=1) > 0
        return Embedded(means * found[:, None], found)


IN_MEMORY = Medium("arrays", ("none",), "none", lossy=False)


@dataclass(frozen=True)
class Held:
    """Videos in memory, uint8 [T,3,H,W]; those named in `broken` cannot be read."""

    clips: dict[str, Tensor]
    broken: tuple[str, ...] = ()
    name: str = "held"
    medium: Medium = IN_MEMORY
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return list(self.clips)

    @property
    def frame_counts(self) -> list[int]:
        return [len(clip) for clip in self.clips.values()]

    def sizes(self) -> list[tuple[int, int]]:
        return [(int(clip.shape[2]), int(clip.shape[3])) for clip in self.clips.values()]

    def digest(self, index: int) -> str:
        return str(index)

    def read(self, index: int, frames: Sequence[int]) -> Tensor:
        name = self.names[index]
        if name in self.broken:
            raise BadVideoError(name, "cut short")
        return self.clips[name][list(frames)]

    def each_frame(self, index: int, frames: Sequence[int]) -> Iterator[Tensor]:
        return read_in_pieces(self, index, frames)

    def check_unchanged(self, index: int) -> None:
        """In memory nothing changes."""


def clip(*levels: int) -> Tensor:
    """One grey frame a level."""
    frames = torch.tensor(levels, dtype=torch.uint8)[:, None, None, None]
    return frames.expand(-1, 3, 4, 4).contiguous()


def settings(on_error: str = "fail", progress: Progress | None = None) -> EmbeddingSettings:
    return EmbeddingSettings(
        recipe=FrameRecipe(Bright(), "center-crop-lanczos", None),
        choice=ClipChoice(start="first"),
        subject="face",
        seed=0,
        on_error="skip" if on_error == "skip" else "fail",
        resources=Resources(store=None, progress=progress),
    )


def measured(source: VideoSource, frames: int = 4, on_error: str = "fail") -> SourceACD:
    return source_acd(source, Window(frames), settings(on_error))


def test_the_mean_over_videos_and_what_each_lacks_is_counted() -> None:
    source = Held(
        {
            "steady": clip(50, 50, 50, 50),
            "half": clip(0, 51, 0, 102),  # 51/255 apart in each of three colours
            "one": clip(0, 0, 9, 0),
            "black": clip(0, 0, 0, 0),
            "short": clip(9, 9, 9),
        }
    )
    found = measured(source)
    assert found.by_video == {"steady": 0.0, "half": pytest.approx(0.2 * 3**0.5, rel=1e-6)}
    assert found.value == pytest.approx(0.1 * 3**0.5, rel=1e-6)
    assert dict(found.without_value) == {
        "one": "a face in 1 of 4 frames",
        "black": "a face in 0 of 4 frames",
        "short": "3 frames; 4 are needed",
    }
    assert (found.frames_seen, found.frames_without) == (16, 9)
    assert [source.names[i] for i in found.seen] == ["steady", "half", "one", "black"]


def test_no_face_anywhere_is_an_error_that_says_so() -> None:
    with pytest.raises(InputError, match=r"no video has a face .*black: a face in 0 of 4 frames"):
        measured(Held({"black": clip(0, 0, 0, 0), "dark": clip(0, 0, 0, 0)}))


def test_videos_of_one_frame_are_an_error() -> None:
    with pytest.raises(InputError, match="2 of 2 videos have fewer than the 4 frames"):
        measured(Held({"a": clip(1), "b": clip(2)}))


def test_one_frame_has_no_pair() -> None:
    with pytest.raises(InputError, match="needs 2 or more"):
        measured(Held({"a": clip(1, 2, 3, 4)}), frames=1)


def test_a_broken_video_stops_it_or_is_listed() -> None:
    source = Held({"a": clip(1, 2, 3, 4), "b": clip(1, 1, 1, 1), "c": clip(2, 2, 2, 2)}, ("b",))
    with pytest.raises(BadVideoError, match="b: cut short"):
        measured(source)
    found = measured(source, on_error="skip")
    assert list(found.by_video) == ["a", "c"]
    assert [(s.name, s.reason) for s in found.source.skipped] == [("b", "cut short")]


@pytest.mark.parametrize("score", [source_acd, source_drift])
def test_progress_ends_though_the_last_video_is_broken(
    score: Callable[[VideoSource, Window, EmbeddingSettings], object],
) -> None:
    told: list[tuple[int, int]] = []
    source = Held({"a": clip(1, 2, 3, 4), "b": clip(2, 2, 2, 2)}, ("b",))
    score(source, Window(4), settings("skip", lambda done, total: told.append((done, total))))
    assert told == [(1, 2), (2, 2)]


def test_drift_keeps_one_embedding_of_a_video_and_not_all() -> None:
    found = source_drift(Held({"a": clip(*range(1, 101))}), Window(100), settings())
    assert found.videos["a"].first.untyped_storage().nbytes() == 3 * 4


def test_sides_of_the_same_names_are_paired() -> None:
    levels = [10, 30, 60, 100, 150]
    base = Held({str(i): clip(10, level, 10, level) for i, level in enumerate(levels)})
    more = Held({str(i): clip(10, level + 10, 10, level + 10) for i, level in enumerate(levels)})
    other = Held({f"x{i}": c for i, c in enumerate(more.clips.values())})
    paired = measured(more).difference(measured(base))
    apart = measured(other).difference(measured(base))
    assert paired is not None
    assert apart is not None
    # Every video is further apart by the same, which is certain only where they are pairs.
    assert paired.high - paired.low == pytest.approx(0, abs=1e-6)
    assert paired.low == pytest.approx(apart.low + (apart.high - apart.low) / 2, rel=0.3)
    assert apart.low < 0 < apart.high
