"""What `leo-bench score` was asked for: metrics, fake sides with names, a protocol for each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leo_bench.benchmarks.datasets import Dataset
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import read_toml
from leo_bench.evaluation.files.known_names import did_you_mean, known_are
from leo_bench.evaluation.metrics import DISTANCES, METRICS
from leo_bench.evaluation.protocols.of_clips import (
    EvalProtocol,
    check_metric,
    list_protocols,
    load_protocol,
)
from leo_bench.evaluation.protocols.of_frames import (
    FrameProtocol,
    list_frame_protocols,
    load_frame_protocol,
)
from leo_bench.evaluation.records.distance import slug

# Frames of a metric that is named without a number.
FRAMES = 16
DRIFT_FRAMES = 1024  # as `leo-bench drift`

# Metrics of one command; `repetition` has a calibration of its own.
KNOWN = (*DISTANCES, "precision", "acd", "drift")

_WORD = re.compile(r"([a-z][a-z_-]*?)([0-9]*)")


@dataclass(frozen=True)
class AskedMetric:
    """One number that is asked for.

    Args:
        name: of `evaluation.metrics`.
        frames: of a clip; of drift, of a video.
    """

    name: str
    frames: int

    @property
    def title(self) -> str:
        """As tables write it: "FVD16"."""
        words = ("precision", "drift", "repetition")
        word = self.name if self.name in words else self.name.upper()
        return f"{word}{self.frames}"

    @property
    def is_precision(self) -> bool:
        """Whether it is precision, which recall goes with."""
        return self.name == "precision"

    @property
    def distance(self) -> str | None:
        """The distance that is measured for it; None: a score of one side."""
        if self.is_precision:
            return "fvd"
        return self.name if self.name in DISTANCES else None


@dataclass(frozen=True)
class NamedFake:
    """One fake side.

    Args:
        spec: the source, as on the command line; None: samples of the data set's LEO run.
        given: the name that the user gave it; None: the source names itself.
    """

    spec: str | None
    given: str | None = None

    @property
    def label(self) -> str:
        """What tables and differences call it."""
        return self.given or (self.spec or "samples of the LEO run").rstrip("/")


def asked_metrics(words: Sequence[str], frames: int | None = None) -> tuple[AskedMetric, ...]:
    """The metrics of `--metrics`, such as ("fvd16,fvd128", "acd").

    Args:
        words: each may name several, separated by commas.
        frames: of a metric without a number; None: FRAMES, and DRIFT_FRAMES of drift.

    Raises:
        InputError: an unknown metric, no frames, or one that is named twice.
    """
    found: list[AskedMetric] = []
    for word in _split(words):
        match = _WORD.fullmatch(word)
        name = match[1] if match else ""
        if match is None or name not in KNOWN:
            more = f"; `leo-bench {name}` measures it" if name in METRICS else ""
            raise InputError(
                f"--metrics {word}: expected a metric and its frames, as fvd16; "
                f"{known_are(word.rstrip('0123456789'), KNOWN)}{more}"
            )
        usual = DRIFT_FRAMES if name == "drift" else FRAMES
        if frames is not None:
            usual = frames
        asked = AskedMetric(name, int(match[2]) if match[2] else usual)
        if asked in found:
            raise InputError(f"--metrics: {asked.name}{asked.frames} is named twice")
        found.append(asked)
    if not found:
        raise InputError("--metrics names no metric, as fvd16,kvd16,fid,acd")
    return tuple(found)


def named_fakes(given: Sequence[str]) -> tuple[NamedFake, ...]:
    """The fake sides of `--fake`, each a source or NAME=SOURCE; none given: the LEO run's samples.

    What comes before the first "=" is a name, unless it is part of a path or of a source's options.

    Raises:
        InputError: two have one name, or would share a folder of records.
    """
    fakes = tuple(map(_named, given)) or (NamedFake(None),)
    check_apart([(fake, fake.label) for fake in fakes])
    return fakes


def check_apart(named: Sequence[tuple[NamedFake, str]]) -> None:
    """See that fake sides of these names have folders of records of their own.

    Raises:
        InputError: two would share one.
    """
    folders: dict[str, NamedFake] = {}
    for fake, name in named:
        folder = slug(fake.given or name)
        other = folders.setdefault(folder, fake)
        if other is not fake:
            raise InputError(
                f"--fake {other.spec} and --fake {fake.spec} are both called {folder}: "
                "name them, as --fake mine=SOURCE"
            )


def check_not_real(fake: NamedFake, real: str) -> None:
    """See that a fake side was not given the name of the real side, whose scores have a folder.

    Raises:
        InputError: it was.
    """
    if fake.given is not None and slug(fake.given) == slug(real):
        raise InputError(
            f"--fake {fake.given}={fake.spec}: the real videos are called {slug(real)}, too: give "
            "another name"
        )


def _named(given: str) -> NamedFake:
    name, equals, spec = given.partition("=")
    is_name = re.fullmatch(r"[\w .+-]+", name) is not None
    if not (equals and is_name) or Path(given.partition("/")[0]).exists():
        return NamedFake(given)
    if not spec:
        raise InputError(f"--fake {given}: a source is expected behind the name")
    return NamedFake(spec, name.strip())


@dataclass(frozen=True)
class Protocols:
    """The protocols that `--protocol` names, of clips and of frames.

    Args:
        clips: of distances.
        frames: of scores of one side.
        names: each as the user wrote it, by id.
    """

    clips: tuple[EvalProtocol, ...]
    frames: tuple[FrameProtocol, ...]
    names: dict[str, str]

    def of(self, metric: AskedMetric, dataset: Dataset | None) -> str:
        """The protocol of a metric: the first named one that has it, the data set's, the usual one.

        A named protocol counts for all metrics of its samples: clips, frames, or one side.

        Raises:
            InputError: the named ones of its samples lack it, or there is none to use.
        """
        if metric.distance is None:
            return self._of_frames(metric, dataset)
        distance = DISTANCES[metric.distance]
        alike = [one for one in self.clips if _samples(one) == distance.samples]
        for protocol in alike:
            if distance.name in protocol.metrics:
                return self.names[protocol.id]
        if alike:
            try:
                check_metric(distance.name, alike[0])
            except InputError as error:
                raise InputError(f"{metric.title}: {error}; name one of those besides") from None
        of_dataset = None if dataset is None else dataset.evaluation.protocol
        if of_dataset is not None and distance.name in load_protocol(of_dataset).metrics:
            return of_dataset
        if not distance.usual:
            having = [one.id for one in list_protocols() if distance.name in one.metrics]
            raise InputError(
                f"{metric.title}: give --protocol; {distance.name} is in {', '.join(having)}"
            )
        return distance.usual

    def _of_frames(self, metric: AskedMetric, dataset: Dataset | None) -> str:
        if self.frames:
            return self.names[self.frames[0].id]
        if dataset is not None and dataset.evaluation.acd:
            return dataset.evaluation.acd
        known = "; ".join(
            f"{', '.join(one.id for one in list_frame_protocols() if one.subject == subject)} for "
            f"{what}"
            for subject, what in (("face", "faces"), ("body", "bodies"), ("figure", "toy worlds"))
        )
        raise InputError(f"{metric.title}: give --protocol, or --dataset, which has one: {known}")

    def unused(self, used: Sequence[str]) -> list[str]:
        """Those that no metric uses, as the user wrote them."""
        return [name for name in self.names.values() if name not in used]


def named_protocols(given: Sequence[str]) -> Protocols:
    """The protocols of `--protocol`, of clips and of frames alike, separated by commas.

    Raises:
        InputError: there is none of that name.
    """
    clips: list[EvalProtocol] = []
    frames: list[FrameProtocol] = []
    names: dict[str, str] = {}
    of_clips = [one.id for one in list_protocols()]
    of_frames = [one.id for one in list_frame_protocols()]
    for name in _split(given):
        if name in of_frames or (name.endswith(".toml") and _is_of_frames(name)):
            frames.append(load_frame_protocol(name))
            names[frames[-1].id] = name
        elif name in of_clips or name.endswith(".toml"):
            clips.append(load_protocol(name))
            names[clips[-1].id] = name
        else:
            known = (
                f"known are {', '.join(of_clips)} for clips and {', '.join(of_frames)} for frames "
                "of one side"
            )
            guess = did_you_mean(name, (*of_clips, *of_frames)).rstrip()
            raise InputError(f"no protocol {name[:60]!r}; {guess or known}")
    return Protocols(tuple(clips), tuple(frames), names)


def _samples(protocol: EvalProtocol) -> str:
    return "clips" if protocol.frames_of_clip is None else "frames"


def _is_of_frames(path: str) -> bool:
    """Whether a file of the user's is a protocol of frames: those name a subject."""
    return "subject" in read_toml(Path(path).expanduser())


def _split(words: Sequence[str]) -> list[str]:
    return [part.strip() for word in words for part in word.split(",") if part.strip()]
