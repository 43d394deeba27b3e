"""A dataset: raw examples with random access, and what they look like."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass

import numpy as np

from bigan.data.augment import cropped
from bigan.data.crops import ArrayPixels, Crops, Images
from bigan.data.spec import Spec


@dataclass(frozen=True)
class Examples:
    """Raw examples with random access.

    Args:
        images: `(n, *shape)` uint8 images or float32 vectors, or crops of images.
        labels: `(n,)` integers, or None.
    """

    images: Images
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, index: np.ndarray) -> Examples:
        """The examples at `index`, in its order."""
        return Examples(self.images.take(index, axis=0), None if self.labels is None else self.labels[index])


@dataclass(frozen=True)
class Dataset:
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
                digest.update(_content(part.images))
                if part.labels is not None:
                    digest.update(np.ascontiguousarray(part.labels, np.int64).data)
        return digest.hexdigest()

    def cropped(self, crop: int) -> Dataset:
        """With square crops of `crop` pixels in place of whole images; as it is if `crop` is 0.

        Raises:
            UserError: if the examples are no images, or smaller than that.
        """
        if not crop:
            return self
        train = Examples(cropped(self.train.images, crop), self.train.labels)
        test = None if self.test is None else Examples(cropped(self.test.images, crop), self.test.labels)
        spec = dataclasses.replace(self.spec, shape=tuple(train.images.shape[1:]))
        return dataclasses.replace(self, train=train, test=test, spec=spec)


def _content(images: Images) -> bytes | memoryview:
    if not isinstance(images, Crops):
        return np.ascontiguousarray(images).data
    if isinstance(images.pixels, ArrayPixels):
        return np.ascontiguousarray(images.pixels.images).data
    return images.pixels.digest.encode()
