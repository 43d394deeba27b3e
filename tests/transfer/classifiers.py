"""What the tests of transferred convolutions share: a method, labelled pictures, and a look at trainings."""

import io

import numpy as np
from keras import ops
from PIL import Image

from bigan.config import Config
from bigan.data.dataset import Examples
from bigan.data.spec import Spec
from bigan.models.method import create
from transfer.backbone import training, trunk
from transfer.backbone.recipe import Recipe
from transfer.datasets.voc import Labelled

QUICK = Recipe(iterations=6, batch_size=8, units=12, learning_rate=0.01)


def model(networks="bigan.networks:DCGAN", edge=32, **changes):
    """A method whose batch normalizations have statistics and scales of their own."""
    config = Config(networks=networks, width=4, latent_dim=4, **changes)
    made = create(config, Spec((edge, edge, 3)))
    rng = np.random.default_rng(0)
    for network in made.networks.values():
        for variable in network.variables:
            if variable.name in ("gamma", "moving_variance"):
                variable.assign(rng.uniform(0.5, 2, variable.shape))
            elif variable.name in ("beta", "moving_mean"):
                variable.assign(rng.normal(0, 0.3, variable.shape))
            elif variable.name == "kernel":
                variable.assign(rng.normal(0, 0.1, variable.shape))
    return made


def pictures(count=24, edge=32, seed=0):
    """Two classes, dark and light."""
    labels = np.arange(count) % 2
    rng = np.random.default_rng(seed)
    return Examples(
        (rng.integers(0, 120, (count, edge, edge, 3)) + 120 * labels[:, None, None, None]).astype(np.uint8),
        labels.astype(np.int64),
    )


def labelled(count, seed=0):
    """JPEGs of several sizes: class 3 is red, class 5 blue, class 7 in all but difficult in every other one."""
    rng = np.random.default_rng(seed)
    encoded, labels = [], np.full((count, 20), -1, np.int8)
    for i in range(count):
        pixels = rng.integers(0, 90, (40 + i % 9, 50 + i % 7, 3), np.uint8)
        if i % 2:
            pixels = pixels.transpose(1, 0, 2)
        pixels[..., 0 if i % 3 == 0 else 2] += 150
        labels[i, 3 if i % 3 == 0 else 5] = 1
        labels[i, 7] = i % 2
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "JPEG")
        encoded.append(buffer.getvalue())
    return Labelled(encoded, labels, [f"{i}.jpg" for i in range(count)])


class Spy:
    """Keeps the weights that each training ends with."""

    def __init__(self, train):
        self.train, self.ends = train, []

    def __call__(self, network, *arguments):
        curve = self.train(network, *arguments)
        self.ends.append([ops.convert_to_numpy(v).copy() for v in network.variables if "seed" not in v.path])
        return curve


def watched(monkeypatch):
    """A list that, once a network is trained, says of each of its linear layers whether it has moved."""
    moved, train = [], training.train

    def watch(network, *arguments):
        before = [item.get_weights()[0] for item in trunk.linear_layers(network)]
        curve = train(network, *arguments)
        after = [item.get_weights()[0] for item in trunk.linear_layers(network)]
        moved.extend(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
        return curve

    monkeypatch.setattr(training, "train", watch)
    return moved
