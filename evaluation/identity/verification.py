"""Verification: how well distances separate pairs of one person from pairs of two people."""

from dataclasses import dataclass

import torch
from torch import Tensor

from leo_bench.evaluation.errors import InputError


@dataclass(frozen=True)
class Verification:
    """How well a threshold on the distance separates the pairs.

    Args:
        auc: probability that a pair of two people has a larger distance than a pair of one, ties
            counting half; 0.5: no better than chance, 1: perfect.
        equal_error_rate: error rate at the threshold where both kinds of pairs have the same.
        threshold: that threshold.
    """

    auc: float
    equal_error_rate: float
    threshold: float


def verify(same: Tensor, other: Tensor) -> Verification:
    """Separate distances [N] of pairs of one person from [M] of pairs of two people.

    Raises:
        InputError: either has no pairs.
    """
    if not len(same) or not len(other):
        raise InputError("verification needs pairs of the same person and pairs of two people")
    same, other = same.double().sort().values, other.double().sort().values
    below = torch.searchsorted(same, other, right=False)
    up_to = torch.searchsorted(same, other, right=True)
    auc = float((below + up_to).double().mean() / (2 * len(same)))
    # Distances up to the threshold are classified as the same person.
    thresholds = torch.cat([same, other]).sort().values
    refused = 1 - torch.searchsorted(same, thresholds, right=True).double() / len(same)
    accepted = torch.searchsorted(other, thresholds, right=True).double() / len(other)
    best = int((refused - accepted).abs().argmin())
    rate = float(refused[best] + accepted[best]) / 2
    return Verification(auc, rate, float(thresholds[best]))


def within_and_between(embeddings: Tensor) -> tuple[Tensor, Tensor]:
    """Distances of all pairs of frames of one person, and of two people.

    Args:
        embeddings: [P,K,D], K frames of each of P people.

    Returns:
        float64 [P*K*(K-1)/2] and [P*(P-1)/2*K*K].

    Raises:
        InputError: fewer than two people, or than two frames of each.
    """
    people, frames = embeddings.shape[:2]
    if people < 2 or frames < 2:
        raise InputError(f"{people} people with {frames} frames each: two of both are needed")
    flat = embeddings.flatten(0, 1).double()
    distances = torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist")
    who = torch.arange(people).repeat_interleave(frames)
    one, two = torch.triu_indices(len(flat), len(flat), offset=1)
    alike = who[one] == who[two]
    pairs = distances[one, two]
    return pairs[alike], pairs[~alike]
