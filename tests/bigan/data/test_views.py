"""Views against plain references, pixel by pixel; what is drawn for them is a function of (seed, epoch, step)."""

import colorsys

import numpy as np
import pytest
from keras import ops

from bigan.data import views
from bigan.data.batches import Minibatches
from bigan.data.dataset import Examples
from bigan.data.spec import Spec
from bigan.data.views import Views
from bigan.errors import UserError
from bigan.latents import Uniform
from bigan.streams import Stream, generator

pytestmark = pytest.mark.jax

EDGE = 12
IMAGES = np.random.Generator(np.random.PCG64(0)).random((6, EDGE, EDGE, 3)).astype(np.float32)


def drawn(**values):
    """What is drawn for images that stay as they are, but for `values`."""
    out = np.zeros((len(IMAGES), 12), np.float32)
    defaults = {"HEIGHT": 1, "WIDTH": 1, "BRIGHTNESS": 1, "CONTRAST": 1, "SATURATION": 1, "BLUR": -1}
    for name, value in (defaults | values).items():
        out[:, getattr(views, name)] = value
    return out


def applied(view, x=IMAGES, value_range=(0.0, 1.0), **values):
    made = view(ops.convert_to_tensor(x), "v", {"v_image": ops.convert_to_tensor(drawn(**values))}, value_range)
    return ops.convert_to_numpy(made)


def bilinear(image, y, x):
    """The value between pixels, whose centres are at halves; the border's beyond the border."""
    y, x = np.clip(y - 0.5, 0, EDGE - 1), np.clip(x - 0.5, 0, EDGE - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, EDGE - 1), min(left + 1, EDGE - 1)
    a, b = y - top, x - left
    upper = (1 - b) * image[top, left] + b * image[top, right]
    return (1 - a) * upper + a * ((1 - b) * image[bottom, left] + b * image[bottom, right])


def test_nothing_drawn_changes_nothing():
    everything = Views(crop=0.5, mirror=True, colour=1.0, grey=0.5, blur=0.5)
    np.testing.assert_allclose(applied(everything), IMAGES, atol=1e-5)
    np.testing.assert_allclose(applied(everything, 2 * IMAGES - 1, (-1.0, 1.0)), 2 * IMAGES - 1, atol=1e-5)


def test_crops_are_enlarged_bilinearly():
    top, left, height, width = 0.2, 0.1, 0.5, 0.7
    made = applied(Views(crop=0.9), TOP=top, LEFT=left, HEIGHT=height, WIDTH=width)
    for y in range(EDGE):
        for x in range(EDGE):
            there = EDGE * (top + height * (y + 0.5) / EDGE), EDGE * (left + width * (x + 0.5) / EDGE)
            expected = np.stack([bilinear(image, *there) for image in IMAGES])
            np.testing.assert_allclose(made[:, y, x], expected, atol=1e-5)


def test_mirrored_images_are_turned_around():
    np.testing.assert_allclose(applied(Views(mirror=True), MIRROR=1), IMAGES[:, :, ::-1], atol=1e-5)


def test_brightness_contrast_and_saturation():
    made = applied(Views(colour=1.0), BRIGHTNESS=0.6, CONTRAST=0.5, SATURATION=0.3)
    luma = np.array(views.LUMA)
    for image, result in zip(IMAGES, made, strict=True):
        bright = 0.6 * image
        mean = (bright @ luma).mean()
        contrasted = mean + 0.5 * (bright - mean)
        grey = (contrasted @ luma)[..., None]
        np.testing.assert_allclose(result, np.clip(grey + 0.3 * (contrasted - grey), 0, 1), atol=2e-3)


def test_without_saturation_images_are_grey_and_hues_turn_around_grey():
    grey = applied(Views(grey=0.5), SATURATION=0)
    np.testing.assert_allclose(grey, np.repeat(grey[..., :1], 3, axis=3), atol=2e-3)
    turned = applied(Views(colour=1.0), IMAGES * 0.2 + 0.4, TURN=0.5)
    np.testing.assert_allclose(turned @ np.array(views.LUMA), (IMAGES * 0.2 + 0.4) @ np.array(views.LUMA), atol=2e-3)
    hues = [colorsys.rgb_to_hsv(*pixel)[0] for pixel in (IMAGES[0, 0, 0] * 0.2 + 0.4, turned[0, 0, 0])]
    assert abs(hues[0] - hues[1]) > 0.01


def test_a_blur_is_a_gaussian():
    least, most = views.SIGMA[0], views.SIGMA[1] * EDGE
    sigma = (least + most) / 2
    made = applied(Views(blur=1.0 - 1e-6), BLUR=0.5)
    places = np.arange(EDGE)
    kernel = np.exp(-((places[:, None] - places) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(made, np.einsum("oh,pw,bhwc->bopc", kernel, kernel, IMAGES), atol=1e-5)


def test_cutouts_masks_and_noise():
    made = applied(Views(cutout=0.5), CUT_Y=0.5, CUT_X=0.0)
    assert (made[:, 3:9, :3] == views.GREY).all()
    np.testing.assert_array_equal(made[:, :3], IMAGES[:, :3])
    np.testing.assert_array_equal(made[:, :, 3:], IMAGES[:, :, 3:])

    flat = IMAGES.reshape(len(IMAGES), -1)
    kept = np.arange(flat.shape[1])[None] % 3 > np.zeros((len(flat), 1))
    noise = np.full(flat.shape, 0.5, np.float32)
    arrays = {"v_mask": ops.convert_to_tensor(kept), "v_noise": ops.convert_to_tensor(noise)}
    made = ops.convert_to_numpy(Views(mask=0.3, noise=0.1)(ops.convert_to_tensor(flat), "v", arrays, (0.0, 1.0)))
    np.testing.assert_allclose(made, np.where(kept, flat + 0.05, views.GREY), atol=1e-6)


def test_draws_stay_within_their_bounds():
    view = Views(crop=0.8, mirror=True, colour=0.5, grey=0.2, blur=0.3, cutout=0.2)
    made = view.draw(20_000, generator(0, Stream.VIEW, 0, 0, 1, 0))
    area = made[:, views.HEIGHT] * made[:, views.WIDTH]
    assert 0.19 < area.min() < 0.25 and 0.9 < area.max() <= 1
    for start, extent in ((views.TOP, views.HEIGHT), (views.LEFT, views.WIDTH)):
        assert (made[:, start] >= 0).all() and (made[:, start] + made[:, extent] <= 1 + 1e-6).all()
    assert made[:, views.MIRROR].mean() == pytest.approx(0.5, abs=0.02)
    assert (made[:, views.SATURATION] == 0).mean() == pytest.approx(0.2, abs=0.02)
    assert (made[:, views.BLUR] >= 0).mean() == pytest.approx(0.3, abs=0.02)
    for column in (views.BRIGHTNESS, views.CONTRAST):
        assert made[:, column].min() == pytest.approx(0.6, abs=0.01) and made[:, column].max() == pytest.approx(
            1.4, abs=0.01
        )


def test_views_are_a_function_of_seed_epoch_and_step():
    images = (255 * IMAGES).astype(np.uint8)
    view, spec = Views(crop=0.5, mask=0.2, noise=0.1), Spec((EDGE, EDGE, 3))
    made = view.step_inputs("a", 1, spec) | view.step_inputs("b", 2, spec)
    one, two = (Minibatches(Examples(images), Uniform(2), 3, 7, inputs=made) for _ in range(2))
    first = one.minibatch(4, 1)
    assert first.keys() == {f"{name}_{part}" for name in "ab" for part in ("image", "mask", "noise")}
    for name, array in two.minibatch(4, 1).items():
        np.testing.assert_array_equal(array, first[name])
    for part in ("image", "mask", "noise"):
        assert not np.array_equal(first[f"a_{part}"], first[f"b_{part}"])
        assert not np.array_equal(first[f"a_{part}"], one.minibatch(4, 0)[f"a_{part}"])


def test_views_that_examples_cannot_have_are_refused():
    with pytest.raises(UserError, match="views are all off"):
        Views().check(Spec((EDGE, EDGE, 3)))
    with pytest.raises(UserError, match="are for images"):
        Views(crop=0.5).check(Spec((12,), "float32"))
    with pytest.raises(UserError, match="`view_grey` is for colour images"):
        Views(grey=0.5).check(Spec((EDGE, EDGE, 1)))
    Views(mask=0.5, noise=0.1).check(Spec((12,), "float32"))
