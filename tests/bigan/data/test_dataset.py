"""A dataset is known by its bytes."""

import numpy as np

from bigan.data.sources.arrays import from_arrays


def test_fingerprint_sees_every_byte():
    x = np.zeros((4, 3), np.uint8)
    y = x.copy()
    y[3, 2] = 1
    prints = {
        from_arrays(x).fingerprint(),
        from_arrays(y).fingerprint(),
        from_arrays(x.reshape(2, 6)).fingerprint(),
        from_arrays(x, np.zeros(4, int)).fingerprint(),
    }
    assert len(prints) == 4 and from_arrays(x.copy()).fingerprint() in prints
