"""Gradients inside a training step, where a loss is itself made of gradients; the one thing that Keras leaves out."""

from __future__ import annotations

from collections.abc import Callable

from bigan.types import Tensor


def gradients(function: Callable[..., Tensor], *inputs: Tensor) -> list[Tensor]:
    """Of the scalar `function(*inputs)` with respect to each input; they can be differentiated again.

    Args:
        function: pure: it leaves no state behind.
        inputs: tensors.
    """
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return list(jax.grad(function, argnums=tuple(range(len(inputs))))(*inputs))
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        value = function(*inputs)
    return tape.gradient(value, list(inputs), unconnected_gradients=tf.UnconnectedGradients.ZERO)
