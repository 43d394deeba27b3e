"""Images and their boxes lie on the same pixels of a canvas, also in a mirror and at the border."""

import numpy as np
import pytest
from PIL import Image

from transfer.datasets.decoding import GREY
from transfer.detection import layout


@pytest.mark.parametrize("size", [(40, 30), (30, 40), (90, 30), (30, 30), (1, 50), (7, 5)])
def test_images_fill_their_part_of_the_canvas(size):
    canvas, scale = layout.placed(Image.new("RGB", size, (255, 0, 0)), 24)
    assert canvas.shape == (32, 32, 3) and canvas.dtype == np.uint8
    assert scale == pytest.approx(min(24 / min(size), 32 / max(size)))
    width, height = (max(1, round(side * scale)) for side in size)
    assert (canvas[:height, :width] == (255, 0, 0)).all()
    assert (canvas[height:] == GREY).all() and (canvas[:, width:] == GREY).all()
    whole = layout.on_canvas(np.array([[1, 1, *size]]), scale)[0]
    np.testing.assert_allclose(whole, [0, 0, size[0] * scale - 1, size[1] * scale - 1], rtol=1e-6)


def test_boxes_stay_on_what_they_are_around():
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[4:13, 6:21] = 255  # the box (7, 5, 21, 13)
    box = np.array([[7, 5, 21, 13]])
    canvas, scale = layout.placed(Image.fromarray(pixels), 60)
    assert scale == 2 and canvas.shape == (80, 80, 3)
    canvas[60:] = 0  # only the image counts below
    flipped = layout.mirrored_canvas(canvas, 40, scale)
    for picture, places in ((canvas, box), (flipped, layout.mirrored(box, 40))):
        left, top, right, bottom = layout.on_canvas(places, scale)[0].astype(int)
        inside = picture[top + 1 : bottom, left + 1 : right]
        assert inside.min() > 180  # the border is interpolated
        assert picture.sum(dtype=int) < 1.2 * picture[top : bottom + 1, left : right + 1].sum(dtype=int)
    np.testing.assert_array_equal(layout.mirrored_canvas(flipped, 40, scale), canvas)


def test_a_box_of_one_pixel_on_the_border():
    box = np.array([[40, 30, 40, 30]])
    np.testing.assert_array_equal(layout.on_canvas(box, 1.0), [[39, 29, 39, 29]])
    np.testing.assert_array_equal(layout.mirrored(box, 40), [[1, 30, 1, 30]])
