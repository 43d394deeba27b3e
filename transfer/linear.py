"""Linear classification of frozen features, as chapter 2 evaluates deep features: logistic regression or linear SVM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bigan import metrics
from bigan.data.splits import Split
from bigan.errors import UserError
from transfer import intervals

if TYPE_CHECKING:
    from bigan.method import Method

CLASSIFIERS = ("logistic", "svm")
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # of C, scikit-learn's inverse of the regularization
ITERATIONS = 300  # of logistic regression, at most
HELD_OUT = 5  # one in so many training examples, to choose C on


def check(split: Split, classifier: str = "logistic") -> tuple[np.ndarray, np.ndarray]:
    """Refuses what can be refused before any feature is computed; returns training and evaluation labels.

    Raises:
        UserError: if there are no labels, or of one class only, or no such classifier.
    """
    labels, truth = split.train.labels, split.evaluation.labels
    if labels is None or truth is None:
        raise UserError("--task=linear needs labels, and this dataset has none")
    if len(np.unique(labels)) < 2:
        raise UserError("--task=linear needs two classes at least among the training labels")
    if classifier not in CLASSIFIERS:
        raise UserError(f"--classifier must be one of {', '.join(CLASSIFIERS)}. Received: {classifier!r}")
    return labels, truth


def evaluate(model: Method, split: Split, layer: str, classifier: str = "logistic", seed: int = 0) -> dict[str, Any]:
    """Accuracy of a linear classifier, fitted on the training examples' features, on the evaluation examples.

    Features are standardized by the training examples' mean and deviation. C is chosen on a held-out fifth of the
    training examples; the classifier is then fitted on all of them. Evaluation labels are used for counting only.

    Args:
        model: a trained method.
        split: labelled examples.
        layer: 'hidden', 'output' or a layer's name, as in `Method.features`.
        classifier: 'logistic' or 'svm'.
        seed: of the held-out fifth.

    Returns:
        'accuracy' in percent with its bootstrap 'interval', the chosen 'C', and the protocol.

    Raises:
        UserError: as `check`, or if there is no such layer.
    """
    labels, truth = check(split, classifier)
    train, test = split.train, split.evaluation
    x, y = model.features(train.images, layer), labels
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(x))
    held, kept = order[: len(x) // HELD_OUT], order[len(x) // HELD_OUT :]
    if not len(held) or len(np.unique(y[kept])) < 2:
        raise UserError(
            f"--task=linear chooses C on one in {HELD_OUT} training examples and needs two classes among the others. "
            f"Received: {len(x)} training examples"
        )
    scores = {c: np.mean(_fit(classifier, c, x[kept], y[kept]).predict(x[held]) == y[held]) for c in STRENGTHS}
    best = max(scores, key=lambda c: (scores[c], -c))
    correct = _fit(classifier, best, x, y).predict(model.features(test.images, layer)) == truth
    return intervals.accuracy(correct) | {
        "layer": layer, "classifier": classifier, "C": best, "chosen_on": len(held), "seed": seed,
        "training_examples": len(train), "evaluation_examples": len(test), "evaluation": split.protocol,
    }  # fmt: skip


def _fit(classifier: str, strength: float, x: np.ndarray, y: np.ndarray) -> Any:
    if classifier == "logistic":
        return metrics.logistic(x, y, strength, ITERATIONS)
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    return make_pipeline(StandardScaler(), LinearSVC(C=strength, random_state=0)).fit(x, y)
