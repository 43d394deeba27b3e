"""Antialiased downsampling."""

import keras
import numpy as np
import pytest
from PIL import Image

from bigan.networks.resizing import resize

pytestmark = pytest.mark.jax


def test_downsampling_is_pillows():
    rng = np.random.default_rng(0)
    x = rng.random((1, 112, 112, 1)).astype(np.float32)
    ours = keras.ops.convert_to_numpy(resize(x, 64, 48))[0, ..., 0]
    theirs = np.asarray(Image.fromarray(x[0, ..., 0]).resize((48, 64), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
