"""What is trained on and what is evaluated on never overlap."""

import numpy as np
import pytest

from bigan.data.sources import load
from bigan.data.sources.arrays import from_arrays
from bigan.data.splits import split

pytestmark = pytest.mark.jax


def test_splits_never_overlap():
    source = from_arrays(np.arange(1200, dtype=np.uint8).reshape(-1, 1) % 251)
    parts = split(source, "test", seed=1)
    assert len(parts.evaluation) == 200 and len(parts.train) == 1000
    again = split(source, "test", seed=1)
    assert np.array_equal(parts.train.images, again.train.images)
    digits = load("digits")
    assert digits.train.images.max() == 255 and digits.train.images.dtype == np.uint8
    test, validation = split(digits, "test", 0), split(digits, "validation", 0)
    assert len(test.train) == 1437 and len(test.evaluation) == 360
    assert len(validation.evaluation) == 1437 // 6 and len(validation.train) == 1437 - 1437 // 6
    whole = {x.tobytes() for x in validation.evaluation.images}
    assert not whole & {x.tobytes() for x in digits.test.images}
