"""VOC classification (Table 5.3): 20 binary tasks on one network, trained from fc8, from fc6, or wholly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigan.config import setting
from bigan.errors import UserError
from bigan.types import Json
from transfer.backbone.recipe import Recipe
from transfer.classification.trained import Trained
from transfer.datasets import voc
from transfer.datasets.voc import Labelled
from transfer.encoders.encoder import Encoder
from transfer.metrics import average_precision
from transfer.metrics.bootstrap import resamples
from transfer.task import Point, Result

TRAINED = {"fc8": ("fc8",), "fc6-8": ("fc6", "fc7", "fc8"), "all": ()}  # columns of Table 5.3; (): every layer
DRAWS = 200  # of the bootstrap


@dataclass(frozen=True, kw_only=True)
class VocOptions(Recipe):
    """Of `VocClassification`."""

    splits: tuple[str, ...] = setting(("train", "val"), "of VOC: trained and tested on, separated by a comma")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(set(self.splits)) != 2 or len(self.splits) != 2:
            raise UserError(f"`splits` must be two, TRAINED,TESTED. Received: {','.join(map(str, self.splits))!r}")


class VocClassification(Trained):
    """Mean average precision on VOC, in three kinds, of a network of which a column's layers were trained.

    The dataset is 'voc' (a VOCdevkit folder) or TFDS's, whatever the encoder was trained on. The images are read once
    for all encoders. Labels of the images that are tested on are used for the results only.
    """

    Options = VocOptions
    options: VocOptions
    measure = "mean average precision (%)"
    caption = ("classes", "resolution", "iterations", "crops", "training_examples")

    def __init__(self, options: VocOptions) -> None:
        super().__init__(options)
        self._read: dict[tuple[str, str], tuple[Labelled, Labelled]] = {}

    def images(self, encoder: Encoder) -> tuple[Labelled, Labelled]:
        """Those to train on, at most `limit`, and those to test on."""
        place = encoder.dataset, encoder.data_dir
        if place not in self._read:
            train, test = (voc.classification(*place, split) for split in self.options.splits)
            self._read[place] = train.limited(self.options.limit), test
        return self._read[place]

    def check_data(self, encoder: Encoder) -> None:
        """Refuses missing or damaged data, and images to test on that show none of VOC's classes."""
        _, test = self.images(encoder)
        if not (test.labels > 0).any():
            raise UserError(
                "`splits`: none of VOC's classes is present, other than as difficult, in the images to test on"
            )

    def columns(self, encoder: Encoder) -> list[str]:
        """Table 5.3's."""
        return list(TRAINED)

    def check(self, encoder: Encoder, column: str) -> None:
        """Refuses columns that are none, and networks that cannot be transferred or are not for colour images."""
        if column not in TRAINED:
            raise UserError(f"`layer` of `task={self.name}`: one or more of {', '.join(TRAINED)}. Received: {column!r}")
        shape = encoder.method.spec.shape
        if shape[-1] != 3:
            raise UserError(f"`task={self.name}` is for colour images. Received: a network of {shape}")
        super().check(encoder, column)

    def key(self, encoder: Encoder, column: str) -> dict[str, Json]:
        """With the images' own digests."""
        return super().key(encoder, column) | {"data": [images.digest() for images in self.images(encoder)]}

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
