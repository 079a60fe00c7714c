"""The registry of weights files: finds them on this machine and verifies their digests.

`weights.toml` registers every file with its addresses, digest, licence and lineage. This module
never uses the network; `evaluation.weights.downloads` does.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from leo_bench.evaluation.errors import InputError
from leo_bench.evaluation.files.given_files import check_regular
from leo_bench.evaluation.files.known_names import known_are
from leo_bench.evaluation.files.places import cache_root
from leo_bench.evaluation.files.schema import Data, load_toml

REGISTRY = Path(__file__).parent / "weights.toml"
FOLDER_VARIABLE = "LEO_BENCH_WEIGHTS"
OPTION = "--weights"  # of most commands, for a weights file of the user's own
VGG, LIA, PERSONS = "vgg19", "lia", "persons"  # users of files that are no extractor or embedder
ALLOWED = "--allow-unverified uses it and marks the records made with it"


class WeightsFile(Data):
    """An entry of the registry; it has a digest, or `digest_unknown` is true."""

    about: str
    used_by: tuple[str, ...]  # names of extractors and embedders, VGG, LIA, PERSONS
    addresses: tuple[str, ...]
    google_drive: tuple[str, ...] = ()  # ids
    by_hand: tuple[str, ...] = ()  # pages from which only a person can get the file
    digest_unknown: bool = False  # none is published: such a file never counts as verified
    sha256: str | None = None
    sha256_start: str | None = None  # first digits, as PyTorch's own downloads check them
    git_blob: str | None = None  # SHA-1 as `git hash-object` prints it
    size: int | None = None  # bytes
    licence: str
    lineage: str

    @model_validator(mode="after")
    def _has_a_digest(self) -> "WeightsFile":
        none = self.sha256 is None and self.sha256_start is None and self.git_blob is None
        if none and not self.digest_unknown:
            raise ValueError("needs sha256, sha256_start or git_blob")
        if self.digest_unknown and not none:
            raise ValueError("has a digest and says digest_unknown")
        return self

    def matches(self, sha256: str, git_blob: str) -> bool:
        """Whether these are the digests of the file; the strongest known one decides."""
        if self.sha256 is not None:
            return sha256 == self.sha256
        if self.git_blob is not None:
            return git_blob == self.git_blob
        return self.sha256_start is not None and sha256.startswith(self.sha256_start)

    @property
    def strength(self) -> Literal["digest", "prefix", "unknown"]:
        """How far a file can be verified: by a whole digest, its first digits, or not at all.

        Eight hex digits of SHA-256 detect damage, but not a file that was crafted to have them.
        """
        if self.sha256 is not None or self.git_blob is not None:
            return "digest"
        return "unknown" if self.sha256_start is None else "prefix"

    @property
    def downloads(self) -> tuple[str, ...]:
        """Addresses of the file itself, in the order to try them."""
        drive = "https://drive.usercontent.google.com/download?id={}&export=download&confirm=t"
        return (*self.addresses, *(drive.format(key) for key in self.google_drive))

    @property
    def pages(self) -> tuple[str, ...]:
        """Addresses for a browser."""
        drive = "https://drive.google.com/file/d/{}/view"
        return (*self.addresses, *(drive.format(key) for key in self.google_drive), *self.by_hand)


class Registry(Data):
    """The model of `weights.toml`: entries by file name."""

    files: dict[str, WeightsFile]


@dataclass(frozen=True)
class Verified:
    """A weights file on disk and the result of its verification."""

    path: Path
    sha256: str
    registered_as: str | None  # name in the registry; None: no entry has this digest

    @property
    def verified(self) -> bool:
        """Whether the digest, or its beginning (`prefix_note`), is a registered one."""
        return self.registered_as is not None


def load_registry(path: Path = REGISTRY) -> dict[str, WeightsFile]:
    """The entries by file name.

    Raises:
        InputError: the file does not follow its schema.
    """
    return load_toml(Registry, path).files


def entry(name: str) -> WeightsFile:
    """The registry's entry of one file.

    Raises:
        InputError: no such name; the message lists the known ones.
    """
    registry = load_registry()
    if name not in registry:
        raise InputError(f"{name}: no such weights; {known_are(name, registry)}")
    return registry[name]


def weights_for(extractor: str) -> dict[str, WeightsFile]:
    """The files that `extractor` can use, preferred first."""
    return {name: file for name, file in load_registry().items() if extractor in file.used_by}


def folder() -> Path:
    """The folder of downloaded weights: $LEO_BENCH_WEIGHTS, or `weights` in `cache_root()`."""
    return _folders()[0]


def find(
    names: Sequence[str], explicit: Path | None = None, option: str = OPTION, trial: str = ""
) -> Path:
    """The path of the user's own file, or of the first of `names` that is on this machine.

    Args:
        names: in the registry, preferred first.
        explicit: a file of the user's own; None: look for `names`.
        option: the option that names `explicit`, for messages; "": there is none.
        trial: the option that runs without any file, for messages; "": there is none.

    Raises:
        InputError: there is none; the message says how to get the first.
    """
    if explicit is not None:
        if not explicit.is_file():
            raise InputError(f"{option} {explicit}: no such file")
        return explicit
    for name in names:
        for place in _folders():
            if (place / name).is_file():
                return place / name
    raise InputError(how_to_get(names[0], option, trial))


def prefix_note(network: str, sha256: str) -> str | None:
    """The note of a record on weights that are verified by the beginning of a digest only.

    Args:
        network: name of the extractor or embedder that uses them.
        sha256: of the file.

    Returns:
        None if they are verified by a whole digest, or not at all.
    """
    for name, file in weights_for(network).items():
        if file.strength == "prefix" and file.matches(sha256, ""):
            digits = len(file.sha256_start or "")
            return f"weights {name}: prefix verified, by {digits} of the 64 digits of SHA-256"
    return None


def find_by_digest(names: Iterable[str], sha256: str) -> Path | None:
    """The path of a file of one of these names that has this SHA-256; None: there is none."""
    for name in names:
        for place in _folders():
            if (place / name).is_file() and _digests(place / name)[0] == sha256:
                return place / name
    return None


def how_to_get(name: str, option: str = OPTION, trial: str = "") -> str:
    """One line on how to get a file; `option` and `trial` as in `find`."""
    places, file = ", ".join(str(place) for place in _folders()), entry(name)
    get = f"run `leo-bench weights fetch {name}`"
    if not file.downloads:  # otherwise `weights list --urls` lists the addresses
        get = f"download {' or '.join(file.pages)} and put it there"
    unverified = file.digest_unknown and option == OPTION
    unknown = "; its digest is not known: --allow-unverified is needed" * unverified
    without = f"; for a trial, {trial} needs no file" if trial else ""
    own = f", or give {option} FILE" if option else ""
    return f"weights {name} are not in {places}; {get}{own}{unknown}{without}"


def identify(path: Path, candidates: dict[str, WeightsFile]) -> Verified:
    """Verify a file: which of `candidates` it is, by its digest, whatever its name.

    Raises:
        InputError: the file cannot be read.
    """
    sha256, git_blob = _digests(path)
    for name, file in candidates.items():
        if file.matches(sha256, git_blob):
            return Verified(path, sha256, name)
    return Verified(path, sha256, None)


def require_registered(
    path: Path, candidates: dict[str, WeightsFile], advice: str = ALLOWED
) -> Verified:
    """As `identify`, but the file must be one of `candidates`; `advice` ends the error.

    Raises:
        InputError: its digest is none of theirs.
    """
    found = identify(path, candidates)
    if not found.verified and all(file.digest_unknown for file in candidates.values()):
        raise InputError(
            f"{path}: SHA-256 {found.sha256}; that of {' or '.join(candidates)} is unpublished, so"
            f" nothing vouches for it; {advice}"
        )
    if not found.verified:
        raise InputError(
            f"{path}: SHA-256 {found.sha256} is not that of {' or '.join(candidates)}: the file is"
            f" damaged or another one; {advice}"
        )
    return found


def chosen_weights(
    network: str,
    given: Path | None,
    allow_unverified: bool,
    names: Sequence[str] = (),
    trial: str = "",
) -> Verified:
    """The weights file that a network is to use, checked against the registry.

    Args:
        network: name of the extractor or embedder.
        given: a file of the user's own; None: the first registered one on this machine.
        allow_unverified: accept a file that is not registered for this network.
        names: registered files to look for, preferred first; (): all of the network's.
        trial: the option that takes a network without such a file, for messages.

    Raises:
        InputError: there is no file (the message says how to get it), or it is not a registered
            one and `allow_unverified` is false.
    """
    registered = weights_for(network)
    path = find(names or tuple(registered), given, trial=trial)
    return identify(path, registered) if allow_unverified else require_registered(path, registered)


def shipped_weights(
    network: str, shipped: Path, given: Path | None, allow_unverified: bool
) -> Verified:
    """The weights file of a network whose weights come with the installation.

    Args:
        network: name of the extractor or embedder.
        shipped: its own file.
        given: a file of the user's own; None: `shipped`.
        allow_unverified: accept a file other than `shipped`.

    Raises:
        InputError: there is no such file, or it is not `shipped` and `allow_unverified` is false.
    """
    path = given or shipped
    if not path.is_file():
        raise InputError(f"{path}: no such file; weights of {network} come with the installation")
    if path != shipped and not allow_unverified:
        raise InputError(
            f"{path}: not the shipped weights of {network}: --allow-unverified uses it"
        )
    return Verified(path, _digests(path)[0], path.name if path == shipped else None)


def refuse_weights(network: str, given: Path | None) -> None:
    """Reject a weights file for a network that has no weights.

    Raises:
        InputError: a file is given, which would not be used.
    """
    if given is not None:
        raise InputError(f"--weights {given}: {network} has no weights; leave it out")


def _folders() -> list[Path]:
    chosen, default = os.environ.get(FOLDER_VARIABLE), cache_root() / "weights"
    return [Path(chosen).expanduser(), default] if chosen else [default]


def _digests(path: Path) -> tuple[str, str]:
    """Hex SHA-256 and git blob id of a file's content."""
    check_regular(path)
    try:
        sha256 = hashlib.sha256()
        blob = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                sha256.update(chunk)
                blob.update(chunk)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    return sha256.hexdigest(), blob.hexdigest()
