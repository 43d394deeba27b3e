"""Training and testing a network on VOC's 20 binary tasks.

The recipe of the tools that the thesis used: fc6 and fc7 initialised by whitened k-means on data, fc8 zero, the scales
of all layers balanced; sigmoid cross-entropy, 'difficult' classes left out; random crops at random scales, mirrored;
scores of ten such crops added up at test.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from bigan.models.method import Method
from bigan.runtime import memory
from bigan.streams import Stream, generator
from bigan.types import Tensor
from transfer.backbone import classifier, initialization, training, trunk
from transfer.backbone.recipe import Recipe
from transfer.datasets.decoding import Decoder, crop
from transfer.datasets.voc import CLASSES, Labelled

CROPS = 10  # of each image that is tested on
EXAMPLES = 1000  # at least, on which fc6 and fc7 are initialised, if there are so many
CHUNK = 500  # images tested at once


@dataclass(frozen=True)
class Fitted:
    """What a training comes to.

    Args:
        scores: `(n, 20)` of the images to test on, added up over crops.
        curve: of the loss, see `training.train`.
        scales: that balanced the layers, by layer.
    """

    scores: np.ndarray
    curve: list[list[float]]
    scales: dict[str, float]


def fit(
    model: Method,
    images: tuple[Labelled, Labelled],
    trained: Sequence[str],
    resolution: int,
    recipe: Recipe,
    about: str,
) -> Fitted:
    """Trains a network on VOC's images, and scores others.

    Args:
        model: a trained method with convolutions of colour images.
        images: to train on, and to test on.
        trained: the layers that move; none named: all.
        resolution: edge of the crops that the network sees, 227 in the thesis.
        recipe: how to train.
        about: what progress lines begin with.

    Raises:
        UserError: naming the file, if an image is damaged.
    """
    train, test = (Decoder(part, resolution) for part in images)
    for decoder in (train, test):  # a damaged image is found before anything is trained
        decoder.check()
    labels, count = images[0].labels, len(images[0].encoded)
    some = min(count, max(2 * recipe.units, EXAMPLES))
    memory.need(12 * some * resolution**2 * 3, f"{some:,} images of `crop={resolution}`", "pass fewer `units`")
    numbers = generator(recipe.seed, Stream.CLASSIFIER_SAMPLE)
    sample = trunk.scaled(model, crops(train, range(some), [numbers] * some))
    network, scales = build(model, resolution, sample, trained, recipe)

    def minibatch(i: int) -> tuple[np.ndarray, np.ndarray]:
        index = training.places(count, i, recipe)
        numbers = generator(recipe.seed, Stream.CLASSIFIER_CROPS, i)
        raw = crops(train, index, [numbers] * len(index))
        return trunk.scaled(model, raw), labels[index].astype(np.float32)

    curve = training.train(network, minibatch, sigmoid_cross_entropy, recipe, about)
    return Fitted(_scores(network, model, test, recipe.seed), curve, scales)


def build(
    model: Method, resolution: int, images: np.ndarray, trained: Sequence[str], recipe: Recipe
) -> tuple[keras.Model, dict[str, float]]:
    """The network before training, initialised and balanced on `images`, and the scales that balanced it."""
    network = classifier.with_head(trunk.transferred(model, resolution), len(CLASSES), recipe)
    initialization.initialize(network, {"fc6": "kmeans", "fc7": "kmeans"}, images, recipe.seed)
    scales = initialization.balance(classifier.below_fc8(network), images[:100], recipe.seed)
    classifier.move(network, trained)
    return network, scales


def crops(images: Decoder, index: Iterable[int], numbers: Iterable[np.random.Generator]) -> np.ndarray:
    """A random crop of each image at `index`, `(k, edge, edge, 3)` uint8, each drawn by its own of `numbers`."""
    return np.stack([crop(images[i], images.resolution, own) for i, own in zip(index, numbers, strict=True)])


def sigmoid_cross_entropy(labels: Tensor, logits: Tensor) -> Tensor:
    """Summed over classes, averaged over images; classes labelled 0 (difficult) count nothing.

    Args:
        labels: `(batch, 20)`: 1, 0 or -1.
        logits: `(batch, 20)`.
    """
    labels = ops.cast(labels, logits.dtype)
    return ops.mean(ops.sum(ops.abs(labels) * ops.softplus(-labels * logits), axis=1))


def _scores(network: keras.Model, model: Method, test: Decoder, seed: int) -> np.ndarray:
    total = np.zeros((len(test), len(CLASSES)))
    for k in range(CROPS):
        for start in range(0, len(test), CHUNK):
            index = range(start, min(start + CHUNK, len(test)))
            raw = crops(test, index, [generator(seed, Stream.TEST_CROPS, k, i) for i in index])
            total[start : start + CHUNK] += classifier.scores(network, trunk.scaled(model, raw))
    return total
