"""In few passes over memory: TensorFlow's own operations for Adam and batch normalization, which Keras does not use."""

from __future__ import annotations

import keras

from bigan.runtime import compilation
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


def normalizes(inputs: Tensor) -> bool:
    """Whether `normalized` takes `inputs` and is faster: on TensorFlow's CPU maps, and vectors of bfloat16 numbers.

    Float32 vectors are for XLA by default, which puts operations together by itself.

    Args:
        inputs: `(batch, ..., channels)`.
    """
    dtype = keras.backend.standardize_dtype(inputs.dtype)
    ranks = {"float32": (4,), "bfloat16": (2, 4)}.get(dtype, ())
    return len(inputs.shape) in ranks and compilation.on_tensorflows_cpu()


def normalized(
    inputs: Tensor, scale: Tensor | None, offset: Tensor | None, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Batch normalization by the minibatch's own statistics, as in training.

    Args:
        inputs: `(batch, channels)` or `(batch, height, width, channels)`, float32 or bfloat16.
        scale, offset: `(channels,)` float32; None: 1 and 0.
        epsilon: added to the variance.

    Returns:
        The result in the dtype of `inputs`; mean and variance over all but channels, `(channels,)` float32.
    """
    import tensorflow as tf

    channels = inputs.shape[-1]
    scale = tf.ones(channels) if scale is None else tf.convert_to_tensor(scale)
    offset = tf.zeros(channels) if offset is None else tf.convert_to_tensor(offset)
    maps = inputs if len(inputs.shape) == 4 else inputs[:, None, None, :]
    result, mean, unbiased, *_ = tf.raw_ops.FusedBatchNormV3(
        x=maps, scale=scale, offset=offset, mean=[], variance=[], epsilon=epsilon, is_training=True
    )
    count = tf.cast(tf.size(maps) // channels, tf.float32)
    return tf.reshape(result, tf.shape(inputs)), mean, unbiased * (count - 1.0) / count


def _plain(variable: keras.Variable | Tensor) -> Tensor:
    return variable.value if isinstance(variable, keras.Variable) else variable
