"""The encoder as a plain Keras model."""

import keras
import numpy as np
import pytest

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.models.method import create

pytestmark = pytest.mark.jax


@pytest.mark.parametrize("output", ["latent", "output", "hidden", "hidden1"])
def test_the_plain_model_is_the_same_function(tmp_path, output):
    model = create(Config(width=8, latent_dim=3, init_stddev=0.5), Spec((4, 5, 1)))
    model.export_encoder(tmp_path / "e.keras", output)
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 5, 1), np.uint8)
    expected = model.encode(images) if output == "latent" else model.features(images, output)
    plain = keras.models.load_model(tmp_path / "e.keras")
    np.testing.assert_allclose(plain.predict(images, verbose=0).reshape(expected.shape), expected, atol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["e.keras"]


def test_vectors_keep_their_scaling(tmp_path):
    spec = Spec((3,), "float32", (0.0, -2.0, 5.0), (1.0, 2.0, 5.0))
    model = create(Config(width=8, latent_dim=2, init_stddev=0.5), spec)
    model.export_encoder(tmp_path / "e.keras")
    vectors = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    plain = keras.models.load_model(tmp_path / "e.keras")
    np.testing.assert_allclose(plain.predict(vectors, verbose=0), model.encode(vectors), atol=1e-5)


def test_what_cannot_be_exported_is_refused(tmp_path):
    model = create(Config(width=8, latent_dim=3), Spec((4, 4, 1)))
    with pytest.raises(UserError, match=r"name must end in \.keras. Received: .*e\.h5"):
        model.export_encoder(tmp_path / "e.h5")
    with pytest.raises(UserError, match="no layer 'conv9'"):
        model.export_encoder(tmp_path / "e.keras", "conv9")
    gan = create(Config(method="gan", width=8, latent_dim=3), Spec((4, 4, 1)))
    with pytest.raises(UserError, match="GAN has no encoder, so it cannot encode"):
        gan.export_encoder(tmp_path / "e.keras")
    assert not list(tmp_path.iterdir())
