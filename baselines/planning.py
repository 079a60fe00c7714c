"""Plans a run of `leo-bench adapt`: checks everything before the sampler starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from leo_bench.baselines.checkout import (
    checkout_state,
    checkpoint_file,
    find_interpreter,
    interpreter_versions,
    unknown_options,
)
from leo_bench.baselines.methods import METHODS, Method
from leo_bench.baselines.provenance import (
    Adaptation,
    Checkout,
    CheckpointFile,
    Part,
    read_adaptation,
)
from leo_bench.evaluation.clips import derived_seed
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.known_names import did_you_mean
from leo_bench.evaluation.videos.discover import DEFAULTS, OpenOptions


@dataclass(frozen=True)
class AdaptRequest:
    """What a method's sampler has to make.

    Args:
        method: the method.
        checkout: a clone of its repository.
        checkpoints: its files of weights by name.
        out: the output folder.
        count: number of videos.
        frames: frames of each video; None: the method's own number.
        seed: for samplers that take one; part i gets `derived_seed(seed, i, bits=31)`.
        chunk: videos per run of the sampler; None: all in one run, as its authors do.
        python: the interpreter of its environment; None: the checkout's .venv.
        layout: which of its layouts is read; None: the first.
        time_limit: seconds for all runs; None: no limit.
        files: how its output is opened to count videos.
    """

    method: Method
    checkout: Path
    checkpoints: Mapping[str, Path]
    out: Path
    count: int
    frames: int | None = None
    seed: int = 0
    chunk: int | None = None
    python: Path | None = None
    layout: str | None = None
    time_limit: float | None = None
    files: OpenOptions = field(default=DEFAULTS)

    @property
    def frames_wanted(self) -> int | None:
        """Frames that every video must have; None: unknown."""
        return self.frames or self.method.frames


def named_checkpoints(method: Method, given: Sequence[str]) -> dict[str, Path]:
    """Checkpoints by name, from "NAME=FILE", or "FILE" for a method with one checkpoint.

    Raises:
        InputError: an unknown or repeated name, or a file without a name where there are several.
    """
    wanted, found = list(method.checkpoints), dict[str, Path]()
    for text in given:
        name, equals, path = text.partition("=")
        if not equals or name not in wanted:
            if len(wanted) != 1:
                guess = did_you_mean(name, wanted) if equals else ""
                raise InputError(f"--checkpoint {text}: {guess}{method.id} takes {_needed(method)}")
            name, path = wanted[0], text
        if name in found:
            raise InputError(f"--checkpoint {text}: {name} is there twice")
        if not path:
            raise InputError(f"--checkpoint {text}: no file behind the =")
        found[name] = Path(path).expanduser()
    return found


def planned(request: AdaptRequest) -> Adaptation:
    """The run with all its parts; parts that an earlier run finished keep their state.

    Raises:
        InputError: the method has no command, something that the user gave is wrong, or the output
            folder holds something else.
    """
    method, out = request.method, request.out
    if method.why_no_command:
        folder = f"; then score {method.id}:FOLDER" if method.layouts else ""
        raise InputError(f"{method.id}: {' '.join(method.why_no_command.split())}{folder}")
    _check_numbers(request)
    begun = read_adaptation(out)
    if begun is None and out.is_dir() and any(out.iterdir()):
        raise InputError(f"{out}: is not empty, and not of leo-bench adapt; give another --out")
    checkout = checkout_state(request.checkout)
    python = find_interpreter(request.python, request.checkout)
    _check_code(request)
    seed = request.seed if "seed" in method.holes else None
    chunk = request.chunk or request.count
    made = Adaptation(
        method=method.id,
        method_sha256=method.digest,
        command=method.command,
        layout=request.layout,
        checkout=checkout,
        commit_expected=method.commit,
        checkpoints=_checkpoints(request),
        interpreter=interpreter_versions(python),
        settings=method.settings,
        count=request.count,
        frames=request.frames_wanted,
        seed=seed,
        chunk=chunk,
        parts=tuple(
            Part(
                folder=f"part-{number:03d}",
                seed=None if seed is None else derived_seed(seed, number, bits=31),
                count=min(chunk, request.count - number * chunk),
                state="running",
            )
            for number in range(-(-request.count // chunk))
        ),
        notes=tuple(_code_notes(method, checkout)),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        leo_bench=metadata.version("leo-bench"),
    )
    if begun is None:
        return made
    if begun.request != made.request:
        now = made.request
        changed = [key for key, value in begun.request.items() if now[key] != value]
        raise InputError(
            f"{out}: was begun with another {', '.join(changed)}; give another --out, or what it "
            "was begun with"
        )
    return made.model_copy(update={"parts": begun.parts, "created": begun.created})


def _check_numbers(request: AdaptRequest) -> None:
    method = request.method
    if request.count < 1 or (request.chunk is not None and request.chunk < 1):
        raise InputError("--count and --chunk must be 1 or more")
    if request.chunk is not None and "seed" not in method.holes:
        raise InputError(f"--chunk: {method.id} takes no seed, so that its parts could be alike")
    if request.frames not in (None, method.frames) and "frames" not in method.holes:
        what = "its own number of" if method.frames is None else str(method.frames)
        raise InputError(f"--frames {request.frames}: {method.id} makes {what} frames")
    method.layout(request.layout)


def _check_code(request: AdaptRequest) -> None:
    """See that the checkout has the script and its Python files know the options."""
    method = request.method
    for word in method.command:
        if word.startswith("{checkout}/"):
            script = request.checkout / word.removeprefix("{checkout}/")
            if not script.is_file():
                raise InputError(
                    f"{script}: no such file; --checkout must be a clone of {method.repository}"
                )
    missing = unknown_options(request.checkout, method.options)
    if missing:
        raise InputError(
            f"{request.checkout}: no Python file there knows {', '.join(missing)}; copy "
            f"{METHODS / method.id}.toml, mend its command, and give the copy's path as METHOD"
        )


def _checkpoints(request: AdaptRequest) -> dict[str, CheckpointFile]:
    wanted, given = request.method.checkpoints, request.checkpoints
    if set(wanted) != set(given):
        raise InputError(f"{request.method.id} takes {_needed(request.method)}")
    return {name: checkpoint_file(name, given[name]) for name in wanted}


def _needed(method: Method) -> str:
    return " ".join(f"--checkpoint {name}=FILE" for name in method.checkpoints) or "no checkpoint"


def _code_notes(method: Method, checkout: Checkout) -> list[str]:
    """How the checkout differs from the code that the method's file describes.

    No difference stops a run: these systems need changes to run on today's machines. Every record
    of the videos has these notes.
    """
    if method.commit is None:
        return []
    notes = []
    if checkout.commit is None:
        notes.append(f"{method.id}: the checkout is not git's, so its commit is unknown")
    elif not checkout.commit.startswith(method.commit):
        notes.append(
            f"{method.id}: the checkout is at commit {checkout.commit[:8]}, and its settings here "
            f"were read at {method.commit}"
        )
    if checkout.dirty:
        notes.append(
            f"{method.id}: the checkout has changes of its own "
            f"(git diff, SHA-256 {(checkout.diff_sha256 or '')[:12]})"
        )
    if method.recalled:
        notes.append(
            f"{method.id}: recalled, not read at {method.commit}, and known to the checkout: "
            f"{', '.join(method.recalled)}"
        )
    return notes
