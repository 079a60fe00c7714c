"""A record of a score, as a run would leave it."""

from typing import Any

from leo_bench.evaluation.files.schema import settings_digest
from leo_bench.evaluation.records.parts import SideRecord
from leo_bench.evaluation.records.score import ScoreRecord

SIDE = SideRecord(
    source="dataset:toy-faces",
    name="toy-faces/test",
    split="test",
    fingerprint="f",
    videos=5,
    videos_used=4,
    clips=4,
    stride=2,
    frame_counts=(16, 16),
    sizes=((64, 64),),
    layout="rendered",
    codecs=(),
    decoder="none",
    lossy=False,
    skipped=(("broken", "cut short"),),
)
MADE: dict[str, Any] = {
    "dataset": "toy-faces-test",
    "comparable": False,
    "caveats": ("a toy",),
    "notes": (),
    "seconds": 0.5,
    "created": "2026-11-21T00:00:00+00:00",
    "versions": {"python": "3.11"},
    "commit": "c",
    "dirty": False,
    "request": {"frames": 16},
}
SCORE = ScoreRecord(
    metric="acd",
    value=0.25,
    interval=(0.2, 0.3),
    interval_level=0.95,
    interval_method="influence",
    standard_error=0.02,
    diagnostics={"consecutive": 0.1},
    curves={"time": (0.0, 0.1)},
    side="real",
    source=SIDE,
    videos_used=3,
    without_value=(("video3", "no face"),),
    frames_seen=64,
    frames_without=17,
    protocol="acd-toy",
    protocol_version=1,
    protocol_digest=settings_digest({"id": "acd-toy"}),
    protocol_settings={"id": "acd-toy"},
    frames=16,
    resolution=None,
    seed=0,
    embedder="id-toy",
    weights_sha256="w",
    weights_verified=True,
    device="cpu",
    **MADE,
)
