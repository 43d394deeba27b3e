"""Spectral normalization against NumPy's singular values, and its gradient against finite differences."""

import keras
import numpy as np
import pytest
from keras import ops

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.latents import Uniform
from bigan.networks import MLP, AlexNetDiscriminator, Upsampling
from bigan.networks.spectral import Spectral, SpectralConv2D, SpectralDense

pytestmark = pytest.mark.jax


def layer_and_input(kind):
    if kind == "dense":
        layer, shape = SpectralDense(5, use_bias=False), (4, 7)
    else:
        layer, shape = SpectralConv2D(5, 3, strides=2, use_bias=False), (2, 9, 9, 3)
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    layer.build(x.shape)
    layer.kernel.assign(np.random.default_rng(1).normal(size=layer.kernel.shape))
    return layer, x


def largest(layer):
    kernel = ops.convert_to_numpy(layer.kernel.value)
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_the_kernel_is_divided_by_its_largest_singular_value(kind):
    layer, x = layer_and_input(kind)
    plain = (keras.layers.Dense if kind == "dense" else keras.layers.Conv2D).from_config(layer.get_config())
    plain.build(x.shape)
    plain.kernel.assign(layer.kernel.value)
    before = ops.convert_to_numpy(layer.u.value)
    layer(x, training=False)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer.u.value), before)  # evaluation leaves u alone
    for _ in range(100):
        layer(x, training=True)
    expected = ops.convert_to_numpy(plain(x)) / largest(layer)
    np.testing.assert_allclose(ops.convert_to_numpy(layer(x, training=False)), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the gradient is taken by TensorFlow's tape")
@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_gradients_flow_through_the_singular_value(kind):
    import tensorflow as tf

    layer, x = layer_and_input(kind)
    for _ in range(200):
        layer(x, training=True)
    weight = np.random.default_rng(2).normal(size=layer(x).shape).astype(np.float32)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(layer(x, training=False) * weight)
    gradient = tape.gradient(value, layer.kernel.value).numpy()
    kernel = layer.kernel.numpy().astype(np.float64)
    linear = type(layer).__mro__[2].from_config(layer.get_config() | {"dtype": "float64"})
    linear.build(x.shape)

    def function(k):
        linear.kernel.assign(k / np.linalg.svd(k.reshape(-1, k.shape[-1]), compute_uv=False)[0])
        return float(tf.reduce_sum(linear(x.astype(np.float64)) * weight))

    rng = np.random.default_rng(3)
    for _ in range(10):
        way = rng.normal(size=kernel.shape)
        slope = (function(kernel + 1e-5 * way) - function(kernel - 1e-5 * way)) / 2e-5
        assert (gradient * way).sum() == pytest.approx(slope, rel=2e-2, abs=1e-2)


@pytest.mark.parametrize("family", [MLP, Upsampling, AlexNetDiscriminator])
def test_all_of_d_and_nothing_else_is_normalized(family):
    shape = (32, 32, 3)
    made = family(Config(spectral=True, width=8, latent_dim=3), Spec(shape), Uniform(3))
    d = made.discriminator(joint=family is not AlexNetDiscriminator)
    linear = [layer for layer in d.layers if hasattr(layer, "kernel")]
    assert linear and all(isinstance(layer, Spectral) for layer in linear)
    for network in (made.encoder(), made.generator()):
        assert not any(isinstance(layer, Spectral) for layer in network.layers)


def test_u_is_the_same_in_every_run_of_a_seed():
    def start(seed):
        family = MLP(Config(spectral=True, width=8, latent_dim=3, seed=seed), Spec((4, 4, 1)), Uniform(3))
        return ops.convert_to_numpy(family.discriminator().get_layer("linear1").u.value)

    np.testing.assert_array_equal(start(1), start(1))
    assert not np.array_equal(start(1), start(2))
