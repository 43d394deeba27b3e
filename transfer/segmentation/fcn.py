"""FCN-32s (Long et al. 2015): a classifier whose fully connected layers are convolutions, and scores between its cells.

The stride is that of the transferred convolutions: 32 pixels with AlexNet's and pool5, 8 with DCGAN's three stages.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops

from bigan.models.method import Method
from bigan.runtime import memory
from bigan.types import Tensor
from transfer.backbone import classifier, geometry, initialization, trunk
from transfer.backbone.recipe import Recipe
from transfer.segmentation.layout import Layout


def layout(model: Method, window: int, edge: int) -> Layout:
    """Where images and cells lie.

    Args:
        model: a trained method with convolutions.
        window: edge of the images that the classifier is for.
        edge: the longer one of the images to segment, scaled.

    Raises:
        UserError: if the network cannot be transferred, or to images of this size.
    """
    convolutions = trunk.transferred(model, window)
    return Layout.of(edge, window, geometry.grid(convolutions).windows(convolutions.output_shape[1]))


def initialized(
    model: Method, window: int, classes: int, sample: np.ndarray, recipe: Recipe
) -> tuple[keras.Model, dict[str, float]]:
    """The classifier before training, as VOC classification initialises it, and the scales that balanced its layers.

    Args:
        model: a trained method with convolutions.
        window: edge of its images.
        classes: number of its logits.
        sample: `(n, window, window, channels)` raw images.
        recipe: how to train.

    Raises:
        UserError: as `classifier.with_head`.
    """
    network = classifier.with_head(trunk.transferred(model, window), classes, recipe)
    images = trunk.scaled(model, sample)
    initialization.initialize(network, {"fc6": "kmeans", "fc7": "kmeans"}, images, recipe.seed)
    return network, initialization.balance(classifier.below_fc8(network), images[:100], recipe.seed)


def convolutional(model: Method, head: keras.Model, places: Layout, recipe: Recipe) -> keras.Model:
    """The network from scaled canvases to scores: `(batch, canvas, canvas, 3)` to `(batch, cells, cells, classes)`.

    Its scores at a cell are those of `head` on the cell's window, but where convolutions pad: they see the window's
    surroundings there. Layers have `head`'s names, and weights of their own, its own at first.

    Args:
        model: whose convolutions `head` has.
        head: from `initialized`.
        places: see `layout`.
        recipe: dropout and seed are read.

    Raises:
        UserError: if its minibatches would not fit into memory.
    """
    convolutions = trunk.transferred(model, places.canvas)
    edge = convolutions.output_shape[1] - places.cells + 1
    h = convolutions.outputs[0]
    for i, name in enumerate(("fc6", "fc7")):
        units = head.get_layer(name).units
        h = layers.Conv2D(units, edge if i == 0 else 1, name=name)(h)
        h = layers.LeakyReLU(negative_slope=0.2, name=f"leaky_{name}")(h)
        h = layers.Dropout(recipe.dropout, seed=recipe.seed + i, name=f"drop_{name}")(h)
    h = layers.Conv2D(head.get_layer("fc8").units, 1, name="fc8")(h)
    network = keras.Model(convolutions.inputs, h, name="fcn")
    for layer in trunk.linear_layers(network):
        kernel, bias = head.get_layer(layer.name).get_weights()
        layer.set_weights([kernel.reshape(layer.kernel.shape), bias])
    pixels = 12 * places.edge**2 * network.output_shape[-1]  # their scores, probabilities and gradients
    memory.need(
        recipe.batch_size * (classifier.activations(network) + pixels),
        f"minibatches of `batch_size={recipe.batch_size}` images of `edge={places.edge}`",
    )
    return network


def pixel_cross_entropy(places: Layout) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of `(batch, edge, edge)` classes and `(batch, cells, cells, classes)` scores, interpolated to pixels.

    Softmax cross-entropy, averaged over the minibatch's pixels; those that are no class count nothing.
    """
    matrix = places.interpolation(places.edge, places.edge)

    def loss(labels: Tensor, scores: Tensor) -> Tensor:
        scores = ops.einsum("yi,bijc->byjc", ops.cast(matrix, scores.dtype), scores)
        scores = ops.einsum("xj,byjc->byxc", ops.cast(matrix, scores.dtype), scores)
        labels = ops.cast(labels, "int32")
        counted = labels < scores.shape[-1]
        losses = ops.sparse_categorical_crossentropy(ops.where(counted, labels, 0), scores, from_logits=True)
        kept = ops.cast(counted, losses.dtype)
        return ops.sum(losses * kept) / ops.maximum(ops.sum(kept), 1)

    return loss
