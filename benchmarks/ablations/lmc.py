"""`leo-bench ablate lmc`: the LMDM with and without its condition, paired by training seed.

For every seed one LMDM a variant is trained (`benchmarks.ablations.runs`), sampled with the same
noise, and measured against the same real clips. Differences are taken seed by seed; their mean has
an interval over seeds and videos (`evaluation.uncertainty.over_seeds`). First frames:

unconditional, start given    all codes are drawn; frame 1 is the real training frame whose code is
                              nearest to the first drawn code, in all variants
unconditional, start drawn    as in the paper: frame 1 is drawn by the cDDPM
conditional                   frame 1 is that of a held-out real video

The same command again resumes: trained LMDMs and cached features and codes are used again.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from leo_bench.benchmarks.ablations.ablation import Ablation, load_ablation
from leo_bench.benchmarks.ablations.combining import combine
from leo_bench.benchmarks.ablations.lmc_bench import (
    Bench,
    LmcRequest,
    condition_of,
)
from leo_bench.benchmarks.ablations.parts import Parts, Surroundings, Trainings, check_seeds
from leo_bench.benchmarks.ablations.record import AblationRecord
from leo_bench.benchmarks.ablations.runs import RunsRequest, share
from leo_bench.benchmarks.scores.plan import check_counts
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.protocols.of_clips import load_protocol
from leo_bench.evaluation.protocols.of_frames import load_frame_protocol
from leo_bench.evaluation.records import distance as records
from leo_bench.evaluation.records.circumstances import circumstances
from leo_bench.leo.diffusion.conditioning import CONDITIONS

NEEDED = {"given": ("frame-dm",), "drawn": ("frame-dm", "cddpm", "super-resolution")}


def ablate_lmc(request: LmcRequest, around: Surroundings) -> AblationRecord:
    """Train what is missing, measure, and write OUT/lmc.json.

    A part (a variant of a seed) that fails is listed in `AblationRecord.unfinished`.

    Raises:
        InputError: the request is wrong, or no part could be finished.
    """
    began = time.monotonic()
    ablation = load_ablation("lmc")
    names = _variants(ablation, request)
    check_seeds(request.seeds)
    _check_protocols(request)
    shared = share(_runs(request, around), around.watchers, around.resources("encoding").progress)
    bench = Bench(request, ablation, shared, around)
    bench.check(names)
    variants = {name: ablation.variants[name] for name in names}
    parts = Trainings(shared, variants, request.seeds, request.cpu).measured(bench.measure, around)
    record = _record(bench, names, parts, time.monotonic() - began)
    records.write_record(record, around.out / "lmc.json")
    return record


def _check_protocols(request: LmcRequest) -> None:
    """Refuse wrong options of the measurement before the trainings."""
    check_counts(request, ("frames", "clips", "limit", "steps"))
    if request.protocol is not None:
        load_protocol(request.protocol)
    if request.acd not in (None, "none"):
        load_frame_protocol(request.acd)


def _variants(ablation: Ablation, request: LmcRequest) -> tuple[str, ...]:
    """The names of the requested variants; conditional ones can begin with a given frame."""
    if request.mode == "unconditional":
        return ablation.chosen(request.variants)
    names = ablation.chosen(request.variants or ("replace", "with"))
    for name in names:
        if not CONDITIONS[condition_of(ablation, name)].conditional:
            raise InputError(
                f"{name}: cannot begin with a given frame; in --mode conditional the variant "
                "without LMC is replace (in-painting)"
            )
    return names


def _runs(request: LmcRequest, around: Surroundings) -> RunsRequest:
    stages = () if request.mode == "conditional" else NEEDED[request.start]
    return RunsRequest(
        out=around.out,
        run=request.run,
        config=request.config,
        data=request.data,
        changes=request.changes,
        stages=stages,
        data_root=None if request.data_root is None else Path(request.data_root),
        vgg=around.vgg,
        cpu=request.cpu,
    )


def _record(bench: Bench, names: Sequence[str], parts: Parts, seconds: float) -> AblationRecord:
    scores = [model.score for model in parts.trained if model.score is not None]
    notes = parts.scores.notes | {note for score in scores for note in score.notes}
    caveats = {caveat: None for score in scores for caveat in score.caveats}
    if bench.request.mode == "unconditional" and bench.request.start == "given":
        caveats["first frames are real ones, not drawn"] = None
    return AblationRecord(
        ablation=bench.ablation.id,
        source=bench.ablation.source,
        column=bench.real,
        setting=bench.setting(),
        measured=tuple(combine(parts.scores, bench.ablation, names)),
        trained=parts.trained,
        unfinished=parts.unfinished,
        dataset=scores[0].dataset,
        comparable=not caveats,
        caveats=tuple(caveats),
        notes=tuple(sorted(notes)),
        seconds=round(seconds, 3),
        **circumstances(),
        request=bench.request.model_dump(mode="json"),
    )
