"""A network and examples that a Python program has at hand."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import numpy as np

from bigan.data.augment import cropped
from bigan.data.dataset import Examples
from bigan.data.splits import Split
from transfer.encoders.encoder import Encoder

if TYPE_CHECKING:
    from bigan.models.method import Method


class Given(Encoder):
    """A method and a split, for evaluations without a run directory.

    Args:
        method: a trained method, or a Keras model that `wrapped.wrap` has made one of.
        split: labelled examples of its shape.
        name: as tables call it.

    Example:
        >>> net = keras.applications.ResNet50(weights="mine.weights.h5", input_shape=(224, 224, 3))
        >>> transfer.run([Given(wrapped.wrap(net), split, "resnet")], "linear", layer=["avg_pool"])
    """

    def __init__(self, method: Method, split: Split, name: str = "given") -> None:
        super().__init__(name)
        self._method, self._given = method, split

    def digest(self) -> str:
        """Of the networks' weights."""
        total = hashlib.blake2b(digest_size=16)
        for network in self._method.networks.values():
            for weight in network.get_weights():
                total.update(np.ascontiguousarray(weight).tobytes())
        return total.hexdigest()

    def _load(self) -> Method:
        return self._method

    def _split(self, crop: int) -> Split:
        given = self._given
        if not crop:
            return given
        train, evaluation = (
            Examples(cropped(part.images, crop), part.labels) for part in (given.train, given.evaluation)
        )
        return dataclasses.replace(given, train=train, evaluation=evaluation)
