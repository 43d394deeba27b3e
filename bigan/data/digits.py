"""scikit-learn's bundled 8 x 8 digits (1,797 images): the embedded default that needs no download."""

from __future__ import annotations

import numpy as np

from bigan.data.source import Examples, Source
from bigan.data.spec import Spec

TEST_EXAMPLES = 360


def load() -> Source:
    """1,437 training and 360 test images, `(8, 8, 1)` uint8; the split is one fixed random permutation."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    # 0..16 to 0..255, rounded; in float, for 16 * 255 does not fit in uint8.
    images = np.rint(np.asarray(bunch.images, np.float64) * (255.0 / 16.0)).astype(np.uint8)[..., None]
    everything = Examples(images, np.asarray(bunch.target, np.int64))
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(images))
    train, test = everything.take(order[TEST_EXAMPLES:]), everything.take(order[:TEST_EXAMPLES])
    return Source("digits", train, test, Spec((8, 8, 1)), tuple("0123456789"))
