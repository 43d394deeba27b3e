"""What the tests of stores share: a folder of images, and what is made of it."""

import numpy as np
from PIL import Image

from bigan.data import origins, packing

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


def origin(folder, splits=(), classes=EVERYTHING, limit=0):
    return origins.open_origin("images", str(folder), list(splits), classes, limit)


class Lines(packing.Reporter):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def contents(out):
    return {p.name: p.read_bytes() for p in sorted(out.iterdir())}
