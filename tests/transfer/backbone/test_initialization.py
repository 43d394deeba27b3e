"""Weights that depend on data: channels of a given mean and variance, k-means, and layers that train at one speed."""

import numpy as np
import pytest

from tests.transfer.classifiers import QUICK, model, pictures
from transfer.backbone import classifier, initialization, trunk


@pytest.mark.parametrize("networks, edge", [("bigan.networks:DCGAN", 32), ("bigan.networks:AlexNet", 64)])
@pytest.mark.slow
def test_initialised_channels_have_the_mean_and_variance_asked_for(networks, edge):
    made = model(networks, edge)
    images = trunk.scaled(made, pictures(60, 2 * edge).images)
    network = classifier.with_head(trunk.transferred(made, 2 * edge), 20, QUICK)
    kept = {layer.name: layer.get_weights() for layer in trunk.linear_layers(network)}
    anew = {name: "normal" for name in kept if "3" in name} | {"fc6": "kmeans", "fc7": "kmeans"}
    initialization.initialize(network, anew, images, seed=0)
    for layer in trunk.linear_layers(network):
        if layer.name in anew:
            values = initialization.outputs_of(network, layer.output, images)
            values = values.reshape(-1, values.shape[-1]).astype(np.float64)
            np.testing.assert_allclose(values.mean(axis=0), initialization.MEAN, atol=1e-3)
            np.testing.assert_allclose(values.var(axis=0), 1, rtol=1e-3)
        else:
            for before, after in zip(kept[layer.name], layer.get_weights(), strict=True):
                np.testing.assert_array_equal(before, after)

    below = classifier.below_fc8(network)
    function = below.predict(images, verbose=0)
    scales = initialization.balance(below, images, 1)
    assert max(scales.values()) > 1.5**0.5 * min(scales.values())  # the ratios were uneven: their roots
    assert np.prod(list(scales.values())) == pytest.approx(1)
    ratios = list(initialization.gradient_ratios(below, images, 1).values())
    assert len(ratios) == len(trunk.convolutions(made)) + 2 and max(ratios) < 1.01 * min(ratios)
    other = initialization.gradient_ratios(below, images, 2).values()  # not only along the directions used
    assert max(other) < 1.2 * min(other)  # two draws of directions differ by some 5 to 15 %
    after = below.predict(images, verbose=0)
    np.testing.assert_allclose(after, function, rtol=1e-3, atol=1e-3 * np.abs(function).max())


def test_whitened_kmeans_finds_clusters_whatever_their_scale():
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    inputs = (np.eye(3)[labels] + 0.05 * rng.normal(size=(300, 3))) @ np.diag([100.0, 1.0, 0.01])
    kernel = initialization.whitened_kmeans(inputs, 3, seed=0)
    outputs = (inputs - inputs.mean(axis=0)) @ kernel
    means = np.array([outputs[labels == k].mean(axis=0) for k in range(3)])
    assert sorted(means.argmax(axis=0)) == [0, 1, 2]  # each unit is for a cluster of its own
