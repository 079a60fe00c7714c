"""The main path of the command line: a request becomes a plan, a measurement and a record."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.plan import Plan, ScoreRequest, plan, source_options
from benchmarks.provenance import record_of
from benchmarks.sources import open_source
from evaluation.extractors import build_extractor
from evaluation.features import Machinery
from evaluation.measure import Measurement, Settings, Side, measure
from evaluation.record import Record, write_record
from evaluation.video_influences import write_influences


def score(request: ScoreRequest, machinery: Machinery) -> Record:
    """Do what `request` asks.

    Raises:
        InputError: anything that the user has to mend.
    """
    return score_plan(plan(request), machinery)


def score_plan(chosen: Plan, machinery: Machinery) -> Record:
    """Measure as planned, and write everything down.

    Raises:
        InputError: the sources or weights cannot be used.
    """
    return scored(chosen, machinery).record


@dataclass(frozen=True)
class Scored:
    """A record, and the features behind it for comparisons with other fakes."""

    record: Record
    measured: Measurement


def scored(chosen: Plan, machinery: Machinery) -> Scored:
    """As `score_plan`, and keep the features.

    Raises:
        InputError: the sources or weights cannot be used.
    """
    began = time.monotonic()
    request = chosen.request
    options = source_options(request, chosen.resolution, chosen.protocol, machinery)
    real = Side(open_source(chosen.real, options), chosen.real_window)
    made = replace(
        options,
        frames=chosen.protocol.fake.frames_needed(chosen.fake_window),
        count=chosen.protocol.fake.count,
    )
    fake = Side(open_source(chosen.fake, made), chosen.fake_window)
    extractor = build_extractor(chosen.extractor)
    settings = Settings(
        extractor=extractor,
        seed=request.seed,
        resolution=chosen.resolution,
        on_error=request.on_error,
        machinery=machinery,
    )
    measured = measure(request.metric, real, fake, chosen.protocol, settings)
    seconds = round(time.monotonic() - began, 3)
    return Scored(record_of(chosen, measured, extractor, seconds), measured)


def keep(found: Scored, path: Path) -> None:
    """Write the record to `path`, and beside it how far each video moves the number.

    Raises:
        InputError: the folder cannot be written to, or the disk is full.
    """
    write_record(found.record, path)
    influences = found.measured.numbers.influences
    if influences is not None:
        write_influences(influences, path)
