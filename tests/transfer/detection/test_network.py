"""The multi-task loss beside a plain loop, and the network on the convolutions of each family."""

import keras
import numpy as np
import pytest
from keras import ops

from bigan.errors import UserError
from bigan.runtime import memory
from tests.transfer.classifiers import model
from transfer.backbone import geometry, trunk
from transfer.backbone.recipe import Recipe
from transfer.detection import layout, network
from transfer.detection.pooling import RoIPooling

RECIPE = Recipe(units=6, batch_size=2)


@pytest.mark.jax
def test_the_loss_counts_classes_of_all_regions_and_offsets_of_foreground():
    rng, classes = np.random.default_rng(0), 4
    output = rng.normal(size=(3, 5, 5 * classes)).astype(np.float32)
    labels = rng.normal(0, 2, (3, 5, 5)).astype(np.float32)
    labels[..., 0] = [[0, 3, 1, -1, 2], [0, 0, 0, 0, 0], [-1, -1, -1, -1, -1]]
    total, count = 0.0, 0
    for i, r in np.ndindex(3, 5):
        kind, scores = int(labels[i, r, 0]), output[i, r, :classes].astype(np.float64)
        if kind < 0:
            continue
        count += 1
        total -= scores[kind] - np.log(np.exp(scores).sum())
        if kind > 0:
            own = output[i, r, classes + 4 * kind : classes + 4 * kind + 4]
            for d in np.abs(own - labels[i, r, 1:]):
                total += 0.5 * d**2 if d < 1 else d - 0.5
    assert count == 9
    assert float(network.multi_task(labels, output)) == pytest.approx(total / count, rel=1e-5)
    nothing = np.full((1, 2, 5), -1, np.float32)
    assert float(network.multi_task(nothing, output[:1, :2])) == 0


@pytest.mark.slow
@pytest.mark.parametrize("networks, edge, crop, map_edge", [("dcgan", 32, 48, 8), ("alexnet", 64, 96, 6)])
def test_the_network_gives_scores_and_offsets_of_every_region(networks, edge, crop, map_edge):
    made, canvas, rng = model(networks, edge), layout.canvas(crop), np.random.default_rng(0)
    images = trunk.scaled(made, rng.integers(0, 256, (12, canvas, canvas, 3), np.uint8))
    built, scales = network.build(made, canvas, 21, images, RECIPE)
    assert set(scales) >= {"conv1", "conv2", "conv3", "fc6", "fc7"}
    assert built.get_layer("roi_pooling").input[0].shape[1] == map_edge  # AlexNet's pool5 is left out
    regions = np.array([[[0, 0, canvas - 1, canvas - 1], [3, 4, 30, 40], [3, 4, 30, 40]]] * 2, np.float32)
    output = built.predict([images[:2], regions], verbose=0)
    assert output.shape == (2, 3, 21 * 5) and not output.any()  # the last layers begin at zero
    hidden = keras.Model(built.inputs, built.get_layer("scores").input).predict([images[:2], regions], verbose=0)
    assert np.abs(hidden).sum(axis=-1).min() > 0
    np.testing.assert_allclose(hidden[:, 1], hidden[:, 2], rtol=1e-6)
    assert np.abs(hidden[:, 0] - hidden[:, 1]).max() > 1e-3


def test_a_head_or_minibatches_beyond_memory_are_refused(monkeypatch):
    made, images = model(), np.zeros((2, 64, 64, 3), np.float32)
    for name in ("units", "batch_size"):

        def need(size, what, *rest, name=name):
            if f"`{name}=" in what:
                raise UserError(what)

        monkeypatch.setattr(memory, "need", need)
        with pytest.raises(UserError, match=f"`{name}="):
            network.build(made, 64, 21, images, RECIPE)


def test_a_region_sees_its_own_place():
    """A bright square in a corner changes what is pooled from a region on it, and nothing of one far away."""
    images, regions = np.zeros((1, 64, 64, 3), np.float32), np.array([[[0, 0, 9, 9], [44, 44, 63, 63]]], np.float32)
    below = trunk.transferred(model(), 64)
    place = geometry.grid(below)
    pool = RoIPooling(network.BINS, place.stride, place.first)
    dark = pool(below(images), regions)
    images[:, 56:, 56:] = 1
    bright = pool(below(images), regions)
    dark, bright = ops.convert_to_numpy(dark), ops.convert_to_numpy(bright)
    np.testing.assert_allclose(dark[0, 0], bright[0, 0], rtol=1e-5, atol=1e-5)
    assert np.abs(dark[0, 1] - bright[0, 1]).max() > 1e-2
