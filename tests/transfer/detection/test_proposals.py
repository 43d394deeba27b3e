"""Region proposals: searched once, kept, and gone on with; read from a file, or refused in one line."""

import numpy as np
import pytest

from bigan.errors import UserError
from tests.transfer.devkit import rectangles
from transfer.datasets import boxed
from transfer.detection import boxes, proposals


@pytest.fixture
def devkit(tmp_path):
    """Six images, and a file of boxes."""
    return rectangles(tmp_path)


def test_selective_search_is_kept_and_resumed(devkit, monkeypatch):
    pytest.importorskip("cv2")
    images = boxed.load("", str(devkit), "train")
    found = proposals.searched(images, devkit / "cache", "test")
    for i, part in enumerate(found):
        width, height = images.sizes[i]
        assert len(part) and (part[:, :2] >= 1).all() and (part[:, 2:] <= (width, height)).all()
        assert (boxes.iou(part, images.boxes[i]).max(axis=0) > 0.7).all()  # the rectangles are found
    next(iter(sorted((devkit / "cache").iterdir()))).unlink()
    searched, search = [], proposals.search
    monkeypatch.setattr(proposals, "search", lambda pixels: searched.append(1) or search(pixels))
    again = proposals.searched(images, devkit / "cache", "test")
    assert len(searched) == 1
    for a, b in zip(found, again, strict=True):
        np.testing.assert_array_equal(a, b)
    next(iter((devkit / "cache").iterdir())).write_bytes(b"no")
    with pytest.raises(UserError, match="is damaged; remove it"):
        proposals.searched(images, devkit / "cache", "test")


def test_larger_images_are_searched_at_vocs_size(monkeypatch):
    pytest.importorskip("cv2")
    pixels = np.full((90, 120, 3), 90, np.uint8)
    pixels[20:60, 10:50, 0] = 255
    box = [[11, 21, 50, 60]]
    for largest in (1000, 60):
        monkeypatch.setattr(proposals, "LARGEST", largest)
        found = proposals.search(pixels)
        assert boxes.iou(found, box).max() > 0.9
        assert (found[:, :2] >= 1).all() and (found[:, 2:] <= (120, 90)).all() and (found[:, 2:] >= found[:, :2]).all()
    assert proposals.search(np.zeros((1, 1, 3), np.uint8)).shape[1] == 4


def test_files_of_other_boxes_are_refused(devkit):
    images, path = boxed.load("", str(devkit), "train"), devkit / "q.npz"

    def refused(message, **arrays):
        np.savez(path, **arrays)
        with pytest.raises(UserError, match=message) as caught:
            proposals.read(path, images)
        assert "\n" not in str(caught.value)

    names, box = [str(i) for i in range(6)], [1, 1, 2, 2]
    no_file = "is no file of names, counts and boxes"
    refused("no boxes of image '0': it is of other images", names=["x"], counts=[1], boxes=[box])
    refused(
        "no boxes of image '0': it is of other images",
        names=np.zeros(0, "U1"),
        counts=np.zeros(0, int),
        boxes=np.zeros((0, 4)),
    )
    refused(no_file, names=["0"], counts=[2], boxes=[box])
    refused(no_file, names=["0"], counts=[-1], boxes=[box])
    refused(no_file, names=["0"], counts=[1], boxes=[box[:3]])
    refused(no_file, names=["0"], counts=[1], boxes=[["a"] * 4])
    refused(no_file, names=[0], counts=[1], boxes=[box])
    refused(no_file, boxes=[box])
    refused("names an image twice", names=["0", "0"], counts=[1, 0], boxes=[box])
    for wrong in ([1, 1, 81, 2], [0, 1, 2, 2], [3, 1, 2, 2], [1, 1, 2, float("nan")]):
        refused("lies outside image '0', 80 x 60", names=names, counts=[1] * 6, boxes=[wrong] + [box] * 5)
    for content in (b"", b"PK\x03\x04damaged", b"\x93NUMPY"):
        path.write_bytes(content)
        with pytest.raises(UserError, match=no_file):
            proposals.read(path, images)
    with open(path, "wb") as file:
        np.save(file, np.zeros((3, 4)))
    with pytest.raises(UserError, match=no_file):
        proposals.read(path, images)
    np.savez(path, names=names, counts=[0] * 6, boxes=np.zeros((0, 4)))
    assert [part.shape for part in proposals.read(path, images)] == [(0, 4)] * 6
