"""The interface of latents, for every one on the list."""

import keras
import numpy as np
import pytest

from bigan.errors import UserError
from bigan.latents import Latent, NormalPosterior, Uniform
from bigan.registry import LATENTS
from bigan.streams import Stream

pytestmark = pytest.mark.jax
NAMES = ["uniform", "normal", "normal_posterior"]


@pytest.fixture(params=NAMES)
def latent(request):
    return LATENTS.resolve(request.param)(6)


def test_all_on_the_list_are_tested():
    assert set(NAMES) <= set(LATENTS)


def test_draws(latent):
    z = latent.draw(50, 1, Stream.LATENT, 2, 3)
    assert z.shape == (50, latent.dim) and z.dtype == np.float32
    assert np.array_equal(z, latent.draw(50, 1, Stream.LATENT, 2, 3))
    for key in ((2, Stream.LATENT, 2, 3), (1, Stream.EVALUATION, 2, 3), (1, Stream.LATENT, 3, 3)):
        assert not np.array_equal(z, latent.draw(50, *key))


def test_exported_layers_are_the_squashing(latent):
    linear = np.random.default_rng(0).normal(0, 3, (40, latent.head_size)).astype(np.float32)
    inputs = keras.Input((latent.head_size,))
    exported = keras.Model(inputs, latent.exported_squash(inputs))
    squashed = keras.ops.convert_to_numpy(latent.squash(keras.ops.array(linear)))
    assert squashed.shape == (40, latent.dim)
    np.testing.assert_allclose(exported.predict(linear, verbose=0), squashed, atol=1e-6)
    assert exported.layers[-1].name == "latent"


def test_cross_entropy_is_least_where_the_output_tells_z(latent):
    """Against a search along straight lines: no step away from the best output is better."""
    z = latent.draw(8, 0, Stream.LATENT)

    def loss(linear):
        return float(latent.cross_entropy(keras.ops.array(linear.astype(np.float32)), keras.ops.array(z)))

    best = np.log((1 + z) / (1 - z)) if type(latent) is Uniform else z  # sigmoid(best) = (z + 1) / 2
    best = np.pad(best, ((0, 0), (0, latent.head_size - latent.dim)))
    rng = np.random.default_rng(0)
    for _ in range(10):
        away = rng.normal(0, 0.5, best.shape)
        away[:, latent.dim :] = 0
        assert loss(best) < loss(best + away)


def test_a_posterior_is_sampled_around_its_mean():
    latent, rng = NormalPosterior(3), np.random.default_rng(0)
    linear, noise = rng.normal(size=(5, 6)).astype(np.float32), rng.normal(size=(5, 3)).astype(np.float32)
    drawn = latent.sample(keras.ops.array(linear), keras.ops.array(noise))
    expected = linear[:, :3] + np.log1p(np.exp(linear[:, 3:])) * noise
    np.testing.assert_allclose(keras.ops.convert_to_numpy(drawn), expected, atol=1e-6)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(latent.code(keras.ops.array(linear))), linear[:, :3])


def test_a_latent_without_a_cross_entropy_says_so():
    class Bare(Latent):
        def draw(self, count, seed, stream, *where):
            return np.zeros((count, self.dim), np.float32)

        def squash(self, linear):
            return linear

        def exported_squash(self, linear):
            return linear

    assert Bare(3).head_size == 3
    with pytest.raises(UserError, match=r"latent regressors need cross_entropy\(linear, z\), and Bare does not"):
        Bare(3).cross_entropy(None, None)
    with pytest.raises(TypeError, match="abstract"):
        Latent(3)
