"""Seeds that follow from a seed, for what is done several times: repeats, parts, trainings.

Adding to a seed would make number r of seed s the same as number r - 1 of seed s + 1: two runs of
neighbouring seeds would share all but one of their draws, and their means look steadier than they
are.
"""

import hashlib

# `derived_seed` in words, for records.
SEED_RULE = "repeat 0: SEED; repeat R: BLAKE2b (8 bytes, big-endian) of 'SEED', 0, 0, 'repeat R'"


def derived_seed(seed: int, number: int, bits: int = 64) -> int:
    """The seed of one of several runs (SEED_RULE): the seed itself, then hashes of (seed, number).

    Args:
        seed: of the whole.
        number: 0, 1, ...
        bits: of the result, 1 to 64: the lowest ones; 31 is what every program takes as a seed.

    Returns:
        `seed` for number 0, whatever its size; else 0..2**bits - 1.
    """
    if number == 0:
        return seed
    digest = hashlib.blake2b(f"{seed}\0\0repeat {number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") & ((1 << bits) - 1)
