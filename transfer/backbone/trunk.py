"""The convolutions of a trained network as they are transferred: batch normalization folded, at any resolution.

AlexNet's first convolution and pools are unpadded here, as in the supervised networks that they replace, and a pool5
follows conv5 (section 5.5.3.2; Krizhevsky et al. 2012): 227 x 227 x 3 -> 6 x 6 x 256 at the thesis's width.
"""

from __future__ import annotations

import hashlib
import re

import keras
import numpy as np
from keras import layers

from bigan.data.crops import Images
from bigan.errors import UserError
from bigan.models.method import Method
from bigan.networks.folding import merged
from bigan.types import Tensor

LINEAR = (layers.Conv2D, layers.Dense)
# Positively homogeneous, and without weights: what may lie between linear layers.
BETWEEN = (
    layers.InputLayer,
    layers.LeakyReLU,
    layers.ReLU,
    layers.ZeroPadding2D,
    layers.MaxPooling2D,
    layers.AveragePooling2D,
    layers.Concatenate,
    layers.Dropout,
)
OPERATIONS = ("Pad", "Split", "GetItem")


def convolutions(model: Method) -> list[str]:
    """Names of the taps after each convolution of the representation network: conv1, conv2, ..., after linear1, ...

    Raises:
        UserError: if it has none: there is nothing then that could be frozen.
    """
    stages = {stage(layer) for layer in linear_layers(model.representation)}
    names = [layer.name for layer in model.representation.layers if re.fullmatch(r"conv\d+", layer.name)]
    square = len(model.spec.shape) == 3 and model.spec.shape[0] == model.spec.shape[1]
    if not names or not stages >= set(names) or not square:
        raise UserError(
            "this task takes encoders of square images with convolutions, layers linear1, linear2, ..., each followed "
            "by its conv1, conv2, ...; here there are: "
            f"{', '.join(layer.name for layer in model.representation.layers[1:])}"
        )
    return names


def transferred(model: Method, resolution: int) -> keras.Model:
    """The network from scaled images to the last convolution's (or pool5's) feature map.

    Args:
        model: a trained method; left as it is.
        resolution: edge of the images, in pixels.

    Returns:
        A functional model on `(batch, resolution, resolution, channels)` float32 in the method's `value_range`, with
        layers of the same names and weights of its own.

    Raises:
        UserError: if the network has no convolutions, is no plain stack of them (only linear convolutions, ReLU or
            LReLU, padding and pooling can be frozen, initialised and balanced), or nothing is left of such images.
    """
    last = convolutions(model)[-1]
    network = merged(model.tap(last))
    for item in network.operations:
        linear = isinstance(item, LINEAR) and item.activation is keras.activations.linear
        if not (linear or isinstance(item, BETWEEN) or type(item).__name__ in OPERATIONS):
            raise UserError(
                f"{type(model).__name__}'s {item.name!r} ({type(item).__name__}) cannot be transferred: the task is "
                "for plain stacks of convolutions without activation of their own, ReLU or LReLU, padding and pooling"
            )
    x = layers.Input((resolution, resolution, model.spec.shape[2]), name="x")
    dropped: set[str] = set()
    if model.unpadded_transfer:
        dropped = {op.name for op in network.operations if type(op).__name__ == "Pad" or op.name == "pad_linear1"}

    def call(layer: layers.Layer, *arguments: Tensor, **keywords: Tensor) -> Tensor:
        return arguments[0] if layer.name in dropped else layer(*arguments, **keywords)

    try:
        trunk = keras.models.clone_model(network, input_tensors=x, call_function=call)
        if model.unpadded_transfer:
            trunk = keras.Model(trunk.inputs, layers.MaxPooling2D(3, strides=2, name="pool5")(trunk.outputs[0]))
    except ValueError as error:
        raise UserError(f"`crop={resolution}`: nothing is left of so small an image after {last}") from error
    for layer in trunk.layers:
        if layer.weights:
            layer.set_weights(network.get_layer(layer.name).get_weights())
    return trunk


def identity(network: keras.Model) -> str:
    """Identifies a network's architecture: what it computes, its weights aside."""
    plain = re.sub(r"_\d+", "", network.to_json())  # numbers that Keras gives, other ones in each process
    return hashlib.blake2b(plain.encode(), digest_size=16).hexdigest()


def linear_layers(network: keras.Model) -> list[layers.Layer]:
    """Convolutions and dense layers, from the images on; AlexNet's groups are layers of their own."""
    return [layer for layer in network.layers if isinstance(layer, LINEAR)]


def stage(layer: layers.Layer) -> str:
    """The convolution that a layer belongs to: 'conv2' for linear2, linear2a and linear2b; else the layer's name."""
    name = str(layer.name)
    return f"conv{name.removeprefix('linear').rstrip('ab')}" if name.startswith("linear") else name


def scaled(model: Method, images: Images) -> np.ndarray:
    """Raw `(n, edge, edge, channels)` images of any size, in the method's `value_range`, float32."""
    scale, offset = model.spec.affine(model.value_range)
    return (np.asarray(images, np.float32) * scale + offset).astype(np.float32)
