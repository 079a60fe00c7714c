"""Which commands need which weights: from the tables of protocols, networks and configs of LEO."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from leo_bench.benchmarks.datasets import list_datasets, load_dataset
from leo_bench.benchmarks.datasets.dataset import DATASETS
from leo_bench.benchmarks.datasets.definitions import is_toml
from leo_bench.evaluation.embedders import list_embedders
from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.extractors import list_extractors
from leo_bench.evaluation.files.given_files import listed, read_toml
from leo_bench.evaluation.files.known_names import did_you_mean
from leo_bench.evaluation.files.schema import list_named
from leo_bench.evaluation.protocols.of_clips import EvalProtocol, list_protocols, load_protocol
from leo_bench.evaluation.protocols.of_frames import (
    FrameProtocol,
    list_frame_protocols,
    load_frame_protocol,
)
from leo_bench.evaluation.weights.registry import LIA, PERSONS, VGG, weights_for
from leo_bench.leo.config import CONFIGS, Config

OF_FRAMES = ("acd", "drift")  # the verbs that take a frame protocol
OF_CLIPS = ("precision", "leverage", "nearest", "features")  # those that take any protocol of clips


@dataclass(frozen=True)
class Use:
    """A command that needs weights.

    Args:
        verbs: of `leo-bench`.
        choice: the option that makes it need them, without its value.
        value: of the option, such as a protocol's id.
        network: the extractor, embedder or loss.
        files: names in the registry, preferred first; any one of them serves.
        also: verbs that take the option too, and are not listed.
        of_verbs: whether its verbs alone mean it: `train` does not need one of LIA's files.
    """

    verbs: tuple[str, ...]
    choice: str
    value: str
    network: str
    files: tuple[str, ...]
    also: tuple[str, ...] = ()
    of_verbs: bool = True

    @property
    def names(self) -> set[str]:
        """What `leo-bench weights fetch --for` may call it."""
        verbs = self.verbs if self.of_verbs else ()
        words = (word for verb in verbs for word in verb.split())
        return {self.value, self.network, *verbs, *words, *self.also}


def uses() -> list[Use]:
    """Every shipped protocol and config that needs weights; LIA's checkpoints; --crop person."""
    return [
        *(of_protocol(protocol) for protocol in list_protocols()),
        *(of_protocol(protocol) for protocol in list_frame_protocols() if protocol.weights),
        *(
            Use(("train animator",), "--config", config.id, VGG, tuple(weights_for(VGG)))
            for config in list_named(Config, CONFIGS)
            if config.animator.checkpoint is None and config.animator.perceptual == VGG
        ),
        *(
            Use(("train",), "--config", config.id, LIA, (checkpoint.file,), of_verbs=False)
            for config in list_named(Config, CONFIGS)
            if (checkpoint := config.animator.checkpoint) is not None
        ),
        *(Use(("animate",), "--checkpoint", name, LIA, (name,)) for name in weights_for(LIA)),
        Use(("sample",), "--crop", "person", PERSONS, tuple(weights_for(PERSONS))),
    ]


def of_protocol(protocol: EvalProtocol | FrameProtocol) -> Use:
    """What a protocol needs."""
    option, files = "--protocol", protocol.weights
    if isinstance(protocol, FrameProtocol):
        return Use(OF_FRAMES, option, protocol.id, protocol.embedder, files)
    also = OF_CLIPS if protocol.frames_of_clip is None else ()
    return Use(protocol.metrics, option, protocol.id, protocol.extractor, files, also)


def commands(found: Iterable[Use]) -> Iterator[str]:
    """Uses as commands; those that differ in the option's value alone are one."""
    values: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for use in found:
        values.setdefault((use.verbs, use.choice), []).append(use.value)
    for (verbs, choice), names in values.items():
        yield f"{', '.join(verbs)} {choice} {'|'.join(names)}"


def needed_for(name: str) -> list[str]:
    """The files to fetch for a protocol, extractor, embedder, verb, config or data set.

    Of files of which any one serves, the preferred one.

    Raises:
        InputError: there is nothing of this name, and the message lists the names; or a file is
            wrong.
    """
    content = read_toml(Path(name).expanduser()) if is_toml(name) else {}
    if content and DATASETS.table not in content:
        load = load_frame_protocol if "embedder" in content else load_protocol
        return _first([of_protocol(load(name))])
    if content or DATASETS.knows(name):
        dataset = load_dataset(name)
        if dataset.layout == "world":  # measured by the shipped networks
            return []
        evaluation = dataset.evaluation
        protocols = [of_protocol(load_protocol(evaluation.protocol))]
        if evaluation.acd is not None:
            protocols.append(of_protocol(load_frame_protocol(evaluation.acd)))
        return _first(protocols)
    every = uses()
    found = [use for use in every if name in use.names]
    if found or name in without_weights():
        return _first(found)
    known = {
        "verbs": [verb for use in every for verb in (*use.verbs, *use.also)],
        "data sets": [dataset.id for dataset in list_datasets()],
        "protocols": [use.value for use in every if use.choice == "--protocol"],
        "networks": [use.network for use in every],
        "configs": [use.value for use in every if use.choice == "--config"],
    }
    listing = "; ".join(f"{kind} {listed(dict.fromkeys(names))}" for kind, names in known.items())
    guess = did_you_mean(name, [each for names in known.values() for each in names])
    raise InputError(
        f"--for {name}: nothing of this name needs weights; "
        f"{guess.rstrip() or f'known are {listing}'}"
    )


def without_weights() -> dict[str, str]:
    """The networks and protocols that need no file, each with the option that takes it."""
    return {
        **{e.name: "--extractor" for e in list_extractors() if not weights_for(e.name)},
        **{e.name: "--embedder" for e in list_embedders() if not weights_for(e.name)},
        **{p.id: "--protocol" for p in list_frame_protocols() if not p.weights},
    }


def _first(found: Iterable[Use]) -> list[str]:
    return list(dict.fromkeys(use.files[0] for use in found if use.files))
