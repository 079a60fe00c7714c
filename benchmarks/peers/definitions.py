"""What is known of each peer (`peers.toml`), and whether it is on this machine.

A peer is a package that can be imported, or a checkout of its repository in the folder
LEO_BENCH_PEERS, under its id.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from pydantic import model_validator

from leo_bench.benchmarks.peers.parts import Part
from leo_bench.evaluation.files.schema import Data, load_toml

VARIABLE = "LEO_BENCH_PEERS"
PEERS = Path(__file__).parent / "peers.toml"


class Peer(Data):
    """An entry of `peers.toml`, whose comment says what each key is."""

    name: str
    module: str
    parts: tuple[Part, ...]
    licence: str
    source: str
    install: str
    package: str | None = None
    checkout: str | None = None

    @model_validator(mode="after")
    def _is_found_one_way(self) -> "Peer":
        if (self.package is None) == (self.checkout is None):
            raise ValueError("needs either package or checkout")
        return self


class _Peers(Data):
    peers: dict[str, Peer]


def load_peers() -> dict[str, Peer]:
    """The peers by id, in the order of the file.

    Raises:
        InputError: the file does not follow its schema.
    """
    return load_toml(_Peers, PEERS).peers


def is_here(key: str, peer: Peer) -> bool:
    """Whether the peer `key` is on this machine; nothing of it is imported."""
    if peer.package is not None:
        return find_spec(peer.package) is not None
    return (checkout(key) / str(peer.checkout)).is_file()


def checkout(key: str) -> Path:
    """Where the checkout of the peer `key` is looked for."""
    return _folder() / key


def how_to_install(peer: Peer) -> str:
    """The command that installs a peer, and the version that leo-bench was tried with."""
    command = peer.install.format(peers=_folder())
    return f"not here: {command} ({peer.source})"


def _folder() -> Path:
    """The folder of checkouts: $LEO_BENCH_PEERS, or `peers` in the current folder."""
    return Path(os.environ.get(VARIABLE) or "peers").expanduser().absolute()
