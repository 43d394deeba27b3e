"""Classifiers on frozen layers: what stays and what moves, and what must not leak."""

import numpy as np
import pytest
from keras import ops

from bigan.config import Config
from bigan.data.dataset import Examples
from bigan.data.spec import Spec
from bigan.data.splits import Split
from bigan.errors import UserError
from bigan.models.method import create
from tests.transfer.classifiers import QUICK, model, pictures
from transfer.backbone import training, trunk
from transfer.backbone.recipe import Recipe
from transfer.classification.frozen_layers import FrozenLayers
from transfer.encoders import Given


def trained(made, split, layer, monkeypatch, recipe=QUICK):
    """The classifier before and after a training, and its result."""
    seen = {}
    train = training.train

    def spy(network, *arguments):
        seen["before"] = {item.name: item.get_weights() for item in network.layers}
        curve = train(network, *arguments)
        seen["after"] = {item.name: item.get_weights() for item in network.layers}
        return curve

    with monkeypatch.context() as patch:
        patch.setattr(training, "train", spy)
        return seen, FrozenLayers(recipe).evaluate(Given(made, split), layer)


@pytest.mark.slow
@pytest.mark.parametrize("layer, frozen", [("none", 0), ("conv1", 1), ("conv3", 3)])
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


@pytest.mark.slow
def test_it_learns_and_says_what_it_lacks(monkeypatch):
    made, split = model(), Split(pictures(40), pictures(30, seed=1), "p")
    recipe = Recipe(iterations=40, batch_size=16, units=12, learning_rate=0.01)
    _, result = trained(made, split, "conv1", monkeypatch, recipe)
    assert result["accuracy"] == 100 and result["loss_curve"][-1][1] < 0.3 < result["loss_curve"][0][1]
    with pytest.raises(UserError, match="no convolution 'conv4' to freeze; there are: none, conv1, conv2, conv3"):
        FrozenLayers(QUICK).check(Given(made, split), "conv4")
    with pytest.raises(UserError, match="needs labels"):
        FrozenLayers(QUICK).check_data(Given(made, Split(split.train, Examples(split.train.images), "p")))
    dense = create(Config(width=4), Spec((8, 8, 1)))
    with pytest.raises(UserError, match="takes encoders of square images with convolutions"):
        trunk.convolutions(dense)
    with pytest.raises(UserError, match="`units` must be at least 1. Received: 0"):
        Recipe(units=0)
    with pytest.raises(UserError, match=r"the loss became (nan|inf) at iteration \d+; try a smaller `learning_rate`"):
        wild = Recipe(iterations=30, batch_size=8, units=8, learning_rate=1e30)
        FrozenLayers(wild).evaluate(Given(made, split), "none")


@pytest.mark.slow
def test_shuffled_test_labels_change_no_trained_weight(monkeypatch):
    test = pictures(20, seed=1)
    shuffled = Examples(test.images, np.random.default_rng(0).permutation(test.labels))
    ends = [trained(model(), Split(pictures(), e, "p"), "conv2", monkeypatch)[0]["after"] for e in (test, shuffled)]
    for name, weights in ends[0].items():
        for a, b in zip(weights, ends[1][name], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6, err_msg=name)
