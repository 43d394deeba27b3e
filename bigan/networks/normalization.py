"""Batch normalization of Keras's, in TensorFlow's own operation where that is faster."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from bigan.runtime import fused
from bigan.types import Tensor


@keras.saving.register_keras_serializable(package="bigan")
class BatchNormalization(layers.BatchNormalization):
    """`keras.layers.BatchNormalization`: the same sums, in training on a CPU in one operation instead of a dozen.

    With XLA, which puts those together by itself, and where the operation does not exist, it is Keras's.
    """

    def call(self, inputs: Tensor, training: bool | None = None, **keywords: Any) -> Tensor:
        """`(batch, ..., channels)` -> the same, by the minibatch's statistics if `training`."""
        if not (training and self.trainable and self.axis in (-1, len(inputs.shape) - 1) and fused.normalizes(inputs)):
            return super().call(inputs, training=training, **keywords)
        result, mean, variance = fused.normalized(inputs, self.gamma, self.beta, self.epsilon)
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + now * (1.0 - self.momentum))
        return result

    def plain(self) -> layers.BatchNormalization:
        """The same as a layer of Keras's own."""
        return layers.BatchNormalization.from_config(self.get_config())
