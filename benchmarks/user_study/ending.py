"""Checks what happens at the end of a study: addresses, completion code, names of identifiers."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from leo_bench.benchmarks.user_study.page_data import Ending
from leo_bench.evaluation.errors import InputError

LOCAL = ("localhost", "127.0.0.1", "::1")
LONGEST = 2_000  # characters of an address
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_OWN = ("slot", "CODE")  # names that have a meaning of their own in links


def ending_of(*, post: str, completion: str, code: str, identifiers: Sequence[str]) -> Ending:
    """The ending that options ask for.

    Args:
        post: address that a static site posts answers to, or "".
        completion: address of the crowd-working site to go to at the end, or "".
        code: completion code, or "".
        identifiers: parameters of the link that belong to the crowd-working site.

    Raises:
        InputError: an address is neither https nor http on this machine, it has a placeholder
            that nothing fills, a code cannot be shown, or a name cannot be a parameter.
    """
    for name in identifiers:
        if not _NAME.fullmatch(name) or name in _OWN:
            raise InputError(
                f"--identifiers: {name!r} cannot be a link's parameter; letters, digits, _, . and "
                f"- are allowed, and not {' or '.join(_OWN)}"
            )
    if len(set(identifiers)) != len(identifiers):
        raise InputError(f"--identifiers: a name is there twice: {','.join(identifiers)}")
    if len(code) > 100 or not code.isprintable():
        raise InputError("--code: at most 100 characters are allowed, all of them printable")
    if post:
        _check_address("--post", post)
    if completion:
        _check_address("--completion", _PLACEHOLDER.sub("x", completion))
        if "{" in completion.split("/", 3)[2]:
            raise InputError("--completion: a host's name cannot have a placeholder in it")
        filled = ("CODE", *identifiers)
        for name in _PLACEHOLDER.findall(completion):
            if name not in filled:
                raise InputError(
                    f"--completion: nothing fills {{{name}}}; there is "
                    + ", ".join(f"{{{known}}}" for known in filled)
                )
    return Ending(completion=completion, code=code, identifiers=tuple(identifiers), post=post)


def _check_address(option: str, address: str) -> None:
    wanted = "https://... is expected, or http://localhost for a trial"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InputError(f"{option} {address!r}: not an address; {wanted}") from None
    is_allowed = parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL)
    if not (host and is_allowed):
        raise InputError(f"{option} {address!r}: {wanted}")
    if not re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:]+", host):
        raise InputError(f"{option} {address!r}: the host's name has characters other than a-z")
    if parts.username is not None or parts.password is not None:
        raise InputError(
            f"{option} {address!r}: a name or password in an address is visible to all"
        )
    if len(address) > LONGEST or not re.fullmatch(r"[!-~]+", address):
        raise InputError(
            f"{option} {address!r}: at most {LONGEST:,} characters are allowed, and no blanks; "
            "write others as %XX"
        )
