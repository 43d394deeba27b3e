"""What the tests of images and stores share: folders of images, and what is made of them."""

import numpy as np
from PIL import Image

from bigan.config import Config
from bigan.data.store import origins, packing

EVERYTHING = slice(None)


def write_images(root):
    """Colour images of several sizes in two classes, with a split to evaluate on."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 9), ("val", 3)):
        for name in ("cat", "dog"):
            place = root / split / name
            place.mkdir(parents=True)
            for i in range(count):
                size = (int(rng.integers(20, 40)), int(rng.integers(20, 40)), 3)
                Image.fromarray(rng.integers(0, 256, size, np.uint8)).save(place / f"{i}.png")


def idx_bytes(array):
    """A uint8 array as an IDX file."""
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


def write_natural(root):
    """A store of 40 images of two kinds to train on and 16 to evaluate on, 36 px and more."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 20), ("val", 8)):
        for label, name in enumerate(("dark", "light")):
            (root / "images" / split / name).mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(100 * label, 100 * label + 100, (36, 36 + i % 5, 3), np.uint8)
                Image.fromarray(pixels).save(root / "images" / split / name / f"{i:02}.png")
    packing.pack(origin(root / "images"), root / "packed", 36, False)
    return root / "packed"


def natural_config(store, **changes):
    """Small convolutions on `write_natural`'s store."""
    return Config(
        networks="dcgan",
        dataset="store",
        data_dir=str(store),
        crop=32,
        flip=True,
        width=4,
        latent_dim=4,
        epochs=2,
        batch_size=10,
        eval_every=2,
        nearest_samples=20,
        compared_samples=0,
        logistic_examples=40,
        seed=1,
    ).replace(**changes)


def origin(folder, splits=(), classes=EVERYTHING, limit=0):
    return origins.open_origin("images", str(folder), list(splits), classes, limit)


class Lines(packing.Reporter):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def contents(out):
    return {p.name: p.read_bytes() for p in sorted(out.iterdir())}
