"""Images with masks are read as VOC means them, and what is wrong with one is named in one line."""

import numpy as np
import pytest
from PIL import Image

from bigan.errors import UserError
from tests.transfer.devkit import segment
from transfer.datasets import decoding, masks


@pytest.fixture
def devkit(tmp_path):
    root = tmp_path / "VOC2007"
    rng = np.random.default_rng(0)
    for name, size in (("1", (9, 6)), ("2", (5, 8)), ("3", (4, 4))):
        mask = rng.choice([0, 0, 3, 20, 255], size[::-1]).astype(np.uint8)
        segment(root, name, rng.integers(0, 256, (*size[::-1], 3), np.uint8), mask)
    (root / "ImageSets/Segmentation/train.txt").write_text("2\n1\n")
    (root / "ImageSets/Segmentation/val.txt").write_text("3\n")
    return tmp_path


def test_images_and_masks_in_the_lists_order(devkit):
    found = masks.load("", str(devkit), "train")
    assert [name.rpartition("/")[2] for name in found.names] == ["2.jpg", "1.jpg"] and len(found) == 2
    with Image.open(devkit / "VOC2007/SegmentationClass/1.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(found.mask(1), np.asarray(image))
    assert decoding.Decoded(found)[1].size == (9, 6) and decoding.Decoded(found)[1].mode == "RGB"
    one = found.limited(1)
    assert len(one) == 1 and found.limited(0) is found and one.digest() != found.digest()
    assert masks.load("voc", str(devkit / "VOC2007"), "train").digest() == found.digest()
    changed = masks.Masked(found.encoded, found.masks[::-1], found.names)
    assert changed.digest() != found.digest()
    assert masks.CLASSES[0] == "background" and masks.CLASSES[15] == "person" and len(masks.CLASSES) == 21


def test_what_is_wrong_is_named(devkit):
    root, mask = devkit / "VOC2007", devkit / "VOC2007/SegmentationClass/3.png"

    def refused(message):
        with pytest.raises(UserError, match=message) as caught:
            masks.load("", str(devkit), "val")
        assert "\n" not in str(caught.value)

    Image.fromarray(np.zeros((4, 5), np.uint8)).save(mask)
    refused(r"3.png: a mask must have its image's size, 4 x 4. Received: 5 x 4")
    Image.fromarray(np.full((4, 4), 21, np.uint8)).save(mask)
    refused(r"3.png: classes must be 0 to 20, or 255: void. Received: 21")
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(mask)
    refused(r"3.png: a mask must be a palette or grey image of 8 bits, as VOC's are. Received: RGB")
    mask.write_bytes(mask.read_bytes()[:40])
    refused(r"3.png: cannot be read as a mask")
    mask.unlink()
    refused(r"3.png: is missing, though there is .*3.jpg")
    (root / "JPEGImages/3.jpg").unlink()
    refused(r"3.jpg: is missing$")
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(mask)
    (root / "JPEGImages/3.jpg").write_bytes(b"nothing")
    refused(r"3.jpg: cannot be decoded")
    (root / "SegmentationClass").rename(root / "Other")
    refused(r"VOC2007 has no folder SegmentationClass, where the masks lie")
    (root / "ImageSets/Segmentation/val.txt").unlink()
    refused(r"has no ImageSets/Segmentation/val.txt; splits there are: train")
    for dataset, place, message in (("tfds:voc/2007", "x", "must be voc for"), ("", "", "`data_dir` is needed")):
        with pytest.raises(UserError, match=message):
            masks.load(dataset, place, "val")
