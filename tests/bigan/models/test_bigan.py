"""BiGAN on images of which E sees more than D."""

import numpy as np

from bigan.data import sources
from bigan.models.method import create
from bigan.streams import Stream
from tests.stores import natural_config


def test_d_sees_the_same_crop_as_e(natural):
    config = natural_config(natural, resolution=16)
    source = sources.load("store", str(natural), crop=32)
    model = create(config, source.spec)
    seen = {}
    for role in ("encoder", "discriminator"):

        class Spy:
            def __init__(self, network, role):
                self.network, self.role = network, role

            def __call__(self, x, training=False):
                seen.setdefault(self.role, x)
                return self.network(x, training=training)

            def stateless_call(self, weights, states, x, training):
                seen.setdefault(self.role, x)
                return self.network.stateless_call(weights, states, x, training=training)

            def __getattr__(self, name):
                return getattr(self.network, name)

        model.networks[role] = Spy(model.networks[role], role)
    images = source.train.images[:4]
    model({"x": images, "z": model.latent.draw(4, 0, Stream.LATENT)}, training=True)
    scaled = np.asarray(seen["encoder"])
    assert scaled.shape == (4, 32, 32, 3)
    np.testing.assert_allclose(np.asarray(seen["discriminator"][0]), np.asarray(model.reduce(scaled)), atol=1e-6)
