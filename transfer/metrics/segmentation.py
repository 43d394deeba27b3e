"""How well pixels are classified: the four figures of Long et al. 2015 (section 5), from a confusion matrix.

With n_ij the pixels of class i that are called j, and t_i those of class i: pixel accuracy sum n_ii / sum t_i, mean
accuracy the mean of n_ii / t_i, mean IU the mean of n_ii / (t_i + sum_j n_ji - n_ii), frequency-weighted IU that of the
classes' IU weighted by t_i. As in the authors' own tool, a class that nobody sees, in truth or prediction, has no IU
and is left out of the mean; one that is only predicted has an IU of 0.
"""

from __future__ import annotations

import numpy as np

FIGURES = ("mean_iu", "pixel_accuracy", "mean_accuracy", "frequency_weighted_iu")


def confusion(truth: np.ndarray, guess: np.ndarray, classes: int) -> np.ndarray:
    """Counts of pixels.

    Args:
        truth: integers of any shape; those that are no class, 0 to `classes` - 1, are ignored.
        guess: classes, of the same shape.
        classes: number of them.

    Returns:
        `(classes, classes)` int64: rows are the truth, columns the guesses.
    """
    if truth.shape != guess.shape:
        raise ValueError(f"truth and guess must have one shape. Received: {truth.shape}, {guess.shape}")
    kept = truth < classes
    pairs = truth[kept].astype(np.int64) * classes + guess[kept]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def ious(matrix: np.ndarray) -> np.ndarray:
    """Intersection over union of each class, `(classes,)`; NaN for one that neither truth nor prediction has."""
    return _ratio(np.diagonal(matrix), matrix.sum(axis=0) + matrix.sum(axis=1) - np.diagonal(matrix))


def figures(matrix: np.ndarray) -> dict[str, float]:
    """The four figures, in percent, by their names in `FIGURES`; NaN if no pixel counts.

    Args:
        matrix: from `confusion`, or a sum of such.
    """
    total, hits = matrix.sum(axis=1), np.diagonal(matrix)
    if not total.sum():
        return dict.fromkeys(FIGURES, float("nan"))
    values = {
        "mean_iu": np.nanmean(ious(matrix)),
        "pixel_accuracy": hits.sum() / total.sum(),
        "mean_accuracy": np.nanmean(_ratio(hits, total)),
        "frequency_weighted_iu": np.nansum(total / total.sum() * ious(matrix)),
    }
    return {name: 100 * float(value) for name, value in values.items()}


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
