"""What classifiers of frozen features share: labels, columns, and what their results depend on."""

from __future__ import annotations

import dataclasses

import numpy as np

from bigan.data.splits import Split
from bigan.errors import UserError
from bigan.types import Json
from transfer.encoders.encoder import Encoder
from transfer.task import Result, Task


class Probe(Task):
    """A task on the features of one layer, its column. Evaluation labels are used for counting only."""

    def split(self, encoder: Encoder) -> Split:
        """The encoder's examples, at most `limit` of them to train on."""
        return encoder.split(self.options.limit)

    def labels(self, encoder: Encoder) -> tuple[np.ndarray, np.ndarray]:
        """Training and evaluation labels, `(n,)` integers each.

        Raises:
            UserError: if there are none.
        """
        split = self.split(encoder)
        labels, truth = split.train.labels, split.evaluation.labels
        if labels is None or truth is None:
            raise UserError(f"`task={self.name}` needs labels, and this dataset has none")
        return labels, truth

    def several_classes(self, labels: np.ndarray) -> None:
        """Refuses training labels that leave nothing to tell apart.

        Raises:
            UserError: if all are the same.
        """
        if len(np.unique(labels)) < 2:
            raise UserError(f"`task={self.name}` needs two classes at least among the training labels")

    def check_data(self, encoder: Encoder) -> None:
        """Refuses data without labels."""
        self.labels(encoder)

    def columns(self, encoder: Encoder) -> list[str]:
        """'hidden' and, of an encoder, 'output'; a discriminator's output is one logit, no features."""
        return ["hidden"] if not encoder.method.has("encoder") else ["hidden", "output"]

    def check(self, encoder: Encoder, column: str) -> None:
        """Refuses layers that the network does not have."""
        encoder.method.tap(column)

    def key(self, encoder: Encoder, column: str) -> dict[str, Json]:
        """Weights, their input, the examples and the options."""
        split = self.split(encoder)
        return {
            "weights": encoder.digest(),
            "range": encoder.method.value_range,
            "data": split.fingerprint,
            "evaluation": split.protocol,
            "options": dataclasses.asdict(self.options),
        }

    def protocol(self, encoder: Encoder, column: str) -> Result:
        """What every result says of how it came about."""
        split = self.split(encoder)
        return {
            "layer": column,
            "training_examples": len(split.train),
            "evaluation_examples": len(split.evaluation),
            "evaluation": split.protocol,
        }
