"""Arrays in, arrays out: the ranges of raw values, and what is refused."""

import json

import keras
import numpy as np
import pytest

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.models.method import create

pytestmark = pytest.mark.jax


def test_spec_maps_raw_values_to_the_range_and_back():
    spec = Spec((3,), "float32", (0.0, -2.0, 5.0), (1.0, 2.0, 5.0))
    model = create(Config(width=8, latent_dim=2), Spec.from_dict(json.loads(json.dumps(spec.to_dict()))))
    raw = np.array([[0, -2, 5], [1, 2, 5], [0.5, 0, 5]], np.float32)
    x = keras.ops.convert_to_numpy(model.scale(raw))
    np.testing.assert_allclose(x, [[0, 0, 0], [1, 1, 0], [0.5, 0.5, 0]], atol=1e-6)
    np.testing.assert_allclose(model.unscale(x), raw, atol=1e-6)
    assert np.array_equal(model.targets(raw), x)
    images = create(Config(width=8, latent_dim=2), Spec((2, 2, 1)))
    every = np.arange(256, dtype=np.uint8).reshape(-1, 2, 2, 1)
    assert np.array_equal(images.unscale(images.targets(every)), every)


def test_what_cannot_be_encoded_or_generated_is_refused():
    model = create(Config(width=8, latent_dim=4), Spec((6, 6, 1)))
    images = np.zeros((3, 6, 6, 1), np.uint8)
    with pytest.raises(UserError, match="no layer 'conv1'; there are: hidden, flatten"):
        model.features(images, "conv1")
    with pytest.raises(UserError, match=r"images must have shape \(n, 6, 6, 1\)"):
        model.encode(images[:, 1:])
    with pytest.raises(UserError, match=r"images must have shape \(n, 6, 6, 1\) with n > 0"):
        model.encode(images[:0])
    with pytest.raises(UserError, match="images must be uint8, as in training. Received: float64"):
        model.encode(images / 255)
    with pytest.raises(UserError, match=r"z must have shape \(n, 4\)"):
        model.generate(np.zeros((2, 5)))
    assert np.array_equal(model.encode(images[..., 0]), model.encode(images))  # grey without an axis for channels


def test_what_a_method_has_no_network_for_is_refused():
    gan = create(Config(method="gan", width=8, latent_dim=4), Spec((6, 6, 1)))
    images = np.zeros((3, 6, 6, 1), np.uint8)
    for name, call in {"encode": gan.encode, "reconstruct": gan.reconstruct}.items():
        with pytest.raises(UserError, match=f"GAN has no encoder, so it cannot {name}"):
            call(images)
    assert gan.features(images).shape == (3, 8) and gan.generate(np.zeros((2, 4))).shape == (2, 6, 6, 1)
    autoencoder = create(Config(method="autoencoder_l2", width=8, latent_dim=4), Spec((6, 6, 1)))
    assert autoencoder.reconstruct(images).shape == images.shape


def test_any_number_of_examples_is_the_same_function():
    """Batches are padded to one size, so that one compiled program serves all."""
    model = create(Config(width=8, latent_dim=4, init_stddev=0.5), Spec((3, 3, 1)))
    images = np.random.default_rng(0).integers(0, 256, (1203, 3, 3, 1), np.uint8)
    every = model.encode(images)
    assert every.shape == (1203, 4)
    for part in (slice(0, 1), slice(499, 502), slice(1000, 1203)):
        np.testing.assert_allclose(model.encode(images[part]), every[part], atol=1e-6)
    np.testing.assert_allclose(model.generate(every, raw=False), model.reconstruct(images, raw=False), atol=1e-6)
    again = model.regenerate(every, raw=False)
    np.testing.assert_allclose(again, model.reconstruct(model.generate(every), raw=False), atol=0.02)
