"""Classifiers on frozen layers: what stays and what moves, the step that moves it, and what must not leak."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from bigan.config import Config
from bigan.data.source import Examples
from bigan.data.spec import Spec
from bigan.data.splits import Split
from bigan.errors import UserError
from bigan.imports import resolve
from tests.classifiers import QUICK, model, pictures
from transfer import frozen_layers, supervised, trunk
from transfer.supervised import Recipe


def trained(made, split, layer, monkeypatch, recipe=QUICK):
    """The classifier before and after `frozen_layers.evaluate`, and its result."""
    seen = {}
    train = supervised.train

    def spy(network, *arguments):
        seen["before"] = {item.name: item.get_weights() for item in network.layers}
        curve = train(network, *arguments)
        seen["after"] = {item.name: item.get_weights() for item in network.layers}
        return curve

    with monkeypatch.context() as patch:
        patch.setattr(supervised, "train", spy)
        return seen, frozen_layers.evaluate(made, split, layer, recipe)


@pytest.mark.parametrize("layer, frozen", [("none", 0), pytest.param("conv1", 1, marks=pytest.mark.jax), ("conv3", 3)])
def test_frozen_layers_stay_and_the_others_move(monkeypatch, layer, frozen):
    made, split = model(), Split(pictures(), pictures(10, seed=1), "p")
    variables = [v for network in made.networks.values() for v in network.variables]
    whole = [ops.convert_to_numpy(v).copy() for v in variables]
    seen, result = trained(made, split, layer, monkeypatch)
    transferred = {item.name: item.get_weights() for item in trunk.transferred(made, 32).layers}
    for i, name in enumerate(("linear1", "linear2", "linear3", "fc6", "fc7", "fc8")):
        same = [np.array_equal(a, b) for a, b in zip(seen["before"][name], seen["after"][name], strict=True)]
        assert all(same) if i < frozen else not any(same), name
        if i < 3:
            same = [np.array_equal(a, b) for a, b in zip(seen["before"][name], transferred[name], strict=True)]
            assert all(same) if i < frozen else not any(same), name  # reinitialised
    for variable, value in zip(variables, whole, strict=True):  # batch norm's statistics too
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)
    assert result["resolution"] == 32 and [i for i, _ in result["loss_curve"]] == [1, 2, 3, 4, 5, 6]


def test_it_learns_and_says_what_it_lacks(monkeypatch):
    made, split = model(), Split(pictures(40), pictures(30, seed=1), "p")
    recipe = Recipe(iterations=40, batch_size=16, units=12, learning_rate=0.01)
    _, result = trained(made, split, "conv1", monkeypatch, recipe)
    assert result["accuracy"] == 100 and result["loss_curve"][-1][1] < 0.3 < result["loss_curve"][0][1]
    with pytest.raises(UserError, match="no convolution 'conv4' to freeze; there are: none, conv1, conv2, conv3"):
        frozen_layers.evaluate(made, split, "conv4", QUICK)
    with pytest.raises(UserError, match="needs labels"):
        frozen_layers.evaluate(made, Split(split.train, Examples(split.train.images), "p"), "conv1", QUICK)
    dense = resolve("bigan.model:BiGAN", "build_networks").create(Config(width=4), Spec((8, 8, 1)))
    with pytest.raises(UserError, match="takes encoders of square images with convolutions"):
        trunk.convolutions(dense)
    with pytest.raises(UserError, match="--units must be at least 1. Received: 0"):
        Recipe(units=0)
    with pytest.raises(UserError, match=r"the loss became (nan|inf) at iteration \d+; try a smaller --learning_rate"):
        frozen_layers.evaluate(made, split, "none", Recipe(iterations=30, batch_size=8, units=8, learning_rate=1e30))


def test_shuffled_test_labels_change_no_trained_weight(monkeypatch):
    test = pictures(20, seed=1)
    shuffled = Examples(test.images, np.random.default_rng(0).permutation(test.labels))
    ends = [trained(model(), Split(pictures(), e, "p"), "conv2", monkeypatch)[0]["after"] for e in (test, shuffled)]
    for name, weights in ends[0].items():
        for a, b in zip(weights, ends[1][name], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6, err_msg=name)


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

    supervised.train(network, minibatch, lambda labels, y: ops.sum(y * y), recipe, "test")
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
