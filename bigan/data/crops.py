"""Square crops of images of any size that lie in one flat file, read where they are needed and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np

PIXEL = np.dtype("V3")  # three channels move as one item: cropping and mirroring are then copies of whole pixels


class Crops:
    """Random access to crops, as an array of `(n, edge, edge, 3)` uint8 that is never held as a whole.

    Indexing gives centre crops (what evaluation sees); `augmented` random, mirrored ones (what training sees). Both
    are slices of the memory-mapped pixels: nothing is decoded and nothing resized.

    Args:
        pixels: `(p, 3)` uint8, all images one after the other, row by row.
        first, heights, widths: `(n,)` integers: each image's first pixel and its size; both edges >= `edge`.
        edge: of the crops.
        flip: whether `augmented` mirrors with probability 1/2.
        digest: identifies the pixels.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(
        self, pixels: np.ndarray, first: np.ndarray, heights: np.ndarray, widths: np.ndarray, edge: int, flip: bool,
        digest: str,
    ) -> None:  # fmt: skip
        self.pixels, self.edge, self.flip, self.digest = pixels, edge, flip, digest
        self.first, self.heights, self.widths = first, heights, widths
        self._items = pixels.view(PIXEL)[:, 0]

    def __len__(self) -> int:
        return len(self.first)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """As of the array that this stands for."""
        return (len(self), self.edge, self.edge, 3)

    def take(self, index: np.ndarray, axis: int = 0) -> Crops:
        """Those images of them."""
        return Crops(
            self.pixels, self.first[index], self.heights[index], self.widths[index], self.edge, self.flip, self.digest
        )

    def __getitem__(self, index: Any) -> np.ndarray:
        """Centre crops: `(k, edge, edge, 3)` for a slice or an array of indices."""
        index = np.arange(len(self))[index]
        if index.ndim != 1:
            raise IndexError(f"crops are indexed by a slice or a one-dimensional array. Received: {index.shape}")
        top, left = (self.heights[index] - self.edge) // 2, (self.widths[index] - self.edge) // 2
        return self._cut(index, top, left, np.zeros(len(index), bool))

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self[:] if dtype is None else self[:].astype(dtype)

    def augmented(self, index: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Crops at uniformly random places, mirrored half of the time: `(k, edge, edge, 3)`."""
        place = generator.random((3, len(index)))
        top = (place[0] * (self.heights[index] - self.edge + 1)).astype(np.int64)
        left = (place[1] * (self.widths[index] - self.edge + 1)).astype(np.int64)
        return self._cut(index, top, left, (place[2] < 0.5) & self.flip)

    def _cut(self, index: np.ndarray, top: np.ndarray, left: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
        edge, items = self.edge, self._items
        out = np.empty((len(index), edge, edge), PIXEL)
        widths = self.widths[index]
        starts = self.first[index] + top * widths + left
        # A crop is `edge` runs of pixels, `width` apart: one strided view, one copy. Read in the file's order.
        order = np.argsort(starts)
        places = zip(
            order.tolist(), starts[order].tolist(), widths[order].tolist(), mirrored[order].tolist(), strict=True
        )
        for i, start, width, mirror in places:
            view = np.ndarray((edge, edge), PIXEL, items, start * 3, (width * 3, 3))
            out[i] = view[:, ::-1] if mirror else view
        return out.view(np.uint8).reshape(len(index), edge, edge, 3)


Images = np.ndarray | Crops
