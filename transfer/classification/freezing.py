"""Training and testing a classifier some of whose convolutions are transferred and frozen."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from bigan.data.augment import Augment
from bigan.data.dataset import Examples
from bigan.data.splits import Split
from bigan.models.method import Method
from bigan.streams import Stream, generator
from bigan.types import Tensor
from transfer.backbone import classifier, initialization, training, trunk
from transfer.backbone.recipe import Recipe

EXAMPLES = 500  # on which channels are rescaled


def fit(
    model: Method, train: Examples, frozen: set[str], recipe: Recipe, flip: bool, about: str
) -> tuple[keras.Model, list[list[float]]]:
    """The trained classifier, and its loss curve.

    Args:
        model: a trained method with convolutions.
        train: labelled images; random crops where they are larger than what they are seen as.
        frozen: the convolutions that stay the model's; the others begin anew.
        recipe: how to train.
        flip: whether images are mirrored, half of the time.
        about: what progress lines begin with.
    """
    classes, labels = np.unique(_labels(train), return_inverse=True)
    order = generator(recipe.seed, Stream.CLASSIFIER_SAMPLE).permutation(len(train))
    sample = trunk.scaled(model, train.images[np.sort(order[:EXAMPLES])])
    network = build(model, train.images.shape[1], len(classes), frozen, sample, recipe)
    before, augment = classifier.digest(network, frozen), Augment(flip)

    def minibatch(i: int) -> tuple[np.ndarray, np.ndarray]:
        index = generator(recipe.seed, Stream.CLASSIFIER_ORDER, i).integers(0, len(train), recipe.batch_size)
        raw = augment(train.images, index, generator(recipe.seed, Stream.CLASSIFIER_CROPS, i))
        return trunk.scaled(model, raw), labels[index]

    curve = training.train(network, minibatch, cross_entropy, recipe, about)
    if classifier.digest(network, frozen) != before:
        raise AssertionError(f"frozen weights of {', '.join(sorted(frozen))} have moved")
    return network, curve


def build(
    model: Method, resolution: int, classes: int, frozen: set[str], images: np.ndarray, recipe: Recipe
) -> keras.Model:
    """The classifier before training: convolutions in `frozen` are the model's, all else is initialised on `images`."""
    network = classifier.with_head(trunk.transferred(model, resolution), classes, recipe)
    anew = {
        layer.name: "normal"
        for layer in trunk.linear_layers(network)
        if layer.name != "fc8" and trunk.stage(layer) not in frozen
    }
    initialization.initialize(network, anew, images, recipe.seed)
    classifier.freeze(network, frozen)
    return network


def classify(network: keras.Model, model: Method, split: Split) -> np.ndarray:
    """Labels that a trained classifier gives the evaluation examples, `(n,)` integers."""
    classes, test = np.unique(_labels(split.train)), split.evaluation
    chunks = (trunk.scaled(model, test.images[i : i + EXAMPLES]) for i in range(0, len(test), EXAMPLES))
    return classes[np.concatenate([classifier.scores(network, chunk) for chunk in chunks]).argmax(axis=1)]


def cross_entropy(labels: Tensor, logits: Tensor) -> Tensor:
    """Mean over images; `(batch,)` integers and `(batch, classes)` logits."""
    return ops.mean(ops.sparse_categorical_crossentropy(ops.cast(ops.reshape(labels, (-1,)), "int32"), logits, True))


def _labels(examples: Examples) -> np.ndarray:
    if examples.labels is None:
        raise ValueError("a classifier is trained with labels")
    return examples.labels
