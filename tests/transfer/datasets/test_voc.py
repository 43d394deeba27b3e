"""A VOCdevkit folder is read as VOC means it, and what is wrong with one is named."""

import numpy as np
import pytest

from bigan.errors import UserError
from tests.transfer.devkit import annotate
from transfer.datasets import voc


@pytest.fixture
def devkit(tmp_path):
    root = tmp_path / "VOCdevkit" / "VOC2007"
    for folder in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    annotate(root, "000001", [("dog", 0, (1, 1, 60, 40)), ("dog", 1, (2, 3, 4, 5)), ("cat", 1, (1, 1, 9, 9))])
    annotate(root, "000002", [("tvmonitor", 0, (10, 11, 12, 13))])
    annotate(root, "000003", [])
    (root / "ImageSets/Main/train.txt").write_text("000002\n000001\n")
    (root / "ImageSets/Main/val.txt").write_text("000003\n")
    (root / "ImageSets/Main/dog_train.txt").write_text("000001  1\n000002 -1\n")
    return tmp_path / "VOCdevkit"


def test_images_boxes_and_labels(devkit):
    pictures = voc.load(str(devkit), "train")
    assert [p.name for p in pictures] == ["000002", "000001"] and pictures[0].path.is_file()
    assert (pictures[1].width, pictures[1].height) == (60, 40)
    dog, cat = voc.CLASSES.index("dog"), voc.CLASSES.index("cat")
    assert pictures[1].boxes[1] == voc.Box(dog, (2, 3, 4, 5), True)
    labels = voc.labels(pictures)
    assert labels.shape == (2, 20) and labels[0, 19] == 1 and (labels[0, :19] == -1).all()
    assert labels[1, dog] == 1 and labels[1, cat] == 0 and np.sum(labels[1] == -1) == 18
    assert (voc.labels(voc.load(str(devkit / "VOC2007"), "val")) == -1).all()


def test_the_classification_task_from_a_folder_and_from_tfds(devkit, monkeypatch):
    import tensorflow as tf
    import tensorflow_datasets as tfds

    images = voc.classification("", str(devkit), "train")
    assert len(images.encoded) == 2 and images.encoded[0][:2] == b"\xff\xd8"
    np.testing.assert_array_equal(images.labels, voc.labels(voc.load(str(devkit), "train")))
    one = images.limited(1)
    assert len(one.encoded) == len(one.labels) == 1 and one.digest() != images.digest() == images.limited(0).digest()
    with pytest.raises(UserError, match="`data_dir` is needed"):
        voc.classification("", "", "train")
    with pytest.raises(UserError, match="`dataset` must be voc or tfds:voc/2007"):
        voc.classification("idx", str(devkit), "train")

    monkeypatch.setattr("bigan.data.sources.tfds._online", lambda homepage: True)  # mocked data need no network
    example = {"image": images.encoded[0], "labels": np.array([3, 5]), "labels_no_difficult": np.array([5])}
    with tfds.testing.mock_data(as_dataset_fn=lambda *_, **__: tf.data.Dataset.from_tensors(example).repeat(4)):
        mocked = voc.classification("tfds:voc/2007", "", "val")
        assert mocked.encoded == images.encoded[:1] * 4 and mocked.labels.shape == (4, 20)
        assert {k: mocked.labels[1, k] for k in (3, 4, 5)} == {3: 0, 4: -1, 5: 1}
        with pytest.raises(UserError, match="has no feature 'labels_no_difficult'"):
            voc.classification("tfds:mnist", "", "train")


def test_what_is_wrong_is_named(devkit):
    root = devkit / "VOC2007"
    with pytest.raises(UserError, match="no such folder"):
        voc.load(str(devkit / "none"), "train")
    with pytest.raises(UserError, match="has no ImageSets; pass the folder of one year"):
        voc.load(str(devkit.parent), "train")
    with pytest.raises(UserError, match=r"has no ImageSets/Main/test.txt; splits there are: train, val"):
        voc.load(str(devkit), "test")
    for objects, message in (
        ([("unicorn", 0, (1, 1, 2, 2))], "'unicorn' is none of VOC's 20 classes"),
        ([("dog", 0, (1, 1, 61, 2))], r"the box \(1, 1, 61, 2\) of dog lies outside the image, 60 x 40"),
        ([("dog", 0, (0, 1, 6, 2))], "lies outside"),
        ([("dog", 0, (5, 1, 4, 2))], "lies outside"),
        ([("dog", 0, ("a", 1, 4, 2))], "is no annotation of VOC's"),
        ([("dog", 0, (1, 1, "inf", 2))], "is no annotation of VOC's"),
    ):
        annotate(root, "000003", objects)
        with pytest.raises(UserError, match=message):
            voc.load(str(devkit), "val")
    (root / "ImageSets/Main/train.txt").write_text("000001\n000002\n000001\n")
    with pytest.raises(UserError, match="train.txt: lists '000001' twice"):
        voc.load(str(devkit), "train")
    (root / "JPEGImages/000003.jpg").unlink()
    with pytest.raises(UserError, match=r"000003.jpg: is missing, though there is .*000003.xml"):
        voc.load(str(devkit), "val")
    (devkit / "VOC2012" / "ImageSets").mkdir(parents=True)
    with pytest.raises(UserError, match="has several years: VOC2007, VOC2012"):
        voc.load(str(devkit), "train")
