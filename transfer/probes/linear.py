"""Linear classification of frozen features, as chapter 2 evaluates deep features: logistic regression or linear SVM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bigan.config import setting
from bigan.errors import UserError
from bigan.evaluation import metrics
from bigan.streams import Stream, generator
from transfer.encoders.encoder import Encoder
from transfer.metrics import bootstrap
from transfer.probes.probe import Probe
from transfer.task import Options, Result

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

CLASSIFIERS = ("logistic", "svm")
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # of C, scikit-learn's inverse of the regularization
ITERATIONS = 300  # of logistic regression, at most
HELD_OUT = 5  # one in so many training examples, to choose C on


@dataclass(frozen=True, kw_only=True)
class LinearOptions(Options):
    """Of `Linear`."""

    classifier: str = setting("logistic", "logistic | svm", choices=CLASSIFIERS)
    seed: int = setting(0, "of the training examples held out to choose C on", least=0, below=2**31)


class Linear(Probe):
    """Accuracy of a linear classifier, fitted on the training examples' features, on the evaluation examples.

    Features are standardized by the training examples' mean and deviation. C is chosen on a held-out fifth of the
    training examples; the classifier is then fitted on all of them.
    """

    Options = LinearOptions
    caption = ("classifier", "training_examples", "evaluation")

    def check_data(self, encoder: Encoder) -> None:
        """Refuses data without labels of several classes, also among the examples that C is chosen with."""
        labels, _ = self.labels(encoder)
        self.several_classes(labels)
        held, kept = self._held_out(len(labels))
        if not len(held) or len(np.unique(labels[kept])) < 2:
            raise UserError(
                f"`task={self.name}` chooses C on one in {HELD_OUT} training examples and needs two classes among the "
                f"others. Received: {len(labels)} training examples"
            )

    def evaluate(self, encoder: Encoder, column: str) -> Result:
        """'accuracy' in percent with its bootstrap 'interval', the chosen 'C', and the protocol."""
        y, truth = self.labels(encoder)
        split = self.split(encoder)
        x = encoder.features(split.train, column)
        held, kept = self._held_out(len(x))
        scores = {c: np.mean(self._fit(c, x[kept], y[kept]).predict(x[held]) == y[held]) for c in STRENGTHS}
        best = max(scores, key=lambda c: (scores[c], -c))
        correct = self._fit(best, x, y).predict(encoder.features(split.evaluation, column)) == truth
        about = {"classifier": self.options.classifier, "C": best, "chosen_on": len(held), "seed": self.options.seed}
        return bootstrap.accuracy(correct) | about | self.protocol(encoder, column)

    def _held_out(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        order = generator(self.options.seed, Stream.PROBE_SPLIT).permutation(count)
        return order[: count // HELD_OUT], order[count // HELD_OUT :]

    def _fit(self, strength: float, x: np.ndarray, y: np.ndarray) -> Pipeline:
        if self.options.classifier == "logistic":
            return metrics.logistic(x, y, strength, ITERATIONS)
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import LinearSVC

        return make_pipeline(StandardScaler(), LinearSVC(C=strength, random_state=0)).fit(x, y)
