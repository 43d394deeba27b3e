"""Nearest-neighbour classification of frozen features; with k = 1, Euclidean, Table 5.1's protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bigan import neighbors
from bigan.data.splits import Split
from bigan.errors import UserError
from transfer import intervals

if TYPE_CHECKING:
    from bigan.method import Method

METRICS = ("euclidean", "cosine")


def check(split: Split, k: int = 1, metric: str = "euclidean") -> tuple[np.ndarray, np.ndarray]:
    """Refuses what can be refused before any feature is computed; returns training and evaluation labels.

    Raises:
        UserError: if there are no labels, no such metric, or fewer training examples than `k`.
    """
    labels, truth = split.train.labels, split.evaluation.labels
    if labels is None or truth is None:
        raise UserError("--task=knn needs labels, and this dataset has none")
    if metric not in METRICS:
        raise UserError(f"--metric must be one of {', '.join(METRICS)}. Received: {metric!r}")
    if not 1 <= k <= len(split.train):
        raise UserError(f"--k must be between 1 and the {len(split.train)} training examples. Received: {k}")
    return labels, truth


def evaluate(model: Method, split: Split, layer: str, k: int = 1, metric: str = "euclidean") -> dict[str, Any]:
    """k-NN accuracy of the evaluation examples among the training examples, exact.

    Args:
        model: a trained method.
        split: labelled examples; the labels of the evaluation examples are used for counting only.
        layer: 'hidden', 'output' or a layer's name, as in `Method.features`.
        k: neighbours that vote; of classes with equally many, that of the nearest wins.
        metric: 'euclidean' or 'cosine'.

    Returns:
        'accuracy' in percent with its bootstrap 'interval', and the protocol.

    Raises:
        UserError: as `check`, or if there is no such layer.
    """
    labels, truth = check(split, k, metric)
    train, test = split.train, split.evaluation
    a, b = model.features(test.images, layer), model.features(train.images, layer)
    if metric == "cosine":  # on the unit sphere the order is the Euclidean one
        a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-30) for x in (a, b))
    guesses = neighbors.vote(neighbors.nearest(a, b, k), labels)
    return intervals.accuracy(guesses == truth) | {
        "layer": layer, "k": k, "metric": metric, "training_examples": len(train), "evaluation_examples": len(test),
        "evaluation": split.protocol,
    }  # fmt: skip
