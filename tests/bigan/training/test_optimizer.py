"""The schedule and Adam on decayed gradients."""

import keras
import numpy as np
import pytest

from bigan.training.optimizer import ConstantThenExponential, DecayedAdam

pytestmark = pytest.mark.jax


def test_schedule_is_constant_then_exponential():
    schedule = ConstantThenExponential(2e-4, 2e-6, 1000)

    def at(step):
        return float(schedule(step))

    assert at(0) == at(499) == at(500) == pytest.approx(2e-4)
    assert at(750) == pytest.approx(2e-5, rel=1e-5)  # the geometric mean, half-way down
    assert at(1000) == pytest.approx(2e-6, rel=1e-5) == at(5000)


def test_decay_is_added_to_the_kernels_gradients_before_adam():
    """Against Adam written out: moments of (gradient + decay * weight) for the kernel, of the gradient for the bias."""
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    rng = np.random.default_rng(0)
    optimizer = DecayedAdam(0.1, learning_rate=0.01, beta_1=0.5, beta_2=0.999, epsilon=1e-8)
    optimizer.build(layer.trainable_variables)
    expected = [keras.ops.convert_to_numpy(v.value).astype(float) for v in layer.trainable_variables]
    moments = [[0.0, 0.0] for _ in expected]
    for t in range(1, 6):
        gradients = [rng.normal(size=w.shape) for w in expected]
        optimizer.apply([keras.ops.array(g, "float32") for g in gradients], layer.trainable_variables)
        for i, decay in enumerate((0.1, 0.0)):
            g = gradients[i] + decay * expected[i]
            m, v = moments[i] = [0.5 * moments[i][0] + 0.5 * g, 0.999 * moments[i][1] + 0.001 * g * g]
            step = 0.01 * np.sqrt(1 - 0.999**t) / (1 - 0.5**t)
            expected[i] = expected[i] - step * m / (np.sqrt(v) + 1e-8)
    for variable, reference in zip(layer.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(variable.value), reference, atol=1e-6)


def test_rates_multiply_steps_and_averages_are_exponential():
    """Adam's first steps are as long as its step size, whatever the gradient."""
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    optimizer = DecayedAdam(rates=[0.25, 1.0], learning_rate=0.01, epsilon=1e-12, use_ema=True, ema_momentum=0.9)
    optimizer.build(layer.trainable_variables)
    assert optimizer.averages() is None
    values = [keras.ops.convert_to_numpy(v.value) for v in layer.trainable_variables]
    averages = None
    for _ in range(3):
        optimizer.apply([keras.ops.ones(v.shape) for v in layer.trainable_variables], layer.trainable_variables)
        now = [keras.ops.convert_to_numpy(v.value) for v in layer.trainable_variables]
        for before, after, step in zip(values, now, (0.0025, 0.01), strict=True):
            np.testing.assert_allclose(before - after, step, rtol=1e-3)
        values = now
        averages = now if averages is None else [0.9 * a + 0.1 * v for a, v in zip(averages, now, strict=True)]
    optimizer.finalize_variable_values(layer.trainable_variables)  # what `fit` does at its end
    for variable, value, average, expected in zip(
        layer.trainable_variables, values, optimizer.averages(), averages, strict=True
    ):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable.value), value)
        np.testing.assert_allclose(keras.ops.convert_to_numpy(average.value), expected, atol=1e-6)
