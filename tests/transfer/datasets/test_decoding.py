"""Random crops of images of any size."""

import numpy as np
from PIL import Image

from transfer.datasets.decoding import crop


def test_crops_lie_inside_at_all_scales():
    columns = np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (100, 1, 3))  # a pixel's value is its column
    whole = Image.fromarray(columns)
    parts = [crop(whole, 20, np.random.Generator(np.random.PCG64(s))) for s in range(400)]
    widths = np.array([abs(int(p[0, -1, 0]) - int(p[0, 0, 0])) * 20 / 19 for p in parts])
    scale = 227 / 375 * 100 / widths
    assert 26 < widths.min() < 34 and 95 < widths.max() < 105  # 100 * 227 / 375 / 2, and all of the shorter edge
    assert 0.4 < np.mean(scale > 1.25) < 0.6  # scales are uniform on [0.5, 2]
    assert 0.4 < np.mean([p[0, 0, 0] > p[0, -1, 0] for p in parts]) < 0.6  # mirrored
    again = crop(whole, 20, np.random.Generator(np.random.PCG64(0)))
    np.testing.assert_array_equal(again, parts[0])
