"""The step that moves a classifier's weights."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from transfer.backbone import training
from transfer.backbone.recipe import Recipe


@pytest.mark.jax
def test_sgd_is_the_tools():
    """Momentum, decay of all weights, biases at twice the step, one norm clipped for all, halved in eight stretches."""
    recipe = Recipe(iterations=16, learning_rate=0.1, weight_decay=0.01, clip=1.0)
    x = layers.Input((3,))
    network = keras.Model(x, layers.Dense(2, name="dense")(x))
    kernel, bias = np.random.default_rng(0).normal(size=(3, 2)), np.array([0.5, -1.0])
    network.get_layer("dense").set_weights([kernel, bias])
    inputs = np.random.default_rng(1).normal(size=(16, 4, 3)).astype(np.float32)

    def minibatch(i):
        return inputs[i], np.zeros(4)

    training.train(network, minibatch, lambda labels, y: ops.sum(y * y), recipe, "test")
    speed = [np.zeros((3, 2)), np.zeros(2)]
    for i, part in enumerate(inputs):
        output = part @ kernel + bias
        gradients = [2 * part.T @ output, 2 * output.sum(axis=0)]
        norm = np.sqrt(sum((g**2).sum() for g in gradients))
        step = 0.1 * 0.5 ** (i // 2)
        for k, (weight, rate) in enumerate(((kernel, step), (bias, 2 * step))):
            speed[k] = 0.9 * speed[k] - rate * (gradients[k] / max(norm, 1.0) + 0.01 * weight)
        kernel, bias = kernel + speed[0], bias + speed[1]
    for ours, reference in zip(network.get_layer("dense").get_weights(), (kernel, bias), strict=True):
        np.testing.assert_allclose(ours, reference, rtol=1e-4, atol=1e-5)
