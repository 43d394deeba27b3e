"""VOC classification (Table 5.3): 20 binary tasks on one network, trained from fc8, from fc6, or wholly."""

from __future__ import annotations

import numpy as np

from bigan.errors import UserError
from transfer.classification.voc_task import TRAINED, VocTask
from transfer.datasets import voc
from transfer.datasets.voc import Labelled
from transfer.encoders.encoder import Encoder
from transfer.metrics import average_precision
from transfer.metrics.bootstrap import resamples
from transfer.task import Point, Result

DRAWS = 200  # of the bootstrap


class VocClassification(VocTask[Labelled]):
    """Mean average precision on VOC, in three kinds, of a network of which a column's layers were trained.

    The dataset is 'voc' (a VOCdevkit folder) or TFDS's.
    """

    measure = "mean average precision (%)"
    caption = ("classes", "resolution", "iterations", "crops", "training_examples")

    def read(self, dataset: str, data_dir: str, split: str) -> Labelled:
        """The images and which classes they show."""
        return voc.classification(dataset, data_dir, split)

    def check_data(self, encoder: Encoder) -> None:
        """Refuses missing or damaged data, and images to test on that show none of VOC's classes."""
        _, test = self.images(encoder)
        if not (test.labels > 0).any():
            raise UserError(
                "`splits`: none of VOC's classes is present, other than as difficult, in the images to test on"
            )

    def evaluate(self, encoder: Encoder, column: str) -> Result:
        """The result of a network whose layers were trained as the column says.

        Returns:
            'mean_ap', percent by kind (see `average_precision`), each with its bootstrap interval over test images in
            'intervals'; how many 'classes' have positives among the images to test on, the others being left out; the
            'loss_curve', the 'scales' that balanced the layers, and the protocol.
        """
        from transfer.classification import voc_training

        train, test = self.images(encoder)
        edge, about = self.edge(encoder), f"{self.name}, {column}"
        fitted = voc_training.fit(encoder.method, (train, test), TRAINED[column], edge, self.options, about)
        return {
            "mean_ap": average_precision.mean(fitted.scores, test.labels),
            "intervals": interval(fitted.scores, test.labels),
            "classes": int((test.labels > 0).any(axis=0).sum()),
            "layer": column,
            "resolution": edge,
            "iterations": self.options.iterations,
            "crops": voc_training.CROPS,
            "loss_curve": fitted.curve,
            "scales": fitted.scales,
            "training_examples": len(train.encoded),
            "evaluation_examples": len(test.encoded),
        }

    def points(self, column: str, result: Result) -> list[Point]:
        """A column for each kind of average precision."""
        return [Point(f"{column}, {kind}", ap, *result["intervals"][kind]) for kind, ap in result["mean_ap"].items()]


def interval(scores: np.ndarray, labels: np.ndarray) -> dict[str, list[float]]:
    """95 % bootstrap interval over test images of each kind of mean average precision, in percent.

    Args:
        scores: `(n, 20)`.
        labels: `(n, 20)`, see `voc.labels`.
    """
    draws = [average_precision.mean(scores[index], labels[index]) for index in resamples(len(scores), DRAWS)]
    return {
        kind: [round(float(v), 2) for v in np.nanquantile([draw[kind] for draw in draws], [0.025, 0.975])]
        for kind in average_precision.KINDS
    }
