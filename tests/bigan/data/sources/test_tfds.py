"""TensorFlow Datasets: prepared, mocked, and out of reach."""

import numpy as np
import pytest

from bigan.data import sources
from bigan.data.store.packing import resized
from bigan.errors import UserError


def test_tfds_offline(monkeypatch):
    import tensorflow_datasets as tfds

    monkeypatch.setattr("bigan.data.sources.tfds._online", lambda homepage: True)  # mocked data need no network
    with tfds.testing.mock_data(num_examples=12):
        loaded = sources.load("tfds:mnist")
    assert loaded.train.images.shape == (12, 28, 28, 1) and loaded.classes[3] == "3"
    assert loaded.train.labels.dtype == np.int64


def test_tfds_prepared_dataset_with_a_test_set(tmp_path):
    import tensorflow_datasets as tfds

    tfds.testing.DummyMnist(data_dir=tmp_path).download_and_prepare()
    loaded = sources.load("tfds:dummy_mnist", str(tmp_path))
    assert loaded.train.images.shape == (20, 28, 28, 1) and len(loaded.test) == 20 and len(loaded.classes) == 10


def test_tfds_errors(tmp_path, monkeypatch):
    def no_network(*arguments, **keywords):
        raise OSError("network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    with pytest.raises(UserError, match="tfds:nonsense_xyz`: TFDS has no such dataset$"):
        sources.load("tfds:nonsense_xyz", str(tmp_path))
    with pytest.raises(UserError, match="`dataset=tfds:mnist`: not prepared in .* there is no network"):
        sources.load("tfds:mnist", str(tmp_path))


def test_encoded_images_of_mocked_imagenette():
    import tensorflow_datasets as tfds

    from bigan.data.sources.tfds import encoded

    with tfds.testing.mock_data(num_examples=3):
        examples = list(encoded(tfds.builder("imagenette"), "train"))
    assert len(examples) == 3 and all(0 <= label < 10 for _, label in examples)
    assert all(resized(content, 32).shape[2] == 3 for content, _ in examples)
