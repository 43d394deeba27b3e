"""A classifier on transferred convolutions: AlexNet's head, which of its layers move, and its scores."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection

import keras
import numpy as np
from keras import layers

from bigan.runtime import memory
from transfer.backbone import trunk
from transfer.backbone.recipe import Recipe


def with_head(convolutions: keras.Model, classes: int, recipe: Recipe) -> keras.Model:
    """`convolutions`, flattened, and AlexNet's fc6, fc7 and fc8 (zero): images to `(batch, classes)` logits.

    LReLU and dropout follow fc6 and fc7.

    Args:
        convolutions: from `trunk.transferred`.
        classes: number of logits.
        recipe: units and dropout are read.

    Raises:
        UserError: if the network, its minibatches or its initialization would not fit into memory.
    """
    memory.need(
        _head_size(convolutions, classes, recipe),
        f"a classifier with `units={recipe.units}` on {convolutions.output_shape[1:]}, and its training,",
    )
    memory.need(
        recipe.batch_size * activations(convolutions), f"minibatches of `batch_size={recipe.batch_size}` images"
    )
    h = layers.Flatten(name="flatten")(convolutions.outputs[0])
    for i, name in enumerate(("fc6", "fc7")):
        h = layers.Dense(recipe.units, name=name)(h)
        h = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_{name}")(h)
        h = layers.Dropout(recipe.dropout, seed=recipe.seed + i, name=f"drop_{name}")(h)
    h = layers.Dense(classes, kernel_initializer="zeros", name="fc8")(h)
    return keras.Model(convolutions.inputs, h, name="classifier")


def below_fc8(network: keras.Model) -> keras.Model:
    """The part of a classifier before fc8, on the same weights."""
    return keras.Model(network.inputs, network.get_layer("fc8").input)


def freeze(network: keras.Model, names: set[str]) -> None:
    """Lets training move the linear layers outside `names` alone; see `trunk.stage` for their names."""
    for layer in trunk.linear_layers(network):
        layer.trainable = trunk.stage(layer) not in names


def move(network: keras.Model, names: Collection[str]) -> None:
    """Lets training move the linear layers in `names` alone; none named: all."""
    every = {trunk.stage(layer) for layer in trunk.linear_layers(network)}
    freeze(network, every - set(names) if names else set())


def digest(network: keras.Model, names: set[str]) -> str:
    """Identifies the weights of the linear layers in `names`, bit by bit."""
    total = hashlib.blake2b(digest_size=16)
    for layer in trunk.linear_layers(network):
        if trunk.stage(layer) in names:
            for weight in layer.get_weights():
                total.update(np.ascontiguousarray(weight).data)
    return total.hexdigest()


def scores(network: keras.Model, images: np.ndarray, batch_size: int = 100) -> np.ndarray:
    """`(n, classes)` logits of `(n, ...)` scaled images, dropout off."""
    return np.asarray(network.predict(images, batch_size=batch_size, verbose=0))


def activations(network: keras.Model) -> int:
    """Bytes of one image's activations and their gradients."""
    shapes = (operation.output.shape[1:] for operation in network.layers if hasattr(operation, "output"))
    return 2 * 4 * sum(math.prod(shape) for shape in shapes)


def _head_size(convolutions: keras.Model, classes: int, recipe: Recipe) -> int:
    """Bytes of the head: weights, gradients and momentum in float32, and a layer in float64 while it is initialised."""
    flat, units = math.prod(convolutions.output_shape[1:]), recipe.units
    return 16 * (flat * units + units**2 + units * classes) + 24 * max(flat, units) * units
