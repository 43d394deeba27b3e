"""Masks in VOC's colours, as files and beside their images."""

import numpy as np
from PIL import Image

from transfer.segmentation import pictures


def test_vocs_colours():
    """As its development kit prints them, for instance http://host.robots.ox.ac.uk/pascal/VOC/voc2012/segexamples."""
    known = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 3: (128, 128, 0), 8: (64, 0, 0), 15: (192, 128, 128)}
    known |= {20: (0, 64, 128), 255: (224, 224, 192)}
    assert {k: tuple(pictures.palette()[k].tolist()) for k in known} == known
    assert len(np.unique(pictures.palette(), axis=0)) == 256


def test_masks_keep_their_classes_and_get_colours(tmp_path):
    mask = np.array([[0, 15, 255]], np.uint8)
    pictures.write_mask(tmp_path / "new" / "a.png", mask)
    with Image.open(tmp_path / "new" / "a.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), mask)
        np.testing.assert_array_equal(np.asarray(image.convert("RGB"))[0, 1], (192, 128, 128))


def test_images_beside_their_masks(tmp_path):
    image = Image.new("RGB", (30, 20), (9, 8, 7))
    mask = np.full((20, 30), 20, np.uint8)
    pictures.write_beside(tmp_path / "a.png", [(image, [mask, 0 * mask])] * 3)
    with Image.open(tmp_path / "a.png") as written:
        pixels = np.asarray(written)
    edge = pictures.EDGE + 2
    assert pixels.shape[0] >= 2 * edge
    middle = [tuple(pixels[edge // 2, edge // 2 + k * edge].tolist()) for k in range(6)]
    assert middle == [(9, 8, 7), (0, 64, 128), (0, 0, 0)] * 2
