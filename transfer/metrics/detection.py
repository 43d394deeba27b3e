"""Average precision of detections as VOC measures it (the devkit's VOCevaldet): matched image by image, best first."""

from __future__ import annotations

import numpy as np

from transfer.detection import boxes
from transfer.metrics import average_precision

KINDS = {"voc2007": average_precision.voc2007, "voc2010": average_precision.voc2010}  # 11 points; area
OVERLAP = 0.5  # IoU, at least
HIT, FALSE, IGNORED = 1, 0, -1


def match(found: np.ndarray, scores: np.ndarray, truth: np.ndarray, difficult: np.ndarray) -> np.ndarray:
    """What each detection of one class in one image is: a hit, false, or ignored.

    Best first, each belongs to the object it overlaps most: false if by less than `OVERLAP`, ignored if that object is
    difficult, a hit if nobody hit it before, and else false.

    Args:
        found: `(n, 4)` boxes.
        scores: `(n,)`.
        truth: `(m, 4)` boxes of that class.
        difficult: `(m,)` boolean.
    """
    out = np.full(len(found), FALSE)
    if not len(truth):
        return out
    overlaps, taken = boxes.iou(found, truth), np.zeros(len(truth), bool)
    for i in np.argsort(-scores, kind="stable"):
        best = int(overlaps[i].argmax())
        if overlaps[i, best] >= OVERLAP:
            if difficult[best]:
                out[i] = IGNORED
            elif not taken[best]:
                out[i], taken[best] = HIT, True
    return out


def of_class(scores: np.ndarray, outcomes: np.ndarray, positives: int) -> dict[str, float]:
    """Average precision of one class by kind, in percent; NaN without positives.

    Args:
        scores: `(n,)` of all detections of all images.
        outcomes: `(n,)` from `match`.
        positives: objects that are not difficult.
    """
    counted = outcomes != IGNORED
    missed = positives - int((outcomes == HIT).sum())
    return {kind: 100 * f(scores[counted], outcomes[counted] == HIT, missed) for kind, f in KINDS.items()}
