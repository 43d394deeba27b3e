"""Supervised training of a classifier: SGD as the tools behind Tables 5.2 and 5.3 do it.

Momentum, biases at twice the step, clipped gradients, and a step size halved at equal intervals.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from bigan.errors import UserError
from bigan.types import Tensor
from transfer.backbone.recipe import Recipe

LINES = 20  # of progress in one training
POINTS = 50  # of a recorded loss curve


class Sgd(keras.optimizers.SGD):
    """Momentum SGD with decay in the gradient, biases at twice the step, and a step halved at equal intervals."""

    def __init__(self, recipe: Recipe) -> None:
        every = -(-recipe.iterations // recipe.halvings)
        schedule = keras.optimizers.schedules.ExponentialDecay(recipe.learning_rate, every, 0.5, staircase=True)
        super().__init__(learning_rate=schedule, momentum=recipe.momentum, global_clipnorm=recipe.clip)
        self.decay = recipe.weight_decay

    def update_step(self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor) -> None:
        """One variable's update."""
        name = self._trainable_variables[self._get_variable_index(variable)].name
        gradient = gradient + ops.cast(self.decay, gradient.dtype) * ops.cast(variable, gradient.dtype)
        super().update_step(gradient, variable, learning_rate * (2.0 if name == "bias" else 1.0))


def train(
    network: keras.Model,
    minibatch: Callable[[int], tuple[np.ndarray, np.ndarray]],
    loss: Callable[[Tensor, Tensor], Tensor],
    recipe: Recipe,
    about: str,
) -> list[list[float]]:
    """Trains the layers of `network` that are not frozen.

    Args:
        network: changed in place.
        minibatch: its number -> (inputs, labels).
        loss: (labels, logits) -> scalar.
        recipe: how to train.
        about: what progress lines begin with.

    Returns:
        The loss curve, [iteration, mean loss since the last point]; points are `iterations` / 50 apart.

    Raises:
        UserError: if the loss becomes NaN or infinite.
    """
    network.compile(optimizer=Sgd(recipe), loss=loss, jit_compile=False)
    every, curve = max(1, recipe.iterations // POINTS), []
    losses: list[float] = []
    progress = _Progress(recipe.iterations, about)
    for i in range(recipe.iterations):
        network.reset_metrics()
        losses.append(float(network.train_on_batch(*minibatch(i), return_dict=True)["loss"]))
        if not np.isfinite(losses[-1]):
            raise UserError(
                f"{about}: the loss became {losses[-1]} at iteration {i + 1}; try a smaller `learning_rate`"
            )
        if (i + 1) % every == 0 or i + 1 == recipe.iterations:
            curve.append([i + 1, float(np.mean(losses))])
            losses = []
        progress(i + 1, curve)
    return curve


class _Progress:
    """Lines on standard error: how far a training is, its loss, and how long it will take."""

    def __init__(self, iterations: int, about: str) -> None:
        self.iterations, self.about, self.begun = iterations, about, time.monotonic()

    def __call__(self, done: int, curve: list[list[float]]) -> None:
        if done % max(1, self.iterations // LINES) == 0:
            left = (time.monotonic() - self.begun) * (self.iterations - done) / done
            line = f"{self.about}: iteration {done:,}/{self.iterations:,}  loss {curve[-1][1]:.3f}  {left:.0f} s left"
            print(line, file=sys.stderr, flush=True)
