"""A generator that upsamples before it convolves."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.latents import Uniform
from bigan.models.method import create
from bigan.networks import DCGAN, Upsampling
from bigan.visualization import features

pytestmark = pytest.mark.jax
CONFIG = Config(networks="upsampling", width=4, latent_dim=6, init_stddev=0.2)


def test_only_the_generator_is_another():
    model, plain = (create(config, Spec((32, 32, 3))) for config in (CONFIG, CONFIG.replace(networks="dcgan")))
    assert model.generate(np.zeros((2, 6), np.float32)).shape == (2, 32, 32, 3)
    for role in ("encoder", "discriminator"):
        for one, two in zip(model.networks[role].get_weights(), plain.networks[role].get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
    kernels = [tuple(v.shape) for v in model.generator.trainable_variables if v.name == "kernel"]
    assert kernels == [(6, 4 * 4 * 16), (3, 3, 16, 8), (3, 3, 8, 4), (3, 3, 4, 3)]
    filters = features.filters(model, 2)
    expected = ops.convert_to_numpy(model.generator.get_layer("output").kernel)[:, :, 1]
    np.testing.assert_array_equal(filters["generator"][1], expected)


def test_a_constant_map_makes_a_constant_inside():
    """Where a transposed convolution leaves a checkerboard, this one leaves none."""
    for family, even in ((Upsampling, True), (DCGAN, False)):
        made = family(CONFIG, Spec((32, 32, 3)), Uniform(6))
        x = layers.Input((4, 4, 5))
        layer_output = made._deconv("generator/linear2", 7, x)
        inside = ops.convert_to_numpy(keras.Model(x, layer_output)(np.ones((1, 4, 4, 5), np.float32)))[0, 2:-2, 2:-2]
        assert np.allclose(inside, inside[:1, :1], atol=1e-5) == even
