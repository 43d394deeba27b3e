"""Convolutions at stride 2 and their transposes as layers, and networks of them in layers of Keras's own."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from bigan.runtime import strides
from bigan.types import Tensor


class StridedConvolution(layers.Conv2D):
    """A convolution at stride 2, padded by (kernel - 1) / 2 on each side; see `bigan.runtime.strides`.

    Args:
        filters: channels of the result.
        kernel_size: edge of the kernel, odd.
        keywords: Conv2D's others; "same" is what the shapes are those of.
    """

    def __init__(self, filters: int, kernel_size: int | tuple[int, int], **keywords: Any) -> None:
        super().__init__(filters, kernel_size, **keywords | {"strides": strides.STRIDE, "padding": "same"})

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """`(batch, h, w, channels)` -> `(batch, h / 2, w / 2, filters)`."""
        return strides.convolve(inputs, kernel)

    def plain(self) -> layers.Conv2D:
        """The same for padded images, a layer of Keras's own."""
        return layers.Conv2D.from_config(self.get_config() | {"padding": "valid"})


class StridedTranspose(layers.Conv2DTranspose):
    """The transpose of `StridedConvolution`, without bias and activation: twice the edge."""

    def __init__(self, filters: int, kernel_size: int | tuple[int, int], **keywords: Any) -> None:
        super().__init__(filters, kernel_size, **keywords | {"strides": strides.STRIDE, "padding": "same"})

    def call(self, inputs: Tensor) -> Tensor:
        """`(batch, h, w, channels)` -> `(batch, 2 h, 2 w, filters)`."""
        return strides.transpose(inputs, self.kernel)


def plain(network: keras.Model) -> keras.Model:
    """The network with a ZeroPadding2D and a Conv2D for each `StridedConvolution`; itself if it has none.

    Args:
        network: a functional model; left as it is.

    Returns:
        A functional model, weights of its own, layers of the same names and, before `NAME`, a `pad_NAME`.
    """
    padding = {
        layer.name: layer.kernel_size[0] // 2 for layer in network.layers if isinstance(layer, StridedConvolution)
    }
    if not padding:
        return network

    def clone(layer: layers.Layer) -> layers.Layer:
        return layer.plain() if layer.name in padding else type(layer).from_config(layer.get_config())

    def call(layer: layers.Layer, *arguments: Tensor, **keywords: Any) -> Tensor:
        if layer.name in padding:
            pad = layers.ZeroPadding2D(padding[layer.name], dtype=layer.dtype_policy, name=f"pad_{layer.name}")
            arguments = (pad(arguments[0]), *arguments[1:])
        return layer(*arguments, **keywords)

    result = keras.models.clone_model(network, clone_function=clone, call_function=call)
    for layer in result.layers:
        if layer.weights:
            layer.set_weights(network.get_layer(layer.name).get_weights())
    return result
