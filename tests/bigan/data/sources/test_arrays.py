"""Datasets of arrays in memory."""

import numpy as np
import pytest

from bigan.data.sources.arrays import from_arrays
from bigan.errors import UserError


def test_arrays():
    with pytest.raises(UserError, match=r"images must have shape \(n, ...\)"):
        from_arrays(np.zeros(3, np.uint8))
    with pytest.raises(UserError, match="labels must be 3 integers"):
        from_arrays(np.zeros((3, 2), np.uint8), np.zeros(2, int))
    with pytest.raises(UserError, match="test_images must have the training images' shape"):
        from_arrays(np.zeros((3, 2), np.uint8), test_images=np.zeros((3, 3), np.uint8))
    with pytest.raises(UserError, match="images must be uint8 images or floating-point vectors"):
        from_arrays(np.array([["a"]]))
