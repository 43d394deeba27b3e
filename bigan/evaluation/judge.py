"""The fixed classifier on whose features samples are compared, whatever model made them.

It is trained once on the labels of a run's training examples, from weights and minibatches that are always the same,
and kept in a folder of the user's, so that all runs on the same examples are judged by the same weights. Their digest
stands in the results: figures with different digests do not compare.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from bigan.data.dataset import Examples
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.models.forward import Forward
from bigan.networks.resizing import resize
from bigan.runtime import files
from bigan.streams import Stream, generator
from bigan.types import Tensor

RECIPE = 1  # to be raised with every change of what follows: classifiers of other recipes are not used
EDGE = 32  # larger images are reduced to it
SMALLEST = 12  # edge from which on convolutions pay
FEATURES = 128
EXAMPLES = 20_000  # training examples used, at most
BATCH, STEPS, EPOCHS = 128, 1000, 30  # the shorter of the two
STEP_SIZE = 2e-3


class Judge:
    """The classifier of one set of examples.

    Args:
        examples: labelled training examples, `images` as G makes them, raw.
        spec: of one of them.
        between: called now and then while it is trained; it may raise.

    Attributes:
        digest: of the weights.
    """

    def __init__(self, examples: Examples, spec: Spec, between: Callable[[], None] = lambda: None) -> None:
        if examples.labels is None:
            raise ValueError("the judge is trained on labels")
        if len(examples) > EXAMPLES:
            examples = examples.take(np.sort(generator(0, Stream.JUDGE_ORDER).permutation(len(examples))[:EXAMPLES]))
        self.spec, self.classes = spec, np.unique(np.asarray(examples.labels))
        self._network = _network(spec, len(self.classes))
        path = folder() / f"{_key(examples, spec)}.npz"
        weights = self._cached(path)
        if weights is None:
            weights = self._trained(examples, between)
            with contextlib.suppress(UserError):  # the folder is only there to save time
                files.write_arrays(path, {str(i): weight for i, weight in enumerate(weights)})
        self._network.set_weights(weights)
        digest = hashlib.blake2b(digest_size=8)
        for weight in weights:
            digest.update(np.ascontiguousarray(weight).data)
        self.digest = digest.hexdigest()
        features = keras.Model(self._network.inputs, self._network.get_layer("features").output)
        self._features = Forward([(features, None)], self._scale)
        self._logits = Forward([(self._network, None)], self._scale)
        sample = self._features(examples.images[:: -(-len(examples) // 1000)])
        self._unit = np.float32(1 / max(float(np.sqrt(np.mean(np.square(sample)))), 1e-12))

    def features(self, images: np.ndarray) -> np.ndarray:
        """`(n, FEATURES)` float32 of raw images; their root mean square over training examples is about 1."""
        return self._features(images) * self._unit

    def classify(self, images: np.ndarray) -> np.ndarray:
        """The label of each raw image, `(n,)`."""
        return self.classes[self._logits(images).argmax(axis=1)]

    def _scale(self, raw: Tensor) -> Tensor:
        scale, offset = self.spec.affine((-1.0, 1.0))
        x = ops.cast(raw, "float32") * np.asarray(scale, np.float32) + np.asarray(offset, np.float32)
        return resize(x, EDGE, EDGE) if _convolutional(self.spec.shape) and min(self.spec.shape[:2]) > EDGE else x

    def _cached(self, path: Path) -> list[np.ndarray] | None:
        try:
            with np.load(path, allow_pickle=False) as found:
                weights = [found[str(i)] for i in range(len(found.files))]
        except (OSError, ValueError, EOFError, KeyError):  # none, or a damaged one, which is made anew
            return None
        fits = [w.shape for w in weights] == [tuple(v.shape) for v in self._network.weights]
        return weights if fits else None

    def _trained(self, examples: Examples, between: Callable[[], None]) -> list[np.ndarray]:
        for i, variable in enumerate(self._network.trainable_variables):
            if variable.name == "kernel":
                spread = np.sqrt(2 / np.prod(variable.shape[:-1]))
                rng = generator(0, Stream.JUDGE_WEIGHTS, i)
                variable.assign(rng.standard_normal(variable.shape, np.float32) * spread)
        images, targets = np.asarray(examples.images), np.searchsorted(self.classes, np.asarray(examples.labels))
        size = min(BATCH, len(images))
        each = len(images) // size
        steps = min(STEPS, EPOCHS * each)
        step_size = keras.optimizers.schedules.CosineDecay(STEP_SIZE, steps)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self._network.compile(keras.optimizers.Adam(step_size), loss, jit_compile=keras.backend.backend() == "jax")
        for step in range(steps):
            epoch, place = divmod(step, each)
            if place == 0:
                between()
                order = generator(0, Stream.JUDGE_ORDER, epoch + 1).permutation(len(images))
            index = order[place * size : (place + 1) * size]
            batch = ops.convert_to_numpy(self._scale(_shifted(images[index], step)))
            self._network.train_on_batch(batch, targets[index])
        return [ops.convert_to_numpy(v) for v in self._network.weights]


def folder() -> Path:
    """Where classifiers are kept: $BIGAN_CACHE or, if it is not set, the user's folder for such things."""
    own = os.environ.get("BIGAN_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bigan"


def _key(examples: Examples, spec: Spec) -> str:
    digest = hashlib.blake2b(repr((RECIPE, spec, len(examples))).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(examples.images).data)
    digest.update(np.ascontiguousarray(examples.labels, np.int64).data)
    return f"judge-{digest.hexdigest()}"


def _convolutional(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and min(shape[:2]) >= SMALLEST


def _network(spec: Spec, classes: int) -> keras.Model:
    shape = spec.shape
    if not _convolutional(shape):
        x = h = layers.Input(shape)
        h = layers.Flatten()(h)
        for _ in range(2):
            h = layers.Dense(256, use_bias=False, kernel_initializer="zeros")(h)
            h = layers.ReLU()(layers.BatchNormalization()(h))
    else:
        x = h = layers.Input((EDGE, EDGE, shape[2]) if min(shape[:2]) > EDGE else shape)
        for channels, kernel in ((32, 5), (64, 3), (128, 3)):
            h = layers.Conv2D(channels, kernel, strides=2, padding="same", use_bias=False, kernel_initializer="zeros")(
                h
            )
            h = layers.ReLU()(layers.BatchNormalization()(h))
        h = layers.Flatten()(h)
    h = layers.Dense(FEATURES, activation="relu", kernel_initializer="zeros", name="features")(h)
    return keras.Model(x, layers.Dense(classes, kernel_initializer="zeros")(h), name="judge")


def _shifted(images: np.ndarray, step: int) -> np.ndarray:
    """Images moved by up to an eighth of their edge, at random, their borders repeated; vectors as they are."""
    if not _convolutional(images.shape[1:]):
        return images
    most = min(images.shape[1:3]) // 8
    rows, columns = generator(0, Stream.JUDGE_SHIFTS, step).integers(-most, most + 1, (2, len(images), 1))
    y = np.clip(np.arange(images.shape[1]) + rows, 0, images.shape[1] - 1)
    x = np.clip(np.arange(images.shape[2]) + columns, 0, images.shape[2] - 1)
    return images[np.arange(len(images))[:, None, None], y[:, :, None], x[:, None, :]]
