"""z ~ N(0, I), with an encoder that gives a point, or a distribution (ALI, Dumoulin et al. 2017; BigBiGAN)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bigan.latents.latent import Latent
from bigan.streams import Stream, generator
from bigan.types import Tensor

if TYPE_CHECKING:
    import keras


class Normal(Latent):
    """Standard normal; E's linear output is z."""

    def draw(self, count: int, seed: int, stream: Stream, *where: int) -> np.ndarray:
        """`(count, dim)` float32."""
        return generator(seed, stream, *where).standard_normal((count, self.dim), np.float32)

    def squash(self, linear: Tensor) -> Tensor:
        """The linear output itself."""
        return linear

    def exported_squash(self, linear: keras.KerasTensor) -> keras.KerasTensor:
        """The identity."""
        from keras import layers

        return layers.Activation("linear", name="latent")(linear)

    def cross_entropy(self, linear: Tensor, z: Tensor) -> Tensor:
        """-log of a normal density around E's output, up to a constant: half the squared distance, mean over z."""
        from keras import ops

        return 0.5 * ops.mean(ops.square(linear - z))


class NormalPosterior(Normal):
    """Standard normal; E gives a mean and a deviation, `2 * dim` linear outputs, and training draws z around the mean.

    z = mean + softplus(.) * noise, the noise drawn with the minibatch. At evaluation z is the mean.
    """

    stochastic = True

    @property
    def head_size(self) -> int:
        """Means, then what deviations are made of."""
        return 2 * self.dim

    def code(self, linear: Tensor) -> Tensor:
        """The mean."""
        return linear[:, : self.dim]

    def squash(self, linear: Tensor) -> Tensor:
        """The mean."""
        return self.code(linear)

    def sample(self, linear: Tensor, noise: Tensor) -> Tensor:
        """mean + softplus(.) * noise."""
        from keras import ops

        return self.code(linear) + ops.softplus(linear[:, self.dim :]) * noise

    def exported_squash(self, linear: keras.KerasTensor) -> keras.KerasTensor:
        """The mean, cut out by layers of Keras's own."""
        from keras import layers

        column = layers.Reshape((2 * self.dim, 1), name="outputs")(linear)
        return layers.Reshape((self.dim,), name="latent")(layers.Cropping1D((0, self.dim), name="means")(column))

    def cross_entropy(self, linear: Tensor, z: Tensor) -> Tensor:
        """As for `Normal`, of the mean: the deviations are not trained by it."""
        return super().cross_entropy(self.code(linear), z)
