"""Nearest-neighbour classification of frozen features; with k = 1, Euclidean, Table 5.1's protocol."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigan.config import setting
from bigan.errors import UserError
from bigan.evaluation import neighbors
from bigan.runtime import memory
from transfer.encoders.encoder import Encoder
from transfer.metrics import bootstrap
from transfer.probes.probe import Probe
from transfer.task import Options, Result

METRICS = ("euclidean", "cosine")
PAIR = 40  # bytes for each neighbour of each example: its index, distance, class and votes


@dataclass(frozen=True, kw_only=True)
class KnnOptions(Options):
    """Of `Knn`."""

    k: int = setting(1, "neighbours that vote; of classes with equally many, that of the nearest wins", least=1)
    metric: str = setting("euclidean", "euclidean | cosine", choices=METRICS)


class Knn(Probe):
    """k-NN accuracy of the evaluation examples among the training examples, exact."""

    Options = KnnOptions

    def check_data(self, encoder: Encoder) -> None:
        """Refuses data without labels, and more neighbours than there are examples or fit into memory."""
        super().check_data(encoder)
        split, k = self.split(encoder), self.options.k
        if k > len(split.train):
            raise UserError(f"`k` must be between 1 and the {len(split.train)} training examples. Received: {k}")
        memory.need(PAIR * k * len(split.evaluation), f"`k={k}` neighbours of {len(split.evaluation):,} examples")

    def evaluate(self, encoder: Encoder, column: str) -> Result:
        """'accuracy' in percent with its bootstrap 'interval', and the protocol."""
        labels, truth = self.labels(encoder)
        split = self.split(encoder)
        a, b = (encoder.features(part, column) for part in (split.evaluation, split.train))
        if self.options.metric == "cosine":  # on the unit sphere the order is the Euclidean one
            a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-30) for x in (a, b))
        guesses = neighbors.vote(neighbors.nearest(a, b, self.options.k), labels)
        about = {"k": self.options.k, "metric": self.options.metric}
        return bootstrap.accuracy(guesses == truth) | about | self.protocol(encoder, column)
