"""Batch normalization in one operation against Keras's own sums."""

import keras
import numpy as np
import pytest
from keras import ops

from bigan.networks.normalization import BatchNormalization
from bigan.networks.plain import plain
from bigan.runtime import fused

pytestmark = pytest.mark.jax

TENSORFLOW = keras.backend.backend() == "tensorflow"


def pair(shape, affine, dtype):
    """The layer and Keras's, of the same weights, drawn."""
    both = [
        kind(epsilon=1e-4, momentum=0.7, center=affine, scale=affine, dtype=dtype)
        for kind in (BatchNormalization, keras.layers.BatchNormalization)
    ]
    rng = np.random.default_rng(0)
    for layer in both:
        layer.build((None, *shape[1:]))
    drawn = [rng.uniform(0.5, 2, variable.shape) for variable in both[0].weights]
    for layer in both:
        layer.set_weights(drawn)
    return both, rng.normal(3, 2, shape).astype("float32"), rng.normal(size=shape).astype("float32")


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize(
    ("shape", "dtype", "atol"),
    [
        ((6, 4, 4, 3), "float32", 2e-5),
        ((2, 1, 1, 3), "float32", 2e-5),
        ((6, 4, 4, 3), "mixed_bfloat16", 0.05),
        ((16, 5), "mixed_bfloat16", 0.05),
        ((16, 5), "float32", 1e-6),
    ],
)
def test_results_statistics_and_gradients_are_kerass(shape, dtype, atol, affine):
    (ours, kerass), x, above = pair(shape, affine, dtype)
    x = ops.cast(ops.convert_to_tensor(x), ours.compute_dtype)
    for training in (True, False):
        results = [layer(x, training=training) for layer in (ours, kerass)]
        assert results[0].dtype == results[1].dtype
        found, expected = (ops.convert_to_numpy(ops.cast(result, "float32")) for result in results)
        np.testing.assert_allclose(found, expected, atol=atol)
    for one, other in zip(ours.weights, kerass.weights, strict=True):  # moving statistics among them
        np.testing.assert_allclose(ops.convert_to_numpy(one), ops.convert_to_numpy(other), rtol=1e-5)
    if TENSORFLOW:
        gradients = [of(layer, x, above) for layer in (ours, kerass)]
        for one, other in zip(*gradients, strict=True):
            np.testing.assert_allclose(one, other, atol=atol * max(1, np.abs(other).max()))


def of(layer, x, above):
    """Gradients of sum(above * layer(x)) with respect to x and the layer's weights."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        value = tf.reduce_sum(above * tf.cast(layer(x, training=True), tf.float32))
    found = tape.gradient(value, [x, *(v.value for v in layer.trainable_variables)])
    return [np.asarray(tf.cast(gradient, tf.float32)) for gradient in found]


@pytest.mark.skipif(not TENSORFLOW, reason="the operation is TensorFlow's")
@pytest.mark.parametrize(("shape", "dtype", "taken"), [
    ((2, 4, 4, 3), "float32", True),
    ((2, 4, 4, 3), "bfloat16", True),
    ((2, 3), "bfloat16", True),
    ((2, 3), "float32", False),
    ((2, 4, 4, 3), "float64", False),
])  # fmt: skip
def test_what_the_operation_takes(shape, dtype, taken, monkeypatch):
    x = ops.zeros(shape, dtype)
    assert fused.normalizes(x) is taken
    monkeypatch.setattr(fused, "on_tensorflows_cpu", lambda: False)
    assert not fused.normalizes(x)


def test_a_network_in_layers_of_kerass_own():
    x = keras.Input((4,))
    network = keras.Model(x, BatchNormalization(name="norm")(keras.layers.Dense(3, name="linear")(x)))
    same = plain(network)
    assert type(same.get_layer("norm")) is keras.layers.BatchNormalization
    vectors = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_allclose(same.predict(vectors, verbose=0), network.predict(vectors, verbose=0), atol=1e-6)
