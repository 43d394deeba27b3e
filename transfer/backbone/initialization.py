"""Data-dependent initialization and balancing of layers before supervised training.

After Kraehenbuehl et al., "Data-dependent Initializations of Convolutional Neural Networks", ICLR 2016, the tool with
which Table 5.3 was made. First every reinitialised layer gets random or k-means weights, rescaled so that each of its
channels has unit variance and a given mean on data; then the scales of all layers are balanced, so that one step
size suits all of them.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from bigan.runtime import memory
from bigan.runtime.compilation import compiled
from bigan.streams import Stream, generator
from bigan.types import Tensor
from transfer.backbone import trunk
from transfer.backbone.gradients import kernel_gradients

MEAN = 0.1  # of every reinitialised channel
DIRECTIONS = 100  # draws of directions at the output, along which gradients are taken to balance the layers


def initialize(network: keras.Model, names: dict[str, str], images: np.ndarray, seed: int, mean: float = MEAN) -> None:
    """Reinitialises layers, from the images on, each on what the layers before it make of `images`.

    Args:
        network: a functional model of convolutions and dense layers with biases; changed in place.
        names: the layers to reinitialise, with their kinds: 'normal', or 'kmeans' for a dense layer's whitened
            k-means (with fewer examples than units: 'normal').
        images: `(n, ...)` inputs of the network.
        seed: of weights and clusters.
        mean: of each channel afterwards; its variance is 1.
    """
    for i, layer in enumerate(trunk.linear_layers(network)):
        if layer.name in names:
            shape = tuple(layer.kernel.shape)
            kernel = generator(seed, Stream.CLASSIFIER_WEIGHTS, i).normal(size=shape)
            if names[layer.name] == "kmeans":
                inputs = outputs_of(network, layer.input, images)
                inputs = inputs.reshape(-1, inputs.shape[-1])  # of several regions of each image
            if names[layer.name] == "kmeans" and len(inputs) > shape[-1]:
                kernel = whitened_kmeans(inputs, shape[-1], seed + i)
            layer.set_weights([kernel.astype(np.float32), np.zeros(shape[-1], np.float32)])
            means, deviations = _moments(outputs_of(network, layer.output, images))
            deviations = np.where(deviations < 1e-6, 1.0, deviations)  # a channel that is constant on these images
            layer.set_weights([kernel / deviations, mean - means / deviations])


def whitened_kmeans(inputs: np.ndarray, units: int, seed: int) -> np.ndarray:
    """Directions that tell clusters of whitened inputs apart.

    Args:
        inputs: `(n, k)` activations, n > units.
        units: number of clusters.
        seed: of the clustering.

    Returns:
        `(k, units)` kernel.

    Raises:
        UserError: if it would not fit into memory.
    """
    from sklearn.cluster import MiniBatchKMeans

    size = 8 * (4 * inputs.size + inputs.shape[1] * units + 11 * units**2)  # all in float64; batches of 10 x units
    memory.need(size, f"k-means with `units={units}`")
    centred = inputs.astype(np.float64) - inputs.mean(axis=0)
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    singular, directions = singular[:units], directions[:units]
    scale = np.where(singular**2 < 1e-6, 0.0, 1 / np.sqrt(singular**2 + 1e-3))
    projection = directions.T * scale  # (k, r): onto the whitened principal components
    white = centred @ projection
    white /= np.maximum(np.linalg.norm(white, axis=1, keepdims=True), 1e-12)
    clusters = MiniBatchKMeans(units, batch_size=10 * units, random_state=seed, n_init=1).fit(white).cluster_centers_
    return projection @ clusters.T


def balance(network: keras.Model, images: np.ndarray, seed: int) -> dict[str, float]:
    """Scales the layers so that the ratio of gradient to weight norm is the same in each.

    Between layers, which follow one another, there are only positively homogeneous functions (LReLU, pooling), so
    multiplying layer i's kernel by s_i and its bias by s_1 ... s_i multiplies the output by the product of all s_i.
    That product is made 1: the network's function stays as it is. A layer's ratio is divided by s_i^2 then, so one
    step, s_i = sqrt(ratio_i / geometric mean), is exact. AlexNet's two groups count as one layer.

    Args:
        network: a functional model of convolutions and dense layers with biases; changed in place.
        images: `(n, ...)` inputs of the network.
        seed: of the directions at the output along which gradients are taken.

    Returns:
        s_i by layer, see `trunk.stage`.
    """
    ratios = gradient_ratios(network, images, seed)
    mean = np.exp(np.mean(np.log(list(ratios.values()))))
    scales = {name: float(np.sqrt(ratio / mean)) for name, ratio in ratios.items()}
    products = dict(zip(scales, np.cumprod(list(scales.values())), strict=True))
    for layer in trunk.linear_layers(network):
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel * scales[trunk.stage(layer)], bias * products[trunk.stage(layer)]])
    return scales


def gradient_ratios(network: keras.Model, images: np.ndarray, seed: int) -> dict[str, float]:
    """Root mean square of the kernels' gradient over that of the kernels, by layer.

    The gradient is that along random normal directions at the output, for ten images at a time: directions of images
    are independent, so gradients of few images tell the same ratios as those of many, and vary less from draw to draw.
    """
    layers = trunk.linear_layers(network)
    numbers = generator(seed, Stream.CLASSIFIER_BALANCE)
    gradients = kernel_gradients(network, layers)
    squares = {name: np.zeros(2) for name in dict.fromkeys(trunk.stage(layer) for layer in layers)}
    for layer in layers:
        squares[trunk.stage(layer)][1] += DIRECTIONS * _squared_norm(layer.kernel)
    for i in range(DIRECTIONS):
        part = images[np.arange(10 * i, 10 * i + 10) % len(images)]
        directions = numbers.normal(size=(len(part), *network.output_shape[1:])).astype(np.float32)
        for layer, gradient in zip(layers, gradients(part, directions), strict=True):
            squares[trunk.stage(layer)][0] += _squared_norm(gradient)
    return {name: float(np.sqrt(gradient / weight)) for name, (gradient, weight) in squares.items()}


def outputs_of(network: keras.Model, tensor: Tensor, images: np.ndarray, batch_size: int = 100) -> np.ndarray:
    """The values of a symbolic tensor inside `network` on `images`."""
    part = keras.Model(network.inputs, tensor)
    trainable, other = ([v.value for v in vs] for vs in (part.trainable_variables, part.non_trainable_variables))
    run = compiled(lambda t, o, x: part.stateless_call(t, o, x, training=False)[0])
    starts = range(0, len(images), batch_size)
    batches = (run(trainable, other, ops.convert_to_tensor(images[i : i + batch_size])) for i in starts)
    return np.concatenate([ops.convert_to_numpy(batch) for batch in batches])


def _squared_norm(tensor: Tensor) -> float:
    return float(np.square(ops.convert_to_numpy(tensor).astype(np.float64)).sum())


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = values.reshape(-1, values.shape[-1]).astype(np.float64)
    return flat.mean(axis=0), flat.std(axis=0)
