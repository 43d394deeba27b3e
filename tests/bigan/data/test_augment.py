"""How training sees images: random crops, mirrored half of the time, whatever the images come from."""

import gzip

import numpy as np
import pytest
from PIL import Image

from bigan.data import augment, sources
from bigan.data.augment import Augment, cropped
from bigan.data.batches import Minibatches
from bigan.data.crops import Crops
from bigan.data.sources.arrays import from_arrays
from bigan.data.store.packing import pack
from bigan.errors import UserError
from bigan.latents import Uniform
from bigan.training.train import train
from tests.stores import idx_bytes, origin, write_images

EDGE, CROP = 16, 12


def arrays(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (30, EDGE, EDGE + 4, 3), np.uint8)
    return from_arrays(images).cropped(CROP)


def image_folder(tmp_path):
    for i, image in enumerate(np.random.default_rng(1).integers(0, 256, (18, EDGE, EDGE + 2, 3), np.uint8)):
        (tmp_path / f"{i % 2}").mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / f"{i % 2}" / f"{i:02}.png")
    return sources.load("images", str(tmp_path), crop=CROP)


def grey_idx(tmp_path):
    images = np.random.default_rng(2).integers(0, 256, (25, EDGE + 3, EDGE), np.uint8)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images)))
    return sources.load("idx", str(tmp_path), crop=CROP)


def store(tmp_path):
    write_images(tmp_path / "images")
    pack(origin(tmp_path / "images"), tmp_path / "out", EDGE, False)
    return sources.load("store", str(tmp_path / "out"), crop=CROP)


EVERY = [arrays, image_folder, grey_idx, store]


def wholes(crops):
    """The images that crops are cut from, one by one."""
    pixels = crops.pixels
    if hasattr(pixels, "images"):
        return list(pixels.images)
    places = zip(pixels.first, pixels.heights, pixels.widths, strict=True)
    return [pixels.parts[0][first : first + h * w].reshape(h, w, 3) for first, h, w in places]


def place(whole, crop):
    """Where a crop was cut from, (y, x, mirrored), which must be one place; random pixels occur once."""
    h, w = crop.shape[:2]
    found = [
        (y, x, mirrored)
        for mirrored in (False, True)
        for y in range(whole.shape[0] - h + 1)
        for x in range(whole.shape[1] - w + 1)
        if np.array_equal(whole[y : y + h, x : x + w][:, :: -1 if mirrored else 1], crop)
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("source", EVERY)
def test_crops_lie_anywhere_and_half_of_them_are_mirrored(source, tmp_path):
    crops = source(tmp_path).train.images
    assert isinstance(crops, Crops) and crops.shape[1:3] == (CROP, CROP)
    whole = wholes(crops)
    rng = np.random.default_rng(0)
    index = rng.integers(0, len(crops), 200)
    out = Augment(flip=True)(crops, index, rng)
    assert out.shape == (200, *crops.shape[1:]) and out.dtype == np.uint8
    found = [place(whole[i], crop) for i, crop in zip(index, out, strict=True)]
    assert 70 < sum(mirrored for _, _, mirrored in found) < 130
    ends = [(whole[i].shape[0] - CROP, whole[i].shape[1] - CROP) for i in index]
    relative = {(y / max(1, a), x / max(1, b)) for (y, x, _), (a, b) in zip(found, ends, strict=True)}
    assert len(relative) > 15
    assert {y for y, _ in relative} >= {0, 1} and {x for _, x in relative} >= {0, 1}  # from edge to edge

    plain = Augment()(crops, index, np.random.default_rng(0))
    assert not any(place(whole[i], crop)[2] for i, crop in zip(index, plain, strict=True))
    assert not np.array_equal(plain, crops[index])  # random ones, not the centre's


@pytest.mark.parametrize("source", EVERY)
def test_evaluation_sees_centre_crops(source, tmp_path):
    crops = source(tmp_path).train.images
    for whole, crop in zip(wholes(crops), crops[:], strict=True):
        y, x, mirrored = place(whole, crop)
        assert (y, x, mirrored) == ((whole.shape[0] - CROP) // 2, (whole.shape[1] - CROP) // 2, False)


@pytest.mark.parametrize("source", EVERY)
def test_minibatches_are_a_function_of_seed_epoch_and_step(source, tmp_path):
    dataset = source(tmp_path)
    assert dataset.spec.shape == (CROP, CROP, dataset.train.images.shape[3])
    one, two = (Minibatches(dataset.train, Uniform(3), 8, seed=4, augment=Augment(flip=True)) for _ in range(2))
    one.minibatch(0, 0)
    assert np.array_equal(one.minibatch(2, 1)["x"], two.minibatch(2, 1)["x"])
    assert not np.array_equal(one.minibatch(2, 1)["x"], one.minibatch(3, 1)["x"])
    other = Minibatches(dataset.train, Uniform(3), 8, seed=5, augment=Augment(flip=True))
    assert not np.array_equal(one.minibatch(2, 1)["x"], other.minibatch(2, 1)["x"])


@pytest.mark.parametrize("channels", [1, 3])
def test_whole_images_are_mirrored_half_of_the_time(channels):
    images = np.random.default_rng(0).integers(0, 256, (20, 5, 7, channels), np.uint8)
    index = np.arange(200) % 20
    out = Augment(flip=True)(images, index, np.random.default_rng(1))
    mirrored = [np.array_equal(image, images[i, :, ::-1]) for image, i in zip(out, index, strict=True)]
    straight = [np.array_equal(image, images[i]) for image, i in zip(out, index, strict=True)]
    assert [not m for m in mirrored] == straight and 70 < sum(mirrored) < 130
    assert np.array_equal(Augment()(images, index, np.random.default_rng(1)), images[index])


def test_what_is_drawn_does_not_depend_on_the_source():
    """A store and arrays of the same images give the same crops."""
    images = np.random.default_rng(0).integers(0, 256, (20, 9, 9, 1), np.uint8)
    crops = cropped(images, 6)
    index = np.arange(20)
    whole = Augment(flip=True)(cropped(crops, 6), index, np.random.default_rng(3))  # the same crops, cropped again
    assert np.array_equal(Augment(flip=True)(crops, index, np.random.default_rng(3)), whole)
    smaller = cropped(crops, 4)  # of the whole images, not of the crops
    found = [place(images[i], c) for i, c in enumerate(Augment()(smaller, index, np.random.default_rng(3)))]
    assert {y for y, _, _ in found} & {0, 5} and {x for _, x, _ in found} & {0, 5}


def test_vectors_are_neither_cropped_nor_mirrored():
    vectors, floats = np.zeros((5, 9), np.float32), np.zeros((5, 9, 9, 1), np.float32)
    for examples in (vectors, floats, np.zeros((5, 9), np.uint8)):
        with pytest.raises(UserError, match=r"`crop` is for uint8 images .* Received: \(5, 9"):
            cropped(examples, 4)
        with pytest.raises(UserError, match=r"`flip` is for uint8 images .* Received: \(5, 9"):
            augment.check(True, examples)
        augment.check(False, examples)
        assert cropped(examples, 0) is examples


def test_crops_larger_than_the_images_are_refused(tmp_path):
    images = np.zeros((5, 9, 7, 1), np.uint8)
    with pytest.raises(UserError, match="`crop` must be at most the images' shorter edge, 7. Received: 8"):
        cropped(images, 8)
    assert cropped(np.zeros((5, 7, 7, 1), np.uint8), 7).shape == (5, 7, 7, 1)
    with pytest.raises(UserError, match="`crop` must be at most the images' shorter edge, 16. Received: 17"):
        cropped(grey_idx(tmp_path).train.images, 17)


@pytest.mark.slow
def test_a_run_on_crops_of_arrays(tmp_path, tiny, data):
    run = train(tiny.replace(crop=4, flip=True, epochs=2), tmp_path, progress=False, **data)
    assert run.spec.shape == (4, 4, 1) and run.results["complete"]
    centre = data["test_images"][:, 1:5, 1:5]
    model = run.model
    assert model.encode(centre).shape == (30, 4) and model.generate(np.zeros((2, 4))).shape == (2, 4, 4, 1)
    with pytest.raises(UserError, match="which cannot change. Received: 5"):
        train(tiny.replace(crop=5, flip=True, epochs=2), tmp_path, progress=False, **data)
