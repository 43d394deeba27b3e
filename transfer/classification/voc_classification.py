"""VOC classification (Table 5.3): 20 binary tasks on one network, trained from fc8, from fc6, or wholly."""

from __future__ import annotations

from bigan.errors import UserError
from transfer.datasets import voc
from transfer.datasets.voc import Labelled
from transfer.encoders.encoder import Encoder
from transfer.metrics import average_precision
from transfer.metrics.bootstrap import intervals
from transfer.task import Result
from transfer.voc_task import EXAMPLES, TRAINED, VocTask


class VocClassification(VocTask[Labelled]):
    """Mean average precision on VOC, in three kinds, of a network of which a column's layers were trained.

    The dataset is 'voc' (a VOCdevkit folder) or TFDS's.
    """

    measure = "mean average precision (%)"
    caption = ("classes", "resolution", "iterations", "crops", *EXAMPLES)

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
        scores, labels = fitted.scores, test.labels
        return {
            "mean_ap": average_precision.mean(scores, labels),
            "intervals": intervals(lambda index: average_precision.mean(scores[index], labels[index]), len(labels)),
            "classes": int((test.labels > 0).any(axis=0).sum()),
            "layer": column,
            "resolution": edge,
            "iterations": self.options.iterations,
            "crops": voc_training.CROPS,
            "loss_curve": fitted.curve,
            "scales": fitted.scales,
            "training_examples": len(train.encoded),
            "evaluation": self.evaluation(),
            "evaluation_examples": len(test.encoded),
        }
