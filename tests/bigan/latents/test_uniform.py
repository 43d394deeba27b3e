"""The thesis's latent distribution."""

import keras
import numpy as np
import pytest

from bigan.latents import Uniform

pytestmark = pytest.mark.jax


def test_latents_depend_on_the_key_alone():
    latent = Uniform(5)
    z = latent.draw(1000, 1, 2, 3)
    assert z.shape == (1000, 5) and z.dtype == np.float32 and -1 <= z.min() < -0.99 and 0.99 < z.max() <= 1
    assert np.array_equal(z, latent.draw(1000, 1, 2, 3)) and not np.array_equal(z, latent.draw(1000, 1, 2, 4))
    t = np.linspace(-4, 4, 9)
    squashed = keras.ops.convert_to_numpy(latent.squash(keras.ops.array(t)))
    np.testing.assert_allclose(squashed, 2 / (1 + np.exp(-t)) - 1, atol=1e-6)
