"""A view that is moved where the encoder's code changes most: the virtual adversarial direction (Miyato et al. 2018).

It needs no labels and no knowledge of the data: where examples have neither rows nor colours, it is the augmentation
that asks most of E.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from bigan.runtime.differentiation import gradients
from bigan.types import Tensor

PROBE = 0.2  # how far the direction is looked for, as part of how far the view is moved


def moved(code: Callable[[Tensor], Tensor], x: Tensor, start: Tensor, radius: float) -> Tensor:
    """x, `radius` away in the direction in which its code turns most, found by one step of the power iteration.

    Args:
        code: x -> `(batch, k)`; pure, and of each example by itself but for normalization over the minibatch.
        x: `(batch, ...)`.
        start: `(batch, size of x)` numbers whose direction the iteration begins with.
        radius: Euclidean length of the move, the same for all examples.

    Returns:
        As x; no gradient flows through the direction.
    """
    start = ops.reshape(directions(start), ops.shape(x))
    fixed = ops.stop_gradient(directions(code(x)))

    def turn(direction: Tensor) -> Tensor:
        return ops.sum(ops.square(directions(code(x + PROBE * radius * direction)) - fixed))

    (found,) = gradients(turn, start)
    found = ops.reshape(found, (ops.shape(x)[0], -1))
    return x + radius * ops.reshape(ops.stop_gradient(directions(found)), ops.shape(x))


def directions(vectors: Tensor, least: float = 1e-30) -> Tensor:
    """Rows of length 1, in the precision of losses; of rows shorter than about the root of `least`, shorter ones."""
    vectors = ops.cast(vectors, keras.config.floatx())
    return vectors / ops.sqrt(ops.sum(ops.square(vectors), axis=1, keepdims=True) + least)
