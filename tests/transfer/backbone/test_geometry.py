"""Where cells of a feature map lie, beside which pixels they hear when one is changed."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.models.method import create
from tests.transfer.classifiers import model
from transfer.backbone import geometry, trunk
from transfer.backbone.geometry import Grid


def heard(network, row):
    """First and last row of the image that the map's `row` depends on, by its gradient's reach: weights are all 1."""
    edge = network.input_shape[1]
    for layer in trunk.linear_layers(network):
        kernel, bias = layer.get_weights()
        layer.set_weights([np.ones_like(kernel), bias * 0])
    images = np.zeros((edge + 1, *network.input_shape[1:]), np.float32)
    for y in range(edge):
        images[y + 1, y] = 1.0
    maps = network.predict(images, verbose=0)[:, row, row, 0]
    rows = np.flatnonzero(maps[1:] != maps[0])
    return rows[0], rows[-1]


@pytest.mark.parametrize("networks, edge", [("dcgan", 80), ("alexnet", 227)])
def test_a_cell_is_in_the_middle_of_what_it_hears(networks, edge):
    made = model(networks=networks) if networks == "dcgan" else alexnet()
    network = trunk.transferred(made, edge)
    found = geometry.grid(network)
    assert found.stride == {"dcgan": 8, "alexnet": 32}[networks]
    for row in (2, 3) if networks == "alexnet" else (4, 5):
        first, last = heard(network, row)
        assert (first + last) / 2 == found.first + found.stride * row, row


def alexnet():
    return create(Config(networks="alexnet", width=4, latent_dim=4), Spec((64, 64, 3)))


def test_alexnets_places():
    """conv1 of 11 at stride 4 has its centre at 5; each pool of 3 at stride 2 moves it by one cell: 9, 17, 33."""
    found = geometry.grid(trunk.transferred(alexnet(), 227))
    assert found == Grid(32, 33.0)
    assert found.windows(6) == Grid(32, 113.0)  # the middle of 227 pixels


def test_padding_of_all_kinds():
    x = layers.Input((21, 21, 1))
    h = layers.MaxPooling2D(2, padding="same")(x)  # 21 -> 11: one cell of padding, after
    assert geometry.grid(keras.Model(x, h)) == Grid(2, 0.5)
    h = ops.pad(h, [[0, 0], [1, 1], [1, 1], [0, 0]])
    assert geometry.grid(keras.Model(x, h)) == Grid(2, -1.5)
    h = layers.Conv2D(1, 5, padding="same")(h)
    assert geometry.grid(keras.Model(x, h)) == Grid(2, -1.5)
    h = layers.AveragePooling2D(3, strides=2)(layers.ZeroPadding2D(2)(h))
    assert geometry.grid(keras.Model(x, h)) == Grid(4, -3.5)
