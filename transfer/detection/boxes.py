"""Boxes: overlap, coding, clipping and non-maximum suppression.

A box is `(left, top, right, bottom)` in pixels, 1-based and inclusive, as VOC's are: its width is right - left + 1.
"""

from __future__ import annotations

import numpy as np

DEVIATIONS = np.array([0.1, 0.1, 0.2, 0.2])  # that a network's targets, coded boxes, are divided by
LARGEST = np.log(1000 / 16)  # of a coded side's change: no box may run away


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of each of `(n, 4)` with each of `(m, 4)`: `(n, m)`."""
    a, b = np.asarray(a, np.float64).reshape(-1, 4), np.asarray(b, np.float64).reshape(-1, 4)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.maximum(0, high - low + 1).prod(axis=-1)
    return both / (_area(a)[:, None] + _area(b) - both)


def encode(regions: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """What turns regions into targets: the centre's shift in parts of the region's sides, and the sides' logarithms.

    Girshick et al. 2014, appendix C. `(n, 4)` and `(n, 4)` to `(n, 4)`.
    """
    (centre, side), (own, wanted) = _places(regions), _places(targets)
    return np.concatenate([(own - centre) / side, np.log(wanted / side)], axis=-1)


def decode(regions: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The inverse of `encode`: `(..., 4)` regions and offsets to `(..., 4)` boxes."""
    centre, side = _places(regions)
    own = centre + offsets[..., :2] * side
    half = side * np.exp(np.minimum(offsets[..., 2:], LARGEST)) / 2
    return np.concatenate([own - half, own + half - 1], axis=-1)


def clip(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Boxes cut off at the image's border, `(..., 4)`; each keeps a pixel."""
    ends = np.array([width, height, width, height])
    boxes = np.clip(boxes, 1, ends)
    return np.concatenate([boxes[..., :2], np.maximum(boxes[..., 2:], boxes[..., :2])], axis=-1)


def suppress(boxes: np.ndarray, scores: np.ndarray, overlap: float) -> np.ndarray:
    """Greedy non-maximum suppression.

    Args:
        boxes: `(n, 4)`, of one class.
        scores: `(n,)`; among equal ones the first goes first.
        overlap: a box goes if its IoU with a better one that stays is above.

    Returns:
        Indices of the boxes that stay, best first.
    """
    order, kept = np.argsort(-np.asarray(scores), kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        order = rest[iou(boxes[best], boxes[rest])[0] <= overlap]
    return np.array(kept, np.int64)


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2:] - boxes[:, :2] + 1).prod(axis=-1)


def _places(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres and sides, `(..., 2)` each."""
    boxes = np.asarray(boxes, np.float64)
    side = boxes[..., 2:] - boxes[..., :2] + 1
    return boxes[..., :2] + side / 2, side
