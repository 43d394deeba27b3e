"""Frozen layers (Table 5.2): conv1..convN transferred and frozen, all above trained anew with labels.

After Noroozi and Favaro 2016: the convolutions above convN are reinitialised, AlexNet's fully connected layers put on
top, and the whole trained as a classifier. Not a linear probe of convN, which is `linear`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from bigan import streams
from bigan.data.crops import Crops
from bigan.data.splits import Split
from bigan.errors import UserError
from bigan.method import Method
from transfer import initialization, intervals, supervised, trunk
from transfer.supervised import Recipe

FROM_SCRATCH = "none"  # the column of a network in which nothing is transferred
EXAMPLES = 500  # on which channels are rescaled
RECIPE = Recipe(batch_size=64, learning_rate=1e-2, weight_decay=5e-4)


def evaluate(model: Method, split: Split, layer: str, recipe: Recipe = RECIPE) -> dict[str, Any]:
    """Accuracy of a classifier whose convolutions up to `layer` are the model's and frozen.

    Args:
        model: a trained method with convolutions.
        split: labelled images, of any size; training sees random crops where they are crops of a store, evaluation
            centre crops. Evaluation labels are used for counting only.
        layer: 'conv1', 'conv2', ... or 'none': everything reinitialised and trained, supervised from scratch.
        recipe: how to train.

    Returns:
        'accuracy' in percent with its bootstrap 'interval', the 'loss_curve', and the protocol.

    Raises:
        UserError: if there are no labels, no convolutions, or no such layer.
    """
    train, test = split.train, split.evaluation
    if train.labels is None or test.labels is None:
        raise UserError("--task=frozen_layers needs labels, and this dataset has none")
    check(model, layer)
    known = trunk.convolutions(model)
    frozen = set() if layer == FROM_SCRATCH else set(known[: known.index(layer) + 1])
    classes, labels = np.unique(train.labels, return_inverse=True)
    if len(classes) < 2:
        raise UserError("--task=frozen_layers needs two classes at least among the training labels")
    generator = np.random.Generator(np.random.PCG64(recipe.seed))
    sample = np.sort(generator.permutation(len(train))[:EXAMPLES])

    network = build(
        model, train.images.shape[1], len(classes), frozen, trunk.scaled(model, train.images[sample]), recipe
    )
    before = supervised.digest(network, frozen)

    def minibatch(i: int) -> tuple[np.ndarray, np.ndarray]:
        draw = streams.generator(recipe.seed, 1, i)
        index = draw.integers(0, len(train), recipe.batch_size)
        images = train.images
        raw = images.augmented(index, draw) if isinstance(images, Crops) else images[index]
        return trunk.scaled(model, raw), labels[index]

    curve = supervised.train(network, minibatch, _cross_entropy, recipe, f"frozen_layers, {layer}")
    if supervised.digest(network, frozen) != before:
        raise AssertionError(f"frozen weights up to {layer} have moved")
    chunks = (trunk.scaled(model, test.images[i : i + 500]) for i in range(0, len(test), 500))
    guesses = classes[np.concatenate([supervised.scores(network, chunk) for chunk in chunks]).argmax(axis=1)]
    return intervals.accuracy(guesses == test.labels) | {
        "layer": layer, "resolution": train.images.shape[1], "iterations": recipe.iterations, "loss_curve": curve,
        "training_examples": len(train), "evaluation_examples": len(test), "evaluation": split.protocol,
    }  # fmt: skip


def columns(model: Method) -> list[str]:
    """What `layer` may be: Table 5.2's columns, and training from scratch."""
    return [FROM_SCRATCH, *trunk.convolutions(model)]


def check(model: Method, layer: str) -> None:
    """Raises a UserError if there is no such column."""
    if layer not in columns(model):
        raise UserError(f"--layer: no convolution {layer!r} to freeze; there are: {', '.join(columns(model))}")


def build(model: Method, resolution: int, classes: int, frozen: set[str], images: np.ndarray, recipe: Recipe) -> Any:
    """The classifier before training: convolutions in `frozen` are the model's, all else is initialised on `images`."""
    network = supervised.with_head(trunk.transferred(model, resolution), classes, recipe)
    anew = {
        layer.name: "normal"
        for layer in trunk.linear_layers(network)
        if layer.name != "fc8" and trunk.stage(layer) not in frozen
    }
    initialization.initialize(network, anew, images, recipe.seed)
    supervised.freeze(network, frozen)
    return network


def _cross_entropy(labels: Any, logits: Any) -> Any:
    return ops.mean(ops.sparse_categorical_crossentropy(ops.cast(ops.reshape(labels, (-1,)), "int32"), logits, True))
