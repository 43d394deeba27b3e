"""Square or whole crops of images, cut where they are needed and nowhere else, from memory or from a flat file."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

PIXEL = np.dtype("V3")  # three channels move as one item: cropping and mirroring are then copies of whole pixels


class Pixels(Protocol):
    """Images that crops can be cut from: their sizes, and windows of them."""

    channels: int
    digest: str  # identifies the images; '' if only their bytes do

    def __len__(self) -> int: ...

    def sizes(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Heights and widths, `(k,)` integers each."""

    def take(self, index: np.ndarray) -> Pixels:
        """The images at `index`, in its order."""

    def cut(
        self, index: np.ndarray, top: np.ndarray, left: np.ndarray, mirrored: np.ndarray, window: tuple[int, int]
    ) -> np.ndarray:
        """`(k, *window, channels)` uint8: windows whose upper left corners are given, some of them mirrored."""


class FilePixels:
    """Images of any size that lie in flat, memory-mapped files, no image in two of them.

    Args:
        parts: `(p, 3)` uint8 each, all images one after the other, row by row, from file to file.
        first, heights, widths: `(n,)` integers: each image's first pixel and its size.
        digest: identifies the pixels.
    """

    channels = 3

    def __init__(
        self, parts: list[np.ndarray], first: np.ndarray, heights: np.ndarray, widths: np.ndarray, digest: str
    ) -> None:
        self.parts, self.first, self.heights, self.widths, self.digest = parts, first, heights, widths, digest
        self._items = [part.view(PIXEL)[:, 0] for part in parts]
        self._begins = np.cumsum([0, *map(len, parts[:-1])])

    def __len__(self) -> int:
        return len(self.first)

    def sizes(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Heights and widths."""
        return self.heights[index], self.widths[index]

    def take(self, index: np.ndarray) -> FilePixels:
        """The images at `index`; the file stays the same."""
        return FilePixels(self.parts, self.first[index], self.heights[index], self.widths[index], self.digest)

    def cut(
        self, index: np.ndarray, top: np.ndarray, left: np.ndarray, mirrored: np.ndarray, window: tuple[int, int]
    ) -> np.ndarray:
        """Slices of the mapped pixels: nothing is decoded and nothing resized."""
        height, width = window
        out = np.empty((len(index), height, width), PIXEL)
        widths = self.widths[index]
        starts = self.first[index] + top * widths + left
        # A crop is `height` runs of pixels, an image's width apart: one strided view, one copy. Read in file order.
        order = np.argsort(starts)
        starts = starts[order]
        parts = np.searchsorted(self._begins, starts, side="right") - 1
        starts = starts - self._begins[parts]
        columns = (order, parts, starts, widths[order], mirrored[order])
        for i, part, start, stride, mirror in zip(*(column.tolist() for column in columns), strict=True):
            view = np.ndarray((height, width), PIXEL, self._items[part], start * 3, (stride * 3, 3))
            out[i] = view[:, ::-1] if mirror else view
        return out.view(np.uint8).reshape(len(index), height, width, 3)


class ArrayPixels:
    """Images of one size in memory.

    Args:
        images: `(n, height, width, channels)` uint8.
    """

    digest = ""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images
        self.channels = images.shape[3]

    def __len__(self) -> int:
        return len(self.images)

    def sizes(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Heights and widths, all the same."""
        height, width = self.images.shape[1:3]
        return np.full(len(index), height), np.full(len(index), width)

    def take(self, index: np.ndarray) -> ArrayPixels:
        """The images at `index`."""
        return ArrayPixels(self.images[index])

    def cut(
        self, index: np.ndarray, top: np.ndarray, left: np.ndarray, mirrored: np.ndarray, window: tuple[int, int]
    ) -> np.ndarray:
        """Copies of slices."""
        height, width = window
        out = np.empty((len(index), height, width, self.channels), np.uint8)
        for k, (i, y, x, mirror) in enumerate(zip(index, top, left, mirrored, strict=True)):
            view = self.images[i, y : y + height, x : x + width]
            out[k] = view[:, ::-1] if mirror else view
        return out


class Crops:
    """Random access to crops, as an array of `(n, height, width, channels)` uint8 that is never held as a whole.

    Indexing gives centre crops, what evaluation sees; `bigan.data.augment` makes random ones, for training.

    Args:
        pixels: the images.
        window: height and width of the crops; no image is smaller.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, pixels: Pixels, window: tuple[int, int]) -> None:
        self.pixels, self.window = pixels, window

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """As of the array that this stands for."""
        return (len(self), *self.window, self.pixels.channels)

    def take(self, index: np.ndarray, axis: int = 0) -> Crops:
        """Crops of the images at `index`."""
        return Crops(self.pixels.take(index), self.window)

    def __getitem__(self, index: slice | np.ndarray) -> np.ndarray:
        """Centre crops: `(k, height, width, channels)` for a slice or an array of indices."""
        index = np.arange(len(self))[index]
        if index.ndim != 1:
            raise IndexError(f"crops are indexed by a slice or a one-dimensional array. Received: {index.shape}")
        heights, widths = self.pixels.sizes(index)
        top, left = (heights - self.window[0]) // 2, (widths - self.window[1]) // 2
        return self.pixels.cut(index, top, left, np.zeros(len(index), bool), self.window)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return self[:] if dtype is None else self[:].astype(dtype)


Images = np.ndarray | Crops
