"""The optimizer of section 5.5.3: Adam on L2-decayed gradients, its step constant for the first half, then falling."""

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


@keras.saving.register_keras_serializable(package="bigan")
class DecayedAdam(keras.optimizers.Adam):
    """Adam whose gradients carry L2 decay: gradient + l2_decay * weight, on layers' kernels alone.

    The decay passes through Adam's moments, as in the released code; it is not AdamW's. As part of the loss it would
    cost a tenth of the training step on a CPU, for a value that nobody needs.

    Args:
        l2_decay: the multiple of each kernel added to its gradient; batch norm's scale and bias, and other biases,
            are left alone.
        **keywords: as for `keras.optimizers.Adam`.
    """

    def __init__(self, l2_decay: float = 0.0, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.l2_decay = l2_decay

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One variable's update."""
        # The backend may hand over a variable of its own, whose name is another.
        name = self._trainable_variables[self._get_variable_index(variable)].name
        if self.l2_decay and name == "kernel":
            gradient = gradient + ops.cast(self.l2_decay, gradient.dtype) * ops.cast(variable, gradient.dtype)
        super().update_step(gradient, variable, learning_rate)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"l2_decay": self.l2_decay}
