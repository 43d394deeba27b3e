"""Networks in layers of Keras's own, which load without this package."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from bigan.networks.normalization import BatchNormalization
from bigan.networks.strided import StridedConvolution
from bigan.types import Tensor


def plain(network: keras.Model) -> keras.Model:
    """The network with a ZeroPadding2D and a Conv2D for each `StridedConvolution`, and Keras's batch normalization.

    Args:
        network: a functional or sequential model; left as it is.

    Returns:
        Itself if it has neither; else a functional model, weights of its own, layers of the same names and, before a
        convolution NAME, a `pad_NAME`. Networks inside of it are replaced alike.
    """
    if not any(isinstance(layer, StridedConvolution | BatchNormalization) for layer in network._flatten_layers()):
        return network
    if isinstance(network, keras.Sequential):
        network = keras.Model(network.inputs, network.outputs, name=network.name)
    padding = {
        layer.name: layer.kernel_size[0] // 2 for layer in network.layers if isinstance(layer, StridedConvolution)
    }

    def clone(layer: layers.Layer) -> layers.Layer:
        if isinstance(layer, StridedConvolution | BatchNormalization):
            return layer.plain()
        inside = plain(layer) if isinstance(layer, keras.Model) else layer
        return inside if inside is not layer else type(layer).from_config(layer.get_config())

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
