"""Fast R-CNN (Girshick 2015) on transferred convolutions: the network, and its multi-task loss."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from bigan.models.method import Method
from bigan.runtime import memory
from bigan.types import Tensor
from transfer.backbone import classifier, geometry, initialization, trunk
from transfer.backbone.recipe import Recipe
from transfer.detection import layout
from transfer.detection.pooling import RoIPooling

REGIONS = 128  # of a minibatch
BINS = 6  # along a region's sides, as in AlexNet


def build(
    model: Method, canvas: int, classes: int, images: np.ndarray, recipe: Recipe
) -> tuple[keras.Model, dict[str, float]]:
    """The network before training, and the scales that balanced its layers.

    Args:
        model: a trained method with convolutions.
        canvas: edge of the images.
        classes: background among them, 0.
        images: `(n, canvas, canvas, channels)` scaled, on which fc6 and fc7 are initialised.
        recipe: units, dropout and seed are read.

    Returns:
        A model of images `(batch, canvas, canvas, channels)` and regions `(batch, r, 4)`, in pixels of the canvas,
        0-based and inclusive, to `(batch, r, 5 * classes)`: scores, then four offsets of each class.
    """
    below = trunk.transferred(model, canvas)
    if below.layers[-1].name == "pool5":  # the regions' pooling takes its place
        below = keras.Model(below.inputs, below.layers[-1].input)
    inputs = BINS**2 * below.output_shape[-1]
    memory.need(
        16 * (inputs * recipe.units + recipe.units**2) + 24 * max(inputs, recipe.units) * recipe.units,
        f"a detector with `units={recipe.units}`, and its training,",
    )
    pooled = 6 * 4 * REGIONS * inputs  # what is read of regions' cells, and gradients
    memory.need(
        recipe.batch_size * classifier.activations(below) + pooled,
        f"minibatches of `batch_size={recipe.batch_size}` images on canvases of {canvas} x {canvas}",
    )
    place = geometry.grid(below)
    stack: list[layers.Layer] = [RoIPooling(BINS, place.stride, place.first, name="roi_pooling")]
    for i, name in enumerate(("fc6", "fc7")):
        stack += [layers.Dense(recipe.units, name=name), layers.LeakyReLU(negative_slope=0.2, name=f"leaky_{name}")]
        stack.append(layers.Dropout(recipe.dropout, seed=recipe.seed + i, name=f"drop_{name}"))

    def head(regions: Tensor) -> Tensor:
        h = stack[0](below.outputs[0], regions)
        for layer in stack[1:]:
            h = layer(h)
        return h

    some = np.asarray((canvas - 1) * layout.SAMPLED, np.float32)
    sampled = keras.Model(below.inputs, head(below.inputs[0][:, : len(some), :1, 0] * 0 + some))
    initialization.initialize(sampled, {"fc6": "kmeans", "fc7": "kmeans"}, images, recipe.seed)
    scales = initialization.balance(sampled, images[:100], recipe.seed)
    regions = layers.Input((None, 4), name="regions")
    h = head(regions)
    scores = layers.Dense(classes, kernel_initializer="zeros", name="scores")(h)
    offsets = layers.Dense(4 * classes, kernel_initializer="zeros", name="offsets")(h)
    return keras.Model([below.inputs[0], regions], layers.Concatenate(name="both")([scores, offsets])), scales


def multi_task(labels: Tensor, output: Tensor) -> Tensor:
    """Cross-entropy, and smooth L1 of the own class's offsets in the foreground; mean over the regions that count.

    Args:
        labels: `(batch, r, 5)`: a class, 0 for background or -1 for a region that does not count; its coded target.
        output: of the network.
    """
    kind, classes = labels[..., 0], output.shape[-1] // 5
    counted, front = (ops.cast(which, output.dtype) for which in (kind >= 0, kind > 0))
    own = ops.one_hot(ops.cast(ops.maximum(kind, 0), "int32"), classes, dtype=output.dtype)
    surprise = -ops.sum(own * ops.log_softmax(output[..., :classes], axis=-1), axis=-1)
    parts = [ops.sum(own * output[..., classes + k :: 4][..., :classes], axis=-1) for k in range(4)]
    off = ops.abs(ops.stack(parts, axis=-1) - labels[..., 1:])
    smooth = ops.sum(ops.where(off < 1, 0.5 * off**2, off - 0.5), axis=-1)
    return ops.sum(counted * surprise + front * smooth) / ops.maximum(ops.sum(counted), 1.0)
