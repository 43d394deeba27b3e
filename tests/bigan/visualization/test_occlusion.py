"""Where a score comes from, on toys whose answer is known."""

import numpy as np
import pytest

from bigan.config import Config
from bigan.data.dataset import Examples
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.models.method import create
from bigan.visualization import occlusion

pytestmark = pytest.mark.jax


def test_patches_lie_on_a_grid_and_reach_the_far_edges():
    image = np.full((7, 5, 3), 200, np.uint8)
    images, covered = occlusion.occluded(image, 2, 2)
    corners = [(row, column) for row in (0, 2, 4, 5) for column in (0, 2, 3)]
    assert len(images) == len(covered) == len(corners)
    for picture, under, (row, column) in zip(images, covered, corners, strict=True):
        expected = np.zeros((7, 5), bool)
        expected[row : row + 2, column : column + 2] = True
        np.testing.assert_array_equal(under, expected)
        np.testing.assert_array_equal(picture, np.broadcast_to(np.where(expected[..., None], 128, 200), (7, 5, 3)))


@pytest.mark.parametrize("patch, step", [(3, 1), (4, 2)])
def test_a_score_that_is_one_pixel_comes_from_that_pixel(patch, step):
    image = np.full((12, 10, 1), 128, np.uint8)
    image[7, 4] = 228
    (found,) = occlusion.importance(lambda x: x[:, 7, 4].astype(float), image, patch, step)
    expected = np.zeros((12, 10))
    _, covered = occlusion.occluded(image, patch, step)
    for row in range(12):
        for column in range(10):
            over = [under for under in covered if under[row, column]]
            expected[row, column] = np.mean([100.0 * under[7, 4] for under in over])
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found[7, 4] == found.max() == 100.0 and found[0, 0] == 0.0
    far = np.maximum(abs(np.arange(12) - 7)[:, None], abs(np.arange(10) - 4)[None]) >= patch
    assert not found[far].any()


def test_the_halves_that_tell_two_classes_apart():
    """Class 1 is bright above, the rest is noise: the class's score falls where the upper half is covered."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    images = rng.integers(118, 138, (200, 8, 8, 1)).astype(np.uint8)
    images[labels == 1, :4] += 60
    model = create(Config(width=32, latent_dim=4, init_stddev=0.3), Spec((8, 8, 1)))
    train = Examples(images[:150], labels[:150])
    bright = images[150:][labels[150:] == 1][:5]
    found = occlusion.maps(model, bright, np.ones(5, int), train, "hidden")
    assert found["score"].shape == found["distance"].shape == (5, 8, 8)
    for name in ("score", "distance"):
        above, below = found[name][:, :4].mean(axis=(1, 2)), found[name][:, 4:].mean(axis=(1, 2))
        assert (above > 2 * abs(below)).all(), name
    assert "score" not in occlusion.maps(model, bright, None, train, "hidden")
    assert "score" not in occlusion.maps(
        model, bright, np.ones(5, int), train.take(np.flatnonzero(labels[:150])), "hidden"
    )
    with pytest.raises(UserError, match="`what=occlusion` is for images of uint8. Received: examples of"):
        occlusion.maps(model, bright.astype(np.float32), None, train, "hidden")
