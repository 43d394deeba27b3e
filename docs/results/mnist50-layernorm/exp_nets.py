"""A D that normalizes each example, not each unit over the minibatch. Beside this file:

KERAS_BACKEND=jax python -m scripts.train --preset=mnist --data_dir=FOLDER --epochs=50 --networks=exp_nets:DLayerNorm \
    --eval_every=50 --save_every=10 --nearest_samples=1000 --logistic_examples=1000 --workdir=runs/layernorm
"""

import keras
from keras import layers

import bigan


class DLayerNorm(bigan.MLP):
    """D normalizes each example over its units (parameter-free), not each unit over the minibatch."""

    def discriminator(self, joint: bool = True) -> keras.Model:
        """As the thesis's, but for the normalization."""
        x = layers.Input(self.image_shape, name="x")
        z = layers.Input((self.config.latent_dim,), name="z")
        h = self._leaky("hidden1", self._dense("discriminator/linear1", self.config.width)(layers.Flatten()(x)))
        h = self._dense("discriminator/linear2", self.config.width)(h)
        h = self._add("add2", h, self._dense("discriminator/latent2", self.config.width)(z))
        h = layers.LayerNormalization(epsilon=1e-8, center=False, scale=False, name="norm2")(h)
        h = self._leaky("hidden2", h)
        return keras.Model([x, z], self._dense("discriminator/output", 1, last=True)(h), name="discriminator")
