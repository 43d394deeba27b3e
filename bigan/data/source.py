"""What every source yields, and the table of sources by name."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass

import numpy as np

from bigan.data.spec import Spec
from bigan.errors import UserError

KNOWN = "digits, idx, tfds:NAME, images, vectors"


@dataclass(frozen=True)
class Examples:
    """Raw examples with random access.

    Args:
        images: `(n, *shape)` uint8 images or float32 vectors.
        labels: `(n,)` integers, or None.
    """

    images: np.ndarray
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, index: np.ndarray) -> Examples:
        """The examples at `index`, in its order."""
        return Examples(self.images[index], None if self.labels is None else self.labels[index])


@dataclass(frozen=True)
class Source:
    """A dataset: training examples, test examples if it has a test set of its own, and their spec."""

    name: str
    train: Examples
    test: Examples | None
    spec: Spec
    classes: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Identifies the examples by their bytes, so that a run is never resumed on other data."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (self.train, self.test):
            if part is not None:
                digest.update(repr((part.images.shape, str(part.images.dtype))).encode())
                digest.update(np.ascontiguousarray(part.images).data)
                if part.labels is not None:
                    digest.update(np.ascontiguousarray(part.labels, np.int64).data)
        return digest.hexdigest()


def load(dataset: str, data_dir: str = "", scaling: str = "minmax") -> Source:
    """The dataset called `dataset`.

    Args:
        dataset: digits | idx | tfds:NAME | images | vectors.
        data_dir: its place, where it needs one.
        scaling: of vectors, 'minmax' or 'LOW,HIGH'.

    Raises:
        UserError: if there is no such dataset, or its files are missing or damaged (the line names the file).
    """
    from bigan.data import digits, idx, images, tfds, vectors

    kind, _, name = dataset.partition(":")
    if kind == "tfds" and name:
        return tfds.load(name, data_dir)
    if dataset == "digits":
        return digits.load()
    loaders = {"idx": idx.load, "images": images.load, "vectors": lambda place: vectors.load(place, scaling)}
    if dataset not in loaders:
        raise UserError(f"--dataset must be one of {KNOWN}. Received: {dataset!r}")
    if not data_dir:
        raise UserError(f"--dataset={dataset} needs --data_dir, the place where it lies")
    return loaders[dataset](data_dir)


def from_arrays(images, labels=None, test_images=None, test_labels=None, scaling: str = "minmax") -> Source:
    """A source of arrays in memory: uint8 images (any shape) or floating-point vectors.

    Raises:
        UserError: on a dtype or shape that cannot be used, NaN, or labels that do not match.
    """
    from bigan.data import vectors

    train, test = _examples("images", images, labels), None
    if test_images is not None:
        test = _examples("test_images", test_images, test_labels)
        if test.images.shape[1:] != train.images.shape[1:] or test.images.dtype != train.images.dtype:
            raise UserError(
                f"test_images must have the training images' shape and dtype {train.images.shape[1:]} "
                f"{train.images.dtype}. Received: {test.images.shape[1:]} {test.images.dtype}"
            )
    if train.images.dtype == np.uint8:
        return Source("arrays", train, test, Spec(train.images.shape[1:]))
    return dataclasses.replace(vectors.scaled("arrays", train, scaling), test=test)


def _examples(name: str, images, labels) -> Examples:
    from bigan.data import vectors

    images = np.asarray(images)
    if images.ndim < 2 or not len(images):
        raise UserError(f"{name} must have shape (n, ...) with n > 0. Received: {images.shape}")
    if images.dtype == np.uint8:
        images = images[..., None] if images.ndim == 3 else images  # grey images without an axis for channels
    elif images.dtype.kind != "f":
        raise UserError(f"{name} must be uint8 images or floating-point vectors. Received: {images.dtype}")
    else:
        images = vectors.checked(images, name)
    if labels is not None:
        labels = np.asarray(labels)
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
            raise UserError(
                f"labels must be {len(images)} integers, one per example. Received: {labels.dtype} {labels.shape}"
            )
        labels = labels.astype(np.int64)
    return Examples(images, labels)
