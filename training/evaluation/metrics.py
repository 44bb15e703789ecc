"""The figures of story visualisation by their published definitions, on plain arrays. Pure; NumPy only.

Char-F1 and Frm-Acc: StoryGAN's and Make-A-Story's micro F1 and exact match of a multi-label character classifier
rounded at one half. FID: Heusel et al. 2017, arXiv 1706.08500. CIDS, OCCM and copy-paste: ViStoryBench, arXiv
2505.24862, with the judge in the place of detector and encoder. Minimum identity over subjects: FastComposer, arXiv
2305.10431. Intervals: percentile bootstrap over stories, whole stories drawn with replacement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def character_f1(predicted: Array, true: Array) -> float:
    """Micro F1 over all frame x character cells: (frames, characters) bool. 1 where nobody is there and nobody seen."""
    hits = float(np.logical_and(predicted, true).sum())
    wrong = float(np.logical_xor(predicted, true).sum())
    return 2 * hits / (2 * hits + wrong) if hits + wrong else 1.0


def frame_accuracy(predicted: Array, true: Array) -> float:
    """The share of frames whose whole predicted cast is right: (frames, characters) bool. NaN without frames."""
    return float((predicted == true).all(1).mean()) if len(true) else float("nan")


def frechet_distance(one: Array, other: Array) -> float:
    """Frechet distance of the Gaussians through two sets of features (N, C) and (M, C); N, M at least 2.

    The trace of the root of the covariances' product is the sum of the roots of its eigenvalues, which are those of
    the symmetric root(A) B root(A): no matrix root of a product is needed.
    """
    means = one.mean(0) - other.mean(0)
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    between = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(min=0)).sum()
    return max(0.0, float(means @ means + np.trace(first) + np.trace(second) - 2 * between))   # rounding aside


def count_matching(detected: float, expected: float, eps: float = 1e-6) -> float:
    """OCCM of one picture, 0 to 100: 100 exp(-|detected - expected| / (eps + expected)); nobody expected counts as 1.

    (With nobody expected the published formula is a step from 100 to 0 at the first figure too many; so is this one,
    softly.)
    """
    return float(100 * np.exp(-abs(detected - expected) / (eps + max(expected, 1.0 if detected != expected else eps))))


def copy_paste(found: Array, used: Array, other: Array, temperature: float = 0.01) -> float:
    """How much likelier a figure (D,) is a copy of the very reference used (D,) than of another one of the character.

    Softmax of the two similarities at T = .01, minus one half, doubled: 0 when neither is favoured, 1 when it is all
    the reference used, -1 when it is all the other. Unit vectors.
    """
    gap = float(found @ used - found @ other) / temperature
    return float(np.tanh(gap / 2))


def self_similarity(found: Array) -> float:
    """CIDS self: the mean cosine of a character's figures (N, D) with each other, unit vectors. NaN below two."""
    if len(found) < 2:
        return float("nan")
    cosines = found @ found.T
    return float((cosines.sum() - np.trace(cosines)) / (len(found) * (len(found) - 1)))


def equal_error(same: Array, other: Array) -> tuple[float, float]:
    """The rate at which as many true pairs are refused as false ones accepted, and the score at which that is."""
    thresholds = np.unique(np.concatenate([same, other]))
    missed = np.searchsorted(np.sort(same), thresholds) / len(same)                        # below the threshold
    fooled = 1 - np.searchsorted(np.sort(other), thresholds) / len(other)                  # at it or above
    at = int(np.abs(missed - fooled).argmin())
    return float((missed[at] + fooled[at]) / 2), float(thresholds[at])


def interval(groups: Sequence[Any], figure: Callable[[list[Any]], float], *, draws: int = 400,
             seed: int = 0) -> tuple[float, float, float]:
    """A figure over all groups, and the 2.5th and 97.5th percentile of it over groups drawn with replacement.

    NaN draws are left out; with one group, or none, both ends are NaN.
    """
    whole = figure(list(groups))
    if len(groups) < 2:
        return whole, float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    drawn = np.array([figure([groups[int(i)] for i in rng.integers(0, len(groups), len(groups))])
                      for _ in range(draws)])
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return whole, float("nan"), float("nan")
    low, high = np.percentile(drawn, [2.5, 97.5])
    return whole, float(low), float(high)
