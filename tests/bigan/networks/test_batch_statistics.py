"""Batch-norm statistics that are re-estimated for evaluation."""

import keras
import numpy as np
import pytest

from bigan.networks.batch_statistics import StatisticsEstimator

pytestmark = pytest.mark.jax


def test_statistics_are_those_of_all_examples_pooled():
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (12, 32, 5)).astype(np.float32)
    inputs = keras.Input((5,))
    inner = keras.Sequential([keras.Input((5,)), keras.layers.BatchNormalization(name="first")])
    h = keras.layers.Dense(4, name="mix")(inner(inputs))
    network = keras.Model(inputs, keras.layers.BatchNormalization(name="second")(h))
    before = [n.momentum for n in StatisticsEstimator(network).norms]
    estimator = StatisticsEstimator(network)
    assert [n.name for n in estimator.norms] == ["first", "second"] and estimator.estimate(x) == 12
    assert [n.momentum for n in estimator.norms] == before
    first, second = (
        [keras.ops.convert_to_numpy(v.value) for v in (n.moving_mean, n.moving_variance)] for n in estimator.norms
    )
    np.testing.assert_allclose(first[0], x.reshape(-1, 5).mean(0), rtol=1e-4)
    np.testing.assert_allclose(first[1], x.reshape(-1, 5).var(0), rtol=1e-4)
    kernel, bias = (keras.ops.convert_to_numpy(v.value) for v in network.get_layer("mix").trainable_variables)
    normal = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-3)  # by each minibatch's own
    h = (normal @ kernel + bias).reshape(-1, 4)
    np.testing.assert_allclose(second[0], h.mean(0), atol=1e-4)
    np.testing.assert_allclose(second[1], h.var(0), rtol=1e-3)
