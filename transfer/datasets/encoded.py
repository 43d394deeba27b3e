"""What the labelled images of all tasks are: files of images of any size, and something known of each."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, Self

import numpy as np

from bigan.streams import fixed_order


class Encoded(abc.ABC):
    """Base of frozen dataclasses, each field of which has one item an image: a list, or an array's rows.

    Two fields are always there: the files' bytes, and the files' names, for errors.
    """

    encoded: list[bytes]
    names: list[str]

    def __len__(self) -> int:
        return len(self.encoded)

    @abc.abstractmethod
    def digest(self) -> str:
        """Identifies images and labels."""

    def some(self, index: np.ndarray) -> Self:
        """Those at `index`, `(k,)` integers."""
        parts = (getattr(self, field.name) for field in dataclasses.fields(self))  # type: ignore[arg-type]
        return type(self)(*(_items(part, index) for part in parts))

    def limited(self, most: int) -> Self:
        """At most that many of them, chosen at random, always the same ones; 0 for all."""
        return self if not most or most >= len(self) else self.some(np.sort(fixed_order(len(self))[:most]))


def _items(part: Any, index: np.ndarray) -> Any:
    return part[index] if isinstance(part, np.ndarray) else [part[i] for i in index]
