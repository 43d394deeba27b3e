"""Images of any size, resized in memory, are what a store of the same images holds."""

import numpy as np
import pytest
from PIL import Image

from bigan.data import sources
from bigan.data.store import packing, unpacked
from bigan.errors import UserError
from tests.stores import origin


def test_the_same_as_a_store(folder, tmp_path):
    packing.pack(origin(folder), tmp_path / "packed", 24, False)
    packed, found = sources.load("store", str(tmp_path / "packed"), crop=20), unpacked.load("images", str(folder), 24)
    assert found.spec.shape == (24, 24, 3) and found.classes == packed.classes == ("cat", "dog")
    small = found.cropped(20)
    for a, b in ((small.train, packed.train), (small.test, packed.test)):
        np.testing.assert_array_equal(a.images[:], b.images[:])
        np.testing.assert_array_equal(a.labels, b.labels)
    assert small.fingerprint() == found.cropped(20).fingerprint() != found.fingerprint()
    assert unpacked.load("images", str(folder), 25).cropped(20).fingerprint() != small.fingerprint()
    flat = unpacked.load("images", str(folder / "train" / "cat"), 24)
    assert flat.train.labels is None and flat.test is None and len(flat.train) == 9


def test_other_pixels_are_other_data(folder):
    before = unpacked.load("images", str(folder), 24).fingerprint()
    path = folder / "train" / "cat" / "0.png"
    pixels = np.array(Image.open(path))
    pixels[0, 0] ^= 255
    Image.fromarray(pixels).save(path)
    assert unpacked.load("images", str(folder), 24).fingerprint() != before


def test_what_is_refused(folder):
    (folder / "val" / "dog" / "1.png").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"dog/1.png: cannot be read as an image"):
        unpacked.load("images", str(folder), 24)
    for dataset in ("digits", "idx", "store", "vectors"):
        with pytest.raises(UserError, match=f"`resize` is for `dataset=images` or tfds:NAME. .* `dataset={dataset}`"):
            unpacked.load(dataset, str(folder), 24)
    for edge in (-1, 7):
        with pytest.raises(UserError, match=f"`resize` must be at least 8 pixels. Received: {edge}"):
            unpacked.load("images", str(folder), edge)
    with pytest.raises(UserError, match="no such folder"):
        unpacked.load("images", str(folder / "none"), 24)
