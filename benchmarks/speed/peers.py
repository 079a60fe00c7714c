"""Speed of leo-bench beside its peers, part by part, in turns; peers that are absent say so.

Each computes in a process of its own, with its own threads, from the same inputs. Weights are
random where StyleGAN-V's archive is not on this machine: time does not depend on their values.
"""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from leo_bench.benchmarks.peers.called import OURS
from leo_bench.benchmarks.peers.definitions import Peer, how_to_install, is_here, load_peers
from leo_bench.benchmarks.peers.parts import Inputs, Part, write_inputs
from leo_bench.benchmarks.peers.remote import RemoteError, RemoteTask
from leo_bench.benchmarks.speed.machine import Row, Timing, describe, interleaved

ROUNDS: Mapping[Part, int] = {
    "network": 5,
    "statistic": 5,
    "kernel": 5,
    "motion": 7,
    "motion_of_eight": 5,
    "animation": 5,
    "videos": 3,
}
AGAIN = "videos_again"  # leo-bench a second time, its features cached
ABOUT: Mapping[Part, str] = {
    "network": "I3D, a clip",
    "statistic": "Fréchet distance",
    "kernel": "KVD",
    "motion": "denoiser, a step",
    "motion_of_eight": "denoiser, a step of eight",
    "animation": "animator, a frame",
    "videos": "FVD from mp4, a video",
}

TIMES = ("best", "median", "CPU")
COLUMNS = (
    *(f"ms, {of}" for of in TIMES),
    *(f"{of}, times leo-bench's" for of in TIMES),
    "value",
    "peak MB",
)


def measure() -> list[Row]:
    """All parts; ten minutes on two quiet cores where every peer is installed."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(Path(folder))
        rows = [row for part in ROUNDS for row in compare(part, inputs, load_peers())]
    return [*rows, _row("the machine", describe())]


def compare(part: Part, inputs: Inputs, peers: Mapping[str, Peer]) -> list[Row]:
    """The rows of one part: leo-bench first, then every peer that computes it.

    Args:
        part: what is computed.
        inputs: with a folder to write into.
        peers: by id, as `load_peers` gives them.
    """
    write_inputs(inputs, part)
    asked = {key: peer for key, peer in peers.items() if part in peer.parts}
    names = {OURS: OURS} | {key: peer.name for key, peer in asked.items()}
    missing = {key: how_to_install(peer) for key, peer in asked.items() if not is_here(key, peer)}
    jobs: dict[str, tuple[str, str]] = {key: (key, part) for key in names if key not in missing}
    if part == "videos":
        names[AGAIN], jobs[AGAIN] = f"{OURS}, again", (OURS, AGAIN)
    with ExitStack() as processes:
        tasks: dict[str, RemoteTask] = {}
        for name, (key, job) in jobs.items():
            try:
                tasks[name] = processes.enter_context(RemoteTask(key, job, inputs))
            except RemoteError as error:
                missing[name] = f"does not run here: {error}"
        timings: dict[str, Timing] = {}
        while tasks and not timings:
            try:
                timings = interleaved(tasks, ROUNDS[part])
            except RemoteError:  # begin again without those that failed
                for name in [name for name, task in tasks.items() if task.error]:
                    missing[name] = f"does not run here: {tasks.pop(name).error}"
        return [
            _row(ABOUT[part], name, remark=missing[key])
            if key in missing
            else _timed(_row(ABOUT[part], name), key, tasks, timings)
            for key, name in names.items()
        ]


def _row(about: str, name: str, remark: str = "") -> Row:
    return {"what": about, "by": name} | dict.fromkeys(COLUMNS, "") | {"remark": remark}


def _timed(
    row: Row, key: str, tasks: Mapping[str, RemoteTask], timings: Mapping[str, Timing]
) -> Row:
    """`row` with the numbers of the task `key`, beside those of leo-bench where it ran."""
    task, timing = tasks[key], timings[key]
    each = timing.shared_by(task.items)
    cells = [each.fastest, each.median, task.seconds / task.items]
    row |= {column: f"{cell * 1e3:.1f}" for column, cell in zip(COLUMNS, cells, strict=False)}
    if OURS in tasks:
        ratios = [
            timing.fastest / timings[OURS].fastest,
            timing.median / timings[OURS].median,
            task.seconds / tasks[OURS].seconds,
        ]
        row |= {
            f"{of}, times leo-bench's": f"{ratio:.2f}"
            for of, ratio in zip(TIMES, ratios, strict=True)
        }
    value = "" if task.value is None else f"{task.value:.5g}"
    return row | {"value": value, "peak MB": f"{task.megabytes:,.0f}", "remark": task.remark}
