"""One pass over videos, divided among the processes of a team.

Each process claims pieces, which are videos next to one another, computes what the store lacks of
them, and keeps it there. The first process then finds everything in the store.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from typing import Literal

from leo_bench.evaluation.errors import BadVideoError
from leo_bench.evaluation.features.jobs import ClipJob, Job, VideoNeeds, needs, works
from leo_bench.evaluation.features.of_clips import Resources
from leo_bench.evaluation.features.one_pass import compute
from leo_bench.evaluation.files.schema import settings_digest

# Pieces of each process, so that all end at about the same time.
PIECES_A_PROCESS = 8
# Videos of a piece are a multiple of this: LEO draws eight samples together.
TOGETHER = 8
LARGEST_PIECE = 256


def fill_together(
    jobs_of: Callable[[], Sequence[Job]], resources: Resources, on_error: Literal["fail", "skip"]
) -> None:
    """Divide jobs among the processes of `resources.team`; only the first returns.

    What remains to be done when it returns, such as broken videos, it has to do itself. One
    process alone does nothing here.

    Args:
        jobs_of: gives the jobs; not called by one process alone.
        resources: the store, threads, progress in videos, and the processes.
        on_error: as in `one_pass.fill`.

    Raises:
        UnlikeError: the processes do not see the same videos or compute on unlike hardware.
        InputError: features that are not finite; a video that has changed since it was opened.
        ShareDone: in the other processes, when no work is left for them.
    """
    team, store = resources.team, resources.store
    if team.size == 1 or store is None:
        return
    jobs = [job for job in jobs_of() if not job.is_empty]
    wanted = needs(jobs)
    _agree_on_computing(jobs, resources)
    sources = ", ".join(dict.fromkeys(job.source.name for job in jobs))
    content = _content(wanted)
    kinds = "; ".join(dict.fromkeys(map(_kind, jobs)))
    team.agree(f"{resources.purpose}videos of {sources} ({kinds})", content)
    name = f"features/{content}/{_clips(wanted)}"
    pieces = _pieces(wanted, team.size)

    def tell(videos: int) -> None:
        done = team.add(name, videos)
        if resources.progress is not None:
            resources.progress(done, len(wanted))

    def do(piece: int) -> None:
        todo = works(pieces[piece], store)
        tell(len(pieces[piece]) - len(todo))
        compute(todo, store, replace(resources, progress=lambda done, total: tell(1)), on_error)

    with suppress(BadVideoError):  # the first process comes to it again, and names the first of all
        team.each(name, len(pieces), do)
    team.first_only()
    team.wait(name, len(pieces))


def _agree_on_computing(jobs: Sequence[Job], resources: Resources) -> None:
    """Check what the bits of features depend on besides videos and code.

    Jobs may differ: protocols name other weights of one network, and a network may have a device of
    its own.
    """
    of_jobs = [_facts(job) for job in jobs]
    networks = [facts.get("extractor") or facts.get("embedder") for facts in of_jobs]
    weights = [f"{name} {facts['weights']}" for name, facts in zip(networks, of_jobs, strict=True)]
    for what, values in (
        ("version of torch", [facts["torch"] for facts in of_jobs]),
        ("hardware", [facts["hardware"] for facts in of_jobs]),
        ("weights", weights),
    ):
        value = ", ".join(map(str, dict.fromkeys(values)))
        resources.team.agree(f"{resources.purpose}{what}", value)


def _kind(job: Job) -> str:
    """Names the job among those of a command on the same videos."""
    frames = f"{job.window.frames}:{job.window.stride}" if isinstance(job, ClipJob) else "frames"
    return f"{frames}, {settings_digest(_facts(job))[:8]}"


def _facts(job: Job) -> dict[str, object]:
    return job.recipe.facts(job.source.medium.decoder, job.source.sizes()[0])


def _content(wanted: Sequence[VideoNeeds]) -> str:
    """Digest of the videos, in order."""
    digests = "".join(each.source.digest(each.video) for each in wanted)
    return hashlib.sha256(digests.encode()).hexdigest()[:16]


def _clips(wanted: Sequence[VideoNeeds]) -> str:
    """Digest of what is needed of each video."""
    digest = hashlib.sha256()
    for each in wanted:
        for key, part in each.parts:
            digest.update(f"{key} {' '.join(part.named())}\0".encode())
    return digest.hexdigest()[:16]


def _pieces(wanted: Sequence[VideoNeeds], processes: int) -> list[list[VideoNeeds]]:
    """Videos of one source each, in order."""
    size = -(-len(wanted) // (processes * PIECES_A_PROCESS * TOGETHER)) * TOGETHER
    share = max(1, len(wanted) // processes)
    if share < TOGETHER:  # so that all processes have some: a power of two, which divides it
        size = 1 << (share.bit_length() - 1)
    size = min(size, LARGEST_PIECE)
    found = []
    for _, group in groupby(wanted, key=lambda each: id(each.source)):
        of_source = list(group)
        found += [of_source[start : start + size] for start in range(0, len(of_source), size)]
    return found
