"""The step that moves a classifier's weights."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from bigan.errors import UserError
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


@pytest.mark.jax
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not(tmp_path, monkeypatch, capsys):
    """Weights, momentum, dropout's numbers and the loss curve; the network it goes on with starts elsewhere."""
    monkeypatch.setattr(training, "SECONDS", 0)
    recipe = Recipe(iterations=120, learning_rate=0.01)
    inputs = np.random.default_rng(1).normal(size=(120, 4, 3)).astype(np.float32)

    def network(seed):
        keras.utils.set_random_seed(seed)
        x = layers.Input((3,))
        h = layers.Dropout(0.5, seed=seed)(layers.Dense(5, name="a")(x))
        return keras.Model(x, layers.Dense(2, name="b")(h))

    def loss(labels, y):
        return ops.sum((y - 1) ** 2)

    def stopped(i):
        if i == 77:  # between two points of the curve
            raise KeyboardInterrupt
        return inputs[i], np.zeros(4)

    whole = network(0)
    curve = training.train(whole, lambda i: (inputs[i], np.zeros(4)), loss, recipe, "test")
    with pytest.raises(KeyboardInterrupt):
        training.train(network(0), stopped, loss, recipe, "test", tmp_path / "a" / "snapshot.npz")
    assert "goes on" not in capsys.readouterr().err
    again, seen = network(9), []

    def rest(i):
        seen.append(i)
        return inputs[i], np.zeros(4)

    found = training.train(again, rest, loss, recipe, "test", tmp_path / "a" / "snapshot.npz")
    assert seen == list(range(77, 120)) and "test: goes on after iteration 77" in capsys.readouterr().err
    np.testing.assert_allclose(found, curve, rtol=1e-5)
    for a, b in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    # A finished one has nothing left to do, and what is no snapshot is named.
    assert training.train(network(3), None, loss, recipe, "test", tmp_path / "a" / "snapshot.npz") == found
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    with pytest.raises(UserError, match="bad.npz: is no snapshot of this training"):
        training.train(network(3), rest, loss, recipe, "test", tmp_path / "bad.npz")
    x = layers.Input((4,))
    other = keras.Model(x, layers.Dense(2)(x))
    with pytest.raises(UserError, match="snapshot.npz: is no snapshot of this training"):
        training.train(other, rest, loss, recipe, "test", tmp_path / "a" / "snapshot.npz")
