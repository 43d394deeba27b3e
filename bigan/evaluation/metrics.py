"""Figures of merit on NumPy arrays: nearest-neighbour accuracy, distances, linear classification."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from bigan.evaluation.neighbors import nearest

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


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
    return 100.0 * float(np.mean(train_labels[nearest(test, train)[:, 0]] == test_labels))


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over examples of the 2-norm of a - b."""
    difference = (np.asarray(a, np.float64) - b).reshape(len(a), -1)
    return float(np.sqrt(np.einsum("ij,ij->i", difference, difference)).mean())


def logistic(features: np.ndarray, labels: np.ndarray, strength: float = 1.0, iterations: int = 1000) -> Pipeline:
    """scikit-learn's logistic regression on standardized features, fitted; deterministic.

    Args:
        features: `(n, ...)`.
        labels: `(n,)` integers.
        strength: C, the inverse of the regularization.
        iterations: of L-BFGS, at most; where classes can be told apart it would go on for ever smaller gains.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=iterations))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(features.reshape(len(features), -1), labels)


def logistic_accuracy(model: Pipeline, features: np.ndarray, labels: np.ndarray) -> float:
    """Accuracy in percent of a fitted `logistic`."""
    return 100.0 * float(np.mean(model.predict(features.reshape(len(features), -1)) == labels))


def _flat32(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, np.float32).reshape(len(array), -1)
