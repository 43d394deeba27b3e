"""The fixed classifier: the same for everybody, kept, and good enough to tell classes."""

import keras
import numpy as np
import pytest

from bigan.data.dataset import Examples
from bigan.data.sources.digits import Digits
from bigan.data.spec import Spec
from bigan.evaluation import judge
from bigan.evaluation.judge import Judge
from tests.worker import tiny_data

pytestmark = pytest.mark.jax


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BIGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(judge, "EPOCHS", 5)
    return tmp_path / "cache"


def tiny():
    data = tiny_data()
    return Examples(data["images"], data["labels"])


def test_it_is_trained_once_and_kept(cache, monkeypatch):
    first = Judge(tiny(), Spec((6, 6, 1)))
    (kept,) = cache.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(Judge, "_trained", None)  # would fail
        again = Judge(tiny(), Spec((6, 6, 1)))
    assert again.digest == first.digest
    np.testing.assert_array_equal(again.features(tiny().images), first.features(tiny().images))
    assert np.mean(np.square(first.features(tiny().images))) == pytest.approx(1, rel=1e-3)
    kept.write_bytes(b"damaged")
    np.testing.assert_allclose(
        Judge(tiny(), Spec((6, 6, 1))).features(tiny().images), first.features(tiny().images), atol=1e-3
    )
    # Of other examples, or of other labels, another one.
    swapped = Examples(tiny().images, 1 - tiny().labels)
    assert Judge(swapped, Spec((6, 6, 1))).digest != first.digest and len(list(cache.iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BIGAN_CACHE", str(tmp_path / "file" / "below"))
    assert Judge(tiny(), Spec((6, 6, 1))).features(tiny().images).shape == (90, judge.FEATURES)


def test_vectors_and_labels_that_are_not_counted_from_zero(cache):
    images = tiny().images.reshape(90, -1).astype(np.float32)
    labels = np.where(tiny().labels == 1, 7, 3)
    found = Judge(Examples(images, labels), Spec((36,), "float32", 0.0, 255.0))
    assert (found.classify(images) == labels).all()


def test_a_training_can_be_interrupted_and_leaves_nothing(cache):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Judge(tiny(), Spec((6, 6, 1)), stop)
    assert not cache.exists()


def test_images_are_moved_by_a_few_pixels_with_their_borders_repeated():
    image = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    images = np.repeat(image, 50, axis=0)
    moved = judge._shifted(images, 3)
    seen = set()
    for one in moved[..., 0]:
        y, x = divmod(int(one[8, 8]), 16)  # which pixel came to the middle
        seen.add((y - 8, x - 8))
        rows, columns = np.clip(np.arange(16) + y - 8, 0, 15), np.clip(np.arange(16) + x - 8, 0, 15)
        assert (one == image[0, rows][:, columns, 0]).all()
    assert len(seen) > 10 and max(abs(np.array(list(seen))).max(0)) == 2
    vectors = np.ones((4, 9), np.float32)
    assert judge._shifted(vectors, 0) is vectors


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() == "jax", reason="shorter trainings of it run on JAX too")
@pytest.mark.parametrize("smallest", [8, 12])
def test_it_tells_the_digits_as_convolutions_and_as_layers_of_units(cache, monkeypatch, smallest):
    monkeypatch.setattr(judge, "SMALLEST", smallest)
    monkeypatch.setattr(judge, "EPOCHS", 15)
    dataset = Digits().load()
    found = Judge(dataset.train, dataset.spec).classify(dataset.test.images)
    assert 100 * (found == dataset.test.labels).mean() > 94  # 98.3 in full as units


@pytest.mark.slow
def test_large_images_are_reduced(cache):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (8, 48, 48, 3), np.uint8)
    found = Judge(Examples(images, np.arange(8) % 2), Spec((48, 48, 3)))
    assert found._network.input_shape == (None, 32, 32, 3) and found.features(images).shape == (8, judge.FEATURES)
