"""IDX files, plain and gzipped, and the one line for each way in which they can be wrong."""

import gzip

import numpy as np
import pytest

from bigan.data import sources
from bigan.data.sources import idx
from bigan.errors import UserError
from tests.stores import idx_bytes


@pytest.fixture
def mnist_like(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 20), ("t10k", 8)):
        images, labels = rng.integers(0, 256, (count, 5, 4), np.uint8), rng.integers(0, 10, count).astype(np.uint8)
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images)))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
        arrays[part] = images, labels
    return tmp_path, arrays


def test_idx_plain_and_gzipped(mnist_like):
    folder, arrays = mnist_like
    loaded = sources.load("idx", str(folder))
    assert np.array_equal(loaded.train.images[..., 0], arrays["train"][0])
    assert np.array_equal(loaded.test.labels, arrays["t10k"][1]) and loaded.spec.shape == (5, 4, 1)
    (folder / "train-labels-idx1-ubyte").unlink()
    assert sources.load("idx", str(folder)).train.labels is None


@pytest.mark.parametrize(
    "name, change, message",
    [
        ("train-images-idx3-ubyte.gz", lambda b: b[:-9], "train-images-idx3-ubyte.gz: cannot be read, it is damaged"),
        ("train-images-idx3-ubyte.gz", lambda b: gzip.compress(gzip.decompress(b)[:-3]), "expected 400 bytes of data"),
        ("train-labels-idx1-ubyte", lambda b: b"\0\0\x0d\1" + b[4:], "expected magic 00000801. Received: 00000d01"),
        ("train-labels-idx1-ubyte", lambda b: idx_bytes(np.zeros(3, np.uint8)), "expected 20 labels"),
        (
            "t10k-images-idx3-ubyte.gz",
            lambda b: gzip.compress(idx_bytes(np.zeros((8, 2, 2), np.uint8))),
            r"\(5, 4, 1\)",
        ),
    ],
)
def test_damaged_idx_is_named(mnist_like, name, change, message):
    folder, _ = mnist_like
    (folder / name).write_bytes(change((folder / name).read_bytes()))
    with pytest.raises(UserError, match=f"{name}.*{message}" if name not in message else message):
        sources.load("idx", str(folder))


def test_idx_read_refuses_an_empty_array(tmp_path):
    (tmp_path / "empty").write_bytes(idx_bytes(np.zeros((0, 2, 2), np.uint8)))
    with pytest.raises(UserError, match="empty"):
        idx.read(tmp_path / "empty", 3)
