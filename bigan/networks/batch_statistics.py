"""Batch-norm statistics for evaluation, re-estimated over training minibatches.

Training normalizes by each minibatch's own statistics, so the moving averages that Keras keeps lag behind weights
that move. The released code re-estimates the statistics before every evaluation, over up to 1000 minibatches; so do we.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

import keras
import numpy as np

from bigan.runtime.compilation import compiled
from bigan.runtime.distribution import assign, local
from bigan.types import Tensor


class StatisticsEstimator:
    """Sets a network's batch-norm statistics to those of its inputs over many minibatches.

    Args:
        network: any Keras model; its BatchNormalization layers are found wherever they are nested.
        before: map of tensors applied to each raw minibatch first.
    """

    def __init__(self, network: keras.Model, before: Callable | None = None) -> None:
        self.network = network
        self.norms = [
            layer
            for layer in network._flatten_layers(include_self=False)
            if isinstance(layer, keras.layers.BatchNormalization)
        ]

        def run(trainable: list[Tensor], other: list[Tensor], inputs: Tensor) -> list[Tensor]:
            inputs = before(inputs) if before else inputs
            return network.stateless_call(trainable, other, inputs, training=True)[1]

        self._run = compiled(run)

    def estimate(self, minibatches: Iterable[np.ndarray]) -> int:
        """Re-estimates from `minibatches`; returns how many there were.

        The mean is the mean of the minibatches' means; the variance that of all their examples pooled.
        """
        if not self.norms:
            return 0
        trainable = [local(v.value) for v in self.network.trainable_variables]
        variables = self.network.non_trainable_variables
        other = [local(v.value) for v in variables]
        position = {id(v): i for i, v in enumerate(variables)}
        sums = [[0.0, 0.0] for _ in self.norms]
        count = 0
        with _momentum(self.norms, 0.0):  # the "moving average" after a call is then that minibatch's statistic
            for minibatch in minibatches:
                updated = self._run(trainable, other, keras.ops.convert_to_tensor(minibatch))
                for norm, total in zip(self.norms, sums, strict=True):
                    mean, variance = (
                        keras.ops.convert_to_numpy(updated[position[id(v)]]).astype("float64")
                        for v in (norm.moving_mean, norm.moving_variance)
                    )
                    total[0] += mean
                    total[1] += variance + mean**2
                count += 1
        for norm, (mean, square) in zip(self.norms, sums, strict=True):
            assign(norm.moving_mean, mean / count)
            assign(norm.moving_variance, np.maximum(square / count - (mean / count) ** 2, 0.0))
        return count


@contextlib.contextmanager
def _momentum(norms: list[keras.layers.BatchNormalization], value: float) -> Iterator[None]:
    saved = [norm.momentum for norm in norms]
    try:
        for norm in norms:
            norm.momentum = value
        yield
    finally:
        for norm, momentum in zip(norms, saved, strict=True):
            norm.momentum = momentum
