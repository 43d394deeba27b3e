"""VOC classification: the loss, the crops, what each column trains, and that it learns."""

import numpy as np
import pytest
from PIL import Image

from bigan.errors import UserError
from tests.classifiers import QUICK, Spy, labelled, model, pictures
from transfer import precision, supervised, trunk, voc_classification
from transfer.supervised import Recipe
from transfer.voc import Labelled


def test_the_loss_of_voc_leaves_difficult_classes_out():
    labels, logits = np.array([[1, -1, 0], [0, 1, -1]], np.float32), np.array([[2, -1, 9], [-9, 0, 3]], np.float32)
    probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
    terms = -np.where(labels > 0, np.log(probability), np.log(1 - probability)) * (labels != 0)
    assert float(voc_classification.sigmoid_cross_entropy(labels, logits)) == pytest.approx(terms.sum() / 2, rel=1e-6)


def test_voc_classification_learns():
    recipe = Recipe(iterations=100, batch_size=8, units=16)
    result = voc_classification.evaluate(model(), labelled(40), labelled(30, 1), "fc6-8", 32, recipe)
    assert set(result["mean_ap"]) == set(precision.KINDS) and result["classes"] == 3
    # Of three classes two are plain; of the third every other image is left out and all others are positives.
    assert all(value > 95 for value in result["mean_ap"].values()), result["mean_ap"]
    assert all(low <= 100 and high >= low for low, high in result["intervals"].values())
    assert set(result["scales"]) == {"conv1", "conv2", "conv3", "fc6", "fc7"}
    broken = labelled(6, 1)
    broken.encoded[4] = broken.encoded[4][:200]
    with pytest.raises(UserError, match="4.jpg: cannot be decoded"):
        voc_classification.evaluate(model(), labelled(20), broken, "fc8", 32, recipe)
    none = Labelled(broken.encoded[:4], np.minimum(broken.labels[:4], 0), broken.names[:4])
    with pytest.raises(UserError, match="none of VOC's classes is present"):
        voc_classification.evaluate(model(), labelled(20), none, "fc8", 32, recipe)
    with pytest.raises(UserError, match="one or more of fc8, fc6-8, all. Received: 'fc9'"):
        voc_classification.evaluate(model(), labelled(4), labelled(4), "fc9", 32, recipe)


@pytest.mark.parametrize("layer, moving", [("fc8", 1), ("fc6-8", 3), ("all", 6)])
def test_what_each_column_of_voc_trains(layer, moving):
    made = model()
    images = trunk.scaled(made, pictures(30).images)
    network, _ = voc_classification.build(made, 32, images, layer, QUICK)
    before = [item.get_weights()[0] for item in trunk.linear_layers(network)]
    batch = images[:8], np.where(np.eye(20)[:8] > 0, 1, -1).astype(np.float32)
    supervised.train(network, lambda i: batch, voc_classification.sigmoid_cross_entropy, QUICK, "test")
    moved = [not np.array_equal(a, item.get_weights()[0])
             for a, item in zip(before, trunk.linear_layers(network), strict=True)]  # fmt: skip
    assert moved == [False] * (6 - moving) + [True] * moving


def test_crops_lie_inside_at_all_scales():
    columns = np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (100, 1, 3))  # a pixel's value is its column
    whole = Image.fromarray(columns)
    parts = [voc_classification.crop(whole, 20, np.random.Generator(np.random.PCG64(s))) for s in range(400)]
    widths = np.array([abs(int(p[0, -1, 0]) - int(p[0, 0, 0])) * 20 / 19 for p in parts])
    scale = 227 / 375 * 100 / widths
    assert 26 < widths.min() < 34 and 95 < widths.max() < 105  # 100 * 227 / 375 / 2, and all of the shorter edge
    assert 0.4 < np.mean(scale > 1.25) < 0.6  # scales are uniform on [0.5, 2]
    assert 0.4 < np.mean([p[0, 0, 0] > p[0, -1, 0] for p in parts]) < 0.6  # mirrored
    again = voc_classification.crop(whole, 20, np.random.Generator(np.random.PCG64(0)))
    np.testing.assert_array_equal(again, parts[0])


def test_shuffled_test_labels_change_no_trained_weight(monkeypatch):
    monkeypatch.setattr(supervised, "train", spy := Spy(supervised.train))
    train, images = labelled(30), labelled(20, 1)
    for labels in (images.labels, images.labels[::-1]):
        voc_classification.evaluate(model(), train, Labelled(images.encoded, labels, images.names), "all", 32, QUICK)
    for a, b in zip(*spy.ends, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
