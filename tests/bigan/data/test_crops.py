"""Crops stand for an array that is never held as a whole."""

import numpy as np
import pytest

from bigan.data.crops import ArrayPixels, Crops, FilePixels

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 7, 8, 3), np.uint8)


def in_memory():
    return Crops(ArrayPixels(IMAGES), (4, 5))


def in_a_file():
    """The same images, one after the other."""
    sizes = np.full(6, 7), np.full(6, 8)
    return Crops(
        FilePixels(np.split(IMAGES.reshape(-1, 3), [112]), np.arange(6) * 56, *sizes, "digest"),
        (4, 5),
    )


@pytest.mark.parametrize("make", [in_memory, in_a_file])
def test_as_an_array(make):
    crops, expected = make(), IMAGES[:, 1:5, 1:6]
    assert crops.shape == (6, 4, 5, 3) and crops.ndim == 4 and crops.dtype == np.uint8 and len(crops) == 6
    assert np.array_equal(crops[:], expected) and np.array_equal(crops[2:4], expected[2:4])
    assert np.array_equal(crops[np.array([4, 0, 4])], expected[[4, 0, 4]])
    assert np.array_equal(np.asarray(crops), expected) and np.asarray(crops, np.float32).dtype == np.float32
    with pytest.raises(IndexError, match="indexed by a slice or a one-dimensional array"):
        crops[3]


@pytest.mark.parametrize("make", [in_memory, in_a_file])
def test_taking_some(make):
    crops = make()
    part = crops.take(np.array([5, 2]))
    assert len(part) == 2 and np.array_equal(part[:], crops[np.array([5, 2])])
    assert np.array_equal(np.asarray(part), part[:])


@pytest.mark.parametrize("make", [in_memory, in_a_file])
def test_windows_at_given_places(make):
    index, top, left = np.array([3, 0, 3]), np.array([0, 3, 1]), np.array([3, 0, 2])
    out = make().pixels.cut(index, top, left, np.array([False, True, False]), (4, 5))
    for k, (i, y, x) in enumerate(zip(index, top, left, strict=True)):
        window = IMAGES[i, y : y + 4, x : x + 5]
        assert np.array_equal(out[k], window[:, ::-1] if k == 1 else window)
