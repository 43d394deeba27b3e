"""A segmenter gives images of any size masks of their sizes, also when it is loaded from its folder."""

import json

import numpy as np
import pytest
from PIL import Image

from bigan.errors import UserError
from tests.transfer.segmentation.networks import unpadded
from transfer.backbone.geometry import Grid
from transfer.backbone.recipe import Recipe
from transfer.segmentation import fcn, segmenter
from transfer.segmentation.layout import Layout

CLASSES = ("none", "red", "blue")


def test_every_pixel_gets_the_class_of_the_interpolated_scores():
    """With cells at stride 1 whose scores are the pixels, an image of the layout's edge comes out as it is."""
    places = Layout.of(20, 1, Grid(1, 0.0))
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, size, np.uint8) for size in ((20, 9, 3), (13, 20, 3), (40, 30, 3), (1, 20, 3))]
    made = segmenter.Segmenter(lambda canvases: canvases.astype(np.float32), places, CLASSES)
    masks = list(made.masks(Image.fromarray(image) for image in images))
    assert [mask.shape for mask in masks] == [image.shape[:2] for image in images]
    for k in (0, 1, 3):
        np.testing.assert_array_equal(masks[k], images[k].argmax(axis=-1))
    halves = np.zeros((400, 300, 3), np.uint8)  # enlarged, in parts: a left half of class 1, a right one of class 2
    halves[:, :150, 1] = halves[:, 150:, 2] = 255
    (mask,) = made.masks([Image.fromarray(halves)])
    np.testing.assert_array_equal(np.unique(mask[:, :140]), [1])
    np.testing.assert_array_equal(np.unique(mask[:, 160:]), [2])
    assert sum(1 for _ in made.masks(Image.new("RGB", (20, 20)) for _ in range(2 * segmenter.CHUNK + 1))) == 33


def test_a_folder_holds_all_of_it(tmp_path):
    made, rng = unpadded(), np.random.default_rng(0)
    places, recipe = fcn.layout(made, 16, 30), Recipe(units=5)
    head, _ = fcn.initialized(made, 16, 3, rng.integers(0, 256, (20, 16, 16, 3), np.uint8), recipe)
    head.get_layer("fc8").set_weights([rng.normal(size=(5, 3)), rng.normal(size=3)])
    network = fcn.convolutional(made, head, places, recipe)
    segmenter.save(tmp_path, network, made, places, CLASSES)
    images = [Image.fromarray(rng.integers(0, 256, (25, 40, 3), np.uint8)) for _ in range(3)]
    loaded = segmenter.Segmenter.load(tmp_path)
    assert loaded.classes == CLASSES and loaded.places == places
    expected = list(segmenter.trained(network, made, places, CLASSES).masks(images))
    for a, b in zip(loaded.masks(images), expected, strict=True):
        np.testing.assert_array_equal(a, b)
    about = json.loads((tmp_path / "predictor.json").read_text())
    for changed, message in (
        (
            about | {"classes": ["one"]},
            r"is no segmenter of 1 classes .*\(9, 9, 3\)\), which should be .*\(9, 9, 1\)\)",
        ),
        (about | {"layout": about["layout"] | {"window": 20}}, "images and scores are"),
        (about | {"layout": about["layout"] | {"pad": 1000}}, "is no segmenter"),
        (about | {"layout": about["layout"] | {"pad": "x"}}, "predictor.json: describes no segmenter"),
        (about | {"layout": about["layout"] | {"more": 1}}, "predictor.json: describes no segmenter"),
        (about | {"layout": {}}, "predictor.json: describes no segmenter"),
        (about | {"layout": 3}, "predictor.json: describes no segmenter"),
        ([], "predictor.json: describes no predictor"),
    ):
        (tmp_path / "predictor.json").write_text(json.dumps(changed))
        with pytest.raises(UserError, match=message):
            segmenter.Segmenter.load(tmp_path)
    (tmp_path / "predictor.json").write_text(json.dumps(about))
    (tmp_path / "segmenter.keras").unlink()
    with pytest.raises(UserError, match="segmenter.keras: is missing"):
        segmenter.Segmenter.load(tmp_path)
    with pytest.raises(UserError, match="no such folder: .*none"):
        segmenter.Segmenter.load(tmp_path / "none")
