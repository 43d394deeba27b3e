"""Average precision, in the three kinds that VOC's results are reported in. They differ by points: each has its name.

`scores` and `positives` below are `(n,)`: a real number for each example, higher being more confident, and a boolean.
Ties are resolved against the positives: among equal scores, negatives rank first.
"""

from __future__ import annotations

import numpy as np


def sklearn(scores: np.ndarray, positives: np.ndarray) -> float:
    """scikit-learn's `average_precision_score`: the mean over positives of the precision at their score or above.

    What Table 5.3's classification tool reports, positives lowered a little against ties. NaN without positives.
    """
    from sklearn.metrics import average_precision_score

    _, hits = _curve(scores, positives)
    if not hits.any():
        return float("nan")
    ranks = np.unique(scores, return_inverse=True)[1]
    return float(average_precision_score(positives, ranks - 0.5 * np.asarray(positives, bool)))


def voc2007(scores: np.ndarray, positives: np.ndarray, missed: int = 0) -> float:
    """The mean over recalls 0, 0.1, ..., 1 of the best precision at that recall or beyond (VOC until 2009).

    `missed` positives, of a detector, are in no example. NaN without positives, here and below.
    """
    precision, hits = _curve(scores, positives)
    if not hits.any():
        return 0.0 if missed else float("nan")
    # In units of tenths of a positive, so that 3 of 10 is exactly recall 0.3.
    found = np.cumsum(hits)
    best = [precision[10 * found >= tenth * (hits.sum() + missed)] for tenth in range(11)]
    return float(np.mean([part.max() if len(part) else 0.0 for part in best]))


def voc2010(scores: np.ndarray, positives: np.ndarray, missed: int = 0) -> float:
    """The area under the best precision at each recall or beyond (VOC from 2010 on)."""
    precision, hits = _curve(scores, positives)
    if not hits.any():
        return 0.0 if missed else float("nan")
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope[hits].sum() / (hits.sum() + missed))  # recall rises by 1 / positives at each hit alone


KINDS = {"sklearn": sklearn, "voc2007": voc2007, "voc2010": voc2010}


def mean(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Mean over classes of each kind, in percent.

    Args:
        scores: `(n, classes)`.
        labels: `(n, classes)`: 1 positive, -1 negative, 0 difficult: left out, neither one nor the other.

    Returns:
        By kind; classes without positives are left out of the means.
    """
    values: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for k in range(labels.shape[1]):
        kept = labels[:, k] != 0
        if (labels[kept, k] > 0).any():
            for kind, function in KINDS.items():
                values[kind].append(function(scores[kept, k], labels[kept, k] > 0))
    return {kind: 100 * float(np.mean(v)) if v else float("nan") for kind, v in values.items()}


def _curve(scores: np.ndarray, positives: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Precision after each rank, and which ranks are positives."""
    scores, positives = np.asarray(scores, np.float64), np.asarray(positives, bool)
    if scores.shape != positives.shape or scores.ndim != 1 or not np.isfinite(scores).all():
        raise ValueError(
            f"scores and positives must be finite vectors of one length. Received: {scores.shape}, {positives.shape}"
        )
    hits = positives[np.lexsort((positives, -scores))]
    found = np.cumsum(hits)
    return found / np.arange(1, len(hits) + 1), hits
