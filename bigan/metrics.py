"""Figures of merit on NumPy arrays: exact nearest neighbours, distances, linear classification."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def nearest(queries: np.ndarray, references: np.ndarray, block: int = 4096) -> np.ndarray:
    """Index of each query's nearest reference, Euclidean, exact: as float64 arithmetic on the differences finds it.

    Distances are first bounded in float32 by matrix products; references that rounding cannot tell from the nearest
    are compared again in float64. Ties go to the lowest index.

    Args:
        queries: `(n, k)`.
        references: `(m, k)`.
        block: references at a time, and a quarter as many queries; memory beside the inputs is some `8 block^2` bytes.

    Returns:
        `(n,)` int64.
    """
    # Equal references always tie, and the first of them wins: the others need not be looked at.
    flat = np.ascontiguousarray(references.reshape(len(references), -1))
    first = np.sort(
        np.unique(flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))), return_index=True)[1]
    )
    kept = flat[first] if len(first) < len(flat) else flat
    b = _flat32(kept)
    center = b.mean(axis=0)
    b = b - center  # distances stay, magnitudes and with them rounding errors shrink
    squares = np.einsum("ij,ij->i", b, b)
    rows = max(1, block // 4)
    found = [
        _nearest_rows(part.reshape(len(part), -1), kept, b, center, squares, block)
        for part in (queries[i : i + rows] for i in range(0, len(queries), rows))
    ]
    return first[np.concatenate(found)]


def _nearest_rows(
    queries: np.ndarray,
    references: np.ndarray,
    b: np.ndarray,
    center: np.ndarray,
    squares_b: np.ndarray,
    block: int,
) -> np.ndarray:
    """`nearest` for few queries; `b` is `references - center` in float32, `squares_b` its rows' squared norms."""
    a = _flat32(queries) - center
    squares_a = np.einsum("ij,ij->i", a, a)
    # |computed - true squared distance| <= slack / 2: k + 4 roundings of sums whose terms add up to (|a| + |b|)^2.
    slack = 2 * (a.shape[1] + 4) * np.finfo(np.float32).eps * (np.sqrt(squares_a) + np.sqrt(squares_b.max())) ** 2
    best = np.full(len(a), np.inf, np.float32)
    index = np.zeros(len(a), np.int64)
    exact = np.full(len(a), np.inf)
    for start in range(0, len(b), block):
        part = squares_b[start : start + block] - 2 * (a @ b[start : start + block].T)
        part += squares_a[:, None]
        best = np.minimum(best, part.min(axis=1))
        row, column = np.nonzero(part <= (best + slack)[:, None])
        for i in range(0, len(row), 16384):
            r, c = row[i : i + 16384], column[i : i + 16384] + start
            difference = queries[r].astype(np.float64) - references[c]
            distance = np.einsum("ij,ij->i", difference, difference)
            order = np.lexsort((c, distance, r))
            r, c, distance = r[order], c[order], distance[order]
            heads = np.unique(r, return_index=True)[1]
            r, c, distance = r[heads], c[heads], distance[heads]
            closer = distance < exact[r]  # later blocks hold higher indices: a tie stays with the earlier
            index[r[closer]], exact[r[closer]] = c[closer], distance[closer]
    return index


def nearest_distance(queries: np.ndarray, blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Each query's Euclidean distance to the nearest of all rows of `blocks`, `(n,)` float64 (float32 precision)."""
    a = _flat32(queries)
    squares_a = np.einsum("ij,ij->i", a, a)
    best = np.full(len(a), np.inf, np.float32)
    for block in blocks:
        b = _flat32(block)
        part = np.einsum("ij,ij->i", b, b) - 2 * (a @ b.T)
        best = np.minimum(best, part.min(axis=1) + squares_a)
    return np.sqrt(np.maximum(best, 0).astype(np.float64))


def nearest_accuracy(train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray) -> float:
    """1-nearest-neighbour accuracy in percent: `test` classified by its nearest of `train`."""
    return 100.0 * float(np.mean(train_labels[nearest(test, train)] == test_labels))


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over examples of the 2-norm of a - b."""
    difference = (np.asarray(a, np.float64) - b).reshape(len(a), -1)
    return float(np.sqrt(np.einsum("ij,ij->i", difference, difference)).mean())


def logistic(features: np.ndarray, labels: np.ndarray) -> Any:
    """scikit-learn's logistic regression, C = 1, on standardized features, fitted; deterministic."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(features.reshape(len(features), -1), labels)


def logistic_accuracy(model, features: np.ndarray, labels: np.ndarray) -> float:
    """Accuracy in percent of a fitted `logistic`."""
    return 100.0 * float(np.mean(model.predict(features.reshape(len(features), -1)) == labels))


def _flat32(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, np.float32).reshape(len(array), -1)
