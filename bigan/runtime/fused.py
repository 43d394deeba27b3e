"""Adam's update of one variable in one pass over memory: TensorFlow's own operation, which Keras does not use."""

from __future__ import annotations

import keras

from bigan.types import Tensor


def adam(
    variable: keras.Variable | Tensor,
    momentum: keras.Variable,
    velocity: keras.Variable,
    gradient: Tensor,
    rate: Tensor,
    step: Tensor,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None:
    """What `keras.optimizers.Adam.update_step` computes, in one pass instead of a dozen.

    Args:
        variable, momentum, velocity: updated in place.
        gradient: of the variable.
        rate: step size.
        step: updates before this one, in the gradient's dtype.
        beta_1, beta_2, epsilon: Adam's.
    """
    import tensorflow as tf

    dtype = gradient.dtype
    first, second = tf.cast(beta_1, dtype), tf.cast(beta_2, dtype)
    tf.raw_ops.ResourceApplyAdam(
        var=_plain(variable).handle,
        m=_plain(momentum).handle,
        v=_plain(velocity).handle,
        beta1_power=tf.pow(first, step + 1),
        beta2_power=tf.pow(second, step + 1),
        lr=tf.cast(rate, dtype),
        beta1=first,
        beta2=second,
        epsilon=tf.cast(epsilon, dtype),
        grad=gradient,
    )


def _plain(variable: keras.Variable | Tensor) -> Tensor:
    return variable.value if isinstance(variable, keras.Variable) else variable
