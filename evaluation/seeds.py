"""Seeds derived from one seed, for repeats, parts and trainings.

Adding the number to the seed would give repeat r of seed s the seed of repeat r - 1 of seed s + 1:
means over repeats of neighbouring seeds would share all draws but one, and seem too stable.
"""

import hashlib

# `derived_seed` in words, for records.
SEED_RULE = "repeat 0: SEED; repeat R: BLAKE2b (8 bytes, big-endian) of 'SEED', 0, 0, 'repeat R'"


def derived_seed(seed: int, number: int, bits: int = 64) -> int:
    """The seed of one of several draws (SEED_RULE): the seed itself, then hashes of (seed, number).

    Args:
        seed: the common seed.
        number: 0, 1, ...
        bits: of the result, 1 to 64, the lowest ones; every program takes seeds of 31 bits.

    Returns:
        `seed` for number 0, whatever its size; else 0..2**bits - 1.
    """
    if number == 0:
        return seed
    digest = hashlib.blake2b(f"{seed}\0\0repeat {number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") & ((1 << bits) - 1)
