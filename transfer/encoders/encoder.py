"""The interface of what is evaluated: a network with data to evaluate it on, whose features are computed once."""

from __future__ import annotations

import abc
import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bigan.data.dataset import Examples
from bigan.data.splits import Split
from bigan.runtime import memory

if TYPE_CHECKING:
    from bigan.models.method import Method

COPIES = 4  # of features: a classifier standardizes, centres or sorts them


class Encoder(abc.ABC):
    """Base of all encoders.

    Args:
        name: as tables call it.
        dataset: another dataset than the encoder's own; '' for its own.
        data_dir: where the dataset lies, if not where it was in training.
        resize: what another dataset's images have their shorter edge resized to, before crops are cut; 0: not at all.
    """

    def __init__(self, name: str, dataset: str = "", data_dir: str = "", resize: int = 0) -> None:
        self.name, self.dataset, self.data_dir, self.resize = name, dataset, data_dir, resize
        self._splits: dict[tuple[int, int], Split] = {}
        self._layer = ""
        self._features: dict[int, tuple[Examples, np.ndarray]] = {}  # of `_layer`, by the examples' identity

    @property
    def folder(self) -> Path | None:
        """Where results lie, if not told otherwise; None for nowhere."""
        return None

    @property
    def flip(self) -> bool:
        """Whether images are mirrored, half of the time, when a classifier is trained on them."""
        return False

    @abc.abstractmethod
    def digest(self) -> str:
        """Identifies the weights."""

    @functools.cached_property
    def method(self) -> Method:
        """The network under a method's interface, loaded when first used."""
        return self._load()

    def split(self, limit: int = 0, crop: int = 0) -> Split:
        """The labelled examples, the same objects at each call.

        Args:
            limit: training examples, at most; 0 for all.
            crop: edge of the images, if not the encoder's own.

        Raises:
            UserError: if there are no such data, or they do not fit the encoder.
        """
        if (limit, crop) not in self._splits:
            whole = self.split(0, crop) if limit else self._split(crop)
            self._splits[limit, crop] = whole.limited(limit)
        return self._splits[limit, crop]

    def features(self, examples: Examples, layer: str) -> np.ndarray:
        """Activations of one layer, `(n, k)` float32, kept until another layer's are asked for.

        Args:
            examples: raw examples. The same object is not computed again.
            layer: 'hidden', 'output' or a layer's name, see `Method.features`.

        Raises:
            UserError: if there is no such layer, or the features would not fit into memory.
        """
        if layer != self._layer:
            self.release()
            self._layer = layer
        if id(examples) not in self._features:
            self._features[id(examples)] = examples, self._compute(examples, layer)
        return self._features[id(examples)][1]

    def release(self) -> None:
        """Forgets the features that are kept."""
        self._layer = ""
        self._features.clear()

    def _compute(self, examples: Examples, layer: str) -> np.ndarray:
        size = 4 * len(examples) * math.prod(self.method.tap(layer).output_shape[1:])
        memory.need(
            COPIES * size,
            f"the features of {len(examples):,} examples at {layer!r}, and the classifier on them,",
            "pass fewer examples by `limit`, or another `layer`",
        )
        return self.method.features(examples.images, layer)

    @abc.abstractmethod
    def _load(self) -> Method:
        """Makes the network."""

    @abc.abstractmethod
    def _split(self, crop: int) -> Split:
        """Reads the examples; `crop` as in `split`."""
