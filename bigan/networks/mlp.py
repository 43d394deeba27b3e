"""The permutation-invariant networks of section 5.5.3.1: multilayer perceptrons of two hidden layers."""

from __future__ import annotations

import math

import keras
from keras import layers

from bigan.networks.family import Family


class MLP(Family):
    """E, G and D for vectors, and for images taken as vectors; `width` units in each hidden layer.

    Hidden layers are named `hidden1`, `hidden2` (after the non-linearity) and the last linear layer `output`, so that
    features can be tapped by name. No biases; weights ~ N(0, init_stddev^2).
    """

    value_range = (0.0, 1.0)

    def encoder(self, output_stddev: float | None = None) -> keras.Model:
        """Two hidden layers, the second normalized."""
        x = layers.Input(self.spec.shape, name="x")
        h = layers.Flatten(name="flatten")(x)
        h = self._leaky("hidden1", self._dense("encoder/linear1", self.config.width)(h))
        h = self._normalize("norm2", self._dense("encoder/linear2", self.config.width)(h))
        h = self._leaky("hidden2", h)
        output = self._dense("encoder/output", self.latent.head_size, output_stddev, last=True)
        return keras.Model(x, output(h), name="encoder")

    def generator(self) -> keras.Model:
        """The mirror image. The released variant also normalizes the first layer and adds z to the second."""
        released = self.config.variant == "released"
        z = layers.Input((self.latent.dim,), name="z")
        h = self._dense("generator/linear1", self.config.width)(z)
        if released:
            h = self._normalize("norm1", h)
        h = self._relu("hidden1", h)
        h = self._dense("generator/linear2", self.config.width)(h)
        if released:
            h = self._add("add2", h, self._dense("generator/latent2", self.config.width)(z))
        h = self._relu("hidden2", self._normalize("norm2", h))
        h = self._dense("generator/output", math.prod(self.image_shape), last=True)(h)
        h = layers.Activation("sigmoid", name="squash")(h)
        return keras.Model(z, layers.Reshape(self.image_shape, name="x")(h), name="generator")

    def discriminator(self, joint: bool = True) -> keras.Model:
        """z enters at the second layer."""
        x = layers.Input(self.image_shape, name="x")
        h = layers.Flatten(name="flatten")(x)
        h = self._leaky("hidden1", self._dense("discriminator/linear1", self.config.width)(h))
        h = self._dense("discriminator/linear2", self.config.width)(h)
        inputs = [x]
        if joint:
            z = layers.Input((self.latent.dim,), name="z")
            inputs.append(z)
            h = self._add("add2", h, self._dense("discriminator/latent2", self.config.width)(z))
        h = self._leaky("hidden2", self._normalize_discriminator("norm2", h))
        logit = self._dense("discriminator/output", 1, last=True)(h)
        return keras.Model(inputs if joint else x, logit, name="discriminator")
