"""Gradients of a network's kernels along directions at its output, on either backend."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops

from bigan.runtime.compilation import compiled
from bigan.types import Tensor

#: (images, directions at the output) -> the gradient of each layer's kernel.
KernelGradients = Callable[[np.ndarray, np.ndarray], list[Tensor]]


def kernel_gradients(network: keras.Model, linear: list[layers.Layer]) -> KernelGradients:
    """The function that takes gradients of the scalar product of output and directions.

    Args:
        network: a functional model; its weights as they are now.
        linear: the layers of it whose kernels' gradients are wanted.
    """
    kernels = [layer.kernel for layer in linear]
    return _on_jax(network, kernels) if keras.backend.backend() == "jax" else _on_tensorflow(network, kernels)


def _on_jax(network: keras.Model, kernels: list[keras.Variable]) -> KernelGradients:
    import jax

    places = {id(v): i for i, v in enumerate(network.trainable_variables)}
    trainable = [v.value for v in network.trainable_variables]
    other = [v.value for v in network.non_trainable_variables]

    def along(trainable: list[Tensor], x: Tensor, directions: Tensor) -> Tensor:
        return ops.sum(network.stateless_call(trainable, other, x, training=False)[0] * directions)

    gradient = jax.jit(jax.grad(along))

    def run(x: np.ndarray, directions: np.ndarray) -> list[Tensor]:
        gradients = gradient(trainable, x, directions)
        return [gradients[places[id(kernel)]] for kernel in kernels]

    return run


def _on_tensorflow(network: keras.Model, kernels: list[keras.Variable]) -> KernelGradients:
    import tensorflow as tf

    def run(x: Tensor, directions: Tensor) -> list[Tensor]:
        with tf.GradientTape() as tape:
            value = ops.sum(network(x, training=False) * directions)
        return list(tape.gradient(value, [kernel.value for kernel in kernels]))

    traced = compiled(run)
    return lambda x, directions: list(traced(tf.constant(x), tf.constant(directions)))
