"""Folders of images of one size."""

import numpy as np
import pytest
from PIL import Image

from bigan.data import sources
from bigan.data.sources import images
from bigan.errors import UserError


def save(path, shape=(6, 5, 3), value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, value, np.uint8).squeeze()).save(path)


def test_image_folders(tmp_path):
    for name in ("b.png", "a.png"):
        save(tmp_path / "flat" / name, value=ord(name[0]))
    flat = sources.load("images", str(tmp_path / "flat"))
    assert flat.train.labels is None and flat.test is None and flat.train.images[:, 0, 0, 0].tolist() == [97, 98]
    for split, count in (("train", 3), ("val", 2)):
        for label, name in enumerate(("cat", "dog")):
            for i in range(count):
                save(tmp_path / "deep" / split / name / f"{i}.png", (6, 5, 1), 10 * label)
    deep = sources.load("images", str(tmp_path / "deep"))
    assert deep.classes == ("cat", "dog") and deep.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert len(deep.test) == 4 and deep.spec.shape == (6, 5, 1)
    assert (deep.train.images[:, 0, 0, 0] == 10 * deep.train.labels).all()


def test_image_folders_that_cannot_be_used(tmp_path):
    with pytest.raises(UserError, match="has no images"):
        sources.load("images", str(tmp_path))
    save(tmp_path / "a.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    with pytest.raises(UserError, match="broken.png: cannot be read as an image"):
        sources.load("images", str(tmp_path))
    save(tmp_path / "broken.png", (6, 6, 3))
    with pytest.raises(UserError, match=r"broken.png: all images must have the same size.*\(6, 5, 3\).*\(6, 6, 3\)"):
        sources.load("images", str(tmp_path))
    save(tmp_path / "broken.png", (6, 5))
    with pytest.raises(UserError, match=r"broken.png: all images must have .*channels"):
        sources.load("images", str(tmp_path))
    (tmp_path / "broken.png").unlink()
    save(tmp_path / "class" / "a.png")
    with pytest.raises(UserError, match="has both images and sub-folders"):
        sources.load("images", str(tmp_path))
    save(tmp_path / "s" / "train" / "cat" / "a.png")
    save(tmp_path / "s" / "val" / "cow" / "a.png")
    with pytest.raises(UserError, match="cow: there is no such class"):
        sources.load("images", str(tmp_path / "s"))


def test_an_image_is_turned_as_its_exif_orientation_says_where_that_is_asked_for(tmp_path):
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(images.read(tmp_path / "a.png"), pixels)
    np.testing.assert_array_equal(images.read(tmp_path / "a.png", upright=True), np.rot90(pixels, -1))
    Image.fromarray(pixels).save(tmp_path / "b.png", exif=b"Exif\0\0no TIFF at all")
    np.testing.assert_array_equal(images.read(tmp_path / "b.png", upright=True), pixels)
