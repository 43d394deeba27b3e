"""Supervised training of what is put on, or fine-tuned from, transferred convolutions: AlexNet's head, SGD.

The recipe is that of the tools behind Tables 5.2 and 5.3: LReLU and dropout 1/2 after fc6 and fc7, momentum, biases
at twice the step, clipped gradients, a step size halved at equal intervals.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from bigan.errors import UserError
from transfer import trunk

SAYS = 20  # lines of progress in one training
CURVE = 50  # points of a recorded loss curve


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Args:
        iterations: minibatches in all.
        batch_size: images in each.
        learning_rate: initial step size; halved `halvings` - 1 times at equal intervals.
        units: of fc6 and fc7 each, 4,096 in AlexNet.
        weight_decay: multiple of each weight that is added to its gradient.
        halvings: constant stretches of the schedule (80,000 iterations in stretches of 10,000: 8).
        momentum, clip, dropout: of SGD; norm of the whole gradient, at most; after fc6 and fc7.
        seed: of weights, order, crops and dropout.
    """

    iterations: int = 2000
    batch_size: int = 16
    learning_rate: float = 1e-3
    units: int = 512
    weight_decay: float = 1e-6
    halvings: int = 8
    momentum: float = 0.9
    clip: float = 10.0
    dropout: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises a UserError for counts below 1 or a step size that is not positive."""
        for name in ("iterations", "batch_size", "units"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1. Received: {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise UserError(f"--learning_rate must be positive. Received: {self.learning_rate}")


class Sgd(keras.optimizers.SGD):
    """Momentum SGD with decay in the gradient, biases at twice the step, and a step halved at equal intervals."""

    def __init__(self, recipe: Recipe) -> None:
        every = -(-recipe.iterations // recipe.halvings)
        schedule = keras.optimizers.schedules.ExponentialDecay(recipe.learning_rate, every, 0.5, staircase=True)
        super().__init__(learning_rate=schedule, momentum=recipe.momentum, global_clipnorm=recipe.clip)
        self.decay = recipe.weight_decay

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One variable's update."""
        name = self._trainable_variables[self._get_variable_index(variable)].name
        gradient = gradient + ops.cast(self.decay, gradient.dtype) * ops.cast(variable, gradient.dtype)
        super().update_step(gradient, variable, learning_rate * (2.0 if name == "bias" else 1.0))


def with_head(convolutions: keras.Model, classes: int, recipe: Recipe) -> keras.Model:
    """`convolutions`, flattened, and AlexNet's fc6, fc7 and fc8 (zero): images to `(batch, classes)` logits."""
    h = layers.Flatten(name="flatten")(convolutions.outputs[0])
    for i, name in enumerate(("fc6", "fc7")):
        h = layers.Dense(recipe.units, name=name)(h)
        h = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_{name}")(h)
        h = layers.Dropout(recipe.dropout, seed=recipe.seed + i, name=f"drop_{name}")(h)
    h = layers.Dense(classes, kernel_initializer="zeros", name="fc8")(h)
    return keras.Model(convolutions.inputs, h, name="classifier")


def below_fc8(network: keras.Model) -> keras.Model:
    """The part of a classifier before fc8, on the same weights."""
    return keras.Model(network.inputs, network.get_layer("fc8").input)


def freeze(network: keras.Model, names: set[str]) -> None:
    """Lets training move the linear layers outside `names` alone; see `trunk.stage` for their names."""
    for layer in trunk.linear_layers(network):
        layer.trainable = trunk.stage(layer) not in names


def digest(network: keras.Model, names: set[str]) -> str:
    """Identifies the weights of the linear layers in `names`, bit by bit."""
    total = hashlib.blake2b(digest_size=16)
    for layer in trunk.linear_layers(network):
        if trunk.stage(layer) in names:
            for weight in layer.get_weights():
                total.update(np.ascontiguousarray(weight).data)
    return total.hexdigest()


def train(
    network: keras.Model,
    minibatch: Callable[[int], tuple[np.ndarray, np.ndarray]],
    loss: Callable[[Any, Any], Any],
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
    every, losses, curve = max(1, recipe.iterations // CURVE), [], []
    begun = time.monotonic()
    for i in range(recipe.iterations):
        network.reset_metrics()
        losses.append(float(network.train_on_batch(*minibatch(i), return_dict=True)["loss"]))
        if not np.isfinite(losses[-1]):
            raise UserError(
                f"{about}: the loss became {losses[-1]} at iteration {i + 1}; try a smaller --learning_rate"
            )
        if (i + 1) % every == 0 or i + 1 == recipe.iterations:
            curve.append([i + 1, float(np.mean(losses))])
            losses = []
        if (i + 1) % max(1, recipe.iterations // SAYS) == 0:
            left = (time.monotonic() - begun) * (recipe.iterations - i - 1) / (i + 1)
            print(
                f"{about}: iteration {i + 1:,}/{recipe.iterations:,}  loss {curve[-1][1]:.3f}  {left:.0f} s left",
                file=sys.stderr, flush=True,
            )  # fmt: skip
    return curve


def scores(network: keras.Model, images: np.ndarray, batch_size: int = 100) -> np.ndarray:
    """`(n, classes)` logits, dropout off."""
    return np.asarray(network.predict(images, batch_size=batch_size, verbose=0))
