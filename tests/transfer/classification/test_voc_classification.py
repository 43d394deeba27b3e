"""VOC classification: the loss, what each column trains, and that it learns."""

import numpy as np
import pytest

from bigan.data.splits import Split
from bigan.errors import UserError
from tests.transfer.classifiers import QUICK, Spy, labelled, model, pictures
from transfer.backbone import training, trunk
from transfer.classification import voc_training
from transfer.classification.voc_classification import VocClassification
from transfer.datasets import voc
from transfer.datasets.voc import Labelled
from transfer.encoders import Given
from transfer.metrics import average_precision
from transfer.voc_task import TRAINED, VocOptions


@pytest.fixture
def evaluate(monkeypatch):
    """Checks and evaluates a column, on images that stand in for VOC's two splits."""

    def run(train, test, column, **options):
        images = {"train": train, "val": test}
        monkeypatch.setattr(voc, "classification", lambda dataset, data_dir, split: images[split])
        encoder, task = Given(model(), Split(pictures(2), pictures(2), "p")), VocClassification(VocOptions(**options))
        task.check_data(encoder)
        task.check(encoder, column)
        return task.evaluate(encoder, column)

    return run


def test_the_loss_of_voc_leaves_difficult_classes_out():
    labels, logits = np.array([[1, -1, 0], [0, 1, -1]], np.float32), np.array([[2, -1, 9], [-9, 0, 3]], np.float32)
    probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
    terms = -np.where(labels > 0, np.log(probability), np.log(1 - probability)) * (labels != 0)
    assert float(voc_training.sigmoid_cross_entropy(labels, logits)) == pytest.approx(terms.sum() / 2, rel=1e-6)


@pytest.mark.slow
def test_voc_classification_learns(evaluate):
    recipe = {"iterations": 100, "batch_size": 8, "units": 16}
    result = evaluate(labelled(40), labelled(30, 1), "fc6-8", **recipe)
    assert set(result["mean_ap"]) == set(average_precision.KINDS) and result["classes"] == 3
    # Of three classes two are plain; of the third every other image is left out and all others are positives.
    assert all(value > 95 for value in result["mean_ap"].values()), result["mean_ap"]
    assert all(low <= 100 and high >= low for low, high in result["intervals"].values())
    assert set(result["scales"]) == {"conv1", "conv2", "conv3", "fc6", "fc7"}
    broken = labelled(6, 1)
    broken.encoded[4] = broken.encoded[4][:200]
    with pytest.raises(UserError, match="4.jpg: cannot be decoded"):
        evaluate(labelled(20), broken, "fc8", **recipe)
    none = Labelled(broken.encoded[:4], np.minimum(broken.labels[:4], 0), broken.names[:4])
    with pytest.raises(UserError, match="none of VOC's classes is present"):
        evaluate(labelled(20), none, "fc8", **recipe)
    with pytest.raises(UserError, match="one or more of fc8, fc6-8, all. Received: 'fc9'"):
        evaluate(labelled(4), labelled(4), "fc9", **recipe)


@pytest.mark.slow
@pytest.mark.parametrize("layer, moving", [("fc8", 1), ("fc6-8", 3), ("all", 6)])
def test_what_each_column_of_voc_trains(layer, moving):
    made = model()
    images = trunk.scaled(made, pictures(30).images)
    network, _ = voc_training.build(made, 32, images, TRAINED[layer], QUICK)
    before = [item.get_weights()[0] for item in trunk.linear_layers(network)]
    batch = images[:8], np.where(np.eye(20)[:8] > 0, 1, -1).astype(np.float32)
    training.train(network, lambda i: batch, voc_training.sigmoid_cross_entropy, QUICK, "test")
    moved = [
        not np.array_equal(a, item.get_weights()[0])
        for a, item in zip(before, trunk.linear_layers(network), strict=True)
    ]
    assert moved == [False] * (6 - moving) + [True] * moving


@pytest.mark.slow
def test_shuffled_test_labels_change_no_trained_weight(monkeypatch, evaluate):
    monkeypatch.setattr(training, "train", spy := Spy(training.train))
    train, images = labelled(30), labelled(20, 1)
    for labels in (images.labels, images.labels[::-1]):
        evaluate(train, Labelled(images.encoded, labels, images.names), "all", iterations=6, batch_size=8, units=12)
    for a, b in zip(*spy.ends, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
