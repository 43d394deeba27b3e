"""What frozen features are worth: figures that can be known beforehand, and no leak of test labels."""

import numpy as np
import pytest

from bigan.data.source import Examples
from bigan.data.splits import Split
from bigan.errors import UserError
from transfer import features, intervals, knn, linear, low_shot


class Features:
    """A method whose features are its inputs."""

    def features(self, images, layer="hidden"):
        return np.asarray(images, np.float32)


def blobs(count, seed, spread=0.3):
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    centres = np.array([[0, 0, 5], [3, 0, 5], [0, 3, 5]])
    return Examples(centres[labels] + spread * generator.normal(size=(count, 3)), labels)


def test_separable_classes_are_told_apart():
    split = Split(blobs(150, 0), blobs(60, 1), "test set, 60 examples")
    for result in (
        knn.evaluate(Features(), split, "hidden"),
        linear.evaluate(Features(), split, "hidden"),
        linear.evaluate(Features(), split, "hidden", "svm"),
    ):
        assert result["accuracy"] == 100 and result["interval"] == [100, 100]
        assert result["training_examples"] == 150 and result["evaluation"] == "test set, 60 examples"


def test_more_neighbours_and_the_cosine():
    split = Split(blobs(300, 0, spread=1.5), blobs(300, 1, spread=1.5), "p")
    one, many = (knn.evaluate(Features(), split, "hidden", k)["accuracy"] for k in (1, 25))
    assert many > one + 5
    far = Split(Examples(split.train.images * np.arange(1, 301)[:, None], split.train.labels), split.evaluation, "p")
    assert (
        knn.evaluate(Features(), far, "hidden", metric="cosine")["accuracy"]
        == (knn.evaluate(Features(), split, "hidden", metric="cosine")["accuracy"])
    )
    with pytest.raises(UserError, match="--k must be between 1 and the 300"):
        knn.evaluate(Features(), split, "hidden", 301)
    with pytest.raises(UserError, match="--metric must be one of euclidean, cosine"):
        knn.evaluate(Features(), split, "hidden", metric="manhattan")


def test_nothing_is_chosen_on_test_labels():
    train, test = blobs(150, 0, spread=2.0), blobs(90, 1, spread=2.0)
    shuffled = Examples(test.images, np.random.default_rng(0).permutation(test.labels))
    one, two = (linear.evaluate(Features(), Split(train, e, "p"), "hidden") for e in (test, shuffled))
    assert one["C"] == two["C"] and two["accuracy"] < 50 < one["accuracy"]


def test_the_bootstraps_interval_is_the_binomials():
    correct = np.arange(1000) % 10 < 7
    result = intervals.accuracy(correct)
    deviation = 100 * np.sqrt(0.7 * 0.3 / 1000)
    assert result["accuracy"] == pytest.approx(70)
    assert result["interval"] == pytest.approx([70 - 1.96 * deviation, 70 + 1.96 * deviation], abs=0.4)


def test_low_shot_curves_rise():
    split = Split(blobs(300, 0, spread=1.5), blobs(300, 1, spread=1.5), "p")
    curve = low_shot.evaluate(Features(), split, "hidden", (1, 10, 100), draws=4)["curve"]
    assert [row["shots"] for row in curve] == [1, 10, 100] and all(len(row["draws"]) == 4 for row in curve)
    assert curve[0]["accuracy"] < curve[2]["accuracy"] and curve[0]["deviation"] > curve[2]["deviation"]
    few, more = (set(low_shot._draw(split.train.labels, n, 0)) for n in (2, 5))
    assert few < more and len(more) == 15
    with pytest.raises(UserError, match="class 0 has 100 labelled examples. Received: 101"):
        low_shot.evaluate(Features(), split, "hidden", (101,))


def test_labels_are_needed():
    train = blobs(20, 0)
    for evaluate in (knn.evaluate, linear.evaluate, low_shot.evaluate):
        with pytest.raises(UserError, match="needs labels"):
            evaluate(Features(), Split(train, Examples(train.images), "p"), "hidden")
    with pytest.raises(UserError, match="two classes"):
        linear.evaluate(Features(), Split(Examples(train.images, train.labels * 0), train, "p"), "hidden")
    with pytest.raises(UserError, match="--classifier must be one of logistic, svm"):
        linear.evaluate(Features(), Split(train, train, "p"), "hidden", "forest")


@pytest.mark.parametrize("labelled", [True, False])
def test_features_written_batch_by_batch_are_the_features(tmp_path, monkeypatch, labelled):
    monkeypatch.setattr(features, "BATCH", 7)
    parts = [part if labelled else Examples(part.images) for part in (blobs(23, 0), blobs(7, 1))]
    shapes = features.write(Features(), Split(*parts, "p"), "hidden", tmp_path / "f.npz")
    with np.load(tmp_path / "f.npz") as arrays:
        assert {name: arrays[name].shape for name in arrays.files} == shapes
        for name, part in zip(("train", "evaluation"), parts, strict=True):
            assert arrays[name].dtype == np.float32
            np.testing.assert_array_equal(arrays[name], part.images.astype(np.float32))
            if labelled:
                np.testing.assert_array_equal(arrays[f"{name}_labels"], part.labels)
        assert len(arrays.files) == (4 if labelled else 2)


def test_features_that_fail_half_way_leave_the_file_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(features, "BATCH", 7)

    class Failing(Features):
        def features(self, images, layer="hidden"):
            if len(images) < 7:
                raise UserError("no more")
            return super().features(images)

    (tmp_path / "f.npz").write_text("old")
    with pytest.raises(UserError, match="no more"):
        features.write(Failing(), Split(blobs(23, 0), blobs(7, 1), "p"), "hidden", tmp_path / "f.npz")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
