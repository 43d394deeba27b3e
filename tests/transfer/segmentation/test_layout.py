"""Where images and cells lie, and that interpolation is the fixed deconvolution and crop of Long et al."""

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from transfer.backbone.geometry import Grid
from transfer.segmentation.layout import GREY, Layout


@pytest.mark.parametrize("edge", [1, 7, 70, 71, 500])
@pytest.mark.parametrize(
    "window, grid", [(32, Grid(8, 12.0)), (227, Grid(32, 113.0)), (5, Grid(2, 2.5)), (3, Grid(1, 0.0))]
)
def test_cells_reach_from_the_first_pixel_to_the_last(edge, window, grid):
    places = Layout.of(edge, window, grid)
    last = places.first + places.stride * (places.cells - 1)
    assert -1 < places.first <= 0 and edge - 1 <= last < edge - 1 + places.stride
    assert places.pad + places.first == grid.first  # cell 0's window begins where the canvas does
    assert places.canvas >= places.pad + edge
    matrix = places.interpolation(edge, edge)
    assert matrix.shape == (edge, places.cells)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("stride, pad", [(2, 1), (8, 12), (32, 113)])
def test_interpolation_is_the_deconvolution_of_the_paper(stride, pad):
    """A transposed convolution at the stride, with the triangle as its fixed kernel, cropped."""
    places = Layout.of(3 * stride + 2, 2 * pad + 1, Grid(stride, float(pad)))
    assert places.first == 0
    triangle = 1 - np.abs(np.arange(-stride + 1, stride)) / stride
    x = layers.Input((places.cells, places.cells, 1))
    deconvolution = layers.Conv2DTranspose(1, 2 * stride - 1, strides=stride, use_bias=False)
    network = keras.Model(x, deconvolution(x))
    deconvolution.set_weights([np.outer(triangle, triangle)[:, :, None, None]])
    cells = np.random.default_rng(0).normal(size=(1, places.cells, places.cells, 1)).astype(np.float32)
    whole = network.predict(cells, verbose=0)[0, :, :, 0]
    cropped = whole[stride - 1 : stride - 1 + places.edge, stride - 1 : stride - 1 + places.edge]
    matrix = places.interpolation(places.edge, places.edge)
    np.testing.assert_allclose(matrix @ cells[0, :, :, 0] @ matrix.T, cropped, atol=1e-5)


def test_interpolation_to_another_size_is_that_of_a_ramp():
    """A map that is linear in its place gives every pixel its own place in the scaled image."""
    places = Layout.of(70, 32, Grid(8, 12.0))
    ramp = places.first + places.stride * np.arange(places.cells)
    for count, length in ((70, 70), (250, 70), (11, 53)):
        expected = ((np.arange(count) + 0.5) * length / count - 0.5).clip(0)
        np.testing.assert_allclose(places.interpolation(count, length) @ ramp, expected, rtol=1e-4, atol=1e-4)


def test_images_and_masks_lie_on_the_same_pixels():
    places = Layout.of(20, 8, Grid(2, 3.0))
    pixels = np.zeros((50, 100, 3), np.uint8)
    pixels[:, 50:] = 255
    scaled, mask = places.scaled(Image.fromarray(pixels)), places.scaled_mask(pixels[..., 0])
    assert scaled.shape == (10, 20, 3) and mask.shape == (10, 20)
    np.testing.assert_array_equal(mask[:, [0, 9, 10, 19]], [[0, 0, 255, 255]] * 10)
    canvas, padded = places.placed(scaled), places.placed_mask(mask, 9)
    assert canvas.shape == (places.canvas, places.canvas, 3) and padded.shape == (20, 20)
    np.testing.assert_array_equal(canvas[3:13, 3:23], scaled)
    assert (canvas[:3] == GREY).all() and (canvas[13:] == GREY).all() and (padded[10:] == 9).all()
    assert places.scaled(Image.new("RGB", (1, 1000))).shape == (20, 1, 3)
