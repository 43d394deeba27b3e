"""What every source yields: raw examples with random access, and what they look like."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from bigan.data.crops import Crops, Images
from bigan.data.spec import Spec


@dataclass(frozen=True)
class Examples:
    """Raw examples with random access.

    Args:
        images: `(n, *shape)` uint8 images or float32 vectors, or crops of a store.
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
                if isinstance(part.images, Crops):
                    digest.update(part.images.digest.encode())
                else:
                    digest.update(np.ascontiguousarray(part.images).data)
                if part.labels is not None:
                    digest.update(np.ascontiguousarray(part.labels, np.int64).data)
        return digest.hexdigest()
