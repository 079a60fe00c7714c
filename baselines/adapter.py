"""Runs a method's own sampler in its own checkout and environment: `leo-bench adapt`.

    OUT/provenance.json   what was run, at which commit, with which weights, and how it ended
    OUT/part-000/         what the sampler wrote
    OUT/part-000.log      what the sampler printed

`baselines.layouts.open_output(method, OUT)` reads the videos. The method's code never runs in this
process.
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


def adapt(
    request: AdaptRequest,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    say: Callable[[str], None] = lambda _line: None,
) -> Adaptation:
    """Make videos with the method's own sampler, or continue where it was stopped.

    Parts that are done stay as they are; an unfinished part is made again from its beginning.

    Args:
        request: what to make.
        progress: called with (videos, count) as videos appear.
        say: called with a line for the user.

    Raises:
        InputError: the method has no command, or something that the user gave is wrong.
        InfrastructureError: the sampler failed, ran out of time, or wrote too little; its output is
            kept, and the message says where.
    """
    began = time.monotonic()
    made, limit, count = planned(request), request.time_limit, request.count
    for note in made.notes:
        say(f"note: {note}")
    request = replace(request, checkout=request.checkout.resolve())
    for number, part in enumerate(made.parts):
        if part.state == "done":
            continue
        before = sum(earlier.videos for earlier in made.parts[:number])
        made = _with(made, number, part.model_copy(update={"state": "running"}), request.out)
        part = _run(
            request,
            part,
            None if limit is None else limit - (time.monotonic() - began),
            partial(_report, progress, before, count),
        )
        made = _with(made, number, part, request.out)
        if part.state != "done":
            raise InfrastructureError(_failure(request, made, part))
        if part.videos > part.count:
            say(f"{part.folder}: {part.videos} videos, {part.count} were asked for")
    progress(sum(part.videos for part in made.parts), count)
    return made


def _report(progress: Callable[[int, int], None], before: int, count: int, found: int) -> None:
    progress(min(before + found, count), count)


def _run(
    request: AdaptRequest, part: Part, seconds: float | None, on_found: Callable[[int], None]
) -> Part:
    """Run one part from its beginning and say what came of it."""
    method, layout = request.method, request.method.layout(request.layout)
    folder = request.out.resolve() / part.folder
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
        folder.with_name(f"{part.folder}.log"),
        seconds=seconds,
        on_look=lambda: on_found(videos_so_far(folder, layout)),
    )
    return _counted(
        request,
        part.model_copy(
            update={
                "state": ended.state,
                "exit_code": ended.exit_code,
                "seconds": round(ended.seconds, 1),
                "said": "" if ended.state == "done" else ended.said,
            }
        ),
        folder,
    )


def _counted(request: AdaptRequest, part: Part, folder: Path) -> Part:
    """The part with its readable videos counted; too few of them are "wrong output"."""
    is_done, layout = part.state == "done", request.method.layout(request.layout)
    # A sampler that was ended may leave a file cut off; one that ended well may not.
    files = replace(request.files, on_error="fail" if is_done else "skip")
    try:
        source = open_layout(layout, folder, None, files, part.folder)
    except InputError as error:
        wrong = {"state": "wrong output", "said": str(error)}
        return part.model_copy(update=wrong if is_done else {})
    counts, wanted = source.frame_counts, request.frames_wanted
    found: dict[str, object] = {"videos": len(source.names), "frames": (min(counts), max(counts))}
    said = ""
    if len(source.names) < part.count:
        said = f"{len(source.names)} videos, {part.count} were asked for"
    elif wanted is not None and min(counts) < wanted:
        said = f"videos of {min(counts)} frames, {wanted} were asked for"
    if is_done and said:
        found |= {"state": "wrong output", "said": said}
    return part.model_copy(update=found)


def _with(made: Adaptation, number: int, part: Part, out: Path) -> Adaptation:
    """The adaptation with this part in place of its old state, written to `out`."""
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
