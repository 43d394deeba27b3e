"""What a training step can get: functions of (seed, epoch, step) and of the minibatch's examples."""

import dataclasses

import numpy as np
import pytest

from bigan.data import inputs
from bigan.data.augment import Augment, cropped
from bigan.data.batches import IMAGES_AND_LATENTS, Minibatches
from bigan.data.dataset import Examples
from bigan.errors import UserError
from bigan.latents import Uniform
from bigan.streams import Stream

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 9, 9, 1), np.uint8)
EXAMPLES = Examples(cropped(IMAGES, 6), np.arange(40) % 7)


@pytest.fixture
def minibatch():
    index = np.arange(10, 30)
    return inputs.Minibatch(EXAMPLES, index, Uniform(3), Augment(flip=True), seed=4, epoch=2, step=1)


EVERY = [inputs.images(), inputs.view(1), inputs.view(2), inputs.latents(), inputs.noise(5)]


@pytest.mark.parametrize("number", range(len(EVERY)))
def test_an_input_is_a_function_of_seed_epoch_and_step(minibatch, number):
    make = EVERY[number].make
    assert np.array_equal(make(minibatch), make(dataclasses.replace(minibatch)))
    for changed in ({"seed": 5}, {"epoch": 3}, {"step": 2}):
        assert not np.array_equal(make(minibatch), make(dataclasses.replace(minibatch, **changed))), changed


def test_no_two_inputs_are_alike(minibatch):
    first, view, other = (entry.make(minibatch) for entry in EVERY[:3])
    assert first.shape == view.shape == other.shape == (20, 6, 6, 1) and first.dtype == np.uint8
    for one, two in ((first, view), (first, other), (view, other)):
        same = (one == two).all(axis=(1, 2, 3)).mean()
        assert same < 0.4  # of the same images, other crops and mirror images
    assert all(entry.raw for entry in EVERY[:3]) and not any(entry.raw for entry in EVERY[3:])


def test_a_view_shows_the_same_examples():
    plain = inputs.Minibatch(Examples(IMAGES), np.arange(10), Uniform(3), Augment(), 0, 0, 0)
    assert np.array_equal(inputs.view(1).make(plain), inputs.images().make(plain))  # nothing to draw


def test_latents_and_noise(minibatch):
    z, noise = inputs.latents().make(minibatch), inputs.noise(500).make(minibatch)
    assert z.shape == (20, 3) and z.dtype == np.float32
    assert np.array_equal(z, Uniform(3).draw(20, 4, Stream.LATENT, 2, 1))
    assert noise.shape == (20, 500) and noise.dtype == np.float32
    assert abs(noise.mean()) < 0.05 and abs(noise.std() - 1) < 0.05


def test_labels(minibatch):
    assert inputs.labels().make(minibatch).tolist() == [i % 7 for i in range(10, 30)]
    unlabelled = dataclasses.replace(minibatch, examples=Examples(IMAGES))
    with pytest.raises(UserError, match="`method`: this method is trained with labels, and .* have none"):
        inputs.labels().make(unlabelled)


def test_minibatches_hold_what_a_step_asks_for():
    asked = IMAGES_AND_LATENTS | {"view": inputs.view(1), "y": inputs.labels()}
    batches = Minibatches(EXAMPLES, Uniform(3), 8, seed=1, augment=Augment(flip=True), inputs=asked)
    plain = Minibatches(EXAMPLES, Uniform(3), 8, seed=1, augment=Augment(flip=True))
    one, two = batches.minibatch(1, 2), plain.minibatch(1, 2)
    assert list(one) == ["x", "z", "view", "y"] and list(two) == ["x", "z"]
    assert all(np.array_equal(one[name], two[name]) for name in two)  # what else is asked for changes nothing
    assert np.array_equal(batches.images(1, 2), one["x"])
    for image, label in zip(one["x"], one["y"], strict=True):
        sources = [i for i in range(40) if is_part(image, IMAGES[i])]
        assert label in [i % 7 for i in sources]


def is_part(crop, image):
    windows = np.lib.stride_tricks.sliding_window_view(image[..., 0], crop.shape[:2])
    return any((windows == c).all(axis=(2, 3)).any() for c in (crop[..., 0], crop[:, ::-1, 0]))
