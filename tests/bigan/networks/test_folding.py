"""Batch normalization merged into the layer before it."""

import keras
import numpy as np
import pytest

from bigan import presets
from bigan.data.spec import Spec
from bigan.latents import Uniform
from bigan.networks.folding import merged
from bigan.registry import NETWORKS

pytestmark = pytest.mark.jax


@pytest.mark.parametrize(
    "preset, changes", [("imagenet64", {"width": 16}), ("tiny32_thesis", {}), ("mnist", {"width": 32})]
)
def test_merged_batch_norm_gives_the_same_function(preset, changes):
    config = presets.get(preset).replace(**changes)
    spec = Spec((config.crop, config.crop, 3) if config.crop else (28, 28, 1))
    encoder = NETWORKS.resolve(config.networks)(config, spec, Uniform(config.latent_dim)).encoder()
    rng = np.random.default_rng(0)
    for layer in encoder.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for variable in layer.weights:
                variable.assign(rng.uniform(0.3, 2, variable.shape))
    plain = merged(encoder)
    assert not [layer for layer in plain.layers if isinstance(layer, keras.layers.BatchNormalization)]
    x = rng.uniform(-1, 1, (3, *spec.shape)).astype(np.float32)
    one, two = encoder.predict(x, verbose=0), plain.predict(x, verbose=0)
    assert np.abs(one - two).max() <= 1e-4 * np.abs(one).max()
