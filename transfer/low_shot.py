"""How few labels do: linear classification from 1, 2, 5, ... labelled examples of each class, over several draws."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigan import metrics
from bigan.data.splits import Split
from bigan.errors import UserError

if TYPE_CHECKING:
    from bigan.method import Method

SHOTS = (1, 2, 5, 10, 20, 50)
DRAWS = 5
STRENGTH = 1.0  # C: with one label a class there is nothing to choose it on


def check(split: Split, shots: Sequence[int] = SHOTS) -> tuple[np.ndarray, np.ndarray]:
    """Refuses what can be refused before any feature is computed; returns training and evaluation labels.

    Raises:
        UserError: if there are no labels, or of one class only, or fewer of a class than shots.
    """
    labels, truth = split.train.labels, split.evaluation.labels
    if labels is None or truth is None:
        raise UserError("--task=low_shot needs labels, and this dataset has none")
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        raise UserError("--task=low_shot needs two classes at least among the training labels")
    if max(shots) > counts.min():
        raise UserError(
            f"--shots: class {classes[counts.argmin()]} has {counts.min()} labelled examples. Received: {max(shots)}"
        )
    return labels, truth


def evaluate(
    model: Method, split: Split, layer: str, shots: Sequence[int] = SHOTS, draws: int = DRAWS
) -> dict[str, Any]:
    """Accuracy on the evaluation examples of logistic regression fitted on a few training examples of each class.

    Args:
        model: a trained method.
        split: labelled examples; evaluation labels are used for counting only.
        layer: 'hidden', 'output' or a layer's name, as in `Method.features`.
        shots: labelled examples of each class.
        draws: how often they are drawn anew; draw i is the same for every method and layer.

    Returns:
        'curve': a row for each of `shots` with the mean 'accuracy' in percent, its standard 'deviation' over draws, and
        all 'draws'; and the protocol.

    Raises:
        UserError: as `check`, or if there is no such layer.
    """
    labels, truth = check(split, shots)
    train, test = split.train, split.evaluation
    x, y = model.features(test.images, layer), truth
    curve = []
    for n in shots:
        values = []
        for draw in range(draws):
            index = _draw(labels, n, draw)
            classifier = metrics.logistic(model.features(train.take(index).images, layer), labels[index], STRENGTH)
            values.append(metrics.logistic_accuracy(classifier, x, y))
        deviation = statistics.stdev(values) if draws > 1 else 0.0
        curve.append({"shots": n, "accuracy": statistics.mean(values), "deviation": deviation, "draws": values})
    return {
        "curve": curve, "layer": layer, "C": STRENGTH, "evaluation_examples": len(test), "evaluation": split.protocol,
    }  # fmt: skip


def _draw(labels: np.ndarray, n: int, draw: int) -> np.ndarray:
    """`n` examples of each class; those of fewer shots are among them."""
    generator = np.random.Generator(np.random.PCG64(draw))
    return np.sort(np.concatenate([generator.permutation(np.flatnonzero(labels == c))[:n] for c in np.unique(labels)]))
