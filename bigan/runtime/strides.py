"""Convolutions between images and those of twice the edge, in the form that the backend does fastest.

There are three: at stride 2, padded alike on each side; its transpose; and one of an image whose pixels are doubled.

Keras knows "valid", for which the image is padded first and the transpose's border is made and cut off, and "same",
which at stride 2 pads one pixel less before than after. TensorFlow on a CPU pads without a copy, but differentiates
such convolutions slowly. So gradients take a way around:

- Mirrored along both axes, images, kernel and result, padding by p before and p - 1 after is that of "same".
- With few channels, each square of 2 x 2 pixels becomes one of four times as many channels, and the convolution one at
  stride 1 (Shi et al. 2016), by a kernel with a row and a column of zeros more.

Where pixels are doubled first, most products of a convolution are done twice. It is also a transpose at stride 2, by a
kernel of k + 1 by k + 1 sums of the first's entries: 16 products a pixel instead of 36, and the doubled image is never
made. XLA differentiates such transposes slowly on a CPU, so elsewhere images are doubled.

All are the same sums in another order. Kernels are square, of an odd edge k = 2p + 1. Images are
`(batch, height, width, channels)`; those with an odd edge are padded first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from bigan.runtime import compilation
from bigan.types import Tensor

STRIDE = 2
FEW = 4  # channels: where a convolution leaves most of a processor's registers empty


def convolve(images: Tensor, kernel: Tensor) -> Tensor:
    """`(b, h, w, in)` by `(k, k, in, out)` -> `(b, h / 2, w / 2, out)`, rounded up."""
    p = kernel.shape[0] // 2
    if not compilation.on_tensorflows_cpu() or images.shape[1] % 2 or images.shape[2] % 2:
        padded = ops.pad(images, [[0, 0], [p, p], [p, p], [0, 0]])
        return ops.conv(padded, kernel, strides=STRIDE, padding="valid", data_format="channels_last")
    import tensorflow as tf

    if _by_squares(images.shape[3], p, images.dtype):
        return tf.nn.conv2d(tf.nn.space_to_depth(images, STRIDE), _squares(kernel), 1, "SAME")
    return _padded(images, kernel)


def transpose(maps: Tensor, kernel: Tensor) -> Tensor:
    """The transpose of `convolve`: `(b, h, w, in)` by `(k, k, out, in)` -> `(b, 2 h, 2 w, out)`."""
    p = kernel.shape[0] // 2
    if not compilation.on_tensorflows_cpu():
        whole = ops.conv_transpose(maps, kernel, strides=STRIDE, padding="valid", data_format="channels_last")
        height, width = (STRIDE * edge for edge in maps.shape[1:3])
        return whole[:, p : p + height, p : p + width]
    import tensorflow as tf

    if kernel.shape[2] <= FEW and p % 2 == 0:
        turned = ops.transpose(_squares(kernel)[::-1, ::-1], (0, 1, 3, 2))
        return tf.nn.depth_to_space(tf.nn.conv2d(maps, turned, 1, "SAME"), STRIDE)
    batch, (height, width) = tf.shape(maps)[0], maps.shape[1:3]
    size = (batch, STRIDE * height, STRIDE * width, kernel.shape[2])
    return _mirrored(tf.nn.conv2d_transpose(_mirrored(maps), _turned(kernel), size, STRIDE, "SAME"))


def doubled(maps: Tensor, kernel: Tensor) -> Tensor:
    """A convolution of `maps` with each pixel doubled: `(b, h, w, in)` by `(k, k, in, out)` -> `(b, 2 h, 2 w, out)`."""
    if not compilation.on_tensorflows_cpu():
        large = ops.repeat(ops.repeat(maps, STRIDE, axis=1), STRIDE, axis=2)
        return ops.conv(large, kernel, padding="same", data_format="channels_last")
    import tensorflow as tf

    k, _, *channels = kernel.shape
    sums = tf.matmul(tf.cast(_sums(k), kernel.dtype), tf.reshape(kernel, (k * k, -1)))
    turned = tf.transpose(tf.reshape(sums, (k + 1, k + 1, *channels)), (0, 1, 3, 2))
    batch, (height, width) = tf.shape(maps)[0], maps.shape[1:3]
    return tf.nn.conv2d_transpose(maps, turned, (batch, STRIDE * height, STRIDE * width, channels[1]), STRIDE, "SAME")


@functools.cache
def _sums(k: int) -> np.ndarray:
    """`((k + 1)^2, k^2)`: which entries of a kernel meet in each of the transpose's, turned by half a turn."""
    one = np.zeros((k + 1, k), np.float32)
    for entry in range(k):
        one[[k - 1 - entry, k - entry], entry] = 1.0
    return np.kron(one, one)


def _padded(images: Tensor, kernel: Tensor) -> Tensor:
    """Padded on each side, which TensorFlow does fast forwards alone; gradients are those of the mirrored form."""
    import tensorflow as tf

    p = kernel.shape[0] // 2
    border, steps = [[0, 0], [p, p], [p, p], [0, 0]], [1, STRIDE, STRIDE, 1]

    @tf.custom_gradient
    def convolution(images: Tensor, kernel: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, Tensor]]]:
        def gradients(above: Tensor) -> tuple[Tensor, Tensor]:
            shape, mirrored = tf.shape(images), _mirrored(above)
            if images.shape[3] <= FEW and images.dtype != tf.bfloat16:  # the one that is faster padded
                of_images = tf.nn.conv2d_transpose(above, kernel, shape, STRIDE, border)
            else:
                of_images = _mirrored(tf.nn.conv2d_transpose(mirrored, _turned(kernel), shape, STRIDE, "SAME"))
            of_kernel = tf.raw_ops.Conv2DBackpropFilter(
                input=_mirrored(images),
                filter_sizes=kernel.shape,
                out_backprop=mirrored,
                strides=steps,
                padding="SAME",
            )
            return of_images, _turned(of_kernel)

        return tf.nn.conv2d(images, kernel, STRIDE, border), gradients

    return convolution(tf.convert_to_tensor(images), tf.convert_to_tensor(kernel))  # not a variable: it is read here


def _mirrored(images: Tensor) -> Tensor:
    """`(b, h, w, c)`, both axes reversed: as one axis, for which it is a copy, and not several times as slow."""
    import tensorflow as tf

    height, width, channels = images.shape[1:]
    rows = tf.reverse(tf.reshape(images, (-1, height * width, channels)), (1,))
    return tf.reshape(rows, (-1, height, width, channels))


def _turned(kernel: Tensor) -> Tensor:
    """`(k, k, in, out)`, both edges reversed."""
    import tensorflow as tf

    edge, _, *channels = kernel.shape
    return tf.reshape(tf.reverse(tf.reshape(kernel, (edge * edge, -1)), (0,)), (edge, edge, *channels))


def _by_squares(channels: int, p: int, dtype: str) -> bool:
    # In float32 its larger weight gradient takes what its input gradient saves.
    return channels <= FEW and p % 2 == 0 and keras.backend.standardize_dtype(dtype) == "bfloat16"


def _squares(kernel: Tensor) -> Tensor:
    """`(k, k, in, out)` -> `((k + 1) / 2, (k + 1) / 2, 4 in, out)`, for `space_to_depth`'s order of channels."""
    k, _, inputs, outputs = kernel.shape
    half = (k + 1) // 2
    whole = ops.reshape(ops.pad(kernel, [[0, 1], [0, 1], [0, 0], [0, 0]]), (half, 2, half, 2, inputs, outputs))
    return ops.reshape(ops.transpose(whole, (0, 2, 1, 3, 4, 5)), (half, half, 4 * inputs, outputs))
