"""Where a store's images come from: folders in several layouts and TensorFlow Datasets; splits, classes and limits."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigan.data import sources
from bigan.data.store import origins
from bigan.data.store.packing import pack
from bigan.errors import UserError
from tests.stores import EVERYTHING, origin


def test_what_cannot_be_listed_is_named(folder, tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        origin(tmp_path / "nowhere")
    with pytest.raises(UserError, match="`dataset` must be images or tfds:NAME. Received: 'idx'"):
        origins.open_origin("idx", str(folder), [], EVERYTHING, 0)
    with pytest.raises(UserError, match="has no split 'night'; it has train, val"):
        origin(folder, ["night"])
    with pytest.raises(UserError, match="`classes`: there are 2 classes"):
        origin(folder, classes=slice(1, 5))
    (folder / "train" / "emu").mkdir()
    with pytest.raises(UserError, match=r"train/emu: this class has no images"):
        origin(folder)
    (folder / "train" / "emu").rmdir()
    (folder / "val" / "emu").mkdir()
    Image.new("RGB", (20, 20)).save(folder / "val" / "emu" / "0.png")
    with pytest.raises(UserError, match="val/emu: there is no such class"):
        origin(folder)


@pytest.mark.parametrize("method", ["iterdir", "is_dir"])
def test_a_folder_that_may_not_be_read_is_named(folder, monkeypatch, method):
    """Injected, since root may read everything."""
    real, closed = getattr(Path, method), folder / "train" / "dog"

    def refuse(self):
        if self == closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return real(self)

    monkeypatch.setattr(Path, method, refuse)
    for load in (origin, lambda place: sources.load("images", str(place))):
        with pytest.raises(UserError, match="cannot read .*train/dog: Permission denied"):
            load(folder)


def test_classes_limits_and_splits(folder, tmp_path):
    some = origin(folder, ["train"], slice(1, 2), 4)
    assert some.classes == ("dog",) and some.counts == {"train": 4}
    items = list(some.items("train", 0))
    assert {item.label for item in items} == {0} and all("dog" in item.name for item in items)
    assert [i.name for i in items] == [i.name for i in origin(folder, ["train"], slice(1, 2), 4).items("train", 0)]
    flat = origin(folder / "train" / "cat")
    pack(flat, tmp_path / "flat", 16, False)
    assert sources.load("store", str(tmp_path / "flat")).train.labels is None


def test_odd_folders(folder, tmp_path):
    (folder / "test").mkdir()
    Image.new("RGB", (20, 20)).save(folder / "test" / "loose.png")
    assert set(origin(folder).counts) == {"train", "val"}
    with pytest.raises(UserError, match="test: has no class folders"):
        origin(folder, ["train", "test"])
    with pytest.raises(UserError, match="a store needs the split 'train'"):
        origin(folder, ["val"])
    with pytest.raises(UserError, match="`splits` must be names"):
        origin(folder, ["../train"])
    with pytest.raises(UserError, match="`classes`: there are no classes"):
        origin(folder / "test", classes=slice(0, 1))
    name = os.fsdecode(b"caf\xe9")
    (folder / "train" / "cat" / "0.png").rename(folder / "train" / "cat" / f"{name}.png")
    (folder / "train" / "cat" / "deeper").mkdir()
    (folder / "README").write_text("")
    odd = origin(folder)
    assert odd.counts["train"] == 18 and [p.split("/")[-1] for p in odd.ignored] == ["README", "deeper"]
    pack(odd, tmp_path / "odd", 16, False)
    for path in (folder / "val" / "cat").iterdir():
        path.unlink()
    (folder / "val" / "cat").rmdir()
    with pytest.raises(UserError, match="`classes`: split 'val' has no images of cat"):
        origin(folder, classes=slice(0, 1))
    assert list(origin(folder).items("val", 0))[0].label == 1  # numbered as in train


def test_a_store_of_a_tfds_dataset(tmp_path):
    import tensorflow_datasets as tfds

    tfds.testing.DummyMnist(data_dir=tmp_path / "tfds").download_and_prepare()
    place = str(tmp_path / "tfds")
    whole = origins.open_origin("tfds:dummy_mnist", place, [], EVERYTHING, 0)
    assert whole.counts == {"train": 20, "test": 20} and len(whole.classes) == 10
    pack(whole, tmp_path / "out", 14, False)
    loaded, direct = sources.load("store", str(tmp_path / "out")), sources.load("tfds:dummy_mnist", place)
    assert loaded.train.images.shape == (20, 14, 14, 3) and len(loaded.test) == 20
    assert np.array_equal(loaded.train.labels, direct.train.labels)
    assert [item.label for item in whole.items("train", 4)] == direct.train.labels[4:].tolist()
    some = origins.open_origin("tfds:dummy_mnist", place, ["train"], slice(0, 5), 2)
    assert some.counts["train"] <= 2 and {i.label for i in some.items("train", 0)} <= set(range(5))
    with pytest.raises(UserError, match="has no split 'night'; it has train, test"):
        origins.open_origin("tfds:dummy_mnist", place, ["night"], EVERYTHING, 0)
