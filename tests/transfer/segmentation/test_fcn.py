"""The fully convolutional network is its classifier at every place, and its loss that of every pixel."""

import math

import numpy as np
import pytest
from keras import ops

from bigan.errors import UserError
from bigan.runtime import memory
from tests.transfer.classifiers import model
from tests.transfer.segmentation.networks import unpadded
from transfer.backbone import trunk
from transfer.backbone.geometry import Grid
from transfer.backbone.recipe import Recipe
from transfer.segmentation import fcn
from transfer.segmentation.layout import Layout

RECIPE = Recipe(units=5, batch_size=2)


@pytest.mark.jax
def test_scores_of_a_cell_are_the_classifiers_on_its_window():
    made, rng = unpadded(), np.random.default_rng(0)
    places = fcn.layout(made, 16, 30)
    assert (places.stride, places.pad, places.cells) == (4, 7, 9)
    sample = rng.integers(0, 256, (20, 16, 16, 3), np.uint8)
    head, scales = fcn.initialized(made, 16, 4, sample, RECIPE)
    head.get_layer("fc8").set_weights([rng.normal(size=(5, 4)), rng.normal(size=4)])
    assert set(scales) == {"conv1", "conv2", "fc6", "fc7"}
    network = fcn.convolutional(made, head, places, RECIPE)
    assert network.output_shape == (None, 9, 9, 4)
    canvas = places.placed(rng.integers(0, 256, (30, 22, 3), np.uint8))
    cells = network.predict(trunk.scaled(made, canvas[None]), verbose=0)[0]
    windows = [canvas[4 * i : 4 * i + 16, 4 * j : 4 * j + 16] for i in range(9) for j in range(9)]
    expected = head.predict(trunk.scaled(made, np.stack(windows)), verbose=0).reshape(9, 9, 4)
    np.testing.assert_allclose(cells, expected, rtol=1e-4, atol=1e-4)


def test_alexnet_is_fcn_32s():
    """At 500 px: 6 x 6 windows of pool5, 32 px apart, as the 100 pixels of padding of Long et al. give."""
    made = model("alexnet", 64)
    places = fcn.layout(made, 227, 500)
    assert (places.stride, places.window, places.pad, places.cells, places.canvas) == (32, 227, 113, 17, 739)
    assert trunk.transferred(made, places.canvas).output_shape[1] == places.cells + 5


@pytest.mark.jax
def test_the_loss_is_that_of_every_pixel_with_a_class():
    rng = np.random.default_rng(0)
    places = Layout.of(7, 5, Grid(3, 2.0))
    labels = rng.choice([0, 1, 2, 255], (2, 7, 7)).astype(np.uint8)
    scores = rng.normal(size=(2, places.cells, places.cells, 3)).astype(np.float32)
    loss = fcn.pixel_cross_entropy(places)
    total, count = 0.0, 0
    for b, y, x in np.ndindex(labels.shape):
        if labels[b, y, x] < 3:
            mixed = np.zeros(3)
            for i, j in np.ndindex(places.cells, places.cells):
                down = max(0, 1 - abs(y - places.first - 3 * i) / 3)
                mixed += down * max(0, 1 - abs(x - places.first - 3 * j) / 3) * scores[b, i, j]
            total += math.log(sum(math.exp(s) for s in mixed)) - mixed[labels[b, y, x]]
            count += 1
    assert float(loss(labels, ops.convert_to_tensor(scores))) == pytest.approx(total / count, rel=1e-5)
    assert float(loss(np.full_like(labels, 255), ops.convert_to_tensor(scores))) == 0
    changed = scores.copy()
    labels[:, :, 3:] = 255  # so far the last cells to the right reach no pixel that counts
    changed[:, :, -1] += 9
    a, b = (float(loss(labels, ops.convert_to_tensor(s))) for s in (scores, changed))
    assert a == pytest.approx(b, rel=1e-6)


def test_what_does_not_fit_is_refused(monkeypatch):
    made = unpadded()
    with pytest.raises(UserError, match="`crop=2`: nothing is left"):
        fcn.layout(made, 2, 30)
    sample = np.random.default_rng(0).integers(0, 256, (10, 16, 16, 3), np.uint8)
    head, _ = fcn.initialized(made, 16, 4, sample, RECIPE)
    monkeypatch.setattr(memory, "available", lambda: 10**6)
    with pytest.raises(UserError, match="minibatches of `batch_size=2` images of `edge=300` would take"):
        fcn.convolutional(made, head, fcn.layout(made, 16, 300), RECIPE)
