"""Batch normalization in one operation against Keras's own sums."""

import keras
import numpy as np
import pytest
from keras import ops

from bigan.networks.batch_statistics import StatisticsEstimator
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
@pytest.mark.parametrize("compiled", [False, True] if TENSORFLOW else [False])
@pytest.mark.parametrize(
    ("shape", "dtype", "taken", "atol"),
    [
        ((6, 4, 4, 3), "float32", True, 2e-5),
        ((2, 1, 1, 3), "float32", True, 2e-5),
        ((6, 4, 4, 3), "mixed_bfloat16", True, 0.05),
        ((16, 5), "mixed_bfloat16", True, 0.05),
        ((16, 5), "float32", False, 1e-6),
    ],
)
def test_results_statistics_and_gradients_are_kerass(monkeypatch, shape, dtype, taken, atol, affine, compiled):
    (ours, kerass), x, above = pair(shape, affine, dtype)
    calls = spied(monkeypatch)
    x = ops.cast(ops.convert_to_tensor(x), ours.compute_dtype)
    for training in (True, False):
        results = [run(layer, x, training, compiled) for layer in (ours, kerass)]
        assert results[0].dtype == results[1].dtype
        found, expected = (ops.convert_to_numpy(ops.cast(result, "float32")) for result in results)
        np.testing.assert_allclose(found, expected, atol=atol)
        assert bool(calls) == (taken and TENSORFLOW)
    for one, other in zip(ours.weights, kerass.weights, strict=True):  # moving statistics among them
        np.testing.assert_allclose(ops.convert_to_numpy(one), ops.convert_to_numpy(other), rtol=1e-5)
    if TENSORFLOW:
        gradients = [of(layer, x, above) for layer in (ours, kerass)]
        for one, other in zip(*gradients, strict=True):
            np.testing.assert_allclose(one, other, atol=atol * max(1, np.abs(other).max()))


def spied(monkeypatch):
    """The list to which each use of the operation adds."""
    calls, used = [], fused.normalized
    monkeypatch.setattr(fused, "normalized", lambda *arguments: calls.append(1) or used(*arguments))
    return calls


def run(layer, x, training, compiled):
    """One call, by XLA if `compiled`."""
    if not compiled:
        return layer(x, training=training)
    import tensorflow as tf

    return tf.function(lambda x: layer(x, training=training), jit_compile=True)(x)


def of(layer, x, above):
    """Gradients of sum(above * layer(x)) with respect to x and the layer's weights."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        value = tf.reduce_sum(above * tf.cast(layer(x, training=True), tf.float32))
    found = tape.gradient(value, [x, *(v.value for v in layer.trainable_variables)])
    return [np.asarray(tf.cast(gradient, tf.float32)) for gradient in found]


@pytest.mark.parametrize(
    "changes",
    [{"axis": 1}, {"trainable": False}, {"renorm": True}, {"dtype": "bfloat16"}, {"masked": True}],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_left_to_keras(monkeypatch, changes):
    calls = spied(monkeypatch)
    changes = dict(changes)
    masked = changes.pop("masked", False)
    rng = np.random.default_rng(0)
    x = ops.cast(rng.normal(size=(3, 4, 4, 4)).astype("float32"), changes.get("dtype", "float32"))
    mask = {"mask": ops.convert_to_tensor(rng.integers(0, 2, (3, 4, 4)).astype(bool))} if masked else {}
    results = [
        kind(**changes)(x, training=True, **mask) for kind in (BatchNormalization, keras.layers.BatchNormalization)
    ]
    one, other = (ops.convert_to_numpy(ops.cast(result, "float32")) for result in results)
    np.testing.assert_array_equal(one, other)
    assert not calls


def test_statistics_are_re_estimated():
    """The estimator sets the momentum to 0, so that a call leaves its minibatch's own statistics."""
    network = keras.Sequential([keras.Input((4, 4, 3)), BatchNormalization(name="norm")])
    x = np.random.default_rng(0).normal(3, 2, (5, 8, 4, 4, 3)).astype(np.float32)
    assert StatisticsEstimator(network).estimate(x) == 5
    norm = network.get_layer("norm")
    flat = x.reshape(-1, 3)
    np.testing.assert_allclose(ops.convert_to_numpy(norm.moving_mean), flat.mean(0), rtol=1e-4)
    np.testing.assert_allclose(ops.convert_to_numpy(norm.moving_variance), flat.var(0), rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_network_in_layers_of_kerass_own(dtype):
    inside = keras.Sequential([keras.Input((3,)), BatchNormalization(name="within", dtype=dtype)], name="inside")
    x = keras.Input((4,))
    h = BatchNormalization(name="norm", epsilon=0.3, dtype=dtype)(keras.layers.Dense(3, name="linear")(x))
    network = keras.Model(x, inside(h))
    rng = np.random.default_rng(0)
    network.set_weights([rng.uniform(0.5, 2, weight.shape) for weight in network.weights])
    same = plain(network)
    kinds = {layer.name: type(layer) for layer in same._flatten_layers()}
    assert kinds["norm"] is kinds["within"] is keras.layers.BatchNormalization
    vectors = rng.normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_allclose(same.predict(vectors, verbose=0), network.predict(vectors, verbose=0), atol=1e-6)
