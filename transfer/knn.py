"""1-nearest-neighbour classification of frozen features (Table 5.1's protocol)."""

from __future__ import annotations

from typing import Any

from bigan import metrics
from bigan.data.splits import Split
from bigan.errors import UserError
from bigan.method import Method


def evaluate(model: Method, split: Split, layer: str) -> dict[str, Any]:
    """1-NN accuracy, Euclidean, of the evaluation examples among the training examples.

    Args:
        model: a trained method.
        split: labelled examples; the labels of the evaluation examples are used for counting only.
        layer: 'hidden', 'output' or a layer's name, as in `Method.features`.

    Returns:
        'accuracy' in percent, and the protocol: layer, numbers of examples, where they come from.

    Raises:
        UserError: if there are no labels, or no such layer.
    """
    train, test = split.train, split.evaluation
    if train.labels is None or test.labels is None:
        raise UserError("--task=knn needs labels, and this dataset has none")
    accuracy = metrics.nearest_accuracy(
        model.features(train.images, layer), train.labels, model.features(test.images, layer), test.labels
    )
    return {
        "accuracy": accuracy, "layer": layer, "training_examples": len(train), "evaluation_examples": len(test),
        "evaluation": split.protocol,
    }  # fmt: skip
