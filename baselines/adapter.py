"""Runs a method's own sampler in its own checkout and environment: `leo-bench adapt`.

    OUT/provenance.json   what was run, on which commit, with which weights, and how it ended
    OUT/part-000/         what the sampler wrote, as it wrote it
    OUT/part-000.log      what it said

`open_output(method, OUT)` reads it back. Its code never enters this process.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from leo_bench.baselines.checkout import find_interpreter
from leo_bench.baselines.layouts import open_layout
from leo_bench.baselines.planning import AdaptRequest, planned
from leo_bench.baselines.provenance import Adaptation, Part, write_adaptation
from leo_bench.baselines.sampler import run_sampler, videos_so_far
from leo_bench.evaluation.errors import InfrastructureError, InputError


def _silent(_done: int, _total: int) -> None:
    return None


def _unsaid(_line: str) -> None:
    return None


def adapt(
    request: AdaptRequest,
    progress: Callable[[int, int], None] = _silent,
    say: Callable[[str], None] = _unsaid,
) -> Adaptation:
    """Make videos by the method's own sampler, or go on where that was stopped.

    Parts that are done stay as they are; one that is not is made again from its beginning.

    Args:
        request: what is wanted.
        progress: called with (videos, count) as they appear.
        say: called with a line for a person.

    Raises:
        InputError: the method has no command, or something that the user gave is not right.
        InfrastructureError: the sampler failed, ran out of time, or wrote too little; what it
            wrote is kept, and the message says where.
    """
    began = time.monotonic()
    made = planned(request)
    for note in made.notes:
        say(f"note: {note}")
    check_out = request.checkout.resolve()
    for number, part in enumerate(made.parts):
        if part.state == "done":
            continue
        done_before = sum(earlier.videos for earlier in made.parts[:number])
        limit = request.time_limit
        left = None if limit is None else limit - (time.monotonic() - began)
        made = _with(made, number, part.model_copy(update={"state": "running"}), request.out)
        part = _run(
            replace(request, checkout=check_out, time_limit=left),
            part,
            partial(_report, progress, done_before, request.count),
        )
        made = _with(made, number, part, request.out)
        if part.state != "done":
            raise InfrastructureError(_failure(request, made, part))
        if part.videos > part.count:
            say(f"{part.folder}: {part.videos} videos, {part.count} were asked for")
    progress(sum(part.videos for part in made.parts), request.count)
    return made


def _report(progress: Callable[[int, int], None], before: int, count: int, found: int) -> None:
    progress(min(before + found, count), count)


def _run(request: AdaptRequest, part: Part, on_found: Callable[[int], None]) -> Part:
    """One part from its beginning, and what came of it."""
    method, layout = request.method, request.method.layout(request.layout)
    folder = request.out.resolve() / part.folder
    log = folder.with_name(f"{part.folder}.log")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    holes = {
        "python": find_interpreter(request.python, request.checkout),
        "checkout": request.checkout,
        "out": folder,
        "count": part.count,
        "frames": request.frames_wanted,
        "seed": part.seed,
        **{name: path.resolve() for name, path in request.checkpoints.items()},
    }
    ended = run_sampler(
        [word.format(**holes) for word in method.command],
        request.checkout,
        log,
        seconds=request.time_limit,
        on_look=lambda: on_found(videos_so_far(folder, layout)),
    )
    part = part.model_copy(
        update={
            "state": ended.state,
            "exit_code": ended.exit_code,
            "seconds": round(ended.seconds, 1),
            "said": "" if ended.state == "done" else ended.said,
        }
    )
    return _counted(request, part, folder)


def _counted(request: AdaptRequest, part: Part, folder: Path) -> Part:
    """The part with what can be read of it; too little is an error of its own."""
    layout = request.method.layout(request.layout)
    # What a sampler left when it was ended may be cut off; what it says is done may not be.
    files = replace(request.files, on_error="fail" if part.state == "done" else "skip")
    try:
        source = open_layout(layout, folder, None, files, part.folder)
    except InputError as error:
        if part.state != "done":
            return part
        return part.model_copy(update={"state": "wrong output", "said": str(error)})
    counts = source.frame_counts
    part = part.model_copy(
        update={"videos": len(source.names), "frames": (min(counts), max(counts))}
    )
    wanted = request.frames_wanted
    said = ""
    if part.videos < part.count:
        said = f"{part.videos} videos, {part.count} were asked for"
    elif wanted is not None and min(counts) < wanted:
        said = f"videos of {min(counts)} frames, {wanted} were asked for"
    if part.state == "done" and said:
        return part.model_copy(update={"state": "wrong output", "said": said})
    return part


def _with(made: Adaptation, number: int, part: Part, out: Path) -> Adaptation:
    parts = (*made.parts[:number], part, *made.parts[number + 1 :])
    made = made.model_copy(update={"parts": parts})
    write_adaptation(out, made)
    return made


def _failure(request: AdaptRequest, made: Adaptation, part: Part) -> str:
    how = {
        "crashed": f"its sampler ended with exit code {part.exit_code} after {part.seconds:g} s",
        "timed out": f"its sampler was ended after {part.seconds:g} s, the time limit",
        "stopped": f"its sampler was stopped after {part.seconds:g} s",
        "wrong output": "its sampler ended well but left",
    }[part.state]
    videos = sum(one.videos for one in made.parts)
    kept = f"{videos} of {made.count} videos are kept in {request.out}"
    log = request.out / f"{part.folder}.log"
    return f"{request.method.id}: {how}: {part.said or 'it said nothing'}; {kept}; its log: {log}"
