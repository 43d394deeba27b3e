"""Convolutions as they are transferred."""

import keras
import numpy as np
import pytest
from keras import layers

from bigan import presets
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.models.method import create
from bigan.networks import DCGAN
from tests.transfer.classifiers import model, pictures
from transfer.backbone import initialization, trunk


@pytest.mark.jax
@pytest.mark.parametrize("changes", [{}, {"variant": "released"}, {"method": "baselines.gan:GAN"}])
def test_merged_and_transferred_is_the_same_function(changes):
    """Also where conv1 has no normalization, and so no bias before."""
    made, images = model(**changes), pictures(6).images
    network = trunk.transferred(made, 32)
    assert not [layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)]
    expected = made.features(images, "conv3").reshape(6, 4, 4, 16)
    np.testing.assert_allclose(network.predict(trunk.scaled(made, images), verbose=0), expected, rtol=1e-4, atol=1e-5)
    assert trunk.transferred(made, 64).output_shape == (None, 8, 8, 16)


class Odd(DCGAN):
    """E with what cannot be frozen, initialised or balanced."""

    def encoder(self, output_stddev=None):
        x = layers.Input(self.spec.shape)
        h = layers.Conv2D(4, 3, activation="tanh" if self.config.variant == "thesis" else None, name="linear1")(x)
        h = layers.LeakyReLU(name="conv1")(h)
        h = layers.Conv2D(4, 3, padding="same", name="linear2")(layers.BatchNormalization(name="norm")(h))
        h = layers.ReLU(name="conv2")(h)
        return keras.Model(x, layers.Dense(4)(layers.Flatten()(h)))


def test_only_plain_stacks_are_transferred():
    with pytest.raises(UserError, match=r"'linear1' \(Conv2D\) cannot be transferred: the task is for plain stacks"):
        trunk.transferred(model("tests.transfer.backbone.test_trunk:Odd"), 32)
    with pytest.raises(UserError, match=r"'norm' \(BatchNormalization\) cannot be transferred"):
        trunk.transferred(model("tests.transfer.backbone.test_trunk:Odd", variant="released"), 32)


def test_alexnet_is_transferred_as_the_supervised_one_is_built():
    """227 px: conv1 55, pool1 27, conv2 27, pool2 13, conv3..5 13, pool5 6 (Krizhevsky et al. 2012)."""
    config = presets.get("imagenet64").replace(latent_dim=8)
    made = create(config, Spec((64, 64, 3)))
    network = trunk.transferred(made, 227)
    edges = {"conv1": 55, "pool1": 27, "conv2": 27, "pool2": 13, "conv3": 13, "conv4": 13, "conv5": 13, "pool5": 6}
    assert {name: network.get_layer(name).output.shape[1] for name in edges} == edges
    assert network.output_shape == (None, 6, 6, 256)
    # One place of conv1, by hand: no padding, so the first window is the image's first 11 x 11 pixels.
    images = np.random.default_rng(0).uniform(-1, 1, (1, 227, 227, 3)).astype(np.float32)
    linear1 = network.get_layer("linear1")
    kernel, bias = linear1.get_weights()
    here = initialization.outputs_of(network, linear1.output, images)[0, 1, 2]
    np.testing.assert_allclose(here, np.tensordot(images[0, 4:15, 8:19], kernel, 3) + bias, rtol=1e-3, atol=1e-4)
    with pytest.raises(UserError, match="`crop=20`: nothing is left"):
        trunk.transferred(made, 20)
