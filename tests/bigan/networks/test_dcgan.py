"""The DCGAN's G and D against tables computed by hand, and its convolutions against plain references."""

import keras
import numpy as np
import pytest

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.latents import Uniform
from bigan.networks import DCGAN
from tests.bigan.networks.tables import count, family, norms, shapes


@pytest.mark.parametrize("variant", ["thesis", "released"])
def test_tiny32_layer_by_layer(variant):
    made = family("tiny32_thesis", variant=variant)
    stack = [(5, 5, 3, 32), (5, 5, 32, 64), (5, 5, 64, 128)]
    encoder, generator, discriminator = made.encoder(), made.generator(), made.discriminator()
    assert {"conv1": (16, 16, 32), "conv2": (8, 8, 64), "conv3": (4, 4, 128)}.items() <= shapes(encoder).items()
    normalized = (32, 64, 128) if variant == "thesis" else (64, 128)
    assert encoder.count_params() == count(*stack, (2048, 100)) + norms(*normalized)
    assert discriminator.count_params() == count(*stack, (100, 64), (100, 128), (2048, 1)) + norms(64, 128)
    latent = [(100, 64), (100, 32)] if variant == "released" else []
    kernels = [(100, 2048), (5, 5, 128, 64), (5, 5, 64, 32), (5, 5, 32, 3)]
    assert generator.count_params() == count(*kernels, *latent) + norms(2048, 64, 32)


@pytest.mark.jax
def test_a_convolution_at_stride_2_is_padded_by_2_on_each_side():
    made = DCGAN(Config(width=4, latent_dim=3), Spec((16, 16, 3)), Uniform(3))
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype(np.float32)
    inputs = keras.Input((16, 16, 3))
    model = keras.Model(inputs, made._conv("encoder/linear1", 4, 5, stride=2)(inputs))
    kernel, padded = np.asarray(model.weights[0]), np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
    expected = np.empty((2, 8, 8, 4))
    for i in range(8):
        for j in range(8):
            window = padded[:, 2 * i : 2 * i + 5, 2 * j : 2 * j + 5]
            expected[:, i, j] = np.einsum("bhwc,hwco->bo", window, kernel)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-5)


@pytest.mark.jax
def test_a_deconvolution_is_the_transpose_of_the_convolution():
    made = DCGAN(Config(width=4, latent_dim=3), Spec((16, 16, 3)), Uniform(3))
    big, small = keras.Input((16, 16, 3)), keras.Input((8, 8, 4))
    down = keras.Model(big, made._conv("encoder/linear1", 4, 5, stride=2)(big))
    up = keras.Model(small, made._deconv("generator/linear2", 3, small))
    up.set_weights(down.get_weights())  # (5, 5, 3, 4): in, out of the one, out, in of the other
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1, 16, 16, 3)), rng.normal(size=(1, 8, 8, 4))
    forward, back = (m.predict(v, verbose=0).astype(np.float64) for m, v in ((down, x), (up, y)))
    assert back.shape == x.shape
    assert np.sum(forward * y) == pytest.approx(np.sum(x * back), rel=1e-4)
