"""Models of a user's own under a method's interface."""

import keras
import numpy as np
import pytest
from keras import layers

from bigan.data.splits import Split
from bigan.errors import UserError
from tests.transfer.classifiers import pictures
from transfer.encoders import Given, wrapped
from transfer.probes.linear import Linear, LinearOptions


@pytest.mark.slow
def test_a_model_of_the_users_own(tmp_path):
    net = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, weights=None, classes=5)
    images = pictures(12)
    made = wrapped.wrap(net, (-1.0, 1.0))
    pool = keras.Model(net.inputs, net.get_layer("global_average_pooling2d").output)
    expected = pool.predict(images.images.astype(np.float32) / 127.5 - 1, verbose=0)
    np.testing.assert_allclose(made.features(images.images, "global_average_pooling2d"), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(
        made.features(images.images), made.features(images.images, "global_average_pooling2d")
    )
    assert Linear(LinearOptions()).evaluate(Given(made, Split(images, images, "p")), "hidden")["accuracy"] > 50
    x = layers.Input((None, None, 3))
    with pytest.raises(UserError, match="must have a fixed size"):
        wrapped.wrap(keras.Model(x, layers.GlobalAveragePooling2D()(x)))
    (tmp_path / "bad.keras").write_bytes(b"nothing")
    with pytest.raises(UserError, match="bad.keras: cannot be loaded by Keras"):
        wrapped.load(tmp_path / "bad.keras")
    with pytest.raises(UserError, match="no such file"):
        wrapped.load(tmp_path / "none.keras")
