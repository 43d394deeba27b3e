"""What a training step can get: each input is a function of (seed, epoch, step) and of the minibatch's examples.

A method names its inputs in `Method.step_inputs`; by default they are 'x', `images()`, and 'z', `latents()`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bigan.data.augment import Augment
from bigan.data.dataset import Examples
from bigan.data.splits import steps_per_epoch
from bigan.errors import UserError
from bigan.latents import Latent
from bigan.streams import Stream, generator


@dataclass(frozen=True)
class Minibatch:
    """One minibatch before it is made: what it is a function of.

    Args:
        examples: the training examples.
        index: `(batch,)` places of the minibatch's examples among them.
        latent: distribution of z.
        augment: how training sees the examples.
        seed, epoch, step: of the run.
        part: the rows that are asked for: where several processes share the minibatch, each makes its own.
    """

    examples: Examples
    index: np.ndarray
    latent: Latent
    augment: Augment
    seed: int
    epoch: int
    step: int
    part: slice = field(default_factory=lambda: slice(None))

    def generator(self, stream: Stream, *where: int) -> np.random.Generator:
        """Random numbers of this minibatch."""
        return generator(self.seed, stream, self.epoch, self.step, *where)


@dataclass(frozen=True)
class StepInput:
    """One input of a step.

    Args:
        make: a minibatch -> its array, `(batch, ...)`; all its rows, or its part alone if `parted`.
        raw: whether it holds raw examples, which the method scales on the device before `terms` gets them.
        parted: whether `make` gives the minibatch's part alone, so that no process reads other processes' images.
    """

    make: Callable[[Minibatch], np.ndarray]
    raw: bool = False
    parted: bool = False

    def rows(self, minibatch: Minibatch) -> np.ndarray:
        """The array's rows of the minibatch's part."""
        array = self.make(minibatch)
        return array if self.parted else array[minibatch.part]


def images() -> StepInput:
    """The examples, augmented."""
    return StepInput(
        lambda m: m.augment(m.examples.images, m.index, m.generator(Stream.AUGMENT), m.part), raw=True, parted=True
    )


def view(number: int = 1) -> StepInput:
    """The same examples, augmented anew: a further view, `number` from 1 on, of the images that `images()` shows."""
    return StepInput(
        lambda m: m.augment(m.examples.images, m.index, m.generator(Stream.AUGMENT_AGAIN, number), m.part),
        raw=True,
        parted=True,
    )


def latents() -> StepInput:
    """z, `(batch, latent.dim)` float32, independent of the examples."""
    return StepInput(lambda m: m.latent.draw(len(m.index), m.seed, Stream.LATENT, m.epoch, m.step))


def noise(size: int) -> StepInput:
    """Standard normal numbers, `(batch, size)` float32."""
    return StepInput(lambda m: m.generator(Stream.NOISE).standard_normal((len(m.index), size), np.float32))


def labels() -> StepInput:
    """The examples' labels, `(batch,)` int64; a dataset without labels is refused."""

    def make(minibatch: Minibatch) -> np.ndarray:
        if minibatch.examples.labels is None:
            raise UserError("`method`: this method is trained with labels, and the training examples have none")
        return minibatch.examples.labels[minibatch.index]

    return StepInput(make)


def progress(epochs: int) -> StepInput:
    """How much of a schedule of `epochs` is done, from 0 to 1: `(batch,)` float32, all the same."""

    def make(minibatch: Minibatch) -> np.ndarray:
        count = len(minibatch.index)
        done = minibatch.epoch + minibatch.step / steps_per_epoch(len(minibatch.examples), count)
        return np.full(count, min(done / epochs, 1.0), np.float32)

    return StepInput(make)
