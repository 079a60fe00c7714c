"""Every frame protocol loads, refers to what there is, and says how it fits the paper."""

from pathlib import Path

import pytest

from leo_bench.benchmarks.datasets import list_datasets
from leo_bench.benchmarks.listing import LISTINGS
from leo_bench.evaluation.embedders import list_embedders
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.protocols.of_frames import (
    FOLDER,
    FrameProtocol,
    list_frame_protocols,
    load_frame_protocol,
)
from leo_bench.evaluation.weights.registry import load_registry

PROTOCOLS = list_frame_protocols()
READINGS = {
    "acd-face": "facenet-vggface2",
    "acd-face-aligned": "facenet-vggface2-aligned",
    "acd-face-casia": "facenet-casia-webface",
    "acd-face-casia-aligned": "facenet-casia-webface-aligned",
    "acd-face-mobilefacenet": "mobilefacenet-foamliu",
    "acd-face-mobilefacenet-2": "mobilefacenet-xiaoccer",
    "acd-body-pose-eval": "pose-eval-reid",
    "acd-body-pose-eval-corrected": "pose-eval-reid-corrected",
    "acd-body-layumi": "layumi-ft-resnet50",
    "acd-body-osnet": "osnet-x1-0",
    "acd-body-osnet-x0-25": "osnet-x0-25-msmt17",
    "acd-body-resnet50-fc512": "resnet50-torchreid",
    "acd-toy": "id-toy",
}


def test_the_readings_of_the_issue_are_there() -> None:
    assert {p.id: p.embedder for p in PROTOCOLS} == READINGS


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: p.id)
def test_a_protocol_refers_to_what_there_is(protocol: FrameProtocol) -> None:
    assert load_frame_protocol(protocol.id) == protocol
    assert protocol.embedder in {e.name for e in list_embedders()}
    registry = load_registry()
    assert all(protocol.embedder in registry[name].used_by for name in protocol.weights)
    assert bool(protocol.weights) == (protocol.embedder != "id-toy")
    assert protocol.caveat
    assert protocol.magnitude


def test_no_two_compute_the_same() -> None:
    assert len({p.digest for p in PROTOCOLS}) == len(PROTOCOLS)


def test_what_the_papers_numbers_exclude_is_not_the_default() -> None:
    """Table 1 and 2 print 2.17 to 2.85 on TaichiHD: no two unit vectors are so far apart."""
    defaults = {d.id: d.evaluation.acd for d in list_datasets()}
    assert not load_frame_protocol(defaults["taichihd"] or "").unit_length
    assert load_frame_protocol(defaults["faceforensics"] or "").unit_length
    assert defaults["faceforensics"] == defaults["celebvhq"] == "acd-face"
    assert defaults["toy-faces"] == defaults["toy-bodies"] == "acd-toy"
    for name in filter(None, defaults.values()):
        load_frame_protocol(name)


def test_an_unknown_one_is_answered_with_the_known() -> None:
    with pytest.raises(InputError, match=r"no frame protocol 'acd-hand'; known are acd-body"):
        load_frame_protocol("acd-hand")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("unit_length = true", "unit_lenght = true", "unit_lenght"),
        ('start = "first"', 'start = "blocks"', "each video counts once"),
        ('resize = "center-crop-bilinear-truncate"', 'resize = "stretch"', "stretch"),
        ('start = "first"', 'start = "every"', "each video counts once"),
        ('short = "discard"', 'short = "next"', "short is discard or error"),
        ('start = "first"', 'start = "first"\nneeds = "exact"', "needs is block or block"),
        ('start = "first"', 'start = "first"\ncount = -1', "count is -1"),
        ("resolution = 128 ", "resolution = 0 ", "resolution is 0"),
    ],
)
def test_a_wrong_file_of_ones_own(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (FOLDER / "acd-face.toml").read_text()
    assert old in text
    own = tmp_path / "acd-face.toml"
    own.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=rf"acd-face\.toml: .*{said}"):
        load_frame_protocol(str(own))


def test_they_are_listed() -> None:
    listing = LISTINGS["frame-protocols"]()
    assert [row[0].split()[0] for row in listing.rows] == [p.id for p in PROTOCOLS]
    assert all(len(row) == len(listing.columns) for row in listing.rows)
