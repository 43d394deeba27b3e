"""The permutation-invariant networks of section 5.5.3.1: multilayer perceptrons of two hidden layers.

A family of networks is any class with the constructor and the three methods of `MLP`; a run records it by its
importable name (`--networks=my.module:MyFamily`). Shapes: images or vectors x are `(batch, *spec.shape)` in
`value_range`; latents z are `(batch, latent_dim)`.
"""

from __future__ import annotations

import zlib
from typing import Any

import keras
from keras import layers

from bigan.config import Config
from bigan.data.spec import Spec


class MLP:
    """E, G and D for vectors, and for images taken as vectors.

    Hidden layers are named `hidden1`, `hidden2` (after the non-linearity) and the last linear layer `output`, so that
    features can be tapped by name. No biases; weights ~ N(0, init_stddev^2).

    Args:
        config: width, latent_dim, variant, init_stddev, batchnorm_epsilon and seed are read.
        spec: shape of one example.
    """

    value_range = (0.0, 1.0)

    def __init__(self, config: Config, spec: Spec) -> None:
        self.config, self.spec = config, spec

    def encoder(self, output_stddev: float | None = None) -> keras.Model:
        """x -> d numbers, before the squashing onto the latent's support.

        Args:
            output_stddev: initial standard deviation of the last layer, if not `init_stddev`.
        """
        x = layers.Input(self.spec.shape, name="x")
        h = layers.Flatten(name="flatten")(x)
        h = self._leaky("hidden1", self._dense("encoder/linear1", self.config.width)(h))
        h = self._normalize("norm2", self._dense("encoder/linear2", self.config.width)(h))
        h = self._leaky("hidden2", h)
        return keras.Model(x, self._dense("encoder/output", self.config.latent_dim, output_stddev)(h), name="encoder")

    def generator(self) -> keras.Model:
        """z -> x. The released variant also normalizes the first layer and adds z to the second."""
        released = self.config.variant == "released"
        z = layers.Input((self.config.latent_dim,), name="z")
        h = self._dense("generator/linear1", self.config.width)(z)
        if released:
            h = self._normalize("norm1", h)
        h = layers.ReLU(name="hidden1")(h)
        h = self._dense("generator/linear2", self.config.width)(h)
        if released:
            h = layers.Add(name="add2")([h, self._dense("generator/latent2", self.config.width)(z)])
        h = layers.ReLU(name="hidden2")(self._normalize("norm2", h))
        h = layers.Activation("sigmoid", name="squash")(self._dense("generator/output", self.spec.size)(h))
        return keras.Model(z, layers.Reshape(self.spec.shape, name="x")(h), name="generator")

    def discriminator(self, joint: bool = True) -> keras.Model:
        """(x, z) -> one logit, z entering at the second layer; with `joint=False`, the plain GAN's x -> logit."""
        x = layers.Input(self.spec.shape, name="x")
        h = layers.Flatten(name="flatten")(x)
        h = self._leaky("hidden1", self._dense("discriminator/linear1", self.config.width)(h))
        h = self._dense("discriminator/linear2", self.config.width)(h)
        inputs = [x]
        if joint:
            z = layers.Input((self.config.latent_dim,), name="z")
            inputs.append(z)
            h = layers.Add(name="add2")([h, self._dense("discriminator/latent2", self.config.width)(z)])
        h = self._leaky("hidden2", self._normalize("norm2", h))
        logit = self._dense("discriminator/output", 1)(h)
        return keras.Model(inputs if joint else x, logit, name="discriminator")

    def _dense(self, path: str, units: int, stddev: float | None = None) -> layers.Dense:
        # A seed of its own for each layer: weights do not depend on what else was built before, nor on global state.
        seed = zlib.crc32(f"{self.config.seed}/{path}".encode())
        stddev = self.config.init_stddev if stddev is None else stddev
        return layers.Dense(
            units,
            use_bias=False,
            kernel_initializer=keras.initializers.RandomNormal(0.0, stddev, seed=seed) if stddev else "zeros",
            name=path.split("/")[-1],
        )

    def _normalize(self, name: str, h: Any) -> Any:
        return layers.BatchNormalization(
            epsilon=self.config.batchnorm_epsilon, center=False, scale=False, name=name
        )(h)  # fmt: skip

    def _leaky(self, name: str, h: Any) -> Any:
        return layers.LeakyReLU(negative_slope=0.2, name=name)(h)
