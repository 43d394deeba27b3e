"""A convolution at stride 2, padded alike on each side, and its transpose, in the form that the backend does fastest.

Keras knows "valid", for which the image is padded first and the transpose's border is made and cut off, and "same",
which at stride 2 pads one pixel less before than after. TensorFlow on a CPU is faster without borders:

- Mirrored along both axes, images, kernel and result, padding by p before and p - 1 after is that of "same".
- With few channels, each square of 2 x 2 pixels becomes one of four times as many channels, and the convolution one at
  stride 1 (Shi et al. 2016), by a kernel with a row and a column of zeros more.

Both are the same sums in another order. Kernels are square, of an odd edge k = 2p + 1. Images are
`(batch, height, width, channels)`; those with an odd edge are padded first.
"""

from __future__ import annotations

import functools

import keras
from keras import ops

from bigan.types import Tensor

STRIDE = 2
FEW = 4  # channels: where a convolution leaves most of a processor's registers empty
BOTH = (1, 2)


def convolve(images: Tensor, kernel: Tensor) -> Tensor:
    """`(b, h, w, in)` by `(k, k, in, out)` -> `(b, h / 2, w / 2, out)`, rounded up."""
    p = kernel.shape[0] // 2
    if not _on_tensorflows_cpu() or images.shape[1] % 2 or images.shape[2] % 2:
        padded = ops.pad(images, [[0, 0], [p, p], [p, p], [0, 0]])
        return ops.conv(padded, kernel, strides=STRIDE, padding="valid", data_format="channels_last")
    import tensorflow as tf

    if _by_squares(images.shape[3], p, images.dtype):
        return tf.nn.conv2d(tf.nn.space_to_depth(images, STRIDE), _squares(kernel), 1, "SAME")
    mirrored = tf.nn.conv2d(tf.reverse(images, BOTH), tf.reverse(kernel, (0, 1)), STRIDE, "SAME")
    return tf.reverse(mirrored, BOTH)


def transpose(maps: Tensor, kernel: Tensor) -> Tensor:
    """The transpose of `convolve`: `(b, h, w, in)` by `(k, k, out, in)` -> `(b, 2 h, 2 w, out)`."""
    p = kernel.shape[0] // 2
    if not _on_tensorflows_cpu():
        whole = ops.conv_transpose(maps, kernel, strides=STRIDE, padding="valid", data_format="channels_last")
        height, width = (STRIDE * edge for edge in maps.shape[1:3])
        return whole[:, p : p + height, p : p + width]
    import tensorflow as tf

    if kernel.shape[2] <= FEW and p % 2 == 0:
        turned = ops.transpose(_squares(kernel)[::-1, ::-1], (0, 1, 3, 2))
        return tf.nn.depth_to_space(tf.nn.conv2d(maps, turned, 1, "SAME"), STRIDE)
    batch, (height, width) = tf.shape(maps)[0], maps.shape[1:3]
    size = (batch, STRIDE * height, STRIDE * width, kernel.shape[2])
    mirrored = tf.nn.conv2d_transpose(tf.reverse(maps, BOTH), tf.reverse(kernel, (0, 1)), size, STRIDE, "SAME")
    return tf.reverse(mirrored, BOTH)


def _by_squares(channels: int, p: int, dtype: str) -> bool:
    # In float32 its larger weight gradient takes what its input gradient saves.
    return channels <= FEW and p % 2 == 0 and keras.backend.standardize_dtype(dtype) == "bfloat16"


def _squares(kernel: Tensor) -> Tensor:
    """`(k, k, in, out)` -> `((k + 1) / 2, (k + 1) / 2, 4 in, out)`, for `space_to_depth`'s order of channels."""
    k, _, inputs, outputs = kernel.shape
    half = (k + 1) // 2
    whole = ops.reshape(ops.pad(kernel, [[0, 1], [0, 1], [0, 0], [0, 0]]), (half, 2, half, 2, inputs, outputs))
    return ops.reshape(ops.transpose(whole, (0, 2, 1, 3, 4, 5)), (half, half, 4 * inputs, outputs))


@functools.cache
def _on_tensorflows_cpu() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.get_visible_devices("GPU")
