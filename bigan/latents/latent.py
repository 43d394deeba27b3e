"""The interface of a latent distribution p(z)."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

import numpy as np

from bigan.errors import UserError
from bigan.streams import Stream
from bigan.types import Tensor

if TYPE_CHECKING:
    import keras


class Latent(abc.ABC):
    """A distribution of latents z, and how an encoder's linear output becomes one.

    z is drawn with NumPy, as a function of explicit integers: the same z on every backend and after every resume, and
    different z in every replica, which Keras's SeedGenerator gives none of.

    Args:
        dim: numbers in one z, the configuration's `latent_dim`.
    """

    stochastic = False  # whether E gives a distribution, from which training draws z

    def __init__(self, dim: int) -> None:
        self.dim = dim

    @property
    def head_size(self) -> int:
        """Width of the encoder's linear output, before `squash`."""
        return self.dim

    @abc.abstractmethod
    def draw(self, count: int, seed: int, stream: Stream, *where: int) -> np.ndarray:
        """`(count, dim)` float32 latents, a function of the arguments alone.

        Args:
            count: how many.
            seed, stream, where: as for `bigan.streams.generator`.
        """

    @abc.abstractmethod
    def squash(self, linear: Tensor) -> Tensor:
        """Maps an encoder's linear output, `(batch, head_size)`, onto the support: `(batch, dim)`."""

    def code(self, linear: Tensor) -> Tensor:
        """The part of an encoder's linear output that places x, `(batch, k)`: views are compared by it."""
        return linear

    def sample(self, linear: Tensor, noise: Tensor) -> Tensor:
        """z in training, `(batch, dim)`, of a stochastic encoder.

        Args:
            linear: `(batch, head_size)`, E's linear output.
            noise: `(batch, dim)` standard normal numbers.
        """
        raise UserError(f"`latent`: {type(self).__name__} is stochastic and must define sample(linear, noise)")

    @abc.abstractmethod
    def exported_squash(self, linear: keras.KerasTensor) -> keras.KerasTensor:
        """`squash` of a symbolic tensor in layers of Keras's own, for exported encoders; the last one is 'latent'."""

    def cross_entropy(self, linear: Tensor, z: Tensor) -> Tensor:
        """What a latent regressor descends (section 5.3.1): how far the linear output is from telling z, a scalar.

        Args:
            linear: `(batch, head_size)`, E's linear output.
            z: `(batch, dim)`.
        """
        raise UserError(
            f"latent regressors need cross_entropy(linear, z), and {type(self).__name__} does not define it"
        )
