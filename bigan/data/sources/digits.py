"""scikit-learn's bundled 8 x 8 digits (1,797 images): the embedded default that needs no download."""

from __future__ import annotations

import numpy as np

from bigan.data.dataset import Dataset, Examples
from bigan.data.sources.source import Source
from bigan.data.spec import Spec
from bigan.streams import fixed_order

TEST_EXAMPLES = 360


class Digits(Source):
    """1,437 training and 360 test images, `(8, 8, 1)` uint8; the split is one fixed random permutation."""

    def load(self) -> Dataset:
        """From scikit-learn's installation."""
        from sklearn.datasets import load_digits

        bunch = load_digits()
        # 0..16 to 0..255, rounded; in float, for 16 * 255 does not fit in uint8.
        images = np.rint(np.asarray(bunch.images, np.float64) * (255.0 / 16.0)).astype(np.uint8)[..., None]
        everything = Examples(images, np.asarray(bunch.target, np.int64))
        order = fixed_order(len(images))
        train, test = everything.take(order[TEST_EXAMPLES:]), everything.take(order[:TEST_EXAMPLES])
        return Dataset("digits", train, test, Spec((8, 8, 1)), tuple("0123456789"))
