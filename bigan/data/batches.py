"""Minibatches: batch i of epoch e, its order, crops and latents, are a function of (seed, e, i) alone.

That is what makes resuming exact, replicas distinct and backends comparable.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import keras
import numpy as np

from bigan.data.augment import Augment
from bigan.data.dataset import Examples
from bigan.data.inputs import Minibatch, StepInput, images, latents
from bigan.data.splits import steps_per_epoch
from bigan.latents import Latent
from bigan.streams import Stream, generator

if TYPE_CHECKING:
    import tensorflow as tf

READ_AHEAD = 4  # minibatches
IMAGES_AND_LATENTS = {"x": images(), "z": latents()}


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """The order in which epoch `epoch` visits `count` examples."""
    return generator(seed, Stream.ORDER, epoch).permutation(count)


class Minibatches(keras.utils.PyDataset):
    """An endless sequence of training minibatches, from any minibatch of any epoch on.

    An epoch visits the examples in a random order; a last incomplete minibatch is left out (the next epoch's order is
    another). Use with `fit(batches.feed(), steps_per_epoch=steps, shuffle=False)`.

    Args:
        examples: raw examples.
        latent: distribution of z.
        batch_size: examples in each minibatch.
        seed: of order, augmentation and latents.
        start: number of minibatches, counted over all epochs, that were already trained on.
        augment: how training sees the examples.
        inputs: what a step gets, by name; see `bigan.data.inputs`.
        part: the rows of each minibatch that are made: another process makes the others.
    """

    def __init__(
        self,
        examples: Examples,
        latent: Latent,
        batch_size: int,
        seed: int,
        start: int = 0,
        augment: Augment = Augment(),  # noqa: B008 (frozen)
        inputs: dict[str, StepInput] = IMAGES_AND_LATENTS,
        part: slice = slice(None),
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.examples, self.latent, self.batch_size, self.seed, self.start = examples, latent, batch_size, seed, start
        self.augment, self.inputs, self.part = augment, inputs, part
        self.steps = steps_per_epoch(len(examples), batch_size)
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    @property
    def num_batches(self) -> None:
        """None: endless."""
        return None

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        epoch, step = divmod(self.start + index, self.steps)
        return (self.minibatch(epoch, step),)

    def feed(self) -> Minibatches | tf.data.Dataset:
        """What to give to `fit`: the minibatches, read ahead.

        On TensorFlow Keras would make of a PyDataset a pipeline that tunes itself, and the end of a long run then waits
        for the tuner, now and then for a minute. This one has nothing to tune.
        """
        if keras.backend.backend() != "tensorflow":
            return self
        import tensorflow as tf

        (first,) = self[0]
        signature = ({name: tf.TensorSpec(array.shape, array.dtype) for name, array in first.items()},)
        pipeline = tf.data.Dataset.from_generator(
            lambda: map(self.__getitem__, itertools.count()), output_signature=signature
        )
        options = tf.data.Options()
        options.autotune.enabled = False
        return pipeline.prefetch(READ_AHEAD).with_options(options)

    def minibatch(self, epoch: int, step: int) -> dict[str, np.ndarray]:
        """One step's inputs by name, e.g. `{"x": (batch, ...) raw, "z": (batch, d) float32}`."""
        minibatch = self._at(epoch, step)
        return {name: entry.rows(minibatch) for name, entry in self.inputs.items()}

    def images(self, epoch: int, step: int) -> np.ndarray:
        """One step's raw examples alone, `(batch, ...)`, as training sees them."""
        return images().rows(self._at(epoch, step))

    def _at(self, epoch: int, step: int) -> Minibatch:
        if self._order[0] != epoch:
            self._order = (epoch, epoch_order(len(self.examples), self.seed, epoch))
        index = self._order[1][step * self.batch_size : (step + 1) * self.batch_size]
        return Minibatch(self.examples, index, self.latent, self.augment, self.seed, epoch, step, self.part)
