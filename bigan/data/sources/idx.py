"""The IDX files of the MNIST family: four files in a folder, plain or gzipped."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from bigan.data.dataset import Dataset, Examples
from bigan.data.sources.source import Source
from bigan.data.spec import Spec
from bigan.errors import UserError

_NAMES = {
    ("train", "images"): "train-images-idx3-ubyte",
    ("train", "labels"): "train-labels-idx1-ubyte",
    ("test", "images"): "t10k-images-idx3-ubyte",
    ("test", "labels"): "t10k-labels-idx1-ubyte",
}


class Idx(Source):
    """A folder with `train-images-idx3-ubyte`, ..., each also as `.gz`; training labels and test set may be missing."""

    place = "the folder with the IDX files"

    def load(self) -> Dataset:
        """Reads the files.

        Raises:
            UserError: naming the file that is missing, truncated or no IDX file of unsigned bytes.
        """
        root = Path(self.data_dir)
        if not root.is_dir():
            raise UserError(f"`data_dir`: no such folder: {root}")
        train = _part(root, "train")
        if train is None:
            raise UserError(f"{root} has no train-images-idx3-ubyte (nor .gz); is it the folder with the IDX files?")
        test = _part(root, "test")
        if test is not None and test.images.shape[1:] != train.images.shape[1:]:
            raise UserError(
                f"{_find(root, _NAMES['test', 'images'])}: expected images of {train.images.shape[1:]}, as in "
                f"training. Received: {test.images.shape[1:]}"
            )
        return Dataset("idx", train, test, Spec(train.images.shape[1:]))


def _part(root: Path, part: str) -> Examples | None:
    path = _find(root, _NAMES[part, "images"])
    if path is None:
        return None
    images = read(path, 3)[..., None]
    path = _find(root, _NAMES[part, "labels"])
    if path is None:
        return Examples(images)
    labels = read(path, 1).astype(np.int64)
    if len(labels) != len(images):
        raise UserError(f"{path}: expected {len(images)} labels, one per image. Received: {len(labels)}")
    return Examples(images, labels)


def _find(root: Path, name: str) -> Path | None:
    return next((p for p in (root / name, root / f"{name}.gz") if p.exists() or p.is_symlink()), None)


def read(path: Path, dimensions: int) -> np.ndarray:
    """One IDX file of unsigned bytes as an array with `dimensions` axes.

    Raises:
        UserError: if it is unreadable, truncated, or not what it should be.
    """
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read, it is damaged or truncated ({error})") from error
    magic = bytes([0, 0, 8, dimensions])
    if data[:4] != magic:
        raise UserError(f"{path}: not such an IDX file: expected magic {magic.hex()}. Received: {data[:4].hex()}")
    header = 4 + 4 * dimensions
    shape = tuple(int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions))
    if 0 in shape:
        raise UserError(f"{path}: holds nothing: its shape is {shape}")
    if len(data) != header + math.prod(shape):
        raise UserError(
            f"{path}: expected {math.prod(shape)} bytes of data for shape {shape}. Received: {len(data) - header}"
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)
