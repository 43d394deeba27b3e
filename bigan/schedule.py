"""The step-size schedule of section 5.5.3: constant for the first half, then exponential."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="bigan")
class ConstantThenExponential(keras.optimizers.schedules.LearningRateSchedule):
    """`initial` during the first half of `total_steps`, then exponential decay that ends at `final`.

    Args:
        initial: step size of the first half.
        final: step size reached at `total_steps`.
        total_steps: minibatches in the whole training.
    """

    def __init__(self, initial: float, final: float, total_steps: int) -> None:
        self.initial, self.final, self.total_steps = initial, final, total_steps

    def __call__(self, step: Any) -> Any:
        """The step size at minibatch `step`, counted from 0."""
        half = self.total_steps / 2.0
        progress = (ops.cast(step, "float32") - half) / half
        return self.initial * ops.power(self.final / self.initial, ops.clip(progress, 0.0, 1.0))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"initial": self.initial, "final": self.final, "total_steps": self.total_steps}
