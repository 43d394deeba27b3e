"""The optimizer of section 5.5.3: Adam on L2-decayed gradients, its step constant for the first half, then falling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from bigan.config import Config
from bigan.runtime import fused
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.models.method import Method


def compile_for_training(model: Method, config: Config, steps_per_epoch: int, jit_compile: bool) -> None:
    """Compiles a method with Adam and the schedule of `config` (section 5.5.3), and builds the optimizer's state.

    Args:
        model: to train.
        config: the optimization's fields and `replicas` are read.
        steps_per_epoch: minibatches in an epoch.
        jit_compile: whether XLA compiles the step.
    """
    schedule = ConstantThenExponential(
        config.learning_rate, config.final_learning_rate, config.epochs * steps_per_epoch
    )
    adam = DecayedAdam(
        config.weight_decay,
        learning_rate=schedule,
        beta_1=config.beta_1,
        beta_2=config.beta_2,
        epsilon=config.epsilon,
        rates=_rates(model, config.discriminator_rate),
        use_ema=config.ema > 0,
        ema_momentum=config.ema,
    )
    adam.build(model.trainable_variables)
    model.replicas = config.replicas
    model.compile(optimizer=adam, loss=None, jit_compile=jit_compile)


def _rates(model: Method, discriminator: float) -> list[float] | None:
    """What each variable's step is multiplied by; None if nothing is."""
    if discriminator == 1.0 or not model.has("discriminator"):
        return None
    slower = {id(v) for v in model.discriminator.trainable_variables}
    return [discriminator if id(v) in slower else 1.0 for v in model.trainable_variables]


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

    def __call__(self, step: Tensor) -> Tensor:
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
        rates: multiples of the step size, one for each trainable variable in order; None: 1 for all.
        **keywords: as for `keras.optimizers.Adam`.
    """

    def __init__(self, l2_decay: float = 0.0, rates: list[float] | None = None, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.l2_decay, self.rates = l2_decay, rates

    def update_step(self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor) -> None:
        """One variable's update."""
        # The backend may hand over a variable of its own, whose name is another.
        place = self._get_variable_index(variable)
        name = self._trainable_variables[place].name
        if self.l2_decay and name == "kernel":
            gradient = gradient + ops.cast(self.l2_decay, gradient.dtype) * ops.cast(variable, gradient.dtype)
        if self.rates:
            learning_rate = learning_rate * self.rates[place]
        if keras.backend.backend() == "tensorflow" and not self.amsgrad:
            moments = self._momentums[place], self._velocities[place]
            step = ops.cast(self.iterations, gradient.dtype)
            fused.adam(variable, *moments, gradient, learning_rate, step, self.beta_1, self.beta_2, self.epsilon)
        else:
            super().update_step(gradient, variable, learning_rate)

    def finalize_variable_values(self, var_list: list[keras.Variable]) -> None:
        """Nothing: at the end of each `fit` Keras would put the moving averages in the place of the weights."""

    def averages(self) -> list[keras.Variable] | None:
        """The trainable variables' moving averages, in order; None without `use_ema`, or before the first step."""
        started = self.use_ema and int(ops.convert_to_numpy(self.iterations)) > 0
        return list(self._model_variables_moving_average) if started else None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"l2_decay": self.l2_decay, "rates": self.rates}
