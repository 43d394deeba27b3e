"""Data sources, and the one clear line for each way in which they can be wrong."""

import gzip

import numpy as np
import pytest
from PIL import Image

from bigan.data import idx, loading
from bigan.errors import UserError


def idx_bytes(array):
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


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
    loaded = loading.load("idx", str(folder))
    assert np.array_equal(loaded.train.images[..., 0], arrays["train"][0])
    assert np.array_equal(loaded.test.labels, arrays["t10k"][1]) and loaded.spec.shape == (5, 4, 1)
    (folder / "train-labels-idx1-ubyte").unlink()
    assert loading.load("idx", str(folder)).train.labels is None


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
        loading.load("idx", str(folder))


def test_missing_places(tmp_path):
    for dataset in ("idx", "images", "vectors"):
        with pytest.raises(UserError, match=f"--dataset={dataset} needs --data_dir"):
            loading.load(dataset)
        with pytest.raises(UserError, match="--data_dir"):
            loading.load(dataset, str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="has no train-images-idx3-ubyte"):
        loading.load("idx", str(tmp_path))
    with pytest.raises(UserError, match="--dataset must be one of digits, idx, tfds:NAME.*Received: 'mnits'"):
        loading.load("mnits")


def save(path, shape=(6, 5, 3), value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, value, np.uint8).squeeze()).save(path)


def test_image_folders(tmp_path):
    for name in ("b.png", "a.png"):
        save(tmp_path / "flat" / name, value=ord(name[0]))
    flat = loading.load("images", str(tmp_path / "flat"))
    assert flat.train.labels is None and flat.test is None and flat.train.images[:, 0, 0, 0].tolist() == [97, 98]
    for split, count in (("train", 3), ("val", 2)):
        for label, name in enumerate(("cat", "dog")):
            for i in range(count):
                save(tmp_path / "deep" / split / name / f"{i}.png", (6, 5, 1), 10 * label)
    deep = loading.load("images", str(tmp_path / "deep"))
    assert deep.classes == ("cat", "dog") and deep.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert len(deep.test) == 4 and deep.spec.shape == (6, 5, 1)
    assert (deep.train.images[:, 0, 0, 0] == 10 * deep.train.labels).all()


def test_image_folders_that_cannot_be_used(tmp_path):
    with pytest.raises(UserError, match="has no images"):
        loading.load("images", str(tmp_path))
    save(tmp_path / "a.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    with pytest.raises(UserError, match="broken.png: cannot be read as an image"):
        loading.load("images", str(tmp_path))
    save(tmp_path / "broken.png", (6, 6, 3))
    with pytest.raises(UserError, match=r"broken.png: all images must have the same size.*\(6, 5, 3\).*\(6, 6, 3\)"):
        loading.load("images", str(tmp_path))
    save(tmp_path / "broken.png", (6, 5))
    with pytest.raises(UserError, match=r"broken.png: all images must have .*channels"):
        loading.load("images", str(tmp_path))
    (tmp_path / "broken.png").unlink()
    save(tmp_path / "class" / "a.png")
    with pytest.raises(UserError, match="has both images and sub-folders"):
        loading.load("images", str(tmp_path))
    save(tmp_path / "s" / "train" / "cat" / "a.png")
    save(tmp_path / "s" / "val" / "cow" / "a.png")
    with pytest.raises(UserError, match="cow: there is no such class"):
        loading.load("images", str(tmp_path / "s"))


def test_vectors(tmp_path):
    x = np.random.default_rng(0).normal(size=(10, 3))
    np.save(tmp_path / "a.npy", x)
    loaded = loading.load("vectors", str(tmp_path / "a.npy"))
    assert loaded.train.images.dtype == np.float32 and np.allclose(loaded.spec.low, x.min(0))
    np.savez(tmp_path / "b.npz", x=x, y=np.arange(10), x_test=x[:2], y_test=np.arange(2))
    loaded = loading.load("vectors", str(tmp_path / "b.npz"), "-3,3")
    assert loaded.spec.low == -3 and len(loaded.test) == 2 and loaded.train.labels.tolist() == list(range(10))
    bad = x.copy()
    bad[4, 1] = np.inf
    for name, arrays, message in [
        ("c", {"x": bad}, "row 4 has NaN, infinity or more"), ("d", {"z": x}, "expected an array 'x'. Received: z"),
        ("e", {"x": x, "y": np.arange(9)}, "y must be 10 integers"), ("f", {"x": x[0]}, r"x must have shape \(n, k\)"),
        ("g", {"x": x, "x_test": x[:, :2]}, "x_test must have 3 columns"),
    ]:  # fmt: skip
        np.savez(tmp_path / f"{name}.npz", **arrays)
        with pytest.raises(UserError, match=f"{name}.npz: .*{message}|{name}.npz.*{message}"):
            loading.load("vectors", str(tmp_path / f"{name}.npz"))
    for scaling in ("3", "a,b", "2,1", "0,inf"):
        with pytest.raises(UserError, match="--scaling"):
            loading.load("vectors", str(tmp_path / "a.npy"), scaling)
    (tmp_path / "h.npy").write_bytes(b"no array")
    with pytest.raises(UserError, match="h.npy: cannot be read"):
        loading.load("vectors", str(tmp_path / "h.npy"))


def test_arrays():
    with pytest.raises(UserError, match=r"images must have shape \(n, ...\)"):
        loading.from_arrays(np.zeros(3, np.uint8))
    with pytest.raises(UserError, match="labels must be 3 integers"):
        loading.from_arrays(np.zeros((3, 2), np.uint8), np.zeros(2, int))
    with pytest.raises(UserError, match="test_images must have the training images' shape"):
        loading.from_arrays(np.zeros((3, 2), np.uint8), test_images=np.zeros((3, 3), np.uint8))
    with pytest.raises(UserError, match="images must be uint8 images or floating-point vectors"):
        loading.from_arrays(np.array([["a"]]))


def test_fingerprint_sees_every_byte():
    x = np.zeros((4, 3), np.uint8)
    y = x.copy()
    y[3, 2] = 1
    prints = {
        loading.from_arrays(x).fingerprint(), loading.from_arrays(y).fingerprint(),
        loading.from_arrays(x.reshape(2, 6)).fingerprint(), loading.from_arrays(x, np.zeros(4, int)).fingerprint(),
    }  # fmt: skip
    assert len(prints) == 4 and loading.from_arrays(x.copy()).fingerprint() in prints


def test_tfds_offline(monkeypatch):
    import tensorflow_datasets as tfds

    monkeypatch.setattr("bigan.data.tfds._online", lambda homepage: True)  # mocked data need no network
    with tfds.testing.mock_data(num_examples=12):
        loaded = loading.load("tfds:mnist")
    assert loaded.train.images.shape == (12, 28, 28, 1) and loaded.classes[3] == "3"
    assert loaded.train.labels.dtype == np.int64


def test_tfds_prepared_dataset_with_a_test_set(tmp_path):
    import tensorflow_datasets as tfds

    tfds.testing.DummyMnist(data_dir=tmp_path).download_and_prepare()
    loaded = loading.load("tfds:dummy_mnist", str(tmp_path))
    assert loaded.train.images.shape == (20, 28, 28, 1) and len(loaded.test) == 20 and len(loaded.classes) == 10


def test_tfds_errors(tmp_path, monkeypatch):
    def no_network(*arguments, **keywords):
        raise OSError("network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    with pytest.raises(UserError, match="tfds:nonsense_xyz: TFDS has no such dataset$"):
        loading.load("tfds:nonsense_xyz", str(tmp_path))
    with pytest.raises(UserError, match="--dataset=tfds:mnist: not prepared in .* there is no network"):
        loading.load("tfds:mnist", str(tmp_path))


def test_idx_read_refuses_an_empty_array(tmp_path):
    (tmp_path / "empty").write_bytes(idx_bytes(np.zeros((0, 2, 2), np.uint8)))
    with pytest.raises(UserError, match="empty"):
        idx.read(tmp_path / "empty", 3)
