"""What the tests of probes share: points in three classes, and a method whose features are its inputs."""

from types import SimpleNamespace

import numpy as np

from bigan.data.dataset import Examples
from bigan.data.splits import Split
from transfer.encoders import Given


class Features:
    """A method whose features are its inputs; it counts how many examples it is asked for."""

    value_range = (0.0, 1.0)
    networks: dict = {}

    def __init__(self):
        self.calls = []

    def has(self, *roles):
        return roles == ("encoder",)

    def tap(self, layer):
        return SimpleNamespace(output_shape=(None, 3))

    def features(self, images, layer="hidden"):
        self.calls.append((layer, len(images)))
        return np.asarray(images, np.float32)


def blobs(count, seed, spread=0.3):
    """Points around three centres, the classes."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    centres = np.array([[0, 0, 5], [3, 0, 5], [0, 3, 5]])
    return Examples(centres[labels] + spread * generator.normal(size=(count, 3)), labels)


def given(train, evaluation, protocol="p"):
    """An encoder whose features are these examples."""
    return Given(Features(), Split(train, evaluation, protocol))
