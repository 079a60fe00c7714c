"""ROC of the repetition score for repetitions planted in videos of the embedded worlds.

    python -m leo_bench.benchmarks.evidence.repetition_roc --signals motion pixels codes
        --out docs/repetition-roc.png

The positives have one repeated segment at a known place (`sources.planting`); the negatives are the
same videos, unchanged:

repetition  frames of the video are shown again, up to 10 % faster or slower, after a cut
replay      the same person repeats the motion with small differences, without a cut

Signals: the true motion parameters, small grey pictures, and motion codes of the shipped LEO. The
threshold is calibrated on other people and motions (split `train`); the picture marks it. Beside
the picture, `.csv` holds the points of the curves and `.cases.csv` one row a case.
"""

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import torch
from torch import Tensor

from leo_bench.benchmarks.cli.screen import out, resources, say
from leo_bench.benchmarks.scores.motion_signals import PixelSignals, Signals
from leo_bench.benchmarks.sources.damage import DAMAGES, Damaged, damaged_by
from leo_bench.benchmarks.sources.planting import Plant, planted_motion
from leo_bench.benchmarks.worlds.world import WorldShape, WorldSource, open_world
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.files.atomic import write_atomically
from leo_bench.evaluation.repetition.score import (
    RepetitionSettings,
    SourceRepetition,
    calibrate,
    source_repetition,
)
from leo_bench.evaluation.uncertainty.roc import Point, area_under, roc
from leo_bench.reports.pictures import need_matplotlib, roc_picture

WORLDS = ("toy-bodies", "toy-faces")
KINDS = ("repetition", "replay")
SIGNALS = ("motion", "pixels", "codes")
VIDEOS, CALIBRATION, FRAMES = 64, 64, 128


@dataclass(frozen=True)
class PlantedCase:
    """One row of the table.

    Args:
        found, flagged: shares of positives and of negatives above the calibrated threshold.
        placed: share of the found positives whose closest repeat is the planted one, with time and
            lag within half a segment.
    """

    world: str
    signal: str
    planted: str
    share: float
    videos: int
    calibration: int
    area: float
    area_low: float
    area_high: float
    found: float
    flagged: float
    placed: float
    flagged_strangers: float


@dataclass(frozen=True)
class Given:
    """Signals of one world: name of the video -> [T,D]."""

    calibration: dict[str, Tensor]
    untouched: dict[str, Tensor]
    planted: dict[str, Tensor]


def main() -> None:
    """Print the cases, and write the picture and its points."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--signals", nargs="+", choices=SIGNALS, default=SIGNALS)
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=WORLDS)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--share", type=float, default=DAMAGES["repetition"].usual)
    parser.add_argument("--videos", type=int, default=VIDEOS)
    parser.add_argument("--calibration", type=int, default=CALIBRATION)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    try:
        need_matplotlib(given.out)
        run(given)
    except InputError as error:
        say(f"repetition_roc: {error}")
        sys.exit(error.exit_code)


def run(given: argparse.Namespace) -> None:
    """Run all chosen cases."""
    cases: list[PlantedCase] = []
    points: list[tuple[str, str, str, Point]] = []
    for world in given.worlds:
        for signal in given.signals:
            for kind in given.kinds:
                signals = signals_of(world, signal, kind, given)
                case, curve = measured(signals, (world, signal, kind), given.share)
                cases.append(case)
                points += [(world, signal, kind, point) for point in curve]
                out(case)
    rows = [
        (world, signal, kind, f"{p.threshold:.6g}", f"{p.false_alarms:.6g}", f"{p.detections:.6g}")
        for world, signal, kind, p in points
    ]
    header = ("world", "signal", "planted", "threshold", "false_alarms", "detections")
    _write(given.out.with_suffix(".csv"), header, rows)
    names = [field.name for field in fields(PlantedCase)]
    _write(given.out.with_suffix(".cases.csv"), names, [_rounded(case) for case in cases])
    _draw(cases, points, given.out)


def measured(
    signals: Given, named: tuple[str, str, str], share: float
) -> tuple[PlantedCase, list[Point]]:
    """The case's row and ROC curve.

    Args:
        signals: signals of one world.
        named: names of the world, the signal and the kind of repetition.
        share: repeated share of a video.
    """
    calibration = calibrate(signals.calibration, RepetitionSettings())
    planted = source_repetition(signals.planted.items(), calibration)
    untouched = source_repetition(signals.untouched.items(), calibration)
    scores = [[video.closest for video in side.videos.values()] for side in (planted, untouched)]
    area = area_under(scores[0], scores[1])
    case = PlantedCase(
        *named,
        share=share,
        videos=len(planted.videos),
        calibration=calibration.videos,
        area=area.value,
        area_low=area.interval[0],
        area_high=area.interval[1],
        found=planted.occurrence,
        flagged=untouched.occurrence,
        placed=placed_share(planted, share),
        flagged_strangers=untouched.occurrence_under("strangers"),
    )
    return case, roc(scores[0], scores[1])


def placed_share(found: SourceRepetition, share: float) -> float:
    """Share of the found videos whose closest repeat is the planted one."""
    settings, frames = found.calibration.settings, found.calibration.frames
    right = []
    for name, video in found.videos.items():
        if video.occurs:
            plant, best = Plant.drawn(name, frames, share), video.repeats[0]
            middle = best.start + settings.segment // 2
            shown = min(max(middle, plant.start), plant.start + plant.length - 1)
            off = abs(middle - shown), abs(best.lag - (shown - plant.time(shown)))
            right.append(max(off) <= settings.segment / 2)
    return sum(right) / len(right) if right else float("nan")


def signals_of(world: str, signal: str, kind: str, given: argparse.Namespace) -> Given:
    """Signals of a world's test videos, with and without repetition, and of training videos."""
    shape = WorldShape(frames=FRAMES, count=given.videos)
    test = open_world(world, "test", shape)
    train = open_world(world, "train", WorldShape(frames=FRAMES, count=given.calibration))
    if signal == "motion":
        planted = [_planted_parameters(test, i, kind, given.share) for i in range(given.videos)]
        return Given(
            _parameters(train), _parameters(test), dict(zip(test.names, planted, strict=True))
        )
    work = resources(workers=2, keep=True, what=f"{world}, {signal}, {kind}")
    signals = _signals(world, signal, train, work)

    def made(source: WorldSource | Damaged) -> dict[str, Tensor]:
        everyone = range(len(source.names))
        return dict(zip(source.names, signals.of(source, everyone, FRAMES, work), strict=True))

    untouched = made(test)
    if kind == "repetition":  # frames repeat, so their signals do
        planted_by_name = {
            name: found[Plant.drawn(name, FRAMES, given.share).order(range(FRAMES))]
            for name, found in untouched.items()
        }
    else:
        planted_by_name = made(damaged_by(test, kind, given.share))
    return Given(made(train), untouched, planted_by_name)


def _signals(world: str, signal: str, train: WorldSource, work: Resources) -> Signals:
    if signal == "pixels":
        return PixelSignals.fitted(train, range(len(train.names)), FRAMES, work)
    from leo_bench.benchmarks.scores.code_signals import CodeSignals
    from leo_bench.leo.sampling.model import LeoModel, find_model

    return CodeSignals.by(LeoModel.open(find_model(world)))


def _parameters(source: WorldSource) -> dict[str, Tensor]:
    """True motion parameters: name of the video -> float64 [T,P]."""
    return {
        name: torch.from_numpy(source.world.motion(i, range(FRAMES)))
        for i, name in enumerate(source.names)
    }


def _planted_parameters(source: WorldSource, index: int, kind: str, share: float) -> Tensor:
    if kind == "replay":
        return torch.from_numpy(planted_motion(source, index, range(FRAMES), share))
    order = Plant.drawn(source.names[index], FRAMES, share).order(range(FRAMES))
    return torch.from_numpy(source.world.motion(index, order))


def _rounded(case: PlantedCase) -> list[str]:
    return [f"{v:.4g}" if isinstance(v, float) else str(v) for v in astuple(case)]


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())


def _draw(
    cases: Sequence[PlantedCase], points: Sequence[tuple[str, str, str, Point]], path: Path
) -> None:
    curves: dict[str, dict[str, list[tuple[float, float]]]] = {}
    marks: dict[str, dict[str, tuple[float, float]]] = {}
    for case in cases:
        label = f"{case.signal}, {case.planted}: area {case.area:.3f}"
        key = (case.world, case.signal, case.planted)
        curves.setdefault(case.world, {})[label] = [
            (p.false_alarms, p.detections) for *named, p in points if tuple(named) == key
        ]
        marks.setdefault(case.world, {})[label] = (case.flagged, case.found)
    roc_picture(curves, marks, path)


if __name__ == "__main__":
    main()
