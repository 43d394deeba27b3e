"""Supervised training of a classifier: SGD as the tools behind Tables 5.2 and 5.3 do it.

Momentum, biases at twice the step, clipped gradients, and a step size halved at equal intervals. A training that is
stopped or killed goes on from its last snapshot.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import ops

from bigan.errors import UserError
from bigan.runtime import files
from bigan.streams import Stream, generator
from bigan.types import Tensor
from transfer.backbone.recipe import Recipe
from transfer.progress import say

LINES = 20  # of progress in one training
POINTS = 50  # of a recorded loss curve
SECONDS = 60  # between two snapshots, at least


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
    minibatch: Callable[[int], tuple[np.ndarray | tuple[np.ndarray, ...], np.ndarray]],
    loss: Callable[[Tensor, Tensor], Tensor],
    recipe: Recipe,
    about: str,
    snapshot: Path | None = None,
) -> list[list[float]]:
    """Trains the layers of `network` that are not frozen.

    Args:
        network: changed in place.
        minibatch: its number -> (inputs, labels).
        loss: (labels, logits) -> scalar.
        recipe: how to train.
        about: what progress lines begin with.
        snapshot: an `.npz` that this very training is kept in, once a minute, and goes on from; it is left behind.
            None: a training that is stopped begins anew.

    Returns:
        The loss curve, [iteration, mean loss since the last point]; points are `iterations` / 50 apart.

    Raises:
        UserError: if the loss becomes NaN or infinite, or the snapshot is damaged.
    """
    network.compile(optimizer=Sgd(recipe), loss=loss, jit_compile=False)
    every = max(1, recipe.iterations // POINTS)
    kept = Snapshot(network, snapshot)
    begun, curve, losses = kept.restored()
    progress = _Progress(recipe.iterations, about, begun)
    for i in range(begun, recipe.iterations):
        network.reset_metrics()
        losses.append(float(network.train_on_batch(*minibatch(i), return_dict=True)["loss"]))
        if not np.isfinite(losses[-1]):
            raise UserError(
                f"{about}: the loss became {losses[-1]} at iteration {i + 1}; try a smaller `learning_rate`"
            )
        if (i + 1) % every == 0 or i + 1 == recipe.iterations:
            curve.append([i + 1, float(np.mean(losses))])
            losses = []
        kept.save(i + 1, curve, losses)
        progress(i + 1, curve)
    return curve


def places(count: int, number: int, recipe: Recipe) -> np.ndarray:
    """The images of a minibatch, `(batch_size,)`: every epoch visits all `count` in an order of its own."""
    epoch, start = divmod(number * recipe.batch_size, count)
    ahead = range(epoch, epoch + 2 + recipe.batch_size // count)
    orders = [generator(recipe.seed, Stream.CLASSIFIER_ORDER, k).permutation(count) for k in ahead]
    return np.concatenate(orders)[start : start + recipe.batch_size]


class Snapshot:
    """The state of a training: all of the network's numbers, the optimizer's, and what is known of the loss.

    Args:
        network: compiled.
        path: of an `.npz`; None: nothing is kept.
    """

    def __init__(self, network: keras.Model, path: Path | None) -> None:
        network.optimizer.build(network.trainable_variables)
        self.variables = [*network.variables, *network.optimizer.variables]
        self.path, self.saved = path, time.monotonic()

    def restored(self) -> tuple[int, list[list[float]], list[float]]:
        """Iterations done, the loss curve, and the losses since its last point; the variables' values are put in place.

        Raises:
            UserError: naming the file, if it is damaged or another network's.
        """
        if self.path is None or not self.path.is_file():
            return 0, [], []
        try:
            with np.load(self.path) as arrays:
                values = [arrays[str(i)] for i in range(len(self.variables))]
                done, curve, losses = int(arrays["done"]), arrays["curve"].tolist(), arrays["losses"].tolist()
            for variable, value in zip(self.variables, values, strict=True):
                variable.assign(value)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{self.path}: is no snapshot of this training ({error}); remove it") from error
        return done, [[int(iteration), loss] for iteration, loss in curve], losses

    def save(self, done: int, curve: list[list[float]], losses: list[float]) -> None:
        """Keeps the state, unless that was done less than `SECONDS` ago."""
        if self.path is not None and time.monotonic() - self.saved >= SECONDS:
            arrays = {str(i): ops.convert_to_numpy(variable) for i, variable in enumerate(self.variables)}
            about = {"done": np.array(done), "curve": np.array(curve).reshape(-1, 2), "losses": np.array(losses)}
            files.write_arrays(self.path, arrays | about)
            self.saved = time.monotonic()


class _Progress:
    """Lines on standard error: how far a training is, its loss, and how long it will take."""

    def __init__(self, iterations: int, about: str, first: int) -> None:
        self.iterations, self.about, self.first, self.begun = iterations, about, first, time.monotonic()
        if first:
            say(f"{about}: goes on after iteration {first:,}")

    def __call__(self, done: int, curve: list[list[float]]) -> None:
        if done % max(1, self.iterations // LINES) == 0:
            left = (time.monotonic() - self.begun) * (self.iterations - done) / (done - self.first)
            say(f"{self.about}: iteration {done:,}/{self.iterations:,}  loss {curve[-1][1]:.3f}  {left:.0f} s left")
