"""Frozen layers (Table 5.2): conv1..convN transferred and frozen, all above trained anew with labels.

After Noroozi and Favaro 2016: the convolutions above convN are reinitialised, AlexNet's fully connected layers put on
top, and the whole trained as a classifier. Not a linear probe of convN, which is `linear`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigan.config import setting
from bigan.data.splits import Split
from bigan.errors import UserError
from bigan.types import Json
from transfer.backbone.recipe import Recipe
from transfer.encoders.encoder import Encoder
from transfer.metrics import bootstrap
from transfer.task import Result
from transfer.trained import Trained

FROM_SCRATCH = "none"  # the column of a network in which nothing is transferred


@dataclass(frozen=True, kw_only=True)
class FrozenLayersOptions(Recipe):
    """Of `FrozenLayers`."""

    batch_size: int = setting(64, "images in each of them", least=1)
    weight_decay: float = setting(
        5e-4, "multiple of each weight that is added to its gradient", least=0, below=float("inf")
    )


class FrozenLayers(Trained):
    """Accuracy of a classifier whose convolutions up to a column's are the encoder's and frozen; 'none': from scratch.

    Training sees random crops of images that are larger than the classifier's, evaluation centre crops. Evaluation
    labels are used for counting only.
    """

    Options = FrozenLayersOptions
    caption = ("resolution", "iterations", "training_examples", "evaluation")

    def split(self, encoder: Encoder) -> Split:
        """The encoder's examples at the classifier's size, at most `limit` of them to train on."""
        return encoder.split(self.options.limit, self.options.crop)

    def check_data(self, encoder: Encoder) -> None:
        """Refuses data without labels of several classes."""
        split = self.split(encoder)
        if split.train.labels is None or split.evaluation.labels is None:
            raise UserError(f"`task={self.name}` needs labels, and this dataset has none")
        if len(np.unique(split.train.labels)) < 2:
            raise UserError(f"`task={self.name}` needs two classes at least among the training labels")

    def columns(self, encoder: Encoder) -> list[str]:
        """Table 5.2's: training from scratch, and every convolution as the last one frozen."""
        method = encoder.method  # it starts the backend, as it must be, before anything else imports Keras
        from transfer.backbone import trunk

        return [FROM_SCRATCH, *trunk.convolutions(method)]

    def check(self, encoder: Encoder, column: str) -> None:
        """Refuses columns that are none, and networks that cannot be transferred."""
        known = self.columns(encoder)
        if column not in known:
            raise UserError(f"`layer`: no convolution {column!r} to freeze; there are: {', '.join(known)}")
        super().check(encoder, column)

    def key(self, encoder: Encoder, column: str) -> dict[str, Json]:
        """Where nothing is transferred, networks of one architecture are one network."""
        split = self.split(encoder)
        data = {"data": split.fingerprint, "evaluation": split.protocol, "flip": encoder.flip}
        scratch = {"weights": self.architecture(encoder)} if column == FROM_SCRATCH else {}
        return super().key(encoder, column) | data | scratch

    def evaluate(self, encoder: Encoder, column: str) -> Result:
        """'accuracy' in percent with its bootstrap 'interval', the 'loss_curve', and the protocol."""
        from transfer.backbone import trunk
        from transfer.classification import freezing

        split = self.split(encoder)
        known = trunk.convolutions(encoder.method)
        frozen = set() if column == FROM_SCRATCH else set(known[: known.index(column) + 1])
        about = f"{self.name}, {column}"
        network, curve = freezing.fit(encoder.method, split.train, frozen, self.options, encoder.flip, about)
        correct = freezing.classify(network, encoder.method, split) == split.evaluation.labels
        return bootstrap.accuracy(correct) | {
            "layer": column,
            "resolution": self.edge(encoder),
            "iterations": self.options.iterations,
            "loss_curve": curve,
            "training_examples": len(split.train),
            "evaluation_examples": len(split.evaluation),
            "evaluation": split.protocol,
        }
