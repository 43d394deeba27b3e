"""How few labels do: linear classification from 1, 2, 5, ... labelled examples of each class, over several draws."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import numpy as np

from bigan.config import setting
from bigan.errors import UserError
from bigan.evaluation import metrics
from bigan.streams import Stream, generator
from transfer.encoders.encoder import Encoder
from transfer.probes.probe import Probe
from transfer.task import Options, Point, Result

STRENGTH = 1.0  # C: with one label a class there is nothing to choose it on


@dataclass(frozen=True, kw_only=True)
class LowShotOptions(Options):
    """Of `LowShot`."""

    shots: tuple[int, ...] = setting((1, 2, 5, 10, 20, 50), "labelled examples of each class, separated by commas")
    draws: int = setting(5, "how often they are drawn anew", least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        texts = [str(n) for n in self.shots]
        if not texts or not all(text.isdecimal() and int(text) for text in texts):
            raise UserError(f"`shots` must be numbers of examples, e.g. 1,2,5. Received: {','.join(texts)!r}")
        object.__setattr__(self, "shots", tuple(dict.fromkeys(int(text) for text in texts)))


class LowShot(Probe):
    """Accuracy of logistic regression fitted on a few training examples of each class, for each of `shots`."""

    Options = LowShotOptions
    spread = "mean and standard deviation over draws"
    caption = ("evaluation",)

    def check_data(self, encoder: Encoder) -> None:
        """Refuses data without labels of several classes, and more shots than the smallest class has examples."""
        labels, _ = self.labels(encoder)
        self.several_classes(labels)
        classes, counts = np.unique(labels, return_counts=True)
        most = max(self.options.shots)
        if most > counts.min():
            raise UserError(
                f"`shots`: class {classes[counts.argmin()]} has {counts.min()} labelled examples. Received: {most}"
            )

    def evaluate(self, encoder: Encoder, column: str) -> Result:
        """The curve and the protocol. Draw i is the same for every encoder and layer.

        Returns:
            'curve': a row for each of `shots` with the mean 'accuracy' in percent, its standard 'deviation' over draws,
            and all 'draws'; and the protocol.
        """
        labels, truth = self.labels(encoder)
        split = self.split(encoder)
        chosen = {n: [draw(labels, n, i) for i in range(self.options.draws)] for n in self.options.shots}
        used = np.unique(np.concatenate([index for draws in chosen.values() for index in draws]))
        x = encoder.features(split.train.take(used), column)  # of all shots and draws at once
        test = encoder.features(split.evaluation, column)

        def accuracy(index: np.ndarray) -> float:
            classifier = metrics.logistic(x[np.searchsorted(used, index)], labels[index], STRENGTH)
            return metrics.logistic_accuracy(classifier, test, truth)

        curve = [_row(n, [accuracy(index) for index in draws]) for n, draws in chosen.items()]
        return {"curve": curve, "C": STRENGTH} | self.protocol(encoder, column)

    def points(self, column: str, result: Result) -> list[Point]:
        """A column for each number of shots."""
        return [
            Point(f"{column}, {row['shots']}", mean, mean - row["deviation"], mean + row["deviation"])
            for row in result["curve"]
            for mean in [row["accuracy"]]
        ]


def draw(labels: np.ndarray, shots: int, number: int) -> np.ndarray:
    """Places of `shots` examples of each class, sorted; those of fewer shots in the same draw are among them.

    Args:
        labels: `(n,)` integers.
        shots: of each class.
        number: of the draw.
    """
    order = generator(0, Stream.FEW_LABELS, number)
    return np.sort(np.concatenate([order.permutation(np.flatnonzero(labels == c))[:shots] for c in np.unique(labels)]))


def _row(shots: int, values: list[float]) -> Result:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return {"shots": shots, "accuracy": statistics.mean(values), "deviation": deviation, "draws": values}
